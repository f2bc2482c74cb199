// The only place that says when things happen that fell due while nobody was there to do them: because the driver was killed,
// was stopped, or its machine slept. Each happens once, spread over its interval. Pure.
import type { Job } from '../domain/job.ts';
import { backOff, lookDelay } from './cadence.ts';

/** Nothing that is overdue is put off for longer, ms. */
const longestSpread = 15_000;

/** A few overdue things wait only so long each, ms: a console of three hosts is not blind for long. */
const apart = 50;

/** Sightings are kept once a minute: a look that is overdue by less may have happened unseen. */
const keptEvery = 60_000;

/** A job that was given up is asked as rarely as a silent one can be. */
const slowest = 120_000;

/** Delay, ms, of one of `of` overdue things (`at` counts from 0) that comes every `interval` ms. */
export const spread = (interval: number, at: number, of: number): number =>
  (Math.min(interval, longestSpread, of * apart) * (at + 0.5)) / of;

/** An outstanding job that an earlier driver followed; `poll` as its run has it, seconds. */
export type LeftJob = { readonly job: Job; readonly poll: number | undefined };

/**
 * Delays, ms, after which jobs of an earlier driver are asked: those whose look is not due keep its time, the overdue ones are
 * spread, a start in flight or a cancel that was not carried out is asked for at once.
 * @param wall our wall clock as the earlier driver would read it, ms
 */
export const looksAfter = (left: readonly LeftJob[], wall: number): readonly number[] => {
  const planned = left.map(one => plannedIn(one, wall));
  const overdue = planned.filter(after => after === undefined).length;
  let at = 0;
  return planned.map((after, i) => {
    if (after !== undefined) return after;
    at += 1;
    return spread(intervalOf(left[i] as LeftJob, wall), at - 1, overdue);
  });
};

/** Undefined: overdue. No clock that was set makes a look later than one interval from now. */
const plannedIn = (left: LeftJob, wall: number): number | undefined => {
  const { job, poll } = left;
  const { state } = job;
  if (state.kind === 'starting' || job.cancelAsked !== undefined) return 0;
  if (state.kind === 'ended' || state.kind === 'stale') return undefined;
  const interval = intervalOf(left, wall);
  const after = (job.nextLookAt ?? state.seenAt + interval) - wall;
  if (after > 0) return Math.min(after, interval);
  // `-P N` promises N seconds between two looks: the one that may have happened unseen counts.
  return poll !== undefined && interval < keptEvery && after > -keptEvery ? interval + (after % interval) : undefined;
};

const intervalOf = ({ job: { state }, poll }: LeftJob, wall: number): number => {
  if (state.kind === 'ended') return slowest;
  if (state.kind === 'stale') return backOff(state.tries, () => 0.5);
  const age = state.kind === 'starting' ? 0 : wall - state.on.startedAt;
  return lookDelay({ poll, age, watched: false, crowded: false });
};
