// The only place for the three rows on top of every screen: whose fleet, what is counted, which tab.
import type { Console, Tab } from '../console-state.ts';
import { tabs } from '../console-state.ts';
import { batchCount } from '../grid.ts';
import { countKinds, hostViews, runInFocus } from '../host-view.ts';
import { type CellKind, isOut } from '../letters.ts';
import { type Palette, type Piece, row } from '../style.ts';
import { phaseWord } from '../words.ts';

/** Row 1: the label in reverse, where it was read, how many hosts, the run in focus; the time while time matters. */
export const headerRow = (console: Console, palette: Palette): string => {
  const { setting, view } = console;
  const { fleet } = setting;
  const run = runInFocus(console);
  const left: Piece[] = [
    labelPiece(fleet.label, fleet.colour),
    ` ${sourceName(fleet.source)}  `,
    ['strong', `${fleet.hosts.length} hosts`],
    ...(run === undefined
      ? []
      : [`   run ${run.number} `, ['strong', run.plan.title] as const, `  ${phaseWord(run)}`, ...batchPieces(console)]),
  ];
  return row(palette, view.columns, left, clockPieces(console));
};

/** ` PROD `, red where the inventory says so. */
export const labelPiece = (label: string, colour: string | undefined): Piece => [colour === 'red' ? 'label-red' : 'label', ` ${label} `];

/** The file's name is enough for a header. */
const sourceName = (source: string): string => source.split('/').at(-1) || source;

const batchPieces = (console: Console): Piece[] => {
  const run = runInFocus(console);
  if (run === undefined || run.phase.kind === 'ended') return [];
  const of = batchCount(run);
  return of > 1 ? [`   batch ${run.batches.length}/${of}`] : [];
};

/** A clock that stands still would lie, so it is there only while the screen is drawn by itself. */
export const clockPieces = (console: Console): readonly Piece[] => {
  const busy = hostViews(console).all.some(view => isOut(view.kind));
  return busy ? [['dim', clock(console.wall)]] : [];
};

const clock = (wall: number): string => {
  const date = new Date(wall);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
};

type Counter = {
  readonly word: string;
  readonly kinds: readonly CellKind[];
  readonly always: 'always' | 'when-any';
  readonly alarm: 'calm' | 'alarm';
};

const counter = (word: string, kinds: readonly CellKind[], always: Counter['always'], alarm: Counter['alarm']): Counter => ({
  word,
  kinds,
  always,
  alarm,
});

const counters: readonly Counter[] = [
  counter('done', ['ok'], 'always', 'calm'),
  counter('run', ['starting', 'running', 'let-go', 'between'], 'always', 'calm'),
  counter('queued', ['queued'], 'when-any', 'calm'),
  counter('held', ['held'], 'when-any', 'calm'),
  counter('lock', ['waiting'], 'when-any', 'calm'),
  counter('stale', ['stale'], 'always', 'alarm'),
  counter('unreach', ['unreachable'], 'always', 'alarm'),
  counter('fail', ['failed'], 'always', 'alarm'),
  counter('lost', ['lost'], 'when-any', 'alarm'),
  counter('timed-out', ['timed-out'], 'when-any', 'alarm'),
  counter('cancelled', ['cancelled'], 'when-any', 'calm'),
  counter('skipped', ['skipped'], 'when-any', 'calm'),
];

/** Row 2: slots and how many hosts are in each state; what alarms is in capitals and reverse. */
export const countersRow = (console: Console, palette: Palette): string => {
  const { slots } = console.data.state;
  const counts = countKinds(hostViews(console).all);
  const pieces: Piece[] = [`slots ${slots.open}/${slots.forks}`];
  for (const { word, kinds, always, alarm } of counters) {
    const count = kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0);
    if (count === 0 && always === 'when-any') continue;
    pieces.push(
      '  ',
      count > 0 && alarm === 'alarm' ? ['alarm', `${word.toUpperCase()} ${count}`] : [count === 0 ? 'dim' : 'text', `${word} ${count}`],
    );
  }
  if (slots.behind > 0) pieces.push('  ', ['warning', `behind ${Math.ceil(slots.behind / 1000)}s`]);
  return row(palette, console.view.columns, pieces);
};

const tabNames: Readonly<Record<Tab, string>> = { hosts: 'Hosts', jobs: 'Jobs', roll: 'Roll', output: 'Output', events: 'Events' };

/** Row 3: tabs, order, what is hidden and marked, so that neither can be forgotten. */
export const tabsRow = (console: Console, palette: Palette, hidden: number): string => {
  const { view } = console;
  const left = tabs.flatMap((tab, at): Piece[] => {
    const isOpen = tab === view.tab;
    return [[isOpen ? 'strong' : 'dim', `${at + 1} ${isOpen ? tabNames[tab].toUpperCase() : tabNames[tab]}`], '  '];
  });
  return row(palette, view.columns, left, marksPieces(console, hidden));
};

/** `order: auto  0 hidden  0 marked`. */
export const marksPieces = ({ view }: Console, hidden: number): Piece[] => [
  `order: ${view.order}  `,
  ...(view.filter === '' ? [] : ([`/${view.filter}  `] as const)),
  hidden > 0 ? ['warning', `${hidden} hidden`] : ['dim', '0 hidden'],
  '  ',
  view.marks.size > 0 ? ['strong', `${view.marks.size} marked`] : ['dim', '0 marked'],
];
