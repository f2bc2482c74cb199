// The only place for what all filters and tests share: their shape, their arguments, how one of them says no,
// and what Python takes for true, equal and smaller.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { pythonText } from './python-text.ts';

/** A filter or a test: the value, and what stands in the brackets. */
export type Filter = (value: Value, given: Given) => Value;

/** Filters by the names that expressions use. */
export type Filters = Readonly<Record<string, Filter>>;

/** A wrong use, in one sentence. Thrown inside this room only: engine.ts turns it into a failure. */
export class Wrong extends Error {}

/** Refuses. */
export const wrong = (sentence: string): never => {
  throw new Wrong(sentence);
};

/** What an answer may grow to, in characters or in entries; a sane one is far from it. */
export const mostText = 16_000_000;
export const mostEntries = 200_000;

/** Refuses what would grow without measure. */
export const bounded = (size: number, most = mostText): void => {
  if (size > most) tooMuch();
};

export const tooMuch = (): never => wrong(muchSentence);

/** What is said of a value that grew without measure, wherever that is noticed. */
export const muchSentence = 'it needs too much memory or is nested too deep';

/** Arguments of a filter: by place, or by name. */
export class Given {
  readonly args: readonly Value[];
  readonly named: Vars;

  constructor(args: readonly Value[], named: Vars) {
    this.args = args;
    this.named = named;
  }

  has(place: number, name: string): boolean {
    return place < this.args.length || lookUp(this.named, name) !== undefined;
  }

  value(place: number, name: string, byDefault: Value = null): Value {
    return this.args[place] ?? lookUp(this.named, name) ?? byDefault;
  }

  text(place: number, name: string, byDefault = ''): string {
    return this.has(place, name) ? pythonText(this.value(place, name)) : byDefault;
  }

  flag(place: number, name: string, byDefault = false): boolean {
    return this.has(place, name) ? isTruthy(this.value(place, name)) : byDefault;
  }

  number(place: number, name: string, byDefault: number): number {
    const value = this.value(place, name, byDefault);
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
    if (typeof number === 'boolean') return number ? 1 : 0;
    return typeof number === 'number' && !Number.isNaN(number) ? number : wrong(`${name} must be a number, not ${kindOf(value)}`);
  }
}

/** Python's truth: nothing, zero and what is empty are false. */
export const isTruthy = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.keys(value).length > 0;
  return Boolean(value);
};

/** Python's name for the type of a value. */
export const kindOf = (value: Value): string => {
  if (value === null) return 'NoneType';
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : 'dict';
};

/** One text for all values that Python takes for equal. */
export const identityOf = (value: Value): string => {
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (Array.isArray(value)) return `[${value.map(identityOf).join()}]`;
  if (!isMapping(value)) return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map(key => `${JSON.stringify(key)}:${identityOf(value[key] as Value)}`).join()}}`;
};

/** Whether Python takes two values for equal: 1, 1.0 and True are. */
export const areEqual = (one: Value, other: Value): boolean => identityOf(one) === identityOf(other);

/** Below, equal or above, as Python orders values; kinds that have no order refuse. */
export const order = (one: Value, other: Value, sign = '<'): number => {
  const [a, b] = [one, other].map(value => (typeof value === 'boolean' ? Number(value) : value)) as [Value, Value];
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return byCodePoint(a, b);
  if (!Array.isArray(a) || !Array.isArray(b))
    return wrong(`'${sign}' not supported between instances of '${kindOf(one)}' and '${kindOf(other)}'`);
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [x = null, y = null] = [a[at], b[at]] as [Value | undefined, Value | undefined];
    if (!areEqual(x, y)) return order(x, y, sign);
  }
  return a.length - b.length;
};

/** UTF-16 would sort an emoji before a full-width letter. */
const byCodePoint = (a: string, b: string): number => {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [x = 0, y = 0] = [a.codePointAt(at), b.codePointAt(at)];
    if (x !== y) return x - y;
  }
  return a.length - b.length;
};

/** A list, or the characters of a text, or the keys of a mapping; anything else refuses. */
export const listOf = (value: Value, filter: string): readonly Value[] => {
  if (Array.isArray(value)) return value;
  if (typeof value === 'string') return [...value];
  return isMapping(value) ? Object.keys(value) : wrong(`'${filter}' expects a list, not ${kindOf(value)}`);
};

/** What a dotted attribute leads to; undefined where a part is not there. */
export const attributeOf = (value: Value, path: Value): Value | undefined => {
  let at: Value | undefined = value;
  for (const key of typeof path === 'number' ? [path] : pythonText(path).split('.')) {
    if (Array.isArray(at)) at = at.at(Number(key));
    else at = isMapping(at) ? lookUp(at, String(key)) : undefined;
    if (at === undefined) return undefined;
  }
  return at;
};

/** What an attribute leads to, which must be there. */
export const attributeIn = (value: Value, path: Value): Value => attributeOf(value, path) ?? missing(value, path);

const missing = (value: Value, path: Value): Value =>
  attributeOf(value, path) === null ? null : wrong(`'${kindOf(value)} object' has no attribute '${pythonText(path)}'`);
