// The only place that decides what an answer (or none) means for a job: advance(job, input) → events and one effect.
// Pure. The dispatcher performs the effect after the events are written; first cause wins, and ended is ended.
//
//   starting --answered--> running | let-go        running --unheard--> stale --looked--> running
//   starting --unheard(sent)--> stale --looked: unknown--> send again under its own jid
//   running  --looked: done, all bytes here--> ended     acknowledged, then unknown --> lost, never sent again
import type { Failure } from '../domain/failure.ts';
import type { Jid, Job, LostWhy, OnHost, Verdict } from '../domain/job.ts';
import { onHostOf } from '../domain/reduce-job.ts';
import type { JobOrder } from '../domain/run-state.ts';
import { lastSafeLine } from '../domain/safe-line.ts';
import { backOff, letGoDelay, lookDelay } from './cadence.ts';
import type { Chunk, JobReport, OutputBytes, Random, StartReply } from './ports.ts';
import type { Draft } from './spine.ts';

/** What the machine is told. */
export type Input =
  | { readonly kind: 'answered'; readonly reply: StartReply }
  /** The start got no answer; `sent` tells whether the host may have it. */
  | { readonly kind: 'start-failed'; readonly failure: Failure; readonly sent: 'no' | 'maybe' }
  | { readonly kind: 'looked'; readonly report: JobReport }
  | { readonly kind: 'unheard'; readonly failure: Failure }
  | { readonly kind: 'given-up' }
  /** Its start was taken back before anything of it was sent. */
  | { readonly kind: 'withdrawn' };

/** The host answered about others only. */
export const leftOut: Input = {
  kind: 'unheard',
  failure: { tag: 'host-refused', cause: 'it could not be asked in the account that it runs in' },
};

/** The host is at it already, or knows nothing of it: a cancel need not be sent again. */
export const isBeingEnded = (input: Input): boolean => {
  const state = input.kind === 'looked' ? input.report.state.kind : undefined;
  return state === 'stopping' || state === 'unknown';
};

/** What the host says of how long it has run, seconds. */
export const elapsedOf = (input: Input): number => {
  if (input.kind === 'looked') return input.report.elapsed;
  return input.kind === 'answered' && input.reply.kind !== 'taken' ? input.reply.report.elapsed : 0;
};

/** What is to be done next for the job, after its events are written. */
export type Effect =
  | { readonly kind: 'look'; readonly after: number }
  /** The host knows nothing of it: the start goes out again under the same jid, or its jid is claimed there for nobody. */
  | { readonly kind: 'send'; readonly after: number }
  | { readonly kind: 'rest' };

/** What the machine may ask about the world. */
export type Around = {
  readonly wall: number;
  readonly random: Random;
  readonly order: JobOrder | undefined;
  readonly poll: number | undefined;
  readonly watched: boolean;
  readonly crowded: boolean;
  /** Output of a no-log task is counted on the host and not fetched. */
  readonly log: 'yes' | 'no';
  readonly masked?: 'yes' | undefined;
};

export type Advance = {
  readonly events: readonly Draft[];
  readonly output: readonly OutputBytes[];
  readonly effect: Effect;
};

/** As many tries as make the back-off as long as it gets. */
const slowest = 6;

/** No look comes earlier than this after a start, ms. */
const beforeFirstLook = 900;

/** A job that died this soon after its first answer, before any look, died with its session. */
const sessionDeathWithin = 60_000;

/** One step of a job's life. */
export const advance = (job: Job, input: Input, around: Around): Advance => {
  if (isOver(job)) return nothing;
  switch (input.kind) {
    case 'answered':
      return input.reply.kind === 'taken' ? joined(job, input.reply.by) : heard(job, input.reply.report, 'its start', around);
    case 'looked':
      return heard(job, input.report, 'a look', around);
    case 'start-failed':
      return input.sent === 'no'
        ? ended(job, { kind: 'unreachable', failure: input.failure, began: 'never' })
        : unheard(job, input.failure, around);
    case 'unheard':
      return unheard(job, input.failure, around);
    case 'given-up':
      return job.state.kind === 'stale' ? ended(job, { kind: 'unreachable', failure: job.state.failure, began: 'maybe' }) : nothing;
    case 'withdrawn':
      return ended(job, { kind: 'cancelled', elapsed: 0, began: 'never' });
  }
};

/** Ended, and no answer of the host could still tell more. */
const isOver = ({ state }: Job): boolean =>
  state.kind === 'ended' && !(state.verdict.kind === 'unreachable' && state.verdict.began === 'maybe');

const joined = (job: Job, other: Jid): Advance =>
  step(job.follows === other ? [] : [{ type: 'job.joined', jid: job.jid, other }], { kind: 'look', after: 0 });

const heard = (job: Job, report: JobReport, through: 'its start' | 'a look', around: Around): Advance => {
  const before = onHostOf(job.state);
  const { state } = report;
  if (state.kind === 'elsewhere') return unheard(job, anotherMachine(report.waiting), around);
  if (state.kind === 'unknown' || state.kind === 'unclaimed') {
    if (before !== undefined) return ended(job, lost('vanished', report));
    // Its start has just tried, or another's job holds its name and has not begun: that takes the host a while.
    const isTooSoon = through === 'its start' || job.follows !== undefined;
    return step([], { kind: 'send', after: isTooSoon ? backOff(1, around.random) : 0 });
  }
  if (state.kind === 'cleaned') return ended(job, lost('vanished', report));
  if (state.kind === 'cancelled' && report.pid === 0) {
    if (before === undefined) return ended(job, neverBegan(job, around));
    // It had begun, and the host has claimed it for nobody now: it did not know it any more.
    if (before.pid !== 0) return ended(job, lost('vanished', report));
  }

  const events: Draft[] = [];
  // The name that another's job held has come to it after all.
  if (through === 'its start' && job.follows !== undefined) events.push({ type: 'job.joined', jid: job.jid, other: job.jid });
  const on = before ?? onHostFrom(report, around);
  if (before === undefined) events.push({ type: 'job.started', jid: job.jid, on });
  else if (job.state.kind === 'stale') events.push({ type: 'job.answered', jid: job.jid });
  if (before !== undefined && report.limit !== before.limit && report.limit > 0) {
    events.push({ type: 'job.extended', jid: job.jid, limit: report.limit });
  }

  const output: OutputBytes[] = [];
  for (const [stream, chunk, have] of [
    ['out', report.out, job.output.out],
    ['err', report.err, job.output.err],
  ] as const) {
    const fresh = freshBytes(chunk, have);
    if (fresh.length === 0 || around.log === 'no') continue;
    output.push({ jid: job.jid, stream, offset: have, bytes: fresh });
    events.push({
      type: 'job.output',
      jid: job.jid,
      stream,
      from: have,
      length: fresh.length,
      there: chunk.size,
      dropped: report.dropped,
      lastLine: lastSafeLine(new TextDecoder().decode(fresh.subarray(-800))),
    });
  }
  const more = around.log === 'yes' && (leftThere(report.out, job.output.out) || leftThere(report.err, job.output.err));
  if (more) return { events, output, effect: { kind: 'look', after: 0 } };

  const verdict = verdictOf(job, report, around);
  if (verdict !== undefined) {
    events.push({ type: 'job.ended', jid: job.jid, verdict });
    return { events, output, effect: { kind: 'rest' } };
  }
  if (report.waiting !== undefined && report.waiting !== '') {
    if (job.state.kind !== 'waiting' || job.state.for !== report.waiting) {
      events.push({ type: 'job.waiting', jid: job.jid, for: report.waiting });
    }
  } else if (job.state.kind === 'waiting') events.push({ type: 'job.answered', jid: job.jid });
  return { events, output, effect: nextLook(job, report.elapsed, before, around) };
};

/** The host has claimed the jid without running it, so a start that is still on its way finds it taken. */
const neverBegan = ({ state, cancelAsked }: Job, { log, masked, order }: Around): Verdict => {
  if (state.kind === 'ended' && state.verdict.kind === 'unreachable') return { ...state.verdict, began: 'never' };
  if (cancelAsked !== undefined) return { kind: 'cancelled', elapsed: 0, began: 'never' };
  const kept =
    log === 'no' ? 'no-log' : masked === 'yes' ? '--mask' : order?.script === undefined ? 'it has an encrypted value' : undefined;
  const why = kept === undefined ? 'another run took its --once name meanwhile' : `its command was not kept (${kept})`;
  const failure: Failure = state.kind === 'stale' ? state.failure : { tag: 'connection-lost', cause: `its start was cut off, and ${why}` };
  return { kind: 'unreachable', failure, began: 'never' };
};

const nextLook = (job: Job, elapsed: number, before: OnHost | undefined, around: Around): Effect => {
  if (around.order?.mode !== 'let-go') {
    // As the host counts it: a clock that is set here changes no timer.
    return { kind: 'look', after: lookDelay({ poll: around.poll, age: elapsed * 1000, watched: around.watched, crowded: around.crowded }) };
  }
  // Let go: one look to see that it outlived its connection, then only when somebody asks or cancels.
  if (before === undefined) return { kind: 'look', after: letGoDelay(around.random) };
  return job.cancelAsked === undefined && !around.watched
    ? { kind: 'rest' }
    : { kind: 'look', after: lookDelay({ poll: undefined, age: 0, watched: around.watched, crowded: around.crowded }) };
};

const verdictOf = (job: Job, report: JobReport, around: Around): Verdict | undefined => {
  const { state, elapsed } = report;
  switch (state.kind) {
    case 'done':
      return state.rc === 0 ? { kind: 'ok', rc: 0, changed: true, elapsed } : { kind: 'failed', rc: state.rc, elapsed };
    case 'timed-out':
      return { kind: 'timed-out', rc: state.rc, elapsed };
    case 'cancelled':
      return { kind: 'cancelled', elapsed };
    case 'lost':
      if (state.why !== 'killed') return lost(state.why, report);
      return lost(diedWithSession(job, around) ? 'session' : 'killed', report);
    default:
      return undefined;
  }
};

/** Never seen alive after the start's own answer: what kills the session's processes took the job along. */
const diedWithSession = ({ state, output }: Job, { wall }: Around): boolean =>
  (state.kind === 'running' || state.kind === 'let-go') &&
  state.seenAt - state.on.startedAt < beforeFirstLook &&
  wall - state.on.startedAt < sessionDeathWithin &&
  output.out + output.err === 0;

const lost = (why: LostWhy, report: JobReport): Verdict => ({
  kind: 'lost',
  why,
  elapsed: report.elapsed,
});

/** Who answered cannot tell how the job is. */
export const anotherMachine = (its?: string): Failure => ({
  tag: 'another-machine',
  cause: its === undefined ? 'the job runs on another one' : `the job runs on ${its}`,
});

const unheard = (job: Job, failure: Failure, around: Around): Advance => {
  // Given up already: it stays outstanding and is asked at the slowest pace, in case the host returns.
  if (job.state.kind === 'ended') return step([], { kind: 'look', after: backOff(slowest, around.random) });
  const tries = job.state.kind === 'stale' ? job.state.tries + 1 : 1;
  const effect: Effect = { kind: 'look', after: backOff(tries, around.random) };
  return job.state.kind === 'stale' ? step([], effect) : step([{ type: 'job.fell-silent', jid: job.jid, failure }], effect);
};

const onHostFrom = (report: JobReport, { wall }: Around): OnHost => ({
  pid: report.pid,
  bootId: report.bootId,
  startedThere: report.startedAt,
  startedAt: wall - report.elapsed * 1000,
  limit: report.limit,
});

/** Bytes that are not here yet; an answer that overlaps what is here is cut, one with a gap is not believed. */
const freshBytes = (chunk: Chunk, have: number): Uint8Array =>
  chunk.from > have ? new Uint8Array(0) : chunk.bytes.subarray(Math.min(chunk.bytes.length, have - chunk.from));

const leftThere = (chunk: Chunk, have: number): boolean =>
  chunk.from + chunk.bytes.length < chunk.size && Math.max(have, chunk.from + chunk.bytes.length) < chunk.size;

const ended = (job: Job, verdict: Verdict): Advance => step([{ type: 'job.ended', jid: job.jid, verdict }], { kind: 'rest' });

const step = (events: readonly Draft[], effect: Effect): Advance => ({ events, output: [], effect });

const nothing: Advance = { events: [], output: [], effect: { kind: 'rest' } };

/** The host refuses more time, since the job has an end to tell. @see extend in runner.sh */
export const isOverThere = ({ tag, cause }: Failure): boolean =>
  tag === 'host-refused' && /^the job is (?:done|timed-out|cancelled|lost-\w+)$/.test(cause);
