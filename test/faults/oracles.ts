// The only place that judges a life: what drivers wrote and said against what the hosts know that happened.
// Each judgement is one sentence that names the promise; nothing said is good news.
import { isDeepStrictEqual } from 'node:util';
import type { Event } from '../../src/domain/event.ts';
import type { Jid, Job, Verdict } from '../../src/domain/job.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { emptyState, type State } from '../../src/domain/run-state.ts';
import { snapshotOf } from '../../src/driver/protocol.ts';
import type { Ledger } from './acting-host.ts';
import type { Truth } from './acting-job.ts';
import type { Disk } from './memory-disk.ts';

/**
 * What a verdict claims against how it really went; undefined when it is true. `acknowledged`: whether an answer to its start
 * is in the journal; without one nobody can know of what a host did before it was made anew.
 */
export const untrue = (jid: Jid, verdict: Verdict, acknowledged: boolean, ledger: Ledger, now: number): string | undefined => {
  const all = (ledger.jobs.get(jid) ?? []).filter(({ byReplaced }) => !(byReplaced && isNever(verdict)));
  // A host made anew may hold a claim for nobody beside what once ran there.
  const ran = all.filter(({ claim }) => claim === 'job' || claim === 'broken');
  const known = ran.length > 0 ? ran : all;
  if (!acknowledged && ran.length > 0 && ran.every(({ reinstalledAt }) => reinstalledAt !== undefined)) return undefined;
  const truths = known.map(job => job.truth(now));
  const isTrue = truths.length === 0 ? fits(verdict, { kind: 'never' }) : truths.some(truth => fits(verdict, truth));
  const ranAnyway = isNever(verdict) && truths.some(({ kind }) => kind !== 'never');
  // The mark of a job that ended long ago goes with a host that is made anew.
  const isGone = verdict.kind === 'lost' && verdict.why === 'vanished' && known.some(job => job.reinstalledAt !== undefined);
  if ((isTrue && !ranAnyway) || isGone) return undefined;
  return `wrong verdict: ${jid} counts as ${JSON.stringify(verdict)}, and it was ${JSON.stringify(truths)}`;
};

/** It claims that nothing was started. */
export const isNever = (verdict: Verdict): boolean => verdict.kind === 'unreachable' && verdict.began === 'never';

const fits = (verdict: Verdict, truth: Truth): boolean => {
  switch (verdict.kind) {
    case 'ok':
    case 'failed':
      return truth.kind === 'done' && truth.rc === verdict.rc && (verdict.kind === 'ok') === (truth.rc === 0);
    case 'timed-out':
      return truth.kind === 'timed-out';
    case 'cancelled':
      return truth.kind === 'cancelled' || truth.kind === 'never';
    case 'unreachable':
      return verdict.began === 'maybe' || truth.kind === 'never';
    case 'lost':
      if (truth.kind !== 'lost') return false;
      if (verdict.why === 'reboot') return truth.why === 'reboot';
      if (verdict.why === 'vanished') return truth.why === 'reinstalled';
      return truth.why === 'killed' || truth.why === 'broken';
  }
};

const isFinal = (event: Event): boolean =>
  event.type === 'job.ended' && !(event.verdict.kind === 'unreachable' && event.verdict.began === 'maybe');

/** What one journal says, by itself. */
export const brokenLaws = (events: readonly Event[]): string[] => {
  const said: string[] = [];
  const requested = new Map<Jid, Event & { type: 'job.requested' }>();
  const ended = new Map<Jid, number>();
  const runOf = new Map<Jid, string>();
  const paused = new Set<string>();
  const open = new Map<string, number>();
  /** By run, host and task: the last attempt that may be followed by another. */
  const mayFollow = new Map<string, number>();
  for (const [index, event] of events.entries()) {
    switch (event.type) {
      case 'job.requested': {
        if (requested.has(event.jid)) said.push(`law 2: ${event.jid} was requested twice`);
        if (paused.has(event.run)) said.push(`law 5: ${event.jid} began in a pause`);
        const before = event.jid.replace(/\d+$/, String(event.attempt - 1)) as Jid;
        const key = `${event.run} ${event.host} ${event.path}`;
        if (event.attempt > 1 && (!ended.has(before) || mayFollow.get(key) !== event.attempt - 1)) {
          said.push(`law 2: ${event.jid} was requested, and nobody asked for another attempt after ${before}`);
        }
        requested.set(event.jid, event);
        runOf.set(event.jid, event.run);
        break;
      }
      case 'job.ended':
        if (ended.has(event.jid)) said.push(`law 3: ${event.jid} ended again: ${JSON.stringify(event.verdict)}`);
        if (isFinal(event)) ended.set(event.jid, index);
        break;
      case 'task.waiting':
        for (const request of requested.values()) {
          if (request.run === event.run && request.host === event.host && request.path === event.path) {
            mayFollow.set(`${event.run} ${event.host} ${event.path}`, request.attempt);
          }
        }
        break;
      case 'run.retried':
        for (const request of requested.values()) {
          if (request.run === event.run && event.hosts.includes(request.host)) {
            mayFollow.set(`${event.run} ${request.host} ${request.path}`, request.attempt);
          }
        }
        break;
      case 'run.paused':
        paused.add(event.run);
        break;
      case 'run.resumed':
      case 'run.ended':
        paused.delete(event.run);
        break;
      case 'batch.opened':
        if (open.has(event.run)) said.push(`law 5: batch ${event.batch} opened before ${open.get(event.run)} had ended`);
        open.set(event.run, event.batch);
        break;
      case 'batch.ended':
        open.delete(event.run);
        break;
      default:
    }
  }
  return said;
};

/** Law 6: the state is what the journal says, but for what was only seen. */
export const otherwise = (events: readonly Event[], state: State): string | undefined =>
  isDeepStrictEqual(factsOf(events.reduce(reduce, emptyState())), factsOf(state))
    ? undefined
    : 'law 6: the journal replayed is not the state of the driver';

const factsOf = (state: State): unknown => {
  const { slots: _, jobs, ...facts } = snapshotOf(state);
  const steady = jobs.map(({ nextLookAt: __, state: known, ...job }) => ({ ...job, state: { ...known, seenAt: 0, tries: 0, sent: '' } }));
  return JSON.parse(JSON.stringify({ ...facts, jobs: steady }));
};

/** Output here against what the host wrote. After a loss of power the tail of what had ended may be missing. */
export const otherBytes = (job: Job, disk: Disk, ledger: Ledger, now: number, power: 'kept' | 'lost'): string | undefined => {
  const jobs = ledger.jobs.get(job.jid) ?? [];
  for (const stream of ['out', 'err'] as const) {
    const here = Buffer.from(disk.output(job.jid, stream));
    const counted = job.output[stream];
    if (counted !== here.length) return `output: ${job.jid} ${stream} counts ${counted} bytes, ${here.length} are here`;
    const there = jobs.map(one => one.written(stream, now)).find(written => written.subarray(0, here.length).equals(here));
    if (there === undefined && here.length > 0) return `output: ${job.jid} ${stream} is not what its host wrote`;
    const isWhole = job.state.kind === 'ended' && ['ok', 'failed', 'timed-out', 'cancelled'].includes(job.state.verdict.kind);
    const asked = 'on' in job.state && job.state.on !== undefined ? jobs : jobs.filter(one => one.reinstalledAt === undefined);
    const most = Math.max(0, ...asked.map(one => one.written(stream, now).length));
    if (isWhole && power === 'kept' && here.length < most) return `output: ${job.jid} ${stream} has ${here.length} of ${most} bytes`;
  }
  return undefined;
};
