// The only place for what the engine has only seen and shows: slots, ways to hosts, looks that are put off. Nothing of it is journalled.
import type { Jid } from '../domain/job.ts';
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

/** What is in the way to hosts; nothing is said again of ways that are all well. */
export const seeWays = ({ spine, clock }: Seer, away: readonly Away[], slowed: readonly Slowed[]): void => {
  const before = spine.state.ways;
  if (away.length + slowed.length + before.away.length + before.slowed.length === 0) return;
  const ofWall = clock.wall() - clock.now();
  spine.sight({ type: 'ways.seen', away: away.map(({ nextAt, ...rest }) => ({ ...rest, nextTryAt: ofWall + nextAt })), slowed });
};
