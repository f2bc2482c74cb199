// However many jobs of one host are asked together, the answer stays within what a wire takes.
import { expect, test } from 'vitest';
import type { Jid } from '../domain/job.ts';
import { sharedOut } from './requests.ts';

test.each([0, 1, 16, 17, 1000, 5000])('%i jobs together bring 8 MiB at most, and each of them something', count => {
  const requests = Array.from({ length: count }, (_, at) => ({ jid: `j${at}` as Jid, outFrom: at, errFrom: 0, most: 256 * 1024 }));
  const shared = sharedOut(requests);
  expect(shared.map(({ jid, outFrom }) => [jid, outFrom])).toEqual(requests.map(({ jid, outFrom }) => [jid, outFrom]));
  expect(shared.reduce((sum, { most }) => sum + 2 * most, 0)).toBeLessThanOrEqual(8 << 20);
  expect(shared.every(({ most }) => most > 0 && most <= 256 * 1024)).toBe(true);
});

test('output that is not fetched stays so', () => {
  expect(sharedOut([{ jid: 'j1' as Jid, outFrom: 0, errFrom: 0, most: 0 }])[0]?.most).toBe(0);
});
