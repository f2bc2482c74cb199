// The only place for what the engine has only seen and shows: slots, ways to hosts, looks that are put off. Nothing of it is journalled.
import type { Jid, Job } from '../domain/job.ts';
import type { Away } from './breaker.ts';
import type { Slowed } from './gates.ts';
import type { Clock } from './ports.ts';
import type { Spine } from './spine.ts';

type Seer = { readonly spine: Spine; readonly clock: Clock };

/** These jobs are asked about after so many ms at the earliest. */
export const seePutOff = ({ spine, clock }: Seer, jids: readonly Jid[], ms: number): void => {
  const nextLookAt = clock.wall() + ms;
  for (const jid of jids) spine.sight({ type: 'job.seen', jid, at: 0, nextLookAt });
};

/** From now on the host may know of its start. */
export const seeSent = <T extends { readonly jid: Jid }>({ spine }: Seer, start: T): T => {
  spine.sight({ type: 'job.seen', jid: start.jid, at: 0, sent: 'maybe' });
  return start;
};

/** Its host wanted something else first, and has nothing of it. */
export const seeUnsent = ({ spine }: Seer, job: Job): Job => {
  spine.sight({ type: 'job.seen', jid: job.jid, at: 0, sent: 'no' });
  return job;
};

/** What is in the way to hosts; what has not changed is not said again. */
export const seeWays = ({ spine, clock }: Seer, away: readonly Away[], slowed: readonly Slowed[]): void => {
  const before = spine.state.ways;
  if (away.length + slowed.length + before.away.length + before.slowed.length === 0) return;
  // Whole seconds: two readings of the clocks differ by less, and nothing has changed by that.
  const ofWall = clock.wall() - clock.now();
  const now = { away: away.map(({ nextAt, ...rest }) => ({ ...rest, nextTryAt: Math.ceil((ofWall + nextAt) / 1000) * 1000 })), slowed };
  if (JSON.stringify(now) !== JSON.stringify(before)) spine.sight({ type: 'ways.seen', ...now });
};
