// The only place for methods of Python's texts, lists and mappings: what `x.split(',')` calls.
import type { Value } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import type { Given } from './filter.ts';
import { areEqual, bounded, kindOf, listOf, wrong } from './filter.ts';
import { aligned, braceFormat } from './formats.ts';
import { pythonText } from './python-text.ts';
import { centered, replaceText, splitText, strip, textFilters } from './text-filters.ts';

/** Calls a method, or refuses: nothing is changed in place. */
export const callMethod = (value: Value, name: string, given: Given): Value => {
  const methods = typeof value === 'string' ? ofText : Array.isArray(value) ? ofList : isMapping(value) ? ofMapping : undefined;
  if (methods !== undefined && Object.hasOwn(methods, name)) return (methods as Methods)[name]?.(value as never, given) ?? null;
  if (['append', 'extend', 'insert', 'pop', 'remove', 'update', 'clear', 'setdefault', 'sort', 'reverse'].includes(name))
    return wrong(`.${name}() changes a value in place, which an expression here cannot; use +, union or combine`);
  return wrong(value === null ? `'None' has no attribute '${name}'` : `'${kindOf(value)} object' has no attribute '${name}'`);
};

type Methods = Readonly<Record<string, (value: never, given: Given) => Value>>;

const chars = (given: Given): string | undefined =>
  given.args[0] === undefined || given.args[0] === null ? undefined : pythonText(given.args[0]);

const allAre =
  (set: RegExp) =>
  (text: string): boolean =>
    text !== '' && [...text].every(char => set.test(char));

const startsOrEnds = (given: Given, holds: (part: string) => boolean): boolean => {
  const wanted = given.args[0] ?? '';
  return (Array.isArray(wanted) ? wanted : [wanted]).some(part => holds(pythonText(part)));
};

const placeOf = (at: number): number => (at === -1 ? wrong('substring not found') : at);

const cut = (text: string, at: number, length: number, whole: 'first' | 'last'): readonly string[] => {
  if (at === -1) return whole === 'first' ? [text, '', ''] : ['', '', text];
  return [text.slice(0, at), text.slice(at, at + length), text.slice(at + length)];
};

const viaFilter =
  (name: 'title' | 'capitalize') =>
  (text: string, given: Given): Value =>
    name === 'title'
      ? text.replace(/\p{L}+/gu, word => (textFilters.capitalize as (value: Value, given: Given) => Value)(word, given) as string)
      : (textFilters[name]?.(text, given) ?? text);

const ofText = {
  split: (text: string, given: Given) =>
    splitText(
      text,
      given.has(0, 'sep') && given.value(0, 'sep') !== null ? given.text(0, 'sep') : undefined,
      given.number(1, 'maxsplit', -1),
    ),
  rsplit: (text: string, given: Given) => {
    const mirror = (one: string): string => [...one].reverse().join('');
    const separator = given.has(0, 'sep') && given.value(0, 'sep') !== null ? mirror(given.text(0, 'sep')) : undefined;
    return splitText(mirror(text), separator, given.number(1, 'maxsplit', -1))
      .map(mirror)
      .reverse();
  },
  splitlines: (text: string) => (text === '' ? [] : text.replace(/(?:\r\n|\r|\n)$/, '').split(/\r\n|\r|\n/)),
  strip: (text: string, given: Given) => strip(text, chars(given), 'both'),
  lstrip: (text: string, given: Given) => strip(text, chars(given), 'left'),
  rstrip: (text: string, given: Given) => strip(text, chars(given), 'right'),
  startswith: (text: string, given: Given) => startsOrEnds(given, part => text.startsWith(part)),
  endswith: (text: string, given: Given) => startsOrEnds(given, part => text.endsWith(part)),
  upper: (text: string) => text.toUpperCase(),
  lower: (text: string) => text.toLowerCase(),
  casefold: (text: string) => text.toLowerCase(),
  swapcase: (text: string) => [...text].map(char => (char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase())).join(''),
  title: viaFilter('title'),
  capitalize: viaFilter('capitalize'),
  replace: (text: string, given: Given) => replaceText(text, given.text(0, 'old'), given.text(1, 'new'), given.number(2, 'count', -1)),
  find: (text: string, given: Given) => text.indexOf(given.text(0, 'sub'), given.number(1, 'start', 0)),
  rfind: (text: string, given: Given) => text.lastIndexOf(given.text(0, 'sub')),
  index: (text: string, given: Given) => placeOf(text.indexOf(given.text(0, 'sub'))),
  rindex: (text: string, given: Given) => placeOf(text.lastIndexOf(given.text(0, 'sub'))),
  count: (text: string, given: Given) => text.split(given.text(0, 'sub')).length - 1,
  join: (text: string, given: Given) =>
    listOf(given.args[0] ?? [], 'join')
      .map((item, at) => (typeof item === 'string' ? item : wrong(`sequence item ${at}: expected str instance, ${kindOf(item)} found`)))
      .join(text),
  format: (text: string, given: Given) => braceFormat(text, given.args, given.named),
  zfill: (text: string, given: Given) => {
    const width = given.number(0, 'width', 0);
    bounded(width);
    const sign = /^[-+]/.exec(text)?.[0] ?? '';
    return sign + text.slice(sign.length).padStart(width - sign.length, '0');
  },
  ljust: (text: string, given: Given) => aligned(text, given.number(0, 'width', 0), '<', given.text(1, 'fillchar', ' ')),
  rjust: (text: string, given: Given) => aligned(text, given.number(0, 'width', 0), '>', given.text(1, 'fillchar', ' ')),
  center: (text: string, given: Given) => centered(text, given.number(0, 'width', 0), given.text(1, 'fillchar', ' ')),
  partition: (text: string, given: Given) => cut(text, text.indexOf(given.text(0, 'sep')), given.text(0, 'sep').length, 'first'),
  rpartition: (text: string, given: Given) => cut(text, text.lastIndexOf(given.text(0, 'sep')), given.text(0, 'sep').length, 'last'),
  removeprefix: (text: string, given: Given) =>
    text.startsWith(given.text(0, 'prefix')) ? text.slice(given.text(0, 'prefix').length) : text,
  removesuffix: (text: string, given: Given) => {
    const end = given.text(0, 'suffix');
    return end !== '' && text.endsWith(end) ? text.slice(0, -end.length) : text;
  },
  expandtabs: (text: string, given: Given) => {
    const size = given.number(0, 'tabsize', 8);
    bounded(size, 1000);
    return text.replace(/[^\n]*/g, line => {
      let out = '';
      for (const char of line) out += char === '\t' ? ' '.repeat(size - (out.length % size)) : char;
      return out;
    });
  },
  isdigit: allAre(/^\p{Nd}$/u),
  isnumeric: allAre(/^\p{N}$/u),
  isdecimal: allAre(/^\p{Nd}$/u),
  isalpha: allAre(/^\p{L}$/u),
  isalnum: allAre(/^[\p{L}\p{N}]$/u),
  isspace: allAre(/^\s$/),
  isupper: (text: string) => text === text.toUpperCase() && text !== text.toLowerCase(),
  islower: (text: string) => text === text.toLowerCase() && text !== text.toUpperCase(),
  isidentifier: (text: string) => /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text),
} satisfies Methods;

const ofList = {
  index: (list: readonly Value[], given: Given) => {
    const at = list.findIndex(item => areEqual(item, given.args[0] ?? null));
    return at === -1 ? wrong(`${pythonText(given.args[0] ?? null)} is not in list`) : at;
  },
  count: (list: readonly Value[], given: Given) => list.filter(item => areEqual(item, given.args[0] ?? null)).length,
  copy: (list: readonly Value[]) => list,
} satisfies Methods;

const ofMapping = {
  get: (mapping: { readonly [key: string]: Value }, given: Given) =>
    lookUp(mapping, pythonText(given.args[0] ?? null)) ?? given.args[1] ?? null,
  items: (mapping: { readonly [key: string]: Value }) => Object.entries(mapping).map(([key, value]) => [key, value]),
  keys: (mapping: { readonly [key: string]: Value }) => Object.keys(mapping),
  values: (mapping: { readonly [key: string]: Value }) => Object.values(mapping),
  copy: (mapping: { readonly [key: string]: Value }) => mapping,
} satisfies Methods;
