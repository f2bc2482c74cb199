// The only place for `rollcall eval`: the way to try a condition or a template, with the variables of hosts or with none.
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import type { Value } from '../../domain/value.ts';
import { nodeDisk } from '../../files/disk.ts';
import { evaluate, holdsAll, renderValue } from '../../template/render.ts';
import type { Scope } from '../../template/scope.ts';
import { divideVars } from '../closed-vars.ts';
import { readExtraVars } from '../extra-vars.ts';
import type { RunFlags } from '../flags.ts';
import { inventoryOf } from '../place.ts';
import type { World } from '../world.ts';

/** How the text is meant, and whose variables it sees. */
export type EvalFlags = RunFlags & { readonly when?: boolean; readonly template?: boolean; readonly pattern?: string };

/** The value as JSON; with a pattern one value per host. */
export const evalVerb = async (world: World, words: readonly string[], flags: EvalFlags): Promise<Result<number>> => {
  const text = words.join(' ');
  if (text.trim() === '') return refuse("nothing to evaluate; write it behind --: rollcall eval --when -- 'result.rc == 0'");
  if (flags.when === true && flags.template === true) return refuse('--when and --template are two readings of a text; say one of them');
  const extra = await readExtraVars(flags.extraVars ?? [], world.cwd, nodeDisk);
  if (!extra.ok) return extra;
  const value = (scope: Scope): Result<Value, string> => {
    if (flags.when === true) return holdsAll([text], scope);
    return flags.template === true ? renderValue(text, scope) : evaluate(text, scope);
  };
  const last: Scope = [{ vars: extra.value, holds: 'templates' }];
  if (flags.pattern === undefined) {
    if (flags.inventory !== undefined || flags.practice !== undefined) return refuse('whose variables? Say -p PATTERN, or leave -i out');
    const found = value(last);
    if (!found.ok) return refuse(found.failure);
    world.write(`${shown(found.value)}\n`);
    return ok(0);
  }
  return forHosts(world, flags.pattern, flags, scope => value([...scope, ...last]));
};

const forHosts = async (
  world: World,
  pattern: string,
  flags: EvalFlags,
  value: (scope: Scope) => Result<Value, string>,
): Promise<Result<number>> => {
  const read = await inventoryOf(world, flags);
  if (!read.ok) return read;
  const { inventory, warnings, closed } = read.value;
  const chosen = selectHosts(inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  for (const warning of [...warnings, ...chosen.value.warnings]) world.say(warning);
  const names = chosen.value.hosts;
  if (names.length === 0) return fail(noHostsMatched(inventory, pattern, flags.limit));
  const groups = Object.fromEntries([...inventory.groups].map(([group, { members }]) => [group, members]));
  const lines: string[] = [];
  for (const name of names) {
    const host = inventory.hosts.get(name);
    if (host === undefined) continue;
    const vars = await divideVars(host, closed);
    if (!vars.ok) return vars;
    const found = value([
      { vars: { ...vars.value.planned, ...vars.value.secret }, holds: 'templates' },
      { vars: { inventory_hostname: name, group_names: host.groups, groups, ansible_play_hosts: names }, holds: 'data' },
    ]);
    if (!found.ok) return refuse(`${name}: ${found.failure}`);
    lines.push(`${JSON.stringify(name)}: ${shown(found.value)}`);
  }
  world.write(`{\n${lines.join(',\n')}\n}\n`);
  return ok(0);
};

/** Nothing of a value may steer the terminal. */
const shown = (value: Value): string =>
  JSON.stringify(value).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, escaped);

const escaped = (char: string): string => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });
