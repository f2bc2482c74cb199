import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import type { Jid } from '../domain/job.ts';
import { type Start, StartQueue } from './start-queue.ts';

const startOf = (host: string, stage: Start['stage'] = 'asked', run = 'r1'): Start => ({
  jid: `j${host}.1` as Jid,
  run,
  host: { name: host, gate: host, groups: [], vars: {}, address: {} },
  path: '0.0',
  attempt: 1,
  order: { command: 'true', script: 'true', limit: 60, mode: 'poll' },
  stage,
  tries: 0,
});

test('a start at the end of a long queue changes nobody’s turn; one that goes first does, and one of another run', () => {
  const queue = new StartQueue(new FakeClock(), 0);
  const looked = Array.from({ length: 100 }, (_, i) => queue.add(startOf(`h${i}`)));
  expect(looked.filter(isLooked => isLooked)).toHaveLength(64);
  expect(looked.lastIndexOf(true)).toBe(63);
  expect(queue.add(startOf('again', 'requested'))).toBe(true);
  expect(queue.add(startOf('other', 'asked', 'r2'))).toBe(true);
  expect(queue.size).toBe(102);
});
