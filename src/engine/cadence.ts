// The only place that says how long to wait: until the next look at a job, and after a host gave no answer.
import type { Random } from './ports.ts';

const second = 1000;
const minute = 60 * second;

/** What the next look's delay depends on. */
export type Pace = {
  /** `-P N` or `poll: N`, seconds: then exactly that. */
  readonly poll: number | undefined;
  /** How long the job has run, ms. */
  readonly age: number;
  /** Its tail is on somebody's screen. */
  readonly watched: boolean;
  /** Starts wait for a slot: looks that nobody hurries give way to them. */
  readonly crowded: boolean;
};

/** Milliseconds until the next look: 1 s (3 s while starts wait) growing to 15 s, 60 s after ten minutes, 2 s while watched. */
export const lookDelay = ({ poll, age, watched, crowded }: Pace): number => {
  if (poll !== undefined) return poll * second;
  if (watched) return 2 * second;
  if (age >= 10 * minute) return minute;
  return Math.min(15 * second, Math.max(crowded ? 3 * second : second, age / 4));
};

/** A job that was let go is looked at once, two to five seconds on. */
export const letGoDelay = (random: Random): number => 2 * second + random() * 3 * second;

/** Back-off after the n-th unanswered try in a row: 5 s doubling to two minutes, a fifth of it random. */
export const backOff = (tries: number, random: Random): number =>
  Math.min(2 * minute, 5 * second * 2 ** Math.min(tries - 1, 6)) * (0.9 + 0.2 * random());

/** Wait before a start that cannot have run is tried again. */
export const startAgainDelay = (tries: number, random: Random): number => second * 2 ** (tries - 1) * (0.75 + 0.5 * random());

/** How often a start is tried before the host counts as unreachable. */
export const startTries = 4;
