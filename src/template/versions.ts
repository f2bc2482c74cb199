// The only place that compares versions: loosely as distributions write them, strictly, or by semver.
import type { Value } from '../domain/value.ts';
import type { Given } from './filter.ts';
import { isTruthy, order, wrong } from './filter.ts';
import { pythonText } from './python-text.ts';

const operators: Readonly<Record<string, (sign: number) => boolean>> = {
  eq: sign => sign === 0,
  ne: sign => sign !== 0,
  lt: sign => sign < 0,
  le: sign => sign <= 0,
  gt: sign => sign > 0,
  ge: sign => sign >= 0,
};
const signs: Readonly<Record<string, string>> = {
  '==': 'eq',
  '=': 'eq',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
  '!=': 'ne',
  '<>': 'ne',
};

/** `'1.10' is version('1.9', '>=')` */
export const isVersion = (value: Value, given: Given): boolean => {
  const other = given.value(0, 'version');
  const operator = given.text(1, 'operator', 'eq');
  const word = Object.hasOwn(signs, operator) ? (signs[operator] ?? '') : operator;
  const holds = Object.hasOwn(operators, word) ? operators[word] : undefined;
  if (holds === undefined) return wrong(`Invalid operator type (${operator}). Must be one of ${Object.keys(signs).join(', ')}`);
  if (!isTruthy(value)) wrong('Input version value cannot be empty');
  if (!isTruthy(other)) wrong('Version parameter to compare against cannot be empty');
  if (given.has(2, 'strict') && given.has(3, 'version_type')) wrong("Cannot specify both 'strict' and 'version_type'");
  const kind = given.flag(2, 'strict') ? 'strict' : given.text(3, 'version_type', 'loose');
  return holds(compareVersions(pythonText(value), pythonText(other), kind));
};

const compareVersions = (one: string, other: string, kind: string): number => {
  switch (kind) {
    case 'loose':
      return order(loose(one), loose(other));
    case 'strict':
      return order(strict(one), strict(other));
    case 'semver':
    case 'semantic':
      return semantic(one, other);
    default:
      return wrong(`version_type ${kind} is not known here; loose, strict and semver are`);
  }
};

/** Numbers and words; what stands between them does not count. */
const loose = (text: string): readonly Value[] =>
  (text.match(/\d+|[a-z]+|\.|[^\da-z.]+/g) ?? []).filter(part => part !== '.').map(part => (/^\d+$/.test(part) ? Number(part) : part));

const strict = (text: string): readonly Value[] => {
  const read = /^(\d+)\.(\d+)(?:\.(\d+))?(?:([ab])(\d+))?$/.exec(text);
  if (read === null) return wrong(`Version comparison failed: invalid version number '${text}'`);
  const [, major, minor, patch = '0', letter = 'z', number = '0'] = read;
  return [Number(major), Number(minor), Number(patch), letter, Number(number)];
};

const semantic = (one: string, other: string): number => {
  const [a, b] = [one, other].map(text => {
    const read = /^(\d+)\.(\d+)\.(\d+)(?:-([\da-zA-Z.-]+))?(?:\+[\da-zA-Z.-]+)?$/.exec(text);
    if (read === null) return wrong(`Version comparison failed: invalid semantic version '${text}'`);
    return { core: read.slice(1, 4).map(Number), before: read[4]?.split('.') };
  }) as [{ core: number[]; before?: string[] }, { core: number[]; before?: string[] }];
  const sign = order(a.core, b.core);
  if (sign !== 0 || (a.before === undefined && b.before === undefined)) return sign;
  if (a.before === undefined || b.before === undefined) return a.before === undefined ? 1 : -1;
  for (let at = 0; at < Math.min(a.before.length, b.before.length); at++) {
    const [x = '', y = ''] = [a.before[at], b.before[at]];
    const [isNumberX, isNumberY] = [/^\d+$/.test(x), /^\d+$/.test(y)];
    if (x === y) continue;
    if (isNumberX && isNumberY) return Number(x) - Number(y);
    if (isNumberX !== isNumberY) return isNumberX ? -1 : 1;
    return x < y ? -1 : 1;
  }
  return a.before.length - b.before.length;
};
