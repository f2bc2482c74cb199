// The only place that decides what comes next in a run: pure, from the run's row to one step.
// Linear strategy: a task is open on all hosts of the batch until each has ended it; batch n+1 waits for batch n.

import { nextPath } from '../domain/course.ts';
import { batchSize, type Play, placeOf, taskAt } from '../domain/plan.ts';
import type { Batch, Run } from '../domain/run-state.ts';
import type { Task } from '../domain/task.ts';

/** What is to happen next in a run. */
export type Step =
  | {
      readonly kind: 'open-batch';
      readonly play: number;
      readonly batch: number;
      readonly of: number;
      readonly hosts: readonly string[];
      readonly as: 'first' | 'retry';
    }
  | { readonly kind: 'open-task'; readonly task: Task; readonly hosts: readonly string[] }
  | { readonly kind: 'end-batch'; readonly batch: number }
  | { readonly kind: 'end-run'; readonly message?: string }
  /** Jobs run, or somebody holds it. */
  | { readonly kind: 'wait' };

/** The next step of a run that has not ended. `active` counts its jobs and waits that have not ended. */
export const nextStep = (run: Run, active: number): Step => {
  if (run.phase.kind === 'ended') return wait;
  // Begun elsewhere: nothing of it opens here, and it is over when its last job is.
  if (run.origin !== undefined) return active > 0 ? wait : { kind: 'end-run' };
  if (run.phase.kind === 'aborting') return active > 0 ? wait : giveUp(run);
  if (run.open !== undefined && run.open.left > 0) return wait;
  const step = goOn(run);
  // A pause opens nothing; what has nothing left to open may end.
  return run.phase.kind === 'paused' && (step.kind === 'open-batch' || step.kind === 'open-task') ? wait : step;
};

/** The batch ends as it stands. */
const giveUp = (run: Run): Step => {
  const batch = run.batches.at(-1);
  return batch !== undefined && batch.endedAt === undefined
    ? { kind: 'end-batch', batch: batch.number }
    : { kind: 'end-run', message: abortedMessage(run) };
};

const goOn = (run: Run): Step => {
  const batch = run.batches.at(-1);
  if (batch === undefined || batch.endedAt !== undefined) return nextBatch(run);
  const play = run.plan.plays[batch.play] as Play;
  const step = breakWhy(run, play, batch) === undefined ? nextTask(run, play, batch) : undefined;
  return step ?? { kind: 'end-batch', batch: batch.number };
};

const wait: Step = { kind: 'wait' };

/** The first task of the play's list that comes next on some host of the batch; who comes to a later one waits. */
const nextTask = (run: Run, play: Play, batch: Batch): Step | undefined => {
  let first = Number.POSITIVE_INFINITY;
  let takers: string[] = [];
  for (const host of batch.hosts) {
    const row = run.hosts.get(host);
    const path = row && nextPath(play, batch, row);
    const place = path === undefined ? Number.POSITIVE_INFINITY : placeOf(play, path);
    if (place < first) takers = [];
    if (place <= first && path !== undefined) takers.push(host);
    first = Math.min(first, place);
  }
  const task = play.tasks[first];
  if (task === undefined) return undefined;
  return { kind: 'open-task', task, hosts: task.runOnce === undefined ? takers : takers.slice(0, 1) };
};

/** Why no host of the batch goes on, and no other batch or play: too many failed, or one did where none may. */
const breakWhy = (run: Run, play: Play, { hosts, number }: Batch): string | undefined => {
  // Who comes back in a retry has not failed in it yet.
  const out = hosts.map(host => run.hosts.get(host)?.course).flatMap(course => (course?.batch === number ? (course.out ?? []) : []));
  const fatal = out.map(({ path }) => taskAt(run.plan, path)).find(task => task?.fatal !== undefined);
  if (fatal !== undefined) return `any_errors_fatal: "${fatal.name}" failed on ${out.length} of ${hosts.length} hosts`;
  const most = play.maxFailPercentage;
  if (most === undefined || (out.length / hosts.length) * 100 <= most) return undefined;
  return `max_fail_percentage ${most}: ${out.length} of ${hosts.length} hosts of batch ${number} failed`;
};

const nextBatch = (run: Run): Step => {
  const number = run.batches.length + 1;
  if (run.retry.length > 0) {
    const play = playOf(run, run.retry[0] as string);
    const hosts = run.retry.filter(host => playOf(run, host) === play);
    return { kind: 'open-batch', play, batch: number, of: Math.max(number, run.batches.at(-1)?.of ?? 1), hosts, as: 'retry' };
  }
  if (run.remaining === 'dropped') return { kind: 'end-run', message: abortedMessage(run) };
  const last = run.batches.at(-1);
  const broke = last && breakWhy(run, run.plan.plays[last.play] as Play, last);
  if (last !== undefined && (broke !== undefined || isWhollyOut(run, last.hosts))) {
    const never = neverStarted(run);
    const why =
      broke ??
      `batch ${last.number} failed on ${last.hosts.length === 1 ? `its only host ${last.hosts[0]}` : `all its ${last.hosts.length} hosts`}`;
    const left = `${never} ${never === 1 ? 'host was' : 'hosts were'} never started`;
    return { kind: 'end-run', ...(never > 0 ? { message: `${why}; ${left}` } : broke !== undefined && { message: broke }) };
  }
  const from = last?.play ?? 0;
  for (let play = from; play < run.plan.plays.length; play += 1) {
    const rest = hostsLeft(run, play);
    if (rest.length === 0) continue;
    const { serial, hosts } = run.plan.plays[play] as Play;
    const opened = run.batches.filter(batch => batch.play === play && batch.kind === 'first').length;
    const size = batchSize(serial, { opened, left: rest.length, of: hosts.length });
    return {
      kind: 'open-batch',
      play,
      batch: number,
      of: run.batches.length + batchesLeft(serial, { opened, left: rest.length, of: hosts.length }),
      hosts: rest.slice(0, size),
      as: 'first',
    };
  }
  return { kind: 'end-run' };
};

/** Hosts of a play that are well and in none of its batches yet. */
const hostsLeft = (run: Run, play: number): readonly string[] => {
  const opened = new Set(run.batches.filter(batch => batch.play === play && batch.kind === 'first').flatMap(({ hosts }) => hosts));
  return (run.plan.plays[play] as Play).hosts.filter(
    host => !opened.has(host) && run.hosts.get(host)?.out === undefined && !isDropped(run, host),
  );
};

const batchesLeft = (serial: Play['serial'], { opened, left, of }: Parameters<typeof batchSize>[1]): number => {
  let batches = 0;
  for (let rest = left; rest > 0; batches += 1) rest -= batchSize(serial, { opened: opened + batches, left: rest, of });
  return batches;
};

/** Whom the operator took out did not fail. */
const isWhollyOut = (run: Run, batch: readonly string[]): boolean => {
  const hosts = batch.filter(host => !isDropped(run, host));
  return hosts.length > 0 && hosts.every(host => run.hosts.get(host)?.out !== undefined);
};

const isDropped = (run: Run, host: string): boolean => run.hosts.get(host)?.dropped !== undefined;

const neverStarted = (run: Run): number => {
  let never = 0;
  for (const row of run.hosts.values()) if (row.jid === undefined && row.last === undefined) never += 1;
  return never;
};

const abortedMessage = (run: Run): string => {
  const never = neverStarted(run);
  return never > 0 ? `aborted; ${never} ${never === 1 ? 'host was' : 'hosts were'} never started` : 'aborted';
};

/** The play in which a host is out, or was last. */
const playOf = (run: Run, host: string): number => {
  const path = run.hosts.get(host)?.out?.path ?? run.hosts.get(host)?.last?.path ?? '0.0';
  return Number(path.split('.')[0]);
};
