// The only place for Ansible's filters and tests beyond those that the interpreter brings.
// Each is a function of plain values; a wrong use returns a sentence through `fault`, since nothing may be thrown
// through the interpreter (it would not survive that).
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { pythonJson, pythonText, shellQuote } from './python-text.ts';

/** Reports that an expression used something wrongly; the first report wins. */
export type Fault = (sentence: string) => void;

/** A filter: value, positional arguments, named arguments. */
export type Filter = (value: Value, args: readonly Value[], named: Vars, fault: Fault) => Value;

/** A test: what `x is …` says. */
export type Test = (value: Value, fault: Fault) => boolean;

/** By the names that expressions use. */
export const filters: Readonly<Record<string, Filter>> = {
  int: (value, [byDefault = 0, base = 10], named) =>
    toInt(value, lookUp(named, 'default') ?? byDefault, Number(lookUp(named, 'base') ?? base)),
  bool: value => (value === null || typeof value === 'boolean' ? value : truths.has(pythonText(value).toLowerCase())),
  string: value => pythonText(value),
  join: (value, [separator = ''], named, fault) => {
    if (!Array.isArray(value))
      return typeof value === 'string' ? [...value].join(pythonText(separator)) : faulty(fault, "'join' expects a list");
    const attribute = lookUp(named, 'attribute');
    const items: readonly Value[] =
      typeof attribute === 'string' ? value.map(item => (isMapping(item) ? (lookUp(item, attribute) ?? null) : null)) : value;
    return items.map(item => (item === null ? 'None' : pythonText(item))).join(pythonText(lookUp(named, 'd') ?? separator));
  },
  to_json: value => pythonJson(value),
  quote: value => shellQuote(pythonText(value)),
};

/** By the names that expressions use; results are mappings. */
export const tests: Readonly<Record<string, Test>> = {
  failed: ofResult('failed', result => isTrue(lookUp(result, 'failed'))),
  failure: ofResult('failed', result => isTrue(lookUp(result, 'failed'))),
  succeeded: ofResult('succeeded', result => !isTrue(lookUp(result, 'failed'))),
  success: ofResult('success', result => !isTrue(lookUp(result, 'failed'))),
  successful: ofResult('successful', result => !isTrue(lookUp(result, 'failed'))),
  changed: ofResult('changed', hasChanged),
  change: ofResult('change', hasChanged),
  skipped: ofResult('skipped', result => isTrue(lookUp(result, 'skipped'))),
  skip: ofResult('skip', result => isTrue(lookUp(result, 'skipped'))),
  unreachable: ofResult('unreachable', result => isTrue(lookUp(result, 'unreachable'))),
  reachable: ofResult('reachable', result => !isTrue(lookUp(result, 'unreachable'))),
  // A task that was not async counts as begun and ended.
  started: ofResult('started', result => !Object.hasOwn(result, 'started') || isTrue(lookUp(result, 'started'))),
  finished: ofResult('finished', result => !Object.hasOwn(result, 'finished') || isTrue(lookUp(result, 'finished'))),
};

function ofResult(name: string, holds: (result: Vars) => boolean): Test {
  return (value, fault) => {
    if (isMapping(value)) return holds(value);
    fault(`The '${name}' test expects a dictionary`);
    return false;
  };
}

function hasChanged(result: Vars): boolean {
  const changed = lookUp(result, 'changed');
  if (changed !== undefined) return isTrue(changed);
  const items = lookUp(result, 'results');
  return Array.isArray(items) && items.some(item => isMapping(item) && isTrue(lookUp(item, 'changed')));
}

/** Results hold 0 and 1 as well as true and false. */
const isTrue = (value: Value | undefined): boolean => value !== undefined && isTruthy(value);

/** Python's truth: nothing, zero and what is empty are false. */
export const isTruthy = (value: Value): boolean => {
  if (Array.isArray(value)) return value.length > 0;
  if (isMapping(value)) return Object.keys(value).length > 0;
  return Boolean(value);
};

const truths = new Set(['yes', 'on', '1', 'true', 't', 'y', '1.0']);

const toInt = (value: Value, byDefault: Value, base: number): Value => {
  if (typeof value === 'number') return Math.trunc(value);
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return byDefault;
  const text = value.trim().replaceAll('_', '');
  if (base === 10) return /^[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?$/.test(text) ? Math.trunc(Number(text)) : byDefault;
  const digits = text.toLowerCase().replace(base === 16 ? /^0x/ : base === 8 ? /^0o/ : /^0b/, '');
  const number = Number.parseInt(digits, base);
  return number.toString(base) === digits.replace(/^\+?0*(?=.)/, '') ? number : byDefault;
};

const faulty = (fault: Fault, sentence: string): Value => {
  fault(sentence);
  return null;
};
