// Every number of a world that ever failed, with what it was: a seed that failed once is lived through for ever.
// `rows` is the length of the table of faults when it failed, so that later rows do not change its world.
import { expect, test } from 'vitest';
import { Living } from './live.ts';
import { makeWorld } from './world.ts';

const failedOnce = [
  { seed: 6, rows: 137, cause: 'a reply with a damaged mark counted as a host that runs nothing: "never started", and it ran' },
  { seed: 19, rows: 137, cause: 'a line was kept for a start that waits to be sent again, and a fenced driver never sends it' },
  { seed: 495, rows: 137, cause: 'a driver that was replaced starts on a host that the newer one could not reach: told apart since' },
  { seed: 1139, rows: 137, cause: 'a start sent again was refused, which said "never started" while the first was still on its way' },
  { seed: 1792, rows: 137, cause: 'what a replaced driver could not start, the newer one did: told apart since' },
  {
    seed: 1886,
    rows: 137,
    cause: 'a job that a host made anew did not know counted as cancelled there, since the cancel had claimed its jid',
  },
  { seed: 1916, rows: 137, cause: 'an unanswered submission moved to another machine with the mirror: told apart since' },
  { seed: 2465, rows: 137, cause: 'a run begun after the last line of the mirror is not in it: told apart since' },
  { seed: 2326, rows: 137, cause: 'as 1916' },
  { seed: 2327, rows: 137, cause: 'as 1792' },
  { seed: 2473, rows: 137, cause: 'as 1792' },
  { seed: 2717, rows: 137, cause: 'a host ran a start, its answer was lost, and it was made anew: nobody can know, told apart since' },
  { seed: 3698, rows: 137, cause: 'as 2717' },
  { seed: 3879, rows: 137, cause: 'as 2717' },
  { seed: 5273, rows: 137, cause: 'as 2717' },
  { seed: 5905, rows: 137, cause: 'as 2717, the answer lost with the power here' },
  { seed: 6677, rows: 137, cause: 'a host whose disk was full could not keep the fence: counted as if it had, mended since' },
  { seed: 6839, rows: 137, cause: 'as 2717, after a reboot' },
  { seed: 8931, rows: 137, cause: 'as 2717' },
  { seed: 9303, rows: 137, cause: 'a job that was taken up is asked about again also where the host key has changed: told apart since' },
  { seed: 9342, rows: 137, cause: 'as 2717' },
  { seed: 9557, rows: 137, cause: 'as 2717' },
  { seed: 9979, rows: 137, cause: 'as 2717, after its end' },
];

test.each(failedOnce)('seed $seed: $cause', async ({ seed, rows }) => {
  const lived = await new Living(makeWorld(seed, rows), () => {}).live();
  expect(lived.wrong).toEqual([]);
  expect(lived.executions).toBeGreaterThan(0);
});
