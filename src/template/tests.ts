// The only place for tests: what `x is …` says. Results of tasks are mappings.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import type { Filter, Given } from './filter.ts';
import { areEqual, identityOf, isTruthy, kindOf, listOf, order, wrong } from './filter.ts';
import { pythonRegex } from './python-regex.ts';
import { pythonText } from './python-text.ts';
import { isVersion } from './versions.ts';

type Test = (value: Value, given: Given) => boolean;

const ofResult =
  (name: string, holds: (result: Vars) => boolean): Test =>
  value =>
    isMapping(value) ? holds(value) : wrong(`The '${name}' test expects a dictionary`);

/** Results hold 0 and 1 as well as true and false. */
const says = (result: Vars, key: string): boolean => isTruthy(lookUp(result, key) ?? null);

const hasChanged = (result: Vars): boolean => {
  if (Object.hasOwn(result, 'changed')) return says(result, 'changed');
  const items = lookUp(result, 'results');
  return Array.isArray(items) && items.some(item => isMapping(item) && says(item, 'changed'));
};

const compared =
  (sign: string, holds: (order: number) => boolean): Test =>
  (value, given) =>
    holds(order(value, given.value(0, 'other'), sign));

const matches =
  (anchor: 'anywhere' | 'at the start' | 'as named'): Test =>
  (value, given) => {
    const regex = pythonRegex(given.text(0, 'pattern'), {
      ignoreCase: given.flag(1, 'ignorecase'),
      multiline: given.flag(2, 'multiline'),
    });
    const kind = anchor === 'as named' ? given.text(3, 'match_type', 'search') : anchor === 'at the start' ? 'match' : 'search';
    const match = regex.exec(pythonText(value));
    if (kind === 'fullmatch') return match?.index === 0 && match[0].length === pythonText(value).length;
    return kind === 'match' ? startsWith(regex, pythonText(value)) : match !== null;
  };

/** A pattern may also match further behind, which says nothing about the start. */
const startsWith = (regex: RegExp, text: string): boolean => new RegExp(regex.source, `${regex.flags.replace('g', '')}y`).test(text);

const isIn = (item: Value, all: Value): boolean => {
  if (typeof all === 'string') return all.includes(pythonText(item));
  if (isMapping(all)) return Object.hasOwn(all, pythonText(item));
  if (!Array.isArray(all)) return wrong(`argument of type '${kindOf(all)}' is not iterable`);
  const wanted = identityOf(item);
  return all.some(one => identityOf(one) === wanted);
};

const subset = (small: Value, large: Value): boolean => {
  const all = new Set(listOf(large, 'subset').map(identityOf));
  return listOf(small, 'subset').every(item => all.has(identityOf(item)));
};

const truthy: Test = (value, given) => {
  const word = typeof value === 'string' ? value.toLowerCase() : value;
  if (given.flag(0, 'convert_bool')) {
    if (['y', 'yes', 'on', '1', 'true', 't', 1].includes(word as string)) return true;
    if (['n', 'no', 'off', '0', 'false', 'f', 0].includes(word as string)) return false;
  }
  return isTruthy(value);
};

const isUrl = (value: Value, schemes?: readonly string[]): boolean => {
  const [, scheme] = /^([A-Za-z][\w+.-]*):\/\/[^/?#]+/.exec(pythonText(value)) ?? [];
  return scheme !== undefined && (schemes === undefined || schemes.length === 0 || schemes.includes(scheme));
};

/** Judged by the rewriting (grammar.ts) or by the interpreter. */
const elsewhere: Test = () => false;

const all: Readonly<Record<string, Test>> = {
  defined: elsewhere,
  undefined: elsewhere,
  float: elsewhere,
  integer: elsewhere,
  failed: ofResult('failed', result => says(result, 'failed')),
  succeeded: ofResult('succeeded', result => !says(result, 'failed')),
  changed: ofResult('changed', hasChanged),
  skipped: ofResult('skipped', result => says(result, 'skipped')),
  unreachable: ofResult('unreachable', result => says(result, 'unreachable')),
  reachable: ofResult('reachable', result => !says(result, 'unreachable')),
  // A task that was not async counts as begun and ended.
  started: ofResult('started', result => !Object.hasOwn(result, 'started') || says(result, 'started')),
  finished: ofResult('finished', result => !Object.hasOwn(result, 'finished') || says(result, 'finished')),
  match: matches('at the start'),
  search: matches('anywhere'),
  regex: matches('as named'),
  version: isVersion,
  subset: (value, given) => subset(value, given.value(0, 'b')),
  superset: (value, given) => subset(given.value(0, 'b'), value),
  contains: (value, given) => isIn(given.value(0, 'value'), value),
  in: (value, given) => isIn(value, given.value(0, 'seq')),
  any: value => listOf(value, 'any').some(isTruthy),
  all: value => listOf(value, 'all').every(isTruthy),
  truthy,
  falsy: (value, given) => !truthy(value, given),
  true: value => value === true,
  false: value => value === false,
  none: value => value === null,
  boolean: value => typeof value === 'boolean',
  number: value => typeof value === 'number' || typeof value === 'boolean',
  string: value => typeof value === 'string',
  mapping: value => isMapping(value),
  sequence: value => Array.isArray(value) || typeof value === 'string' || isMapping(value),
  iterable: value => Array.isArray(value) || typeof value === 'string' || isMapping(value),
  callable: () => false,
  escaped: () => false,
  nan: value => typeof value === 'number' && Number.isNaN(value),
  even: value => Math.abs(Number(value)) % 2 === 0,
  odd: value => Math.abs(Number(value)) % 2 === 1,
  divisibleby: (value, given) => Number(value) % given.number(0, 'num', 1) === 0,
  lower: value => pythonText(value) === pythonText(value).toLowerCase() && pythonText(value) !== pythonText(value).toUpperCase(),
  upper: value => pythonText(value) === pythonText(value).toUpperCase() && pythonText(value) !== pythonText(value).toLowerCase(),
  sameas: (value, given) => kindOf(value) === kindOf(given.value(0, 'other')) && areEqual(value, given.value(0, 'other')),
  eq: (value, given) => areEqual(value, given.value(0, 'other')),
  ne: (value, given) => !areEqual(value, given.value(0, 'other')),
  lt: compared('<', sign => sign < 0),
  le: compared('<=', sign => sign <= 0),
  gt: compared('>', sign => sign > 0),
  ge: compared('>=', sign => sign >= 0),
  url: (value, given) => isUrl(value, listOf(given.value(0, 'schemes', []), 'url').map(pythonText)),
  uri: (value, given) => isUrl(value, listOf(given.value(0, 'schemes', []), 'uri').map(pythonText)),
  abs: value => pythonText(value).startsWith('/'),
  vault_encrypted: () => false,
};

const alias = (of: string, ...names: readonly string[]): Readonly<Record<string, Filter>> =>
  Object.fromEntries(names.map(name => [name, all[of] ?? elsewhere]));

/** By the names that expressions use; those of results are also said otherwise. */
export const tests: Readonly<Record<string, Filter>> = {
  ...all,
  ...alias('failed', 'failure'),
  ...alias('succeeded', 'success', 'successful'),
  ...alias('changed', 'change'),
  ...alias('skipped', 'skip'),
  ...alias('version', 'version_compare'),
  ...alias('subset', 'issubset'),
  ...alias('superset', 'issuperset'),
  ...alias('nan', 'isnan'),
  ...alias('abs', 'is_abs'),
  ...alias('eq', 'equalto', '=='),
  ...alias('ne', '!='),
  ...alias('lt', 'lessthan', '<'),
  ...alias('le', '<='),
  ...alias('gt', 'greaterthan', '>'),
  ...alias('ge', '>='),
};
