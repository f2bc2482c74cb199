// The only place for filters of mappings, and for those that reach into data.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import type { Filters } from './filter.ts';
import { attributeOf, identityOf, kindOf, listOf, wrong } from './filter.ts';
import { folded, sorted } from './list-filters.ts';
import { pythonText } from './python-text.ts';

/** By the names that expressions use. */
export const dictFilters: Filters = {
  combine: (value, given) => {
    const recursive = given.flag(99, 'recursive');
    const merge = given.text(99, 'list_merge', 'replace');
    if (!['replace', 'keep', 'append', 'prepend', 'append_rp', 'prepend_rp'].includes(merge))
      wrong("merge_hash: 'list_merge' argument can only be equal to 'replace', 'keep', 'append', 'prepend', 'append_rp' or 'prepend_rp'");
    const terms = [value, ...given.args].flatMap(term => (Array.isArray(term) ? term : [term])).filter(term => term !== null);
    return terms.reduce<Vars>((all, term) => {
      if (!isMapping(term)) return wrong(`failed to combine variables, expected dicts but got a '${kindOf(term)}'`);
      return mergeVars(all, term, recursive, merge);
    }, {});
  },
  dict2items: (value, given) => {
    const [key, inner] = [given.text(0, 'key_name', 'key'), given.text(1, 'value_name', 'value')];
    return Object.entries(mappingOf(value, 'dict2items')).map(([name, one]) =>
      Object.fromEntries([
        [key, name],
        [inner, one],
      ]),
    );
  },
  items2dict: (value, given) => {
    const [key, inner] = [given.text(0, 'key_name', 'key'), given.text(1, 'value_name', 'value')];
    if (!Array.isArray(value)) return wrong(`items2dict requires a list, got ${kindOf(value)} instead.`);
    return Object.fromEntries(
      value.map(item => {
        const [name, one] = isMapping(item) ? [lookUp(item, key), lookUp(item, inner)] : [];
        if (name === undefined || one === undefined)
          return wrong(`items2dict requires each dictionary in the list to contain the keys '${key}' and '${inner}'`);
        return [pythonText(name), one];
      }),
    );
  },
  items: value => Object.entries(mappingOf(value, 'items')).map(([key, inner]) => [key, inner]),
  dictsort: (value, given) => {
    const place = given.text(1, 'by', 'key') === 'value' ? 1 : 0;
    const sensitive = given.flag(0, 'case_sensitive');
    const pairs: readonly Value[] = Object.entries(mappingOf(value, 'dictsort')).map(([key, inner]) => [key, inner]);
    return sorted(pairs, pair => [folded((pair as readonly Value[])[place] ?? null, sensitive)], given.flag(2, 'reverse'));
  },
  extract: (value, given) => {
    const more = given.value(1, 'morekeys');
    const keys = [value, ...(more === null ? [] : Array.isArray(more) ? more : [more])];
    return keys.reduce<Value>((at, key) => entryOf(at, key), given.value(0, 'container'));
  },
  rekey_on_member: (value, given) => {
    const key = given.text(0, 'key');
    const items = isMapping(value) ? Object.values(value) : listOf(value, 'rekey_on_member');
    const found = new Map<string, Value>();
    for (const item of items) {
      const name = pythonText(
        isMapping(item) ? (lookUp(item, key) ?? wrong(`Key ${key} was not found`)) : wrong('List item is not a valid dict'),
      );
      if (found.has(name) && given.text(1, 'duplicates', 'error') === 'error')
        return wrong(`Key ${name} is not unique, cannot correctly turn into dict`);
      found.set(name, item);
    }
    return Object.fromEntries(found);
  },
  mandatory: value => value,
  type_debug: value => kindOf(value),
  pprint: value => pythonText(value),
  attr: (value, given) => attributeOf(value, given.value(0, 'name')) ?? null,
};

/** A mapping, or a refusal. */
export const mappingOf = (value: Value, filter: string): Vars =>
  isMapping(value) ? value : wrong(`${filter} requires a dictionary, got ${kindOf(value)} instead.`);

/** What `value[key]` is. */
export const entryOf = (value: Value, key: Value): Value => {
  if ((Array.isArray(value) || typeof value === 'string') && typeof key === 'number') {
    const item = Array.isArray(value) ? value.at(key) : [...value].at(key);
    return item ?? wrong(`${kindOf(value)} object has no element ${key}`);
  }
  const found = isMapping(value) ? lookUp(value, pythonText(key)) : undefined;
  if (found !== undefined) return found;
  return wrong(`'${value === null ? 'None' : `${kindOf(value)} object`}'${value === null ? '' : ''} has no attribute '${pythonText(key)}'`);
};

const mergeVars = (weak: Vars, strong: Vars, recursive: boolean, merge: string): Vars => {
  if (!recursive && merge === 'replace') return { ...weak, ...strong };
  const all = new Map<string, Value>(Object.entries(weak));
  for (const [key, value] of Object.entries(strong)) {
    const known = lookUp(weak, key);
    if (recursive && isMapping(known) && isMapping(value)) all.set(key, mergeVars(known, value, recursive, merge));
    else if (Array.isArray(known) && Array.isArray(value)) all.set(key, mergeLists(known, value, merge));
    else all.set(key, value);
  }
  return Object.fromEntries(all);
};

const mergeLists = (weak: readonly Value[], strong: readonly Value[], merge: string): readonly Value[] => {
  const without = (items: readonly Value[], others: readonly Value[]): readonly Value[] => {
    const known = new Set(others.map(identityOf));
    return items.filter(item => !known.has(identityOf(item)));
  };
  switch (merge) {
    case 'keep':
      return weak;
    case 'append':
      return [...weak, ...strong];
    case 'prepend':
      return [...strong, ...weak];
    case 'append_rp':
      return [...without(weak, strong), ...strong];
    case 'prepend_rp':
      return [...strong, ...without(weak, strong)];
    default:
      return strong;
  }
};
