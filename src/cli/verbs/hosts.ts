// The only place for `rollcall hosts [PATTERN]`.
import { hostname } from 'node:os';
import { foldNames } from '../../domain/nodeset-fold.ts';
import { readNodeset } from '../../domain/nodeset-words.ts';
import { noHostsMatched, selectHosts } from '../../domain/pattern.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { printedOptions } from '../../ssh/config-print.ts';
import type { RunFlags } from '../flags.ts';
import { inventoryOf } from '../place.ts';
import { readSshConfig } from '../ssh-config.ts';
import type { World } from '../world.ts';

/** What only this verb takes. */
export type HostsFlags = RunFlags & {
  readonly fold?: boolean;
  readonly expand?: boolean;
  readonly sshOptions?: boolean;
  readonly sshConfig?: string;
};

/** One host a line in inventory order, or one nodeset. Folded or expanded without a word of a fleet, words are names. */
export const hostsVerb = async (world: World, words: readonly string[], flags: HostsFlags): Promise<Result<number>> => {
  const pattern = words.length === 0 ? 'all' : words.join(',');
  if (flags.sshOptions === true && words.length !== 1) return refuse('--ssh-options takes the name of one host');
  if (flags.sshOptions === true) return sshOptions(world, pattern, flags);
  if (flags.fold === true && flags.expand === true) return refuse('--fold and --expand are opposites; say one of them');
  const isAboutFleet = flags.inventory !== undefined || flags.practice !== undefined || words.length === 0;
  if ((flags.fold === true || flags.expand === true) && !isAboutFleet) return nodeset(world, pattern, flags);
  const read = await inventoryOf(world, flags);
  if (!read.ok) return read;
  const { inventory, warnings } = read.value;
  const chosen = selectHosts(inventory, pattern, flags.limit);
  if (!chosen.ok) return chosen;
  for (const warning of [...warnings, ...chosen.value.warnings]) world.say(warning);
  const { hosts } = chosen.value;
  if (hosts.length === 0) return fail(noHostsMatched(inventory, pattern, flags.limit));
  world.write(flags.fold === true ? `${foldNames(hosts)}\n` : hosts.map(host => `${host}\n`).join(''));
  return ok(0);
};

/** The options of a name, as `ssh -G` prints them: ssh_config and ssh's own defaults, nothing of ours. */
const sshOptions = async (world: World, name: string, flags: HostsFlags): Promise<Result<number>> => {
  const [, user = flags.user, host = name] = /^(?:(.+)@)?(.*)$/s.exec(name) ?? [];
  if (host === '' || host.startsWith('-') || /\s/.test(host)) return fail({ tag: 'bad-input', cause: `"${name}" is no name of a host` });
  const config = await readSshConfig(world, flags.sshConfig);
  if (!config.ok) return config;
  const options = await config.value.optionsFor({ host, ...(user !== undefined && { user }) });
  if (!options.ok) return options;
  const { home, user: localUser, uid = 0, env } = world;
  const lines = printedOptions(host, options.value, { home, localUser, machine: hostname(), uid, env });
  if (!lines.ok) return lines;
  world.write(`${lines.value.join('\n')}\n`);
  return ok(0);
};

/** What `nodeset --fold` and `nodeset --expand` print, one name a line. */
const nodeset = (world: World, text: string, flags: HostsFlags): Result<number> => {
  const names = readNodeset(text);
  if (!names.ok) return refuse(names.failure);
  world.write(flags.fold === true ? `${foldNames(names.value)}\n` : names.value.map(name => `${name}\n`).join(''));
  return ok(0);
};

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });
