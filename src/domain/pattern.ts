// The only place that chooses hosts by a pattern, in Ansible's words and order.
// Parts stand between `:` or `,`: a name, a group, a glob, `!` without, `&` only those also in, `group[0]`, `group[1:3]`.
import type { Failure } from './failure.ts';
import type { Inventory } from './inventory.ts';
import { unfold } from './nodeset.ts';
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
  const parts = split(inventory, pattern);
  if (parts.length === 0) return refuse(`the ${word} is empty; write all if you mean every host`);
  const unions = parts.filter(part => !part.startsWith('&') && !part.startsWith('!'));
  if (unions.length === 0) unions.push('all');
  const warnings: string[] = [];
  const chosen = new Set<string>();
  const match = (part: string): Result<readonly string[]> => {
    const matched = matchPart(inventory, part);
    if (matched.ok && matched.value === undefined) warnings.push(`Could not match supplied host pattern, ignoring: ${part}`);
    return matched.ok ? ok(matched.value ?? []) : matched;
  };
  for (const part of unions) {
    const matched = match(part);
    if (!matched.ok) return matched;
    for (const host of matched.value) chosen.add(host);
  }
  for (const part of [...parts.filter(p => p.startsWith('&')), ...parts.filter(p => p.startsWith('!'))]) {
    const matched = match(part.slice(1));
    if (!matched.ok) return matched;
    const those = new Set(matched.value);
    const wanted = part.startsWith('&');
    for (const host of chosen) if (those.has(host) !== wanted) chosen.delete(host);
  }
  return ok({ hosts: [...chosen], warnings });
};

/** A name of the inventory is never cut, so an IPv6 address is one part. */
const split = (inventory: Inventory, pattern: string): readonly string[] =>
  pattern
    .split(',')
    .map(part => part.trim())
    .flatMap(part => (inventory.hosts.has(part) ? [part] : (part.match(/(?:[^\s:[\]]|\[[^\]]*\])+/g) ?? [])));

const subscript = /^(.+)\[(?:(-?\d+)|(\d+)[:-](\d*))\]$/;

/** Hosts of one part without its sign; undefined when nothing is called that. */
const matchPart = (inventory: Inventory, part: string): Result<readonly string[] | undefined> => {
  if (part.startsWith('~')) return refuse(`"${part}": regular expressions in patterns are not supported yet; use a glob such as web*`);
  if (part.startsWith('@')) return refuse(`"${part}": a file as a pattern is not supported yet; name the hosts, separated by commas`);
  if (part === '') return refuse('a part of the pattern is empty after its ! or &; write for example all:!web');
  if (inventory.hosts.has(part)) return ok([part]);
  const cut = subscript.exec(part);
  if (cut === null) return ok(matchName(inventory, part));
  const [, name = '', one, from = '0', to = ''] = cut;
  const hosts = matchName(inventory, name);
  if (hosts === undefined) return ok(undefined);
  if (one !== undefined) return ok([hosts.at(Number(one))].filter(host => host !== undefined));
  return ok(hosts.slice(Number(from), to === '' ? undefined : Number(to) + 1));
};

const matchName = (inventory: Inventory, name: string): readonly string[] | undefined => {
  const isGlob = /[*?[]/.test(name);
  if (!isGlob) return inventory.groups.get(name)?.members;
  const glob = globToRegExp(name);
  const hosts = new Set<string>();
  let matched = false;
  for (const group of inventory.groups.values()) {
    if (!glob.test(group.name)) continue;
    matched = true;
    for (const host of group.members) hosts.add(host);
  }
  for (const host of inventory.hosts.keys()) if (glob.test(host)) hosts.add(host);
  return matched || hosts.size > 0 ? [...hosts] : undefined;
};

/** `*`, `?`, `[a-c]`, `[!a-c]`, as in the shell. */
const globToRegExp = (glob: string): RegExp => {
  let source = '';
  for (const [piece] of glob.matchAll(/\*+|\?|\[!?[^\]]+\]|[\s\S]/g)) {
    if (piece.startsWith('*')) source += '.*';
    else if (piece === '?') source += '.';
    else if (piece.length > 1) source += `[${piece.slice(1, -1).replace(/^!/, '^').replace(/[\\[]/g, '\\$&')}]`;
    else source += piece.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
  }
  return new RegExp(`^${source}$`, 's');
};

const refuse = (cause: string): { readonly ok: false; readonly failure: Failure } => fail({ tag: 'bad-input', cause });
