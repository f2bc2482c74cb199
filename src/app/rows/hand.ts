// The only place for *needs a hand* and the queue: the list that decides the next key, and what else is under way.
import type { Run } from '../../domain/run-state.ts';
import type { Console } from '../console-state.ts';
import { type HostView, runCounts, runInFocus } from '../host-view.ts';
import type { HostsScreen } from '../hosts-screen.ts';
import { looks } from '../letters.ts';
import { type Palette, type Piece, pad, padFront, row, rule, widthOf } from '../style.ts';
import { counted, handWords, phaseWord } from '../words.ts';

/** The rows of both, beside each other where the screen is wide. */
export const handRows = (console: Console, palette: Palette, { layout, trouble, runs }: HostsScreen): string[] => {
  const { hand } = layout;
  const { columns } = console.view;
  if (hand.height === 0) return [];
  const half = Math.floor(columns / 2);
  const title = trouble.length === 0 ? 'needs a hand: nobody' : `needs a hand: ${trouble.length}`;
  const more = trouble.length > hand.trouble ? `+${trouble.length - hand.trouble} more  ]` : '';
  if (hand.beside === 'below') {
    const lines = trouble.slice(0, hand.trouble).map(view => row(palette, columns, troublePieces(console, view, columns)));
    const queue = runs.slice(0, hand.runs).map(run => row(palette, columns, runPieces(console, run, columns)));
    return [...(hand.rule === 1 ? [rule(palette, columns, title, more)] : []), ...lines, ...queue];
  }
  const head =
    rule(palette, half, title, more) +
    rule(
      palette,
      columns - half,
      `queue: ${runs.length === 0 ? 'empty' : counted(runs.length, 'run')}`,
      runs.length > hand.runs ? `+${runs.length - hand.runs} more  2` : '',
    );
  const lines = Array.from({ length: hand.height - hand.rule }, (_, at) => {
    const view = at < hand.trouble ? trouble[at] : undefined;
    const run = at < hand.runs ? runs[at] : undefined;
    return (
      row(palette, half, view === undefined ? [] : troublePieces(console, view, half)) +
      row(palette, columns - half, run === undefined ? [] : runPieces(console, run, columns - half))
    );
  });
  return [head, ...lines];
};

const troublePieces = ({ view: { cursor }, wall }: Console, view: HostView, columns: number): Piece[] => {
  const { what, more } = handWords(view, wall);
  const look = looks[view.kind];
  const isHere = view.name === cursor;
  return [
    isHere ? ['cursor-row', '>'] : ' ',
    [look.tone, look.letter],
    ' ',
    [isHere ? 'strong' : 'text', pad(view.name, columns < 70 ? 8 : 10)],
    ' ',
    pad(what, 17),
    ' ',
    more,
  ];
};

/** `> 12 kernel-patch   300 hosts   26/300 [#.........]  7 out`. */
export const runPieces = (console: Console, run: Run, columns: number): Piece[] => {
  const counts = runCounts(console.data, run);
  const isFocus = runInFocus(console) === run;
  const end = `${padFront(`${counts.done}/${counts.hosts}`, 9)} ${progressBar(counts.done, counts.hosts, columns < 70 ? 10 : 16)} ${runNote(run, counts)}`;
  const title = Math.max(8, columns - widthOf(end) - 9);
  return [isFocus ? '> ' : '  ', ['strong', padFront(String(run.number), 3)], ' ', pad(run.plan.title, title), ' ', end];
};

const runNote = (run: Run, { out, bad }: { readonly out: number; readonly bad: number }): string => {
  const word = phaseWord(run);
  const parts = [word === 'running' ? `${out} out` : word, ...(bad > 0 ? [`${bad} bad`] : [])];
  return pad(parts.join(' '), 14);
};

/** `[####......]`. */
export const progressBar = (done: number, of: number, width: number): string => {
  const full = of === 0 ? 0 : Math.floor((done / of) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
};
