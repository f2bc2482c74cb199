// The only place that says a whole inventory as `ansible-inventory` does, key for key, so that anyone can compare.
import type { Inventory } from '../domain/inventory.ts';
import type { Value, Vars } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';

/** `--list`: groups below `all` with their hosts and children, and every host's variables under `_meta`. */
export const listInventory = ({ hosts, groups }: Inventory): string => {
  const list: Record<string, Value> = {};
  const walk = (name: string): void => {
    if (Object.hasOwn(list, name)) return;
    const group = groups.get(name);
    if (group === undefined) return;
    const { children } = group;
    list[name] = {
      ...(name !== 'all' && group.hosts.length > 0 && { hosts: group.hosts }),
      ...(children.length > 0 && { children }),
    };
    for (const child of children) walk(child);
  };
  walk('all');
  const isEmpty = (value: Value | undefined): boolean => isMapping(value) && Object.keys(value).length === 0;
  const filled = Object.entries(list).filter(([, group]) => !isEmpty(group));
  const hostvars = [...hosts.values()].filter(({ vars }) => !isEmpty(vars)).map(({ name, vars }) => [name, vars] as const);
  return sortedJson({ ...Object.fromEntries(filled), _meta: { hostvars: Object.fromEntries(hostvars) } });
};

/** `--host NAME`: its variables, those of its groups included. */
export const listHost = (vars: Vars): string => sortedJson(vars);

/**
 * `--graph [GROUP]`: the tree of groups and hosts; undefined when there is no such group.
 * @param shown how a value is written, where variables are wanted, too
 */
export const graphInventory = ({ groups, hosts }: Inventory, top: string, shown?: (value: Value) => string): string | undefined => {
  if (!groups.has(top)) return undefined;
  const lines: string[] = [];
  const line = (name: string, depth: number): void => void lines.push(depth === 0 ? name : `${'  |'.repeat(depth)}--${name}`);
  const showVars = (vars: Vars, depth: number): void => {
    if (shown !== undefined)
      for (const name of Object.keys(vars).sort()) line(`{${name} = ${printable(shown(vars[name] ?? null))}}`, depth);
  };
  const walk = (name: string, depth: number): void => {
    const group = groups.get(name);
    line(`@${name}:`, depth);
    for (const child of group?.children ?? []) walk(child, depth + 1);
    for (const host of name === 'all' ? [] : (group?.hosts ?? [])) {
      line(host, depth + 1);
      showVars(hosts.get(host)?.vars ?? {}, depth + 2);
    }
    showVars({ ...group?.vars, ...(group?.priority !== undefined && { ansible_group_priority: group.priority }) }, depth + 1);
  };
  walk(top, 0);
  return lines.join('\n');
};

/** Nothing of it may speak to a terminal. */
const printable = (text: string): string =>
  text.replace(/[^\P{Cc}\n\t]/gu, char => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);

const sortedJson = (value: Value): string => JSON.stringify(sorted(value), null, 4);

/** Keys by their characters' numbers, as Python sorts them. */
const sorted = (value: Value): Value => {
  if (isMapping(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map(key => [key, sorted(value[key] as Value)]),
    );
  return Array.isArray(value) ? value.map(sorted) : value;
};
