// The only place that draws the grid of hosts in its four forms. What stands where comes from app/grid.ts.
import type { Console } from '../console-state.ts';
import { type Grid, type GridLine, nodesetOf, type Section } from '../grid.ts';
import { countKinds, type HostView } from '../host-view.ts';
import type { HostsScreen } from '../hosts-screen.ts';
import { looks } from '../letters.ts';
import { type Palette, type Piece, pad, padFront, row, rule } from '../style.ts';
import { handWords, nextLook, ranFor, stateWord } from '../words.ts';
import { letterPieces } from './header.ts';

/** All rows of the pane, its rule included; exactly as many as the layout gave it. */
export const gridRows = (console: Console, palette: Palette, { layout, grid }: HostsScreen): string[] => {
  const { columns } = console.view;
  const height = layout.grid.height - layout.grid.rule;
  const rows = layout.grid.rule === 1 ? [headRow(console, palette, grid, height)] : [];
  const lines = grid.lines.slice(grid.top, grid.top + height);
  if (grid.shown.length === 0)
    rows.push(row(palette, columns, [['strong', ` No hosts match "${console.view.filter}".`], '  Esc takes the filter away']));
  for (const line of lines) rows.push(lineRow(console, palette, grid, line));
  while (rows.length < layout.grid.height) rows.push(' '.repeat(columns));
  return rows;
};

const headRow = (console: Console, palette: Palette, grid: Grid, height: number): string => {
  const { columns } = console.view;
  const end =
    grid.lines.length > height ? `rows ${grid.top + 1}-${Math.min(grid.lines.length, grid.top + height)} of ${grid.lines.length}` : '';
  if (grid.form !== 'list')
    return rule(palette, columns, grid.lines.some(line => line.section.batch !== undefined) ? 'batches' : 'hosts', end);
  // The words stand over their columns.
  const at = listColumns(grid, columns);
  const words: [number, string][] = [
    [at.state, 'state'],
    [at.ran, 'ran'],
    [at.look, 'next look'],
    [at.line, 'last line'],
  ];
  let head = '-- hosts ';
  for (const [column, word] of words) head = `${head.padEnd(column - 1, '-')} ${word} `;
  return rule(palette, columns, head.slice(3).trimEnd(), end);
};

const lineRow = (console: Console, palette: Palette, grid: Grid, line: GridLine): string => {
  const { columns } = console.view;
  if (line.kind !== 'cells') return row(palette, columns, sectionPieces(line.kind, line.section, columns));
  switch (grid.form) {
    case 'list':
      return row(palette, columns, listPieces(console, grid, line));
    case 'medium':
      return row(
        palette,
        columns,
        line.hosts.flatMap(view => mediumPieces(console, grid, view)),
      );
    case 'names':
      return row(palette, columns, [
        ['dim', pad(`   ${line.gutter}`, grid.gutterWidth)],
        ...line.hosts.flatMap(view => namePieces(console, view, line.prefix, grid.cellWidth)),
      ]);
    case 'dense':
      return row(palette, columns, densePieces(console, grid, line));
  }
};

/** First columns of the list's facts. */
const listColumns = (grid: Grid, columns: number) => {
  const name = Math.min(24, Math.max(6, ...grid.shown.map(view => view.name.length)));
  const state = grid.gutterWidth + 2 + name + 1;
  const ran = state + 2 + 14;
  const look = ran + 7;
  return { name, state, ran, look, line: look + 10, columns };
};

const listPieces = (console: Console, grid: Grid, line: GridLine & { kind: 'cells' }): Piece[] => {
  const view = line.hosts[0];
  if (view === undefined) return [];
  const { wall } = console;
  const at = listColumns(grid, console.view.columns);
  const look = looks[view.kind];
  const isHere = console.view.cursor === view.name;
  const job = view.kind === 'queued' || view.kind === 'held' ? undefined : view.job;
  return [
    ['dim', pad(line.gutter, grid.gutterWidth)],
    ' ',
    pointer(console, view),
    [isHere ? 'cursor-row' : 'text', pad(view.name, at.name)],
    ' ',
    [look.tone, look.letter],
    ' ',
    [look.tone === 'good' || look.tone === 'dim' ? 'dim' : 'text', pad(stateWord(view), 13)],
    ' ',
    [job === undefined ? 'dim' : 'text', padFront(job === undefined ? '' : ranFor(job, wall), 6)],
    ' ',
    ['dim', pad(nextLook(view, wall), 10)],
    wordsOf(console, view),
  ];
};

/** What a host has to say in a row: where it needs a hand, why is worth more than its last words. */
const wordsOf = (console: Console, view: HostView): string =>
  looks[view.kind].hand > 0 && view.kind !== 'failed' && view.kind !== 'timed-out'
    ? handWords(view, console.wall).more
    : view.kind === 'queued' || view.kind === 'held'
      ? ''
      : (view.job?.lastLine ?? '');

const mediumPieces = (console: Console, grid: Grid, view: HostView): Piece[] => {
  const look = looks[view.kind];
  const isHere = console.view.cursor === view.name;
  const name = Math.min(16, Math.max(6, ...grid.shown.map(other => other.name.length)));
  const job = view.kind === 'queued' || view.kind === 'held' ? undefined : view.job;
  const next = nextLook(view, console.wall).replace(/ ago$/, '') || (job === undefined ? '' : ranFor(job, console.wall));
  const room = grid.cellWidth - name - 20;
  return [
    pointer(console, view),
    [isHere ? 'cursor-row' : 'text', pad(view.name, name)],
    ' ',
    [look.tone, look.letter],
    ' ',
    pad(stateWord(view), 13),
    ' ',
    ['dim', pad(next, Math.min(room, 7))],
    // Less than a few words say nothing.
    pad(room < 20 ? '' : ` ${wordsOf(console, view)}`, Math.max(0, room - 7)),
    '  ',
  ];
};

const namePieces = (console: Console, view: HostView, prefix: string, width: number): Piece[] => {
  const look = looks[view.kind];
  const label = view.name.slice(prefix.length);
  const shown = pad(label, Math.min(label.length, width - 2));
  const gap = /\d$/.test(label) ? '' : ' ';
  const isHere = console.view.cursor === view.name;
  const used = 1 + shown.length + gap.length + 1;
  return [
    pointer(console, view),
    [isHere ? 'strong' : look.tone === 'dim' || look.tone === 'good' ? 'dim' : 'text', shown + gap],
    [isHere && look.hand === 0 ? 'cursor' : look.tone, look.letter],
    ' '.repeat(Math.max(0, width - used)),
  ];
};

/** Letters in blocks of ten; neighbours of one tone are one piece. */
const densePieces = (console: Console, grid: Grid, line: GridLine & { kind: 'cells' }): Piece[] => {
  const pieces: Piece[] = [['dim', pad(` ${line.gutter}`, grid.gutterWidth)]];
  for (const [at, view] of line.hosts.entries()) {
    const look = looks[view.kind];
    const isHere = console.view.cursor === view.name;
    const isMarked = console.view.marks.has(view.name);
    if (at > 0 && at % 10 === 0) pieces.push(' ');
    pieces.push([isHere ? 'cursor' : isMarked ? (look.hand > 0 ? 'mark-alarm' : 'mark') : look.tone, look.letter]);
  }
  return merged(pieces);
};

const merged = (pieces: readonly Piece[]): Piece[] => {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (isToned(piece) && isToned(last) && last[0] === piece[0]) result[result.length - 1] = [piece[0], last[1] + piece[1]];
    else result.push(piece);
  }
  return result;
};

const isToned = (piece: Piece | undefined): piece is readonly [typeof looks.ok.tone, string] => Array.isArray(piece);

/** `>` is the cursor, `*` a mark, `v` where a range begins; a marked host under the cursor keeps its star, in reverse. */
const pointer = (console: Console, view: HostView): Piece => {
  const isHere = console.view.cursor === view.name;
  if (console.view.marks.has(view.name)) return [isHere ? 'cursor' : 'strong', '*'];
  if (console.view.range === view.name) return ['strong', 'v'];
  return isHere ? ['strong', '>'] : ' ';
};

/** A batch's title, or a folded section. */
const sectionPieces = (kind: 'title' | 'fold', section: Section, columns: number): Piece[] => {
  const { batch, hosts, stage } = section;
  const word = stage === 'done' ? 'done' : stage === 'open' ? 'OPEN' : 'waiting';
  const sign = kind === 'fold' ? '+' : ' ';
  const name = batch === undefined ? pad(section.key, 10) : `${padFront(String(batch.number), 2)} ${pad(word, 7)}`;
  const ended = hosts.filter(view => view.kind !== 'queued' && view.kind !== 'idle' && view.kind !== 'held').length;
  const tally = stage === 'queued' ? `${hosts.length}` : `${stage === 'open' ? ended : hosts.length}/${hosts.length}`;
  const times =
    batch?.openedAt === undefined ? '' : `${minutes(batch.openedAt)}-${batch.endedAt === undefined ? '' : minutes(batch.endedAt)}`;
  const counts = stage === 'queued' ? [] : letterPieces(countKinds(hosts));
  const nodes: Piece[] = kind === 'fold' || columns >= 100 ? [['dim', `  ${nodesetOf(hosts)}`]] : [];
  return [
    ` ${sign} `,
    [stage === 'open' ? 'strong' : 'dim', name],
    ' ',
    padFront(tally, 7),
    '  ',
    ...counts,
    ['dim', times === '' ? '' : `  ${times}`],
    ...nodes,
  ];
};

const minutes = (at: number): string => {
  const date = new Date(at);
  return `${String(date.getHours()).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
};
