// The only place that knows inventory scripts: run with --list, they print groups and hosts as JSON.
// @see https://docs.ansible.com/ansible/latest/dev_guide/developing_inventory.html#inventory-script-conventions
import type { GroupDeclaration, HostDeclaration } from '../domain/inventory.ts';
import { badPriority } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';

/** Runs a script of the operator's and resolves with what it printed. The failure is half a sentence: "ended with 1: …". */
export type RunScript = (path: string, args: readonly string[]) => Promise<Result<string, string>>;

/** Hosts that are asked for one by one, at once. */
const atOnce = 8;

/** What the script says, as declarations. @failure bad-input */
export const readScript = async (path: string, run: RunScript): Promise<Result<readonly GroupDeclaration[]>> => {
  const listed = await objectFrom(path, ['--list'], run);
  if (!listed.ok) return listed;
  const { _meta: meta, ...groups } = listed.value;
  const declarations: GroupDeclaration[] = [];
  for (const [name, data] of Object.entries(groups)) {
    const group = groupOf(name, data);
    if (!group.ok) return fail({ tag: 'bad-input', cause: `${path} --list: ${group.failure}` });
    declarations.push(group.value);
  }
  const names = [...new Set(declarations.flatMap(({ members }) => members.flatMap(({ kind, name }) => (kind === 'host' ? [name] : []))))];
  const known = isMapping(meta) ? lookUp(meta, 'hostvars') : undefined;
  const vars = isMapping(known) ? ok(names.map(name => lookUp(known, name))) : await askEach(path, names, run);
  if (!vars.ok) return vars;
  const hosts = names.map((name, at): HostDeclaration => ({ kind: 'host', name, vars: varsIn(vars.value[at]) }));
  // A host keeps the groups it has: this only brings its variables.
  return ok([...declarations, { kind: 'group', name: 'all', vars: {}, members: hosts }]);
};

/** A list is its hosts; a mapping without any of our three words is the variables of one host that has the group's name. */
const groupOf = (name: string, data: Value): Result<GroupDeclaration, string> => {
  const bad = (what: string): Result<never, string> => ({ ok: false, failure: `in group ${name} ${what}` });
  const isBare = isMapping(data) && !['hosts', 'vars', 'children'].some(key => Object.hasOwn(data, key));
  const { hosts = [], vars = {}, children = [] } = isBare ? { hosts: [name], vars: data } : isMapping(data) ? data : { hosts: data };
  if (!isName(name)) return { ok: false, failure: 'a group has a name with blanks or control characters' };
  if (!isNames(hosts)) return bad('hosts must be a list of names without blanks');
  if (!isNames(children)) return bad('children must be a list of names without blanks');
  if (!isMapping(vars)) return bad('vars must be an object');
  const trouble = badPriority(vars);
  if (trouble !== undefined) return bad(trouble);
  const members = [
    ...hosts.map(host => ({ kind: 'host', name: host, vars: {} }) as const),
    ...children.map(child => ({ kind: 'group', name: child, vars: {}, members: [] }) as const),
  ];
  return ok({ kind: 'group', name, vars, members });
};

/** As everywhere else a name has no blanks and no control characters. */
const isName = (value: Value): value is string => typeof value === 'string' && /^[^\p{Cc}\s]+$/u.test(value);

const isNames = (value: Value): value is readonly string[] => Array.isArray(value) && value.every(isName);

const varsIn = (value: Value | undefined): Vars => (isMapping(value) ? value : {});

/** Scripts without `_meta` are asked about each host. */
const askEach = async (path: string, names: readonly string[], run: RunScript): Promise<Result<readonly Vars[]>> => {
  const all: Vars[] = [];
  for (let from = 0; from < names.length; from += atOnce) {
    const asked = await Promise.all(names.slice(from, from + atOnce).map(name => objectFrom(path, ['--host', name], run)));
    for (const vars of asked) {
      if (!vars.ok) return vars;
      all.push(vars.value);
    }
  }
  return ok(all);
};

const objectFrom = async (path: string, args: readonly string[], run: RunScript): Promise<Result<Vars>> => {
  const where = `${path} ${args.join(' ')}`;
  const printed = await run(path, args);
  if (!printed.ok) return fail({ tag: 'bad-input', cause: `${where} ${printed.failure}` });
  // Nothing about a host means no variables, as in Ansible.
  if (args[0] === '--host' && printed.value.trim() === '') return ok({});
  try {
    const value = JSON.parse(printed.value) as Value;
    if (isMapping(value) && depthOf(printed.value) <= deepest) return ok(value);
    if (isMapping(value)) return refuse(`${where} printed JSON that is nested more than ${deepest} deep`);
  } catch {
    // Told below.
  }
  const begins = safeText(printed.value.trim().split('\n')[0] ?? '', 60);
  const what = begins === '' ? 'nothing' : `no JSON object; it begins with ${begins}`;
  return refuse(`${where} printed ${what}. Run it by hand and look at what it prints`);
};

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });

const deepest = 100;

/** Brackets that are open at once, those in texts counted in. */
const depthOf = (text: string): number => {
  let depth = 0;
  let most = 0;
  for (const [bracket] of text.matchAll(/[[{\]}]/g)) {
    depth += bracket === '[' || bracket === '{' ? 1 : -1;
    most = Math.max(most, depth);
  }
  return most;
};
