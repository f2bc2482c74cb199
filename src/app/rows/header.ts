// The only place for the three rows on top of every screen: whose fleet, what is counted, which tab.
import type { Console, Tab } from '../console-state.ts';
import { tabs } from '../console-state.ts';
import { batchCount } from '../grid.ts';
import { hostViews, runCounts, runInFocus } from '../host-view.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { type CellKind, isOut, looks } from '../letters.ts';
import { cut, type Palette, type Piece, row, widthOf } from '../style.ts';
import { countsWithTrouble } from '../trouble.ts';
import { counted, phaseWord } from '../words.ts';

/** Row 1: the label in reverse, where it was read, how many hosts, the run in focus; the time while time matters. */
export const headerRow = (console: Console, palette: Palette): string => {
  const { setting, view } = console;
  const { fleet } = setting;
  const run = runInFocus(console);
  const label = labelPiece(fleet.label, fleet.colour);
  const source = sourceName(fleet.source);
  // Without a label of its own a fleet goes by its file's name, which is not said twice.
  const isSaid = source === fleet.label || view.columns < 70;
  const start = isSaid ? `${practiceWords[fleet.practice]}  ` : `${practiceWords[fleet.practice]} ${source}  `;
  const hosts = counted(fleet.hosts.length, 'host');
  const right = clockPieces(console);
  if (run === undefined) return row(palette, view.columns, [label, start, ['strong', hosts]], right);
  const number = `   run ${run.number} `;
  const end = batchWords(console);
  // The title gives way, so that what stands behind it is never cut.
  const room = view.columns - widthOf(label[1] + start + hosts + number + end) - 10;
  return row(
    palette,
    view.columns,
    [label, start, ['strong', hosts], number, ['strong', cut(run.plan.title, Math.max(6, room))], end],
    right,
  );
};

/** How practice hosts run what is typed; the screen must say which. */
const practiceWords = { no: '', namespaces: ' sandboxed', acting: ' acting' } as const;

/** ` PROD `, red where the inventory says so. */
export const labelPiece = (label: string, colour: string | undefined): readonly ['label' | 'label-red', string] => [
  colour === 'red' ? 'label-red' : 'label',
  ` ${label} `,
];

/** The file's name is enough for a header. */
const sourceName = (source: string): string => source.split('/').at(-1) || source;

const batchWords = (console: Console): string => {
  const run = runInFocus(console);
  if (run === undefined) return '';
  const of = batchCount(run);
  const batch = of > 1 ? `  batch ${run.batches.length}/${of}` : '';
  return run.phase.kind === 'going' && run.batches.length > 0 ? batch : `${batch}  ${phaseWord(run, runCounts(console.data, run))}`;
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

/** Row 2: slots and how many hosts are in each state; what alarms is in capitals and reverse. Narrow screens have letters. */
export const countersRow = (console: Console, palette: Palette): string => {
  const counts = countsWithTrouble(console, hostsScreen(console).trouble);
  const { slots } = console.data.state;
  const { columns } = console.view;
  const pieces: Piece[] = [`slots ${slots.open}/${slots.forks}`];
  if (slots.behind > 0) pieces.push('  ', ['warning', `behind ${Math.ceil(slots.behind / 1000)}s`]);
  if (columns < 70) return row(palette, columns, [...pieces, '  ', ...letterPieces(counts)]);
  for (const { word, kinds, always, alarm } of counters) {
    const count = kinds.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0);
    if (count === 0 && (always === 'when-any' || (columns < 100 && alarm === 'alarm' && word !== 'fail'))) continue;
    pieces.push(
      '  ',
      count > 0 && alarm === 'alarm' ? ['alarm', `${word.toUpperCase()} ${count}`] : [count === 0 ? 'dim' : 'text', `${word} ${count}`],
    );
  }
  return row(palette, columns, pieces);
};

/** `D14 U1`: how many are in each state, by letter. */
export const letterPieces = (counts: ReadonlyMap<CellKind, number>): Piece[] =>
  (Object.keys(looks) as CellKind[]).flatMap((kind): Piece[] => {
    const count = counts.get(kind) ?? 0;
    return count === 0 ? [] : [[looks[kind].tone, `${looks[kind].letter}${count}`], ' '];
  });

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
  ...(view.filter === '' || view.columns >= 100 ? [`order: ${view.order}  `] : []),
  ...(view.filter === '' ? [] : ([`/${view.filter}  `] as const)),
  hidden > 0 ? ['warning', `${hidden} hidden`] : ['dim', '0 hidden'],
  '  ',
  view.marks.size > 0 ? ['strong', `${view.marks.size} marked`] : ['dim', '0 marked'],
];
