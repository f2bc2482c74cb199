// The only place for filters of moments. What the time is now they never ask.
import type { Filters } from './filter.ts';
import { wrong } from './filter.ts';
import { dateFormat } from './formats.ts';
import { pythonText } from './python-text.ts';

/** By the names that expressions use. */
export const dateFilters: Filters = {
  strftime: (value, given) => {
    if (!given.has(0, 'second')) return wrong("'strftime' needs a moment; the time of now is in ansible_date_time.epoch");
    const seconds = given.number(0, 'second', 0);
    if (!Number.isFinite(seconds) || Math.abs(seconds) > 8e12) return wrong(`Invalid value for epoch value (${seconds})`);
    const at = new Date(Math.floor(seconds) * 1000);
    if (given.flag(1, 'utc')) return dateFormat(pythonText(value), at, { name: 'UTC', offset: '+0000' });
    const minutes = -at.getTimezoneOffset();
    const two = (n: number): string => String(Math.floor(Math.abs(n))).padStart(2, '0');
    const offset = `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}${two(Math.abs(minutes) % 60)}`;
    return dateFormat(pythonText(value), new Date(at.getTime() + minutes * 60_000), { name: minutes === 0 ? 'UTC' : offset, offset });
  },
};
