// The only place for *needs a hand* and the queue: the list that decides the next key, and what else is under way.
import type { Run } from '../../domain/run-state.ts';
import type { Console } from '../console-state.ts';
import { type HostView, type RunCounts, runCounts, runInFocus } from '../host-view.ts';
import type { HostsScreen } from '../hosts-screen.ts';
import { looks } from '../letters.ts';
import { type Palette, type Piece, pad, padFront, row, rule, widthOf } from '../style.ts';
import { handUnderCursor } from '../targets.ts';
import { hostsInTrouble } from '../trouble.ts';
import { counted, handWords, phaseWord } from '../words.ts';

/** The rows of both, beside each other where the screen is wide. */
export const handRows = (console: Console, palette: Palette, { layout, trouble, runs }: HostsScreen): string[] => {
  const { hand } = layout;
  const { columns } = console.view;
  if (hand.height === 0) return [];
  const focus = runInFocus(console)?.id;
  // Whoever reads a failure of another run than the one on top must see whose it is.
  const label = trouble.some(view => view.run?.id !== focus) ? 'task' : 'none';
  // Why a host needs a hand is worth more room than how far a run is.
  const gap = 2;
  const half = Math.floor(columns * 0.53) - gap;
  const title = trouble.length === 0 ? 'needs a hand: nobody' : `needs a hand: ${hostsInTrouble(trouble)}`;
  const more = trouble.length > hand.trouble ? `+${trouble.length - hand.trouble} more  ]` : '';
  // Nothing queued: why a host needs a hand has the whole width.
  if (hand.beside === 'below' || runs.length === 0) {
    const lines = trouble.slice(0, hand.trouble).map(view => row(palette, columns, troublePieces(console, view, columns, label)));
    const queue = runs.slice(0, hand.runs).map(run => row(palette, columns, runPieces(console, run, columns)));
    return [...(hand.rule === 1 ? [rule(palette, columns, title, more)] : []), ...lines, ...queue];
  }
  const head =
    rule(palette, half + gap, title, more) +
    rule(
      palette,
      columns - half - gap,
      `queue: ${counted(runs.length, 'run')}`,
      runs.length > hand.runs ? `+${runs.length - hand.runs} more  2` : '',
    );
  const lines = Array.from({ length: hand.height - hand.rule }, (_, at) => {
    const view = at < hand.trouble ? trouble[at] : undefined;
    const run = at < hand.runs ? runs[at] : undefined;
    return (
      row(palette, half, view === undefined ? [] : troublePieces(console, view, half, label)) +
      ' '.repeat(gap) +
      row(palette, columns - half - gap, run === undefined ? [] : runPieces(console, run, columns - half - gap))
    );
  });
  return [head, ...lines];
};

const troublePieces = (console: Console, view: HostView, columns: number, label: 'task' | 'none'): Piece[] => {
  const { what, more } = handWords(view, console.wall);
  const look = looks[view.kind];
  const isHere = view === handUnderCursor(console);
  return [
    isHere ? ['cursor-row', '>'] : ' ',
    [look.tone, look.letter],
    ' ',
    [isHere ? 'strong' : 'text', pad(view.name, columns < 70 ? 8 : 10)],
    ' ',
    pad(what, 17),
    ' ',
    ...(label === 'task'
      ? [['strong', pad(`${view.run?.number ?? '?'} ${view.run?.plan.title ?? ''}`, columns < 70 ? 14 : 18)] as const, '  ']
      : []),
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

const runNote = (run: Run, counts: RunCounts): string => {
  const { out, bad } = counts;
  const word = phaseWord(run, counts);
  const parts = [word === 'running' ? `${out} out` : word, ...(bad > 0 ? [`${bad} bad`] : [])];
  return pad(parts.join(' '), 14);
};

/** `[####......]`. */
export const progressBar = (done: number, of: number, width: number): string => {
  const full = of === 0 ? 0 : Math.floor((done / of) * width);
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`;
};
