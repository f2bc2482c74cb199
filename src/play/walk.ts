// The only place that decides what comes next in a run: pure, from the run's row to one step.
// Linear strategy: a task is open on all hosts of the batch until each has ended it; batch n+1 waits for batch n.

import { batchSize, type Play } from '../domain/plan.ts';
import type { Run } from '../domain/run-state.ts';
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
  if (batch !== undefined && batch.endedAt === undefined) {
    const step = nextTask(run, run.plan.plays[batch.play] as Play, batch.hosts);
    return step ?? { kind: 'end-batch', batch: batch.number };
  }
  return nextBatch(run);
};

const wait: Step = { kind: 'wait' };

/** The first task after the open one that some host of the batch still has before it. */
const nextTask = (run: Run, play: Play, hosts: readonly string[]): Step | undefined => {
  const done = run.open === undefined ? -1 : play.tasks.findIndex(({ path }) => path === run.open?.path);
  for (const task of play.tasks.slice(done + 1)) {
    const takers = hosts.filter(host => takesPart(run, host, task));
    if (takers.length > 0) return { kind: 'open-task', task, hosts: takers };
  }
  return undefined;
};

/** A host takes part unless it is out; in a retry it comes back in at the task that put it out. */
const takesPart = (run: Run, host: string, task: Task): boolean => {
  const row = run.hosts.get(host);
  const batch = run.batches.at(-1);
  if (row === undefined || batch === undefined || row.dropped !== undefined) return false;
  if (batch.kind === 'first') return row.out === undefined;
  const isTaken = row.last?.batch === batch.number;
  return row.out === undefined ? isTaken : !isTaken && row.out.path === task.path;
};

const nextBatch = (run: Run): Step => {
  const number = run.batches.length + 1;
  if (run.retry.length > 0) {
    const play = playOf(run, run.retry[0] as string);
    return { kind: 'open-batch', play, batch: number, of: Math.max(number, run.batches.at(-1)?.of ?? 1), hosts: run.retry, as: 'retry' };
  }
  if (run.remaining === 'dropped') return { kind: 'end-run', message: abortedMessage(run) };
  const last = run.batches.at(-1);
  if (last !== undefined && isWhollyOut(run, last.hosts)) {
    const never = neverStarted(run);
    return {
      kind: 'end-run',
      ...(never > 0 && {
        message: `batch ${last.number} failed on ${last.hosts.length === 1 ? `its only host ${last.hosts[0]}` : `all its ${last.hosts.length} hosts`}; ${never} ${never === 1 ? 'host was' : 'hosts were'} never started`,
      }),
    };
  }
  const from = last?.play ?? 0;
  for (let play = from; play < run.plan.plays.length; play += 1) {
    const rest = hostsLeft(run, play);
    if (rest.length === 0) continue;
    const opened = run.batches.filter(batch => batch.play === play && batch.kind === 'first').length;
    const size = batchSize((run.plan.plays[play] as Play).serial, opened, rest.length);
    return {
      kind: 'open-batch',
      play,
      batch: number,
      of: run.batches.length + batchesLeft((run.plan.plays[play] as Play).serial, opened, rest.length),
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

const batchesLeft = (serial: Play['serial'], opened: number, left: number): number => {
  let batches = 0;
  for (let rest = left; rest > 0; rest -= batchSize(serial, opened + batches - 1, rest)) batches += 1;
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
