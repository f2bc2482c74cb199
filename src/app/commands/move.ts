// The only place for the commands that move the cursor; on the Hosts tab they follow the lines that the grid has laid.
import type { Console, View } from '../console-state.ts';
import { type GridLine, lineOfHost } from '../grid.ts';
import type { Hands } from '../hands.ts';
import { hostViews } from '../host-view.ts';
import { hostsScreen } from '../hosts-screen.ts';
import { logHeight, logLines } from '../log-lines.ts';
import { handUnderCursor } from '../targets.ts';
import { troubleKey } from '../trouble.ts';
import { always, type Command, onTabs, type Place, placeOf } from './command.ts';
import { listLength } from './list-length.ts';

/** Moves by rows, in whatever is on the screen; `Infinity` goes to the end. */
export const moveRows = (hands: Hands, by: number): void => {
  const console = hands.see();
  const place = placeOf(console);
  if (place === 'hosts') hands.set({ cursor: hostBelow(console, by) });
  else if (place === 'log') moveLog(hands, by);
  else if (place === 'help') moveHelp(hands, by);
  else if (place === 'job') hands.set({ modes: [...console.view.modes] });
  else {
    const last = Math.max(0, listLength(console, place) - 1);
    hands.set({ at: { ...console.view.at, [place]: Math.max(0, Math.min(last, console.view.at[place] + by)) } });
  }
};

const moveLog = (hands: Hands, by: number): void => {
  const console = hands.see();
  const mode = console.view.modes.at(-1);
  if (mode?.kind !== 'log') return;
  const last = Math.max(0, logLines(console, mode).length - logHeight(console));
  const from = mode.at === 'end' ? last : mode.at;
  const to = Math.max(0, from + by);
  // The end of a part is not the end of the log, and does not follow.
  const isEnd = console.data.tails.get(mode.jid)?.after !== 'more';
  hands.swap({ ...mode, at: to < last ? to : isEnd ? 'end' : last });
};

const moveHelp = (hands: Hands, by: number): void => {
  const mode = hands.see().view.modes.at(-1);
  if (mode?.kind === 'help') hands.swap({ ...mode, at: Math.max(0, Math.min(listLength(hands.see(), 'help'), mode.at + by)) });
};

/** The host so many lines of cells further, in the same column. */
const hostBelow = (console: Console, by: number): View['cursor'] => {
  const { grid } = hostsScreen(console);
  const cells = grid.lines.filter(isCells);
  const at = Math.max(0, lineOfHost(cells, console.view.cursor));
  const column = Math.max(0, cells[at]?.hosts.findIndex(view => view.name === console.view.cursor) ?? 0);
  const next = cells[Math.max(0, Math.min(cells.length - 1, at + by))];
  return next?.hosts[Math.min(column, next.hosts.length - 1)]?.name ?? console.view.cursor;
};

const isCells = (line: GridLine): line is GridLine & { kind: 'cells' } => line.kind === 'cells';

/** The next host to the left or right, through the whole grid. */
const moveCells = (hands: Hands, by: number): void => {
  const console = hands.see();
  const { grid } = hostsScreen(console);
  const line = grid.lines.filter(isCells).find(cells => cells.hosts.some(view => view.name === console.view.cursor));
  if (grid.form === 'medium' && line !== undefined) {
    const column = line.hosts.findIndex(view => view.name === console.view.cursor) + by;
    hands.set({ cursor: line.hosts[Math.max(0, Math.min(line.hosts.length - 1, column))]?.name ?? console.view.cursor });
    return;
  }
  const names = grid.lines.filter(isCells).flatMap(cells => cells.hosts.map(view => view.name));
  const at = names.indexOf(console.view.cursor) + by;
  hands.set({ cursor: names[Math.max(0, Math.min(names.length - 1, at))] ?? console.view.cursor });
};

/** Previous or next host that needs a hand, in the order of the list. */
const moveTrouble = (hands: Hands, by: number): void => {
  const console = hands.see();
  const { trouble } = hostsScreen(console);
  const here = handUnderCursor(console) ?? trouble.find(view => view.name === console.view.cursor);
  const at = here === undefined ? -1 : trouble.indexOf(here);
  const next = trouble[at === -1 ? (by > 0 ? 0 : trouble.length - 1) : (at + by + trouble.length) % trouble.length];
  if (next !== undefined) hands.set({ cursor: next.name, hand: troubleKey(next), tab: 'hosts' });
};

const someTrouble = (console: Console): true | string => (hostsScreen(console).trouble.length > 0 ? true : 'nobody needs a hand');

/** First host of the previous or next batch or group; a folded one unfolds under the cursor. */
const moveSection = (hands: Hands, by: number): void => {
  const console = hands.see();
  const { grid } = hostsScreen(console);
  const sections = [...new Set(grid.lines.map(line => (line.kind === 'cells' && grid.form !== 'medium' ? line.section : line.section)))];
  const group = hostViews(console).byName.get(console.view.cursor)?.group;
  if (sections.length === 1 && grid.form !== 'names' && grid.form !== 'dense') {
    const starts = grid.shown.filter((view, index) => view.group !== grid.shown[index - 1]?.group);
    const at = starts.findIndex(view => view.group === group) + by;
    hands.set({ cursor: starts[Math.max(0, Math.min(starts.length - 1, at))]?.name ?? console.view.cursor });
    return;
  }
  const at = sections.findIndex(section => section.hosts.some(view => view.name === console.view.cursor)) + by;
  hands.set({ cursor: sections[Math.max(0, Math.min(sections.length - 1, at))]?.hosts[0]?.name ?? console.view.cursor });
};

const half = (hands: Hands): number => Math.max(1, Math.floor((hands.see().view.rows - 8) / 2));
const scrolls: readonly Place[] = [...onTabs, 'log', 'help'];
const move = (id: string, keys: readonly string[], title: string, act: Command['act'], places: readonly Place[] = scrolls): Command => ({
  id,
  keys,
  title,
  group: 'move',
  places,
  when: always,
  act,
});

export const moveCommands: readonly Command[] = [
  move('down', ['j', 'down'], 'down', hands => moveRows(hands, 1)),
  move('up', ['k', 'up'], 'up', hands => moveRows(hands, -1)),
  move('left', ['left'], 'a host to the left', hands => moveCells(hands, -1), ['hosts']),
  move('right', ['right'], 'a host to the right', hands => moveCells(hands, 1), ['hosts']),
  move('top', ['g', 'home'], 'first', hands => moveRows(hands, Number.NEGATIVE_INFINITY)),
  move('bottom', ['G', 'end'], 'last; in a log: follow', hands => moveRows(hands, Number.POSITIVE_INFINITY)),
  move('half-page-down', ['ctrl-d', 'pgdn'], 'half a page down', hands => moveRows(hands, half(hands))),
  move('half-page-up', ['ctrl-u', 'pgup'], 'half a page up', hands => moveRows(hands, -half(hands))),
  { ...move('next-trouble', [']'], 'next host that needs a hand', hands => moveTrouble(hands, 1), onTabs), when: someTrouble },
  { ...move('previous-trouble', ['['], 'previous host that needs a hand', hands => moveTrouble(hands, -1), onTabs), when: someTrouble },
  move('next-group', ['}'], 'next batch or group', hands => moveSection(hands, 1), ['hosts']),
  move('previous-group', ['{'], 'previous batch or group', hands => moveSection(hands, -1), ['hosts']),
];
