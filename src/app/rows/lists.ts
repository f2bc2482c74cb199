// The only place that draws the other tabs: runs, batches, folded outputs, events; and the help.
import { actorName, originName } from '../../domain/event.ts';
import { fold } from '../../domain/nodeset.ts';
import type { SafeLine } from '../../domain/safe-line.ts';
import { keyGroups } from '../commands.ts';
import type { Console } from '../console-state.ts';
import { plannedBatches } from '../grid.ts';
import { runCounts, runInFocus, viewInRun } from '../host-view.ts';
import { windowTop } from '../layout.ts';
import { looks } from '../letters.ts';
import { outputFolds } from '../output-folds.ts';
import { fitted, type Palette, type Piece, pad, padFront, row, rule, wrapWords } from '../style.ts';
import { listedRuns } from '../targets.ts';
import { counted, phaseWord, since } from '../words.ts';
import { progressBar } from './hand.ts';

/** A list in exactly `height` rows, its head included, with the cursor's entry in the window. */
const listRows = (
  console: Console,
  palette: Palette,
  height: number,
  title: string,
  entries: readonly (readonly Piece[])[],
  at: number,
  empty: string,
): string[] => {
  const { columns } = console.view;
  const body = height - 1;
  const top = windowTop(at - Math.floor(body / 2), at, body, entries.length);
  const shown = entries
    .slice(top, top + body)
    .map((pieces, index) => row(palette, columns, [top + index === at ? ['strong', '>'] : ' ', ...pieces]));
  const rows = [
    rule(palette, columns, title, entries.length > body ? `${top + 1}-${top + shown.length} of ${entries.length}` : ''),
    ...shown,
  ];
  if (entries.length === 0) rows.push(row(palette, columns, [['dim', ` ${empty}`]]));
  while (rows.length < height) rows.push(' '.repeat(columns));
  return rows.slice(0, height);
};

/** Tab 2. */
export const runsRows = (console: Console, palette: Palette, height: number): string[] => {
  const { columns } = console.view;
  const inFocus = runInFocus(console);
  const entries = listedRuns(console).map((run): Piece[] => {
    const counts = runCounts(console.data, run);
    const when = run.phase.kind === 'ended' ? `${since(console.wall, run.phase.at)} ago` : `since ${since(console.wall, run.queuedAt)}`;
    const isWide = columns >= 100;
    const bar = isWide ? `${progressBar(counts.done, counts.hosts, 16)} ` : '';
    return [
      ['strong', padFront(String(run.number), 4)],
      run === inFocus ? ' * ' : '   ',
      pad(
        run.origin === undefined ? run.plan.title : `(${originName(run.origin)}) ${run.plan.title}`,
        Math.max(10, columns - (isWide ? 92 : 53)),
      ),
      ' ',
      [run.phase.kind === 'ended' ? 'dim' : run.phase.kind === 'paused' ? 'warning' : 'busy', pad(phaseWord(run, counts), 9)],
      ` ${padFront(`${counts.done}/${counts.hosts}`, 9)}  ${bar}`,
      counts.bad > 0 ? ['alarm', padFront(`${counts.bad} bad`, 8)] : padFront('', 8),
      ['dim', `  ${pad(when, 12)}`],
      ['dim', isWide && run.by !== undefined ? `  ${actorName(run.by)}` : ''],
    ];
  });
  return listRows(
    console,
    palette,
    height,
    'runs, the newest first; * is in focus',
    entries,
    Math.min(console.view.at.jobs, entries.length - 1),
    'Nothing has run yet. n types a task',
  );
};

/** Tab 3. */
export const rollRows = (console: Console, palette: Palette, height: number): string[] => {
  const run = runInFocus(console);
  if (run === undefined) return listRows(console, palette, height, 'roll', [], 0, 'Nothing has run yet. n types a task');
  const entries = plannedBatches(run).map((batch): Piece[] => {
    const word = batch.endedAt !== undefined ? 'done' : batch.openedAt !== undefined ? 'OPEN' : 'waiting';
    const letters = new Map<string, number>();
    if (batch.openedAt !== undefined) {
      for (const name of batch.hosts) {
        const row = run.hosts.get(name);
        const letter = row === undefined ? '?' : looks[viewInRun(console.data, run, row).kind].letter;
        letters.set(letter, (letters.get(letter) ?? 0) + 1);
      }
    }
    const counts = [...letters].map(([letter, count]) => `${letter}${count}`).join(' ');
    return [
      ['strong', padFront(String(batch.number), 3)],
      ' ',
      [word === 'OPEN' ? 'busy' : 'dim', pad(word, 8)],
      ` ${padFront(counted(batch.hosts.length, 'host'), 10)}  `,
      pad(counts, 24),
      ' ',
      ['dim', fold(batch.hosts)],
    ];
  });
  const notes = run.notes.map((note): Piece[] => [
    ['dim', `  note ${clock(note.at)} ${note.by === undefined ? '' : actorName(note.by)}  `],
    note.text,
  ]);
  const counts = runCounts(console.data, run);
  const end = `: ${phaseWord(run, counts)}, ${counts.done} of ${counted(counts.hosts, 'host')} done, ${counts.out} out, ${counts.bad} bad`;
  const title = fitted(console.view.columns - 8, `run ${run.number} `, run.plan.title, end);
  return listRows(console, palette, height, title, [...entries, ...notes], Math.min(console.view.at.roll, entries.length - 1), 'no batch');
};

/** Tab 4. */
export const outputRows = (console: Console, palette: Palette, height: number): string[] => {
  const { columns } = console.view;
  const folds = outputFolds(console);
  const run = runInFocus(console);
  const body = height - 1;
  const rows: string[] = [];
  const at = Math.min(console.view.at.output, folds.length - 1);
  const room = Math.max(2, Math.floor(body / Math.max(1, Math.min(folds.length - Math.max(0, at), 4))) - 1);
  for (const [index, { hosts, kind, word, lines, compared }] of folds.entries()) {
    if (index < at || rows.length >= body) continue;
    rows.push(
      row(palette, columns, [
        index === at ? ['strong', '>'] : ' ',
        [looks[kind].tone, looks[kind].letter],
        ` ${word}  `,
        ['strong', counted(hosts.length, 'host')],
        `  ${fold(hosts)}`,
        ['dim', compared === 'whole' ? '' : '  (compared by last line)'],
      ]),
    );
    if (lines.length === 0) rows.push(row(palette, columns, [['dim', '    no output']]));
    for (const line of lines.slice(-room)) rows.push(row(palette, columns, ['    ', { output: line as SafeLine }]));
  }
  const title =
    run === undefined ? 'output' : fitted(columns - 26, `output of run ${run.number} `, run.plan.title, `: ${folds.length} different`);
  const none = folds.length === 0 ? [row(palette, columns, [['dim', ' No output yet. n types a task']])] : [];
  const all = [rule(palette, columns, title, folds.length > 1 ? 'j k to the others' : ''), ...none, ...rows].slice(0, height);
  while (all.length < height) all.push(' '.repeat(columns));
  return all;
};

/** Tab 5: the newest last, the cursor counted from the newest. */
export const eventRows = (console: Console, palette: Palette, height: number): string[] => {
  const events = console.data.happened.toReversed();
  const entries = events.map(({ at, text }): Piece[] => [['dim', ` ${clock(at)} `], text]);
  return listRows(
    console,
    palette,
    height,
    'what happened since this console opened, the newest first',
    entries,
    Math.min(console.view.at.events, entries.length - 1),
    'nothing yet',
  );
};

const clock = (at: number): string => {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
};

/** The help, from the one list of commands. */
export const helpRows = (console: Console, palette: Palette, height: number, at: number): string[] => {
  const { columns } = console.view;
  const words = Object.values({ ...looks, between: looks.running }).map(({ letter, word }) => `${letter} ${word}`);
  const states = [...new Set(words)].join(', ');
  const lines: Piece[][] = [
    [['strong', ' States']],
    ...wrapWords(states, columns - 4).map((line): Piece[] => [`  ${line}`]),
    ...keyGroups().flatMap(({ title, keys }): Piece[][] => [
      [['strong', ` ${title}`]],
      ...keys.flatMap(([key, what]) =>
        wrapWords(what, columns - 17).map((line, index): Piece[] => [['key', `  ${pad(index === 0 ? key : '', 13)}`], ` ${line}`]),
      ),
    ]),
  ];
  const body = height - 1;
  const top = Math.max(0, Math.min(at, lines.length - body));
  const shown = lines.slice(top, top + body).map(line => row(palette, columns, line));
  return [
    rule(palette, columns, 'help', lines.length > body ? `${top + 1}-${top + shown.length} of ${lines.length}, j k` : ''),
    ...shown,
    ...Array.from({ length: Math.max(0, body - shown.length) }, () => ' '.repeat(columns)),
  ];
};
