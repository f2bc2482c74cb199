// The only place for what a rewritten expression calls in place of Jinja's own signs: see grammar.ts, which writes these calls.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { entryOf } from './dict-filters.ts';
import type { Filters } from './filter.ts';
import { Given, isTruthy, kindOf, order, wrong } from './filter.ts';
import { percentFormat } from './formats.ts';
import { callMethod } from './methods.ts';
import { pythonText } from './python-text.ts';

/** By the names that rewritten expressions use. */
export const operators: Filters = {
  /** What a value looks like in a text; a float that is a whole number is marked. */
  text: (value, { args: [isFloat] }) =>
    isFloat === true && typeof value === 'number' && Number.isInteger(value) ? wholeFloat(value) : pythonText(value),
  truth: value => isTruthy(value),
  get: (value, { args: [key = null] }) => entryOf(value, key),
  method: (value, { args: [name = '', args, named] }) =>
    callMethod(value, pythonText(name), new Given(Array.isArray(args) ? args : [], isMapping(named) ? named : {})),
  compare: (value, { args: [sign, other = null] }) => {
    const found = order(value, other, pythonText(sign ?? '<'));
    return sign === '<' ? found < 0 : sign === '<=' ? found <= 0 : sign === '>' ? found > 0 : found >= 0;
  },
  percent: (value, { args: [values, isTuple] }) => {
    const given = Array.isArray(values) ? values : [];
    const [only = null] = given;
    if (typeof value === 'string') return percentFormat(value, given, isTuple !== true && isMapping(only) ? only : undefined);
    const [left, right] = [value, only].map(one => (typeof one === 'boolean' ? Number(one) : one));
    if (typeof left !== 'number' || typeof right !== 'number')
      return wrong(`unsupported operand type(s) for %: '${kindOf(value)}' and '${kindOf(only)}'`);
    if (right === 0) return wrong('integer division or modulo by zero');
    return ((left % right) + right) % right;
  },
  divisor: value => (value === 0 || value === false ? wrong('division by zero') : value),
  make_dict: (pairs, { args: [from], named }) => {
    const given = isMapping(from) ? Object.entries(from) : Array.isArray(from) ? from : Array.isArray(pairs) ? pairs : [];
    const entries = (given as readonly Value[]).map(pair =>
      Array.isArray(pair) && pair.length === 2 ? pair : wrong('dict expects pairs'),
    );
    return { ...(Object.fromEntries(entries.map(([key = null, value = null]) => [pythonText(key), value])) as Vars), ...named };
  },
  /** What was found to be missing before anything was evaluated. */
  fault: sentence => wrong(pythonText(sentence)),
  each: value => (isMapping(value) ? Object.keys(value) : value),
};

const wholeFloat = (value: number): string => (Math.abs(value) < 1e16 ? `${value}.0` : value.toExponential());

/** Ansible's words for a path of which a part is not there: the root's value, then the keys. */
export const explainMissing = (vars: Vars, root: string, [value = null, ...keys]: readonly Value[]): string => {
  if (value === null && lookUp(vars, root) === undefined) return `'${root}' is undefined`;
  let at: Value = value;
  for (const key of keys) {
    const next: Value | undefined = Array.isArray(at)
      ? typeof key === 'number'
        ? at.at(key)
        : undefined
      : isMapping(at)
        ? lookUp(at, String(key))
        : undefined;
    if (next === undefined) {
      if (Array.isArray(at) && typeof key === 'number') return `list object has no element ${key}`;
      return at === null ? `'None' has no attribute '${key}'` : `'${kindOf(at)} object' has no attribute '${key}'`;
    }
    at = next;
  }
  return `'${[root, ...keys].join('.')}' is undefined`;
};
