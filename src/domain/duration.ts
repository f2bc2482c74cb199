// The only place that reads and writes spans of time: `90m` from a person, `7m21s` for a screen.
// Everything else counts in seconds (or, where a name says so, in milliseconds).
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };
const written = /^(?:\d+(?:\.\d+)?[smhd])+$/;
const piece = /(\d+(?:\.\d+)?)([smhd])/g;

/**
 * Reads `30`, `30s`, `90m`, `24h`, `1d` or a sum such as `1h30m`. A bare number counts seconds.
 * @returns seconds, never negative
 */
export const parseDuration = (text: string): Result<number> => {
  const trimmed = text.trim();
  if (/^\d+(?:\.\d+)?$/.test(trimmed)) return ok(Number(trimmed));
  if (!written.test(trimmed)) {
    return fail({ tag: 'bad-input', cause: `"${trimmed}" is not a span of time; write 30, 30s, 90m, 24h or 1d` });
  }
  let seconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(piece)) seconds += Number(amount) * (secondsPer[unit ?? 's'] ?? 1);
  return ok(seconds);
};

/** Two units at most, the second padded and left out when it is zero: `52s`, `7m21s`, `31m`, `1h02m`, `2d05h`. */
export const formatDuration = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return twoUnits(whole, 60, 'm', 's');
  if (whole < 86_400) return twoUnits(Math.floor(whole / 60), 60, 'h', 'm');
  return twoUnits(Math.floor(whole / 3600), 24, 'd', 'h');
};

/** How long ago something was known; from ten minutes on the smaller unit no longer matters: `52s`, `4m10s`, `31m`, `3h12m`, `2d`. */
export const formatAge = (seconds: number): string => {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole >= 86_400) return `${Math.floor(whole / 86_400)}d`;
  if (whole >= 600 && whole < 3600) return `${Math.floor(whole / 60)}m`;
  return formatDuration(whole);
};

const twoUnits = (smaller: number, per: number, bigUnit: string, smallUnit: string): string => {
  const rest = smaller % per;
  const big = `${Math.floor(smaller / per)}${bigUnit}`;
  return rest === 0 ? big : `${big}${String(rest).padStart(2, '0')}${smallUnit}`;
};
