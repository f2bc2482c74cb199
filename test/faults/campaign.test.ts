// 500 fault worlds by their numbers: every promise is kept in each, and each row of the table of faults was really met.
// `npm run faults -- --seed N` tells the story of one; `npm run faults -- --runs 10000 --jobs 2` lives through many more.
import { afterAll, expect, test } from 'vitest';
import { addHits, type Hits, missed, tableOf } from './cells.ts';
import { Living } from './live.ts';
import { makeWorld } from './world.ts';

const worlds = 500;
const atATime = 50;
const hits: Hits = new Map();

test.each(Array.from({ length: worlds / atATime }, (_, i) => i * atATime + 1))(
  'worlds %i and the 49 after it: nothing lost, nothing twice, no wrong verdict, nothing left open or armed',
  async from => {
    for (let seed = from; seed < from + atATime; seed += 1) {
      const lived = await new Living(makeWorld(seed), () => {}).live();
      expect(lived.wrong, `npm run faults -- --seed ${seed}`).toEqual([]);
      addHits(hits, lived.hits);
    }
  },
  300_000,
);

test('each fault was met in each of its phases', () => {
  expect(missed(hits)).toEqual([]);
});

afterAll(() => process.stdout.write(`${tableOf(hits)}\n`));
