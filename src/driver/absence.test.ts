// How long no driver was there, whatever somebody did to the clock.
import { expect, test } from 'vitest';
import { absenceOf } from './absence.ts';

const hour = 3_600_000;
const lastBeat = { at: 10 * hour, uptime: { boot: 'b1', seconds: 1000 } };
const last = { lastEventAt: 10 * hour + 30_000, lastBeat };
const after = (seconds: number, boot = 'b1') => ({ boot, seconds: 1000 + seconds });

test.each([
  ['a new journal', { lastEventAt: 0 }, 5 * hour, after(0), { away: 0, clockSet: 0 }],
  ['ten minutes', last, 10 * hour + 630_000, after(630), { away: 600_000, clockSet: 0 }],
  ['ten minutes, and the clock was set forward', last, 15 * hour + 630_000, after(630), { away: 600_000, clockSet: 5 * hour }],
  ['ten minutes, and the clock was set back', last, 5 * hour + 630_000, after(630), { away: 600_000, clockSet: -5 * hour }],
  ['an hour, and the clock was set back by that', last, 10 * hour, after(3600), { away: 3_570_000, clockSet: -hour }],
  ['another boot: only the wall clock tells', last, 15 * hour, after(0, 'b2'), { away: 5 * hour - 30_000, clockSet: 0 }],
  ['no uptime', last, 15 * hour, undefined, { away: 5 * hour - 30_000, clockSet: 0 }],
  [
    'set forward before it died: its last event is of the new time',
    { lastEventAt: 15 * hour, lastBeat },
    15 * hour + 60_000,
    after(90),
    { away: 0, clockSet: 5 * hour - 30_000 },
  ],
])('%s', (_, signs, wall, uptime, absence) => expect(absenceOf(signs, wall, uptime)).toEqual(absence));
