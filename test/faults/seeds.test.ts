// Every number of a world that ever failed, with what it was: a seed that failed once is lived through for ever.
// `rows` is the length of the table of faults when it failed, so that later rows do not change its world.
import { expect, test } from 'vitest';
import { Living } from './live.ts';
import { makeWorld } from './world.ts';

const failedOnce = [
  { seed: 6, rows: 137, cause: 'a reply with a damaged mark counted as a host that runs nothing: "never started", and it ran' },
  { seed: 19, rows: 137, cause: 'a line was kept for a start that waits to be sent again, and a fenced driver never sends it' },
  { seed: 495, rows: 137, cause: 'a driver that was replaced starts on a host that the newer one could not reach: told apart since' },
];

test.each(failedOnce)('seed $seed: $cause', async ({ seed, rows }) => {
  const lived = await new Living(makeWorld(seed, rows), () => {}).live();
  expect(lived.wrong).toEqual([]);
  expect(lived.executions).toBeGreaterThan(0);
});
