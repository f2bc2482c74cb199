// A clock that counts sleep and takes no notice of whoever sets the wall clock.
import { expect, test } from 'vitest';
import { steadyClock } from './clock.ts';

const machine = () => {
  const at = { monotonic: 1000, wall: 1_000_000, boot: 50_000 };
  let asked = 0;
  const now = steadyClock({
    monotonic: () => at.monotonic,
    wall: () => at.wall,
    sinceBoot: () => {
      asked += 1;
      return at.boot;
    },
  });
  const pass = (ms: number): void => {
    for (const clock of ['monotonic', 'wall', 'boot'] as const) at[clock] += ms;
  };
  return { at, now, pass, asked: () => asked };
};

test('time that goes by costs no question for the uptime', () => {
  const { now, pass, asked } = machine();
  const start = now();
  pass(5000);
  expect([now() - start, asked()]).toEqual([5000, 1]);
});

test('sleep counts', () => {
  const { at, now, pass } = machine();
  const start = now();
  at.wall += 3_600_000;
  at.boot += 3_600_000;
  pass(10);
  expect(now() - start).toBe(3_600_010);
  expect(now() - start).toBe(3_600_010);
});

test.each([3_600_000, -3_600_000])('a wall clock that is set by %i ms does not', ms => {
  const { at, now, pass } = machine();
  const start = now();
  at.wall += ms;
  pass(10);
  expect(now() - start).toBe(10);
});
