// The only place that reads this machine's ssh_config for the command line: its files, and the commands of `Match exec`.
import { execFile } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { globSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { resolve as resolvePath } from 'node:path';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Vars } from '../domain/value.ts';
import { nodeDisk } from '../files/disk.ts';
import type { ReadSshHosts } from '../files/inventory.ts';
import { quoteWord } from '../modules/words.ts';
import { type ConfigWorld, loadSshConfig, type SshConfig, usualPlaces } from '../ssh/config.ts';
import type { World } from './world.ts';

/** A command of `Match exec` may take so long, ms. */
const longestCommand = 10_000;

/**
 * `~/.ssh/config` and `/etc/ssh/ssh_config` with what they include.
 * @param named read in their place, as with `ssh -F`; `none` is no file
 * @failure bad-input
 */
export const readSshConfig = ({ home, user, uid, cwd }: World, named?: string): Promise<Result<SshConfig>> => {
  const file = named === undefined ? undefined : resolvePath(cwd, named);
  const asked = new Map<string, Promise<boolean>>();
  const succeeds = (command: string): Promise<boolean> => {
    const known = asked.get(command) ?? run(command);
    asked.set(command, known);
    return known;
  };
  const read: ConfigWorld['read'] = async path => {
    const found = await nodeDisk(path);
    if (found.kind === 'missing' && path === file) return fail({ tag: 'bad-input', cause: `there is no file ${path}; look at -F` });
    if (found.kind === 'missing' || found.kind === 'folder') return ok(undefined);
    if (found.kind === 'unreadable') return fail({ tag: 'bad-input', cause: `${path} cannot be read: ${found.why}` });
    const { mode, uid: owner } = statSync(path);
    // As ssh has it: who may write here may say where we log in.
    if (path === file) return ok(found.text);
    if ((owner === 0 || owner === uid) && (mode & 0o022) === 0) return ok(found.text);
    return fail({ tag: 'bad-input', cause: `others may write into ${path}; make it yours alone: chmod 600 ${path}` });
  };
  const places = file === undefined ? usualPlaces(home) : named === 'none' ? [] : [{ path: file, whose: 'user' as const }];
  return loadSshConfig(places, {
    home,
    localUser: user,
    machine: hostname(),
    read,
    glob: async pattern => globSync(pattern).sort(),
    succeeds,
    resolves: name =>
      lookup(name).then(
        () => true,
        () => false,
      ),
  });
};

/** The hosts of an ssh_config as an inventory has them: how each is reached stays in the file, which `-F` names where ssh would not look. */
export const readSshHosts =
  (world: World): ReadSshHosts =>
  async path => {
    const file = resolvePath(world.cwd, path);
    const [own] = usualPlaces(world.home);
    const config = await readSshConfig(world, file);
    if (!config.ok) return config;
    const vars: Vars = file === own?.path ? {} : { ansible_ssh_extra_args: `-F ${quoteWord(file)}` };
    return ok(config.value.names.map(name => ({ kind: 'host', name, vars })));
  };

const run = (command: string): Promise<boolean> =>
  new Promise(resolve => {
    execFile('/bin/sh', ['-c', command], { timeout: longestCommand }, error => resolve(error === null));
  });
