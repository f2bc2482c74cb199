// Each way of ending has a sentence of its own, and an exit status that a signal leaves says so.
import { expect, test } from 'vitest';
import type { Verdict } from './job.ts';
import { verdictSentence } from './verdict.ts';

test.each([
  [1, 'exit status 1'],
  [126, 'exit status 126'],
  [137, 'exit status 137: killed by KILL, unless it says so itself'],
  [143, 'exit status 143: killed by TERM, unless it says so itself'],
  [255, 'exit status 255'],
])('exit status %i is told as: %s', (rc, sentence) => {
  expect(verdictSentence({ kind: 'failed', rc, elapsed: 1 })).toBe(sentence);
});

test('no two ends are told alike', () => {
  const ends: Verdict[] = [
    { kind: 'ok', rc: 0, changed: true, elapsed: 1 },
    { kind: 'failed', rc: 137, elapsed: 1 },
    { kind: 'timed-out', rc: 143, elapsed: 1 },
    { kind: 'cancelled', elapsed: 1 },
    { kind: 'unreachable', failure: { tag: 'another-machine', cause: 'the job runs on web1' }, began: 'maybe' },
    { kind: 'unreachable', failure: { tag: 'connection-lost', cause: 'the host closed it' }, began: 'maybe' },
    ...(['reboot', 'killed', 'vanished', 'session', 'broken'] as const).map(why => ({ kind: 'lost', why, elapsed: 1 }) as const),
  ];
  expect(new Set(ends.map(verdictSentence)).size).toBe(ends.length);
});
