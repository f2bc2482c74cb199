// The only place for filters of numbers and of truth.
import type { Value } from '../domain/value.ts';
import type { Filters, Given } from './filter.ts';
import { isTruthy, kindOf, wrong } from './filter.ts';
import { pythonText } from './python-text.ts';

/** By the names that expressions use. */
export const numberFilters: Filters = {
  int: (value, given) => toInt(value, given.value(0, 'default', 0), given.number(1, 'base', 10)),
  float: (value, given) => {
    if (typeof value === 'boolean') return value ? 1 : 0;
    const text = typeof value === 'string' ? value.trim().replaceAll('_', '') : value;
    if (typeof text === 'number') return text;
    return typeof text === 'string' && isNumber.test(text) ? Number(text) : given.value(0, 'default', 0);
  },
  bool: value => (value === null || typeof value === 'boolean' ? value : truths.has(pythonText(value).toLowerCase())),
  abs: value => Math.abs(numberOf(value, 'abs')),
  round: (value, given) => {
    const number = numberOf(value, 'round');
    const places = given.number(0, 'precision', 0);
    const method = given.text(1, 'method', 'common');
    const by = 10 ** places;
    if (method === 'ceil') return Math.ceil(number * by) / by;
    if (method === 'floor') return Math.floor(number * by) / by;
    return method === 'common' ? roundHalfEven(number, places) : wrong('method must be common, ceil or floor');
  },
  log: (value, given) => {
    const number = numberOf(value, 'log');
    if (number <= 0) wrong('math domain error');
    const base = given.number(0, 'base', Math.E);
    if (base === 10) return Math.log10(number);
    return base === Math.E ? Math.log(number) : Math.log(number) / Math.log(base);
  },
  pow: (value, given) => numberOf(value, 'pow') ** given.number(0, 'y', 1),
  root: (value, given) => {
    const base = given.number(0, 'base', 2);
    return base === 2 ? Math.sqrt(numberOf(value, 'root')) : numberOf(value, 'root') ** (1 / base);
  },
  ternary: (value, given) => {
    if (value === null && given.has(2, 'none_val')) return given.value(2, 'none_val');
    return isTruthy(value) ? given.value(0, 'true_val') : given.value(1, 'false_val');
  },
  human_to_bytes: (value, given) => humanToBytes(value, given),
  human_readable: (value, given) => readable(numberOf(value, 'human_readable'), given),
  filesizeformat: (value, given) => {
    const binary = given.flag(0, 'binary');
    const base = binary ? 1024 : 1000;
    const size = Number(value);
    if (size < base) return size === 1 ? '1 Byte' : `${size} Bytes`;
    const names = [...'kMGTPEZY'];
    let at = 0;
    while (at < names.length - 1 && size >= base ** (at + 2)) at++;
    const unit = names[at] ?? '';
    return `${(size / base ** (at + 1)).toFixed(1)} ${binary ? `${unit.toUpperCase()}iB` : `${unit}B`}`;
  },
};

const isNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const truths = new Set(['yes', 'on', '1', 'true']);

const numberOf = (value: Value, filter: string): number => {
  if (typeof value === 'boolean') return value ? 1 : 0;
  return typeof value === 'number' ? value : wrong(`'${filter}' expects a number, not ${kindOf(value)}`);
};

const toInt = (value: Value, byDefault: Value, base: number): Value => {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return byDefault;
  const text = value.trim().replaceAll('_', '');
  if (base === 10) return isNumber.test(text) ? Math.trunc(Number(text)) : byDefault;
  const digits = text.toLowerCase().replace(base === 16 ? /^0x/ : base === 8 ? /^0o/ : base === 2 ? /^0b/ : /^(?!)/, '');
  if (base < 2 || base > 36) return wrong('int() base must be >= 2 and <= 36');
  const number = Number.parseInt(digits, base);
  return number.toString(base) === digits.replace(/^\+?0*(?=.)/, '') ? number : byDefault;
};

/** As Python rounds: halves go to the even neighbour, judged by what the number really is. */
const roundHalfEven = (number: number, places: number): number => {
  if (places < 0) {
    const by = 10 ** -places;
    return roundHalfEven(number / by, 0) * by;
  }
  if (places > 0) return Number(number.toFixed(Math.min(places, 100)));
  const below = Math.floor(number);
  const rest = number - below;
  return rest < 0.5 || (rest === 0.5 && below % 2 === 0) ? below : below + 1;
};

const letters = 'BKMGTPEZY';

const humanToBytes = (value: Value, given: Given): number => {
  const text = pythonText(value);
  const [, digits = '', ownUnit] = /^\s*(\d*\.?\d*)\s*([A-Za-z]+)?/.exec(text) ?? [];
  const refuse = (): never => wrong(`human_to_bytes() can't interpret following string: ${text}`);
  if (!/\d/.test(digits)) return refuse();
  const unit = ownUnit ?? (given.has(0, 'default_unit') ? given.text(0, 'default_unit') : undefined);
  if (unit === undefined) return roundHalfEven(Number(digits), 0);
  const power = letters.indexOf((unit[0] ?? '').toUpperCase());
  const isBits = given.flag(1, 'isbits');
  if (power === -1) return refuse();
  if (unit.length > 1 && !unit.toLowerCase().includes(isBits ? 'bit' : 'byte') && unit[1] !== (isBits ? 'b' : 'B')) return refuse();
  return roundHalfEven(Number(digits) * 1024 ** power, 0);
};

const readable = (size: number, given: Given): string => {
  const isBits = given.flag(0, 'isbits');
  const unit = given.has(1, 'unit') ? given.text(1, 'unit').toUpperCase() : undefined;
  const powers = [...letters].map((letter, power) => ({ letter, limit: 1024 ** power })).reverse();
  const found = powers.find(({ letter, limit }) => (unit === undefined ? size >= limit : unit === letter)) ?? { letter: 'B', limit: 1 };
  const base = isBits ? 'bits' : 'Bytes';
  return `${(size / found.limit).toFixed(2)} ${found.limit === 1 ? base : found.letter + (base[0] ?? '')}`;
};
