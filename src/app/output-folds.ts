// The only place that folds the outputs of a run: equal ones once, with the hosts that gave them.
// It compares what is known here: the verdict and the last lines that were loaded, else the last line alone.
import type { Job } from '../domain/job.ts';
import type { SafeLine } from '../domain/safe-line.ts';
import type { Console } from './console-state.ts';
import { runInFocus, viewInRun } from './host-view.ts';
import { type CellKind, looks } from './letters.ts';
import { stateWord } from './words.ts';

/** Hosts whose outputs are equal. */
export type OutputFold = {
  readonly hosts: readonly string[];
  readonly kind: CellKind;
  readonly word: string;
  readonly lines: readonly SafeLine[];
  /** `last-line`: the outputs are longer than what was compared. */
  readonly compared: 'whole' | 'last-line';
};

/** Folds of the run in focus; bad verdicts first, then the most hosts. */
export const outputFolds = (console: Console): readonly OutputFold[] => {
  const run = runInFocus(console);
  if (run === undefined) return [];
  const folds = new Map<string, { hosts: string[]; fold: Omit<OutputFold, 'hosts'> }>();
  for (const row of run.hosts.values()) {
    const view = viewInRun(console.data, run, row);
    const { job } = view;
    if (job === undefined) continue;
    const { lines, compared } = linesOf(console, job);
    const word = stateWord(view);
    const key = `${word}\n${lines.join('\n')}`;
    const same = folds.get(key);
    if (same === undefined) folds.set(key, { hosts: [job.host], fold: { kind: view.kind, word, lines, compared } });
    else same.hosts.push(job.host);
  }
  return [...folds.values()]
    .map(({ hosts, fold }) => ({ ...fold, hosts }))
    .sort((a, b) => worse(b.kind) - worse(a.kind) || b.hosts.length - a.hosts.length);
};

const worse = (kind: CellKind): number => (looks[kind].hand === 0 ? 0 : 10 - looks[kind].hand);

const linesOf = ({ data }: Console, job: Job): Pick<OutputFold, 'lines' | 'compared'> => {
  const tail = data.tails.get(job.jid);
  if (tail !== undefined && tail.before === 'nothing' && tail.after === 'nothing')
    return { lines: tail.lines.map(line => line.text), compared: 'whole' };
  return {
    lines: job.lastLine === '' ? [] : [job.lastLine as SafeLine],
    compared: job.output.out + job.output.err === 0 ? 'whole' : 'last-line',
  };
};
