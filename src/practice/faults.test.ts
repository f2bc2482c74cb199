import { expect, test } from 'vitest';
import { cutter, seeded, slowness, untilReboot } from './faults.ts';

test('the same seed gives the same numbers, in [0, 1) and well spread', () => {
  const draw = (seed: number) => Array.from({ length: 1000 }, seeded(seed));
  expect(draw(7)).toEqual(draw(7));
  expect(draw(7)).not.toEqual(draw(8));
  for (const seed of [0, 1, 2 ** 32 - 1]) {
    const numbers = draw(seed);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...numbers)).toBeLessThan(1);
    expect(numbers.reduce((sum, x) => sum + x) / 1000).toBeCloseTo(0.5, 1);
  }
});

test('about every third command is cut, never two in a row, whatever the seed', () => {
  for (let seed = 0; seed < 50; seed += 1) {
    const next = cutter(seeded(seed));
    const cuts = Array.from({ length: 300 }, () => next() !== undefined);
    expect(cuts.some((cut, i) => cut && cuts[i + 1])).toBe(false);
    expect(cuts.filter(Boolean).length).toBeGreaterThan(75);
    expect(cuts.filter(Boolean).length).toBeLessThan(151);
  }
});

test('times stay within what the fleet promises', () => {
  const random = seeded(3);
  for (let i = 0; i < 500; i += 1) {
    expect(slowness(random)).toBeGreaterThanOrEqual(700);
    expect(slowness(random)).toBeLessThan(1500);
    expect(untilReboot(random)).toBeGreaterThanOrEqual(6000);
    expect(untilReboot(random)).toBeLessThan(10_000);
  }
});
