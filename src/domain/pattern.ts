// The only place that chooses hosts by a pattern, in Ansible's words and order.
// Parts stand between `:` or `,`: a name, a group, a glob, `~expression`, `!` without, `&` only those also in, `group[0]`, `group[1:3]`.
// A file of hosts (`@retry-file`) is written out before, by files/host-file.ts.
import type { Failure } from './failure.ts';
import type { Inventory } from './inventory.ts';
import { unfold } from './nodeset.ts';
import { compileName, splitPattern } from './pattern-words.ts';
import type { Result } from './result.ts';
import { fail, ok } from './result.ts';

/** The hosts, in the order the pattern meets them, and what it could not match. */
export type Selection = { readonly hosts: readonly string[]; readonly warnings: readonly string[] };

/**
 * Chooses hosts; `limit` is a second pattern that each must match too. No host left is no failure here: a play over
 * nobody is skipped, while a command over nobody is {@link noHostsMatched}.
 * An empty pattern is refused: an unset shell variable must not mean the whole fleet.
 */
export const selectHosts = (inventory: Inventory, pattern: string, limit?: string): Result<Selection> => {
  const chosen = evaluate(inventory, pattern, 'pattern');
  if (!chosen.ok || limit === undefined) return chosen;
  const allowed = evaluate(inventory, limit, '--limit');
  if (!allowed.ok) return allowed;
  const inLimit = new Set(allowed.value.hosts);
  return ok({
    hosts: chosen.value.hosts.filter(host => inLimit.has(host)),
    warnings: [...new Set([...chosen.value.warnings, ...allowed.value.warnings])],
  });
};

/**
 * Hosts that a person typed: a nodeset whose names are all hosts means those (`web[01-06]` as screens show it),
 * anything else is a pattern (`web[1-6]` of a group `web` is a slice of it).
 */
export const selectTyped = (inventory: Inventory, typed: string, limit?: string): Result<Selection> => {
  const names = typed.includes('[') ? unfold(typed) : undefined;
  const isNodeset = names !== undefined && names.length > 0 && names.every(name => inventory.hosts.has(name));
  return selectHosts(inventory, isNodeset ? names.join(',') : typed, limit);
};

/** The failure for a command that would touch nobody. */
export const noHostsMatched = (inventory: Inventory, pattern: string, limit?: string): Failure => {
  const limited = limit === undefined ? '' : ` with --limit "${limit}"`;
  const known = [...inventory.groups.keys()]
    .filter(name => name !== 'ungrouped')
    .slice(0, 6)
    .join(', ');
  return {
    tag: 'bad-input',
    cause: `no host of ${inventory.source} matches "${pattern}"${limited}; it has ${inventory.hosts.size} hosts, in groups such as ${known}`,
  };
};

const evaluate = (inventory: Inventory, pattern: string, word: string): Result<Selection> => {
  const parts = splitPattern(pattern);
  if (parts.length === 0) return refuse(`the ${word} is empty; write all if you mean every host`);
  const unions = parts.filter(part => !part.startsWith('&') && !part.startsWith('!'));
  if (unions.length === 0) unions.push('all');
  const warnings = new Set<string>();
  const match = (part: string) => matchPart(inventory, part, warning => warnings.add(warning));
  const chosen = new Set<string>();
  for (const part of unions) {
    // A host's own name means the host, also where a group is called the same.
    const matched = inventory.hosts.has(part) ? ok([part]) : match(part);
    if (!matched.ok) return matched;
    for (const host of matched.value) chosen.add(host);
  }
  for (const part of [...parts.filter(p => p.startsWith('&')), ...parts.filter(p => p.startsWith('!'))]) {
    const matched = match(part.slice(1));
    if (!matched.ok) return matched;
    if (part.startsWith('!')) for (const host of matched.value) chosen.delete(host);
    else {
      const those = new Set(matched.value);
      for (const host of chosen) if (!those.has(host)) chosen.delete(host);
    }
  }
  return ok({ hosts: [...chosen], warnings: [...warnings] });
};

const subscript = /^(.+)\[(?:(-?[0-9]+)|([0-9]+)([:-])([0-9]*))\]$/;

/** Hosts of one part without its sign, in Ansible's order. */
const matchPart = (inventory: Inventory, part: string, warn: (warning: string) => void): Result<readonly string[]> => {
  if (part === '') return refuse('a part of the pattern is empty after its ! or &; write for example all:!web');
  const cut = part.startsWith('~') ? null : subscript.exec(part);
  const [, name = part, one, from = '', sign, to = ''] = cut ?? [];
  const hosts = matchName(inventory, name);
  if (!hosts.ok) return refuse(hosts.failure);
  if (hosts.value === undefined) {
    if (name !== 'all') warn(`Could not match supplied host pattern, ignoring: ${name}`);
    return ok([]);
  }
  if (cut === null || hosts.value.length === 0) return ok(hosts.value);
  if (sign === '-') warn('Use [x:y] inclusive subscripts instead of [x-y] which has been removed');
  // As in Ansible [0:0] is one host, and a first number without a second one takes all that follow.
  if (one === undefined && to !== '0') return ok(hosts.value.slice(Number(from), to === '' ? undefined : Number(to) + 1));
  const host = hosts.value.at(Number(one ?? from));
  return host === undefined ? refuse(`No hosts matched the subscripted pattern '${part}'; it has ${hosts.value.length}`) : ok([host]);
};

/** True for the names under which every inventory has this machine without a word of it; it is in no group, `all` included. */
export const isThisMachine = (name: string): boolean => name === 'localhost' || name === '127.0.0.1' || name === '::1';

/** Another of its names in the inventory is meant, where there is one. */
const localHost = (inventory: Inventory, name: string): string => [...inventory.hosts.keys()].find(isThisMachine) ?? name;

/** Undefined when nothing is called that. A host that is in two groups is there twice, which a subscript counts, as Ansible's does. */
const matchName = (inventory: Inventory, name: string): Result<readonly string[] | undefined, string> => {
  const { groups, hosts } = inventory;
  if (!/^~|[*?[]/.test(name)) {
    const group = groups.get(name);
    if (group !== undefined && !name.includes('.')) return ok(group.members);
    if (group === undefined && !hosts.has(name)) return ok(isThisMachine(name) ? [localHost(inventory, name)] : undefined);
    return ok([...(group?.members ?? []), ...(hosts.has(name) ? [name] : [])]);
  }
  const isMatch = compileName(name);
  if (!isMatch.ok) return isMatch;
  const matching = [...groups.values()].filter(group => isMatch.value(group.name));
  const matched = [...matching.flatMap(group => group.members), ...[...hosts.keys()].filter(isMatch.value)];
  return ok(matching.length > 0 || matched.length > 0 ? matched : undefined);
};

const refuse = (cause: string): { readonly ok: false; readonly failure: Failure } => fail({ tag: 'bad-input', cause });
