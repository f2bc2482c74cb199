// The only place that knows all filters by name, with those that call other filters and tests by their names.
import { shortName } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { dateFilters } from './date-filters.ts';
import { dictFilters } from './dict-filters.ts';
import { encodingFilters } from './encoding-filters.ts';
import type { Filter, Filters } from './filter.ts';
import { attributeIn, attributeOf, Given, isTruthy, listOf, wrong } from './filter.ts';
import { listFilters } from './list-filters.ts';
import { numberFilters } from './number-filters.ts';
import { pathFilters } from './path-filters.ts';
import { pythonText } from './python-text.ts';
import { tests } from './tests.ts';
import { textFilters } from './text-filters.ts';

const map: Filter = (value, given) => {
  const items = listOf(value, 'map');
  const attribute = given.value(99, 'attribute');
  if (attribute !== null && given.args.length === 0) {
    const byDefault = given.has(99, 'default') ? given.value(99, 'default') : undefined;
    return items.map(item => attributeOf(item, attribute) ?? byDefault ?? attributeIn(item, attribute));
  }
  const [name, ...args] = given.args;
  const filter = filterOf(pythonText(name ?? ''));
  return items.map(item => filter(item, new Given(args, given.named)));
};

const filterOf = (name: string): Filter => {
  const short = shortName(name);
  if (short === 'default' || short === 'd')
    return (value, given) =>
      value === null || (given.flag(1, 'boolean') && !isTruthy(value)) ? given.value(0, 'default_value', '') : value;
  const filter = Object.hasOwn(filters, short) ? filters[short] : undefined;
  return filter ?? wrong(`there is no filter ${name} here`);
};

/** Keeps the items for which a test holds; without one, those that are true. */
const choose =
  (wanted: boolean, kind: 'items' | 'attributes'): Filter =>
  (value, given) => {
    const attribute = kind === 'items' ? undefined : given.args[0];
    const [name, ...args] = kind === 'items' ? given.args : given.args.slice(1);
    const holds = name === undefined ? isTruthy : testOf(pythonText(name), new Given(args, given.named));
    return listOf(value, 'select').filter(item => {
      if (attribute === undefined) return holds(item) === wanted;
      const found = attributeOf(item, attribute);
      if (name === 'defined' || name === 'undefined') return ((found !== undefined) === (name === 'defined')) === wanted;
      // Without a test, what is not there is not true.
      if (found === undefined && name === undefined) return !wanted;
      return holds(found ?? attributeIn(item, attribute)) === wanted;
    });
  };

const testOf = (name: string, given: Given): ((item: Value) => boolean) => {
  const short = shortName(name);
  if (short === 'defined') return () => true;
  if (short === 'undefined') return () => false;
  if (short === 'integer') return item => typeof item === 'number' && Number.isInteger(item);
  if (short === 'float') return item => typeof item === 'number' && !Number.isInteger(item);
  const test = Object.hasOwn(tests, short) ? tests[short] : undefined;
  if (test === undefined) return wrong(`there is no test ${name} here`);
  return item => test(item, given) === true;
};

/** By the names that expressions use. */
export const filters: Filters = {
  ...textFilters,
  ...numberFilters,
  ...listFilters,
  ...dictFilters,
  ...pathFilters,
  ...encodingFilters,
  ...dateFilters,
  map,
  select: choose(true, 'items'),
  reject: choose(false, 'items'),
  selectattr: choose(true, 'attributes'),
  rejectattr: choose(false, 'attributes'),
};
