import { expect, test } from 'vitest';
import { formatAge, formatDuration, parseDuration } from './duration.ts';

test.each([
  ['30', 30],
  ['30s', 30],
  ['90m', 5400],
  ['24h', 86_400],
  ['1d', 86_400],
  ['1h30m', 5400],
  ['0', 0],
  [' 2.5m ', 150],
])('%j is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toEqual({ ok: true, value: seconds });
});

test.each(['', 'soon', '-5', '5 m', '1w', 'm', '1e3', '5ms'])('%j is no span of time, and the sentence says what is', text => {
  const read = parseDuration(text);
  expect(read.ok).toBe(false);
  if (!read.ok) expect(read.failure.cause).toMatch(/is not a span of time; write 30, 30s, 90m, 24h or 1d$/);
});

test.each([
  [0, '0s'],
  [-3, '0s'],
  [52.9, '52s'],
  [60, '1m'],
  [441, '7m21s'],
  [425, '7m05s'],
  [1860, '31m'],
  [3599, '59m59s'],
  [3720, '1h02m'],
  [3600, '1h'],
  [86_399, '23h59m'],
  [190_800, '2d05h'],
])('%d seconds read %j', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

test.each([
  [52, '52s'],
  [250, '4m10s'],
  [600, '10m'],
  [1899, '31m'],
  [11_520, '3h12m'],
  [190_800, '2d'],
])('an age of %d seconds reads %j', (seconds, text) => {
  expect(formatAge(seconds)).toBe(text);
});

test('what is written can be read again', () => {
  for (const seconds of [0, 7, 59, 61, 3600, 5400, 86_400, 90_000]) {
    expect(parseDuration(formatDuration(seconds))).toEqual({ ok: true, value: seconds });
  }
});
