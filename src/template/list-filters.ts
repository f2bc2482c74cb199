// The only place for filters of lists: choosing, ordering, sets, combinations.
import type { Value } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import type { Filters, Given } from './filter.ts';
import { attributeIn, attributeOf, bounded, identityOf, kindOf, listOf, mostEntries, order, wrong } from './filter.ts';
import { pythonText } from './python-text.ts';

/** By the names that expressions use. */
export const listFilters: Filters = {
  list: value => listOf(value, 'list'),
  length: value => lengthOf(value),
  count: value => lengthOf(value),
  first: value => listOf(value, 'first')[0] ?? nothing(value, 'first'),
  last: value => listOf(value, 'last').at(-1) ?? nothing(value, 'last'),
  join: (value, given) => {
    const items = listOf(value, 'join');
    const attribute = given.value(1, 'attribute');
    const texts = items.map(item => textIn(attribute === null ? item : attributeIn(item, attribute)));
    const by = given.text(0, 'd');
    bounded(texts.reduce((size, text) => size + text.length + by.length, 0));
    return texts.join(by);
  },
  min: (value, given) => extreme(value, given, -1),
  max: (value, given) => extreme(value, given, 1),
  sum: (value, given) => {
    const attribute = given.value(0, 'attribute');
    const items = listOf(value, 'sum').map(item => (attribute === null ? item : attributeIn(item, attribute)));
    return items.reduce(added, given.value(1, 'start', 0));
  },
  sort: (value, given) => {
    const attributes = given.has(2, 'attribute') ? pythonText(given.value(2, 'attribute')).split(',') : [];
    const sensitive = given.flag(1, 'case_sensitive');
    const keyOf = (item: Value): readonly Value[] =>
      (attributes.length === 0 ? [item] : attributes.map(name => attributeIn(item, name))).map(key => folded(key, sensitive));
    return sorted(listOf(value, 'sort'), keyOf, given.flag(0, 'reverse'));
  },
  reverse: value => (typeof value === 'string' ? [...value].reverse().join('') : [...listOf(value, 'reverse')].reverse()),
  unique: (value, given) => {
    const attribute = given.value(1, 'attribute');
    const sensitive = given.flag(0, 'case_sensitive');
    return distinct(listOf(value, 'unique'), item => folded(attribute === null ? item : attributeIn(item, attribute), sensitive));
  },
  union: (value, given) => distinct([...listOf(value, 'union'), ...other(given)]),
  intersect: (value, given) => {
    const also = new Set(other(given).map(identityOf));
    return distinct(listOf(value, 'intersect').filter(item => also.has(identityOf(item))));
  },
  difference: (value, given) => {
    const not = new Set(other(given).map(identityOf));
    return distinct(listOf(value, 'difference').filter(item => !not.has(identityOf(item))));
  },
  symmetric_difference: (value, given) => {
    const [mine, theirs] = [listOf(value, 'symmetric_difference'), other(given)];
    const [inMine, inTheirs] = [mine, theirs].map(items => new Set(items.map(identityOf)));
    return distinct([...mine, ...theirs]).filter(item => inMine?.has(identityOf(item)) !== inTheirs?.has(identityOf(item)));
  },
  flatten: (value, given) => {
    const levels = given.has(0, 'levels') ? given.number(0, 'levels', 0) : Number.POSITIVE_INFINITY;
    return flatten(listOf(value, 'flatten'), levels, given.flag(1, 'skip_nulls', true));
  },
  zip: (value, given) => {
    const rows = [value, ...given.args].map(row => listOf(row, 'zip'));
    const length = Math.min(...rows.map(row => row.length));
    return Array.from({ length }, (_, at) => rows.map(row => row[at] ?? null));
  },
  zip_longest: (value, given) => {
    const rows = [value, ...given.args].map(row => listOf(row, 'zip_longest'));
    const length = Math.max(...rows.map(row => row.length));
    const fill = given.value(99, 'fillvalue');
    return Array.from({ length }, (_, at) => rows.map(row => (at < row.length ? (row[at] ?? null) : fill)));
  },
  product: (value, given) => {
    const repeat = given.number(99, 'repeat', 1);
    const rows = [value, ...given.args].map(row => listOf(row, 'product'));
    bounded(repeat, 20);
    return Array.from({ length: repeat }, () => rows)
      .flat()
      .reduce<readonly (readonly Value[])[]>(
        (all, row) => {
          bounded(all.length * row.length, mostEntries);
          return all.flatMap(before => row.map(item => [...before, item]));
        },
        [[]],
      );
  },
  permutations: (value, given) => {
    const items = listOf(value, 'permutations');
    return arrangements(items, given.number(0, 'r', items.length), 'in any order');
  },
  combinations: (value, given) => arrangements(listOf(value, 'combinations'), given.number(0, 'r', 2), 'in order'),
  batch: (value, given) => {
    const size = Math.max(1, given.number(0, 'linecount', 1));
    const items = listOf(value, 'batch');
    const rows = Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
    const last = rows.at(-1);
    if (last === undefined || !given.has(1, 'fill_with')) return rows;
    bounded(size, mostEntries);
    return [...rows.slice(0, -1), [...last, ...Array.from({ length: size - last.length }, () => given.value(1, 'fill_with'))]];
  },
  slice: (value, given) => {
    const items = listOf(value, 'slice');
    const slices = given.number(0, 'slices', 1);
    bounded(slices, mostEntries);
    const [each, more] = [Math.floor(items.length / slices), items.length % slices];
    return Array.from({ length: slices }, (_, at) => {
      const from = at * each + Math.min(at, more);
      const row = items.slice(from, from + each + (at < more ? 1 : 0));
      return given.has(1, 'fill_with') && at >= more ? [...row, given.value(1, 'fill_with')] : row;
    });
  },
  groupby: (value, given) => {
    const attribute = given.value(0, 'attribute');
    const sensitive = given.flag(2, 'case_sensitive');
    const read = (item: Value): Value =>
      attributeOf(item, attribute) ?? (given.has(1, 'default') ? given.value(1, 'default') : attributeIn(item, attribute));
    const keyOf = (item: Value): Value => folded(read(item), sensitive);
    const groups = new Map<string, Value[]>();
    for (const item of sorted(listOf(value, 'groupby'), item => [keyOf(item)], false)) {
      const key = identityOf(keyOf(item));
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [item]);
      else group.push(item);
    }
    return [...groups.values()].map(items => [read(items[0] ?? null), items]);
  },
  subelements: (value, given) => {
    const items = isMapping(value) ? Object.values(value) : listOf(value, 'subelements');
    const path = given.value(0, 'subelements');
    return items.flatMap(item => {
      const inner = attributeOf(item, Array.isArray(path) ? path.map(pythonText).join('.') : path);
      if (inner === undefined && given.flag(1, 'skip_missing')) return [];
      if (!Array.isArray(inner)) return wrong(`could not find a list under ${pythonText(path)} in an item`);
      return inner.map(one => [item, one]);
    });
  },
};

const lengthOf = (value: Value): number => {
  if (value === null || typeof value === 'number' || typeof value === 'boolean')
    return wrong(`object of type '${kindOf(value)}' has no len()`);
  return listOf(value, 'length').length;
};

/** An item that is None is none the less there. */
const nothing = (value: Value, filter: string): Value =>
  listOf(value, filter).length > 0 ? null : wrong(`No ${filter} item, sequence was empty.`);

/** Lists are laid end to end, for which people start with an empty one. */
const added = (total: Value, item: Value): Value => {
  if (Array.isArray(total) && Array.isArray(item)) {
    bounded(total.length + item.length, mostEntries);
    return [...total, ...item];
  }
  const [one, other] = [total, item].map(value => (typeof value === 'boolean' ? Number(value) : value));
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  return wrong(`unsupported operand type(s) for +: '${kindOf(total)}' and '${kindOf(item)}'`);
};

const textIn = (item: Value): string => (item === null ? 'None' : pythonText(item));

const other = (given: Given): readonly Value[] => listOf(given.value(0, 'b'), 'the other list');

/** Jinja compares texts without their case unless told otherwise. */
export const folded = (key: Value, sensitive: boolean): Value => (typeof key === 'string' && !sensitive ? key.toLowerCase() : key);

/** In Python's order; what is equal stays as it was. */
export const sorted = (items: readonly Value[], keyOf: (item: Value) => readonly Value[], reverse: boolean): readonly Value[] => {
  const keyed = items.map(item => ({ item, key: keyOf(item) }));
  keyed.sort((one, another) => (reverse ? order(another.key, one.key) : order(one.key, another.key)));
  return keyed.map(({ item }) => item);
};

const extreme = (value: Value, given: Given, sign: 1 | -1): Value => {
  const items = listOf(value, sign === 1 ? 'max' : 'min');
  const attribute = given.value(1, 'attribute');
  const sensitive = given.flag(0, 'case_sensitive');
  const keyOf = (item: Value): Value => folded(attribute === null ? item : attributeIn(item, attribute), sensitive);
  if (items.length === 0) return wrong('No aggregated item, sequence was empty.');
  return items.reduce((best, item) => (sign * order(keyOf(item), keyOf(best)) > 0 ? item : best));
};

const distinct = (items: readonly Value[], keyOf: (item: Value) => Value = item => item): readonly Value[] => {
  const found = new Map<string, Value>();
  for (const item of items) {
    const key = identityOf(keyOf(item));
    if (!found.has(key)) found.set(key, item);
  }
  return [...found.values()];
};

const flatten = (items: readonly Value[], levels: number, skipNulls: boolean): readonly Value[] =>
  items.flatMap(item => {
    if (skipNulls && (item === null || item === 'None' || item === 'null')) return [];
    if (!Array.isArray(item)) return [item];
    return levels >= 1 ? flatten(item, levels - 1, skipNulls) : [item];
  });

const arrangements = (items: readonly Value[], size: number, kind: 'in any order' | 'in order'): readonly Value[] => {
  const found: Value[][] = [];
  const add = (taken: readonly number[]): void => {
    bounded(found.length * Math.max(1, size), mostEntries);
    if (taken.length === size) {
      found.push(taken.map(at => items[at] ?? null));
      return;
    }
    const from = kind === 'in order' ? (taken.at(-1) ?? -1) + 1 : 0;
    for (let at = from; at < items.length; at++) if (!taken.includes(at)) add([...taken, at]);
  };
  bounded(size, 1000);
  add([]);
  return found;
};
