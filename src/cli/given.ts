// The only place that gathers the passwords that a client knows: from flags, files, settings and the variables of each host.
// They go to the driver before the run that needs them, and from here nowhere else.
import { execFile } from 'node:child_process';
import { accessSync, constants, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { accountOf, type Entrusted } from '../domain/need.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { lookUp, type Vars } from '../domain/value.ts';
import type { Address } from '../remote/ports.ts';
import { renderValue } from '../template/render.ts';
import { askHidden } from './ask-hidden.ts';
import type { RunFlags } from './flags.ts';
import type { World } from './world.ts';

/** What flags and settings say about passwords. */
export type GivenWish = {
  readonly askPass?: boolean | undefined;
  readonly askBecomePass?: boolean | undefined;
  readonly connectionPasswordFile?: string | undefined;
  readonly becomePasswordFile?: string | undefined;
};

/** The passwords for all of an inventory: asked for now, or read. @param realm where the inventory was read */
export const givenFor = async (world: World, realm: string, wish: GivenWish): Promise<Result<readonly Entrusted[]>> => {
  const { connectionPasswordFile: login, becomePasswordFile: become } = wish;
  if (wish.askPass === true && login !== undefined) return refuse('give -k or --connection-password-file, not both');
  if (wish.askBecomePass === true && become !== undefined) return refuse('give -K or --become-password-file, not both');
  if (login === '-' && become === '-') return refuse('only one of the password files can be standard input');
  const given: Entrusted[] = [];
  const password = login === undefined ? undefined : await passwordIn(world, login);
  if (password?.ok === false) return password;
  const asked =
    wish.askPass === true
      ? await askHidden('SSH password: ', { instead: 'give --connection-password-file FILE (- reads standard input)' })
      : password;
  if (asked?.ok === false) return asked;
  if (asked !== undefined) given.push({ for: 'password', realm, value: asked.value });
  const fromFile = become === undefined ? undefined : await passwordIn(world, become);
  if (fromFile?.ok === false) return fromFile;
  const more = asked === undefined || wish.askPass !== true ? '' : '[defaults to SSH password]';
  const typed =
    wish.askBecomePass === true
      ? await askHidden(`BECOME password${more}: `, { instead: 'give --become-password-file FILE (- reads standard input)' })
      : fromFile;
  if (typed?.ok === false) return typed;
  const value = typed?.value === '' ? asked?.value : typed?.value;
  if (value !== undefined && value !== '') given.push({ for: 'become', realm, value });
  return ok(given);
};

/** The same where nothing is begun as another user: that password is neither asked for nor read. */
export const givenToLogIn = (world: World, realm: string, wish: GivenWish, flags: RunFlags): Promise<Result<readonly Entrusted[]>> => {
  if (flags.askBecomePass === true || (flags.becomePasswordFile ?? flags.becomePassFile) !== undefined)
    world.say('nothing is begun as another user here: the password for that is neither asked for nor read');
  return givenFor(world, realm, { askPass: wish.askPass, connectionPasswordFile: wish.connectionPasswordFile });
};

/** Ansible's names for each; of several that are set the last one counts. */
const variables = {
  password: ['ansible_password', 'ansible_ssh_pass', 'ansible_ssh_password'],
  become: ['ansible_become_password', 'ansible_become_pass', 'ansible_sudo_pass'],
} as const;

/** What a host's own variables say, and sentences about what could not be worked out. */
export const givenIn = (
  realm: string,
  address: Address,
  vars: Vars,
): { readonly given: readonly Entrusted[]; readonly warnings: readonly string[] } => {
  const given: Entrusted[] = [];
  const warnings: string[] = [];
  for (const what of ['password', 'become'] as const) {
    const name = variables[what].findLast(variable => (lookUp(vars, variable) ?? null) !== null);
    if (name === undefined) continue;
    const value = renderValue(lookUp(vars, name) ?? null, [{ vars, holds: 'templates' }]);
    if (!value.ok) warnings.push(`${address.name}: ${name} cannot be worked out: ${value.failure}`);
    else if (typeof value.value === 'string' || typeof value.value === 'number')
      given.push({ for: what, realm, accounts: [accountOf(address).at], value: String(value.value) });
    else warnings.push(`${address.name}: ${name} must be text; put it in quotes`);
  }
  return { given, warnings };
};

/** Accounts with the same value in one piece. */
export const folded = (given: readonly Entrusted[]): readonly Entrusted[] => {
  const together = new Map<string, Entrusted>();
  for (const one of given) {
    if (one.for === 'passphrase') continue;
    const key = JSON.stringify([one.for, one.realm, one.value, one.accounts === undefined]);
    const known = together.get(key);
    const accounts = [...(known !== undefined && known.for !== 'passphrase' ? (known.accounts ?? []) : []), ...(one.accounts ?? [])];
    together.set(key, one.accounts === undefined ? one : { ...one, accounts });
  }
  return [...together.values()];
};

/** A script may ask a person or a server, ms. */
const longest = 120_000;

/** The password in a file, from what an executable one prints, or (`-`) from standard input, as Ansible reads it. @failure bad-input */
const passwordIn = async (world: World, written: string): Promise<Result<string>> => {
  const text = written === '-' ? readWhole(0, 'standard input') : await fromPath(pathOf(world, written));
  if (!text.ok) return text;
  const value = text.value.trim();
  return value === '' ? refuse(`${written === '-' ? 'standard input' : written} holds no password`) : ok(value);
};

const fromPath = async (path: string): Promise<Result<string>> => {
  if (isExecutable(path)) return printed(path);
  let descriptor: number;
  try {
    descriptor = openSync(path, 'r');
  } catch (error) {
    return refuse(`the password file ${path} cannot be read: ${(error as Error).message}`);
  }
  // What was looked at is what is read: a name could be another file by then.
  if ((fstatSync(descriptor).mode & 0o077) !== 0) return refuse(`others may read the password file ${path}: chmod 600 ${path}`);
  return readWhole(descriptor, path);
};

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    const found = statSync(path);
    return found.isFile() && (found.mode & 0o111) !== 0;
  } catch {
    return false;
  }
};

const printed = (path: string): Promise<Result<string>> =>
  new Promise(done => {
    execFile(path, [], { timeout: longest, encoding: 'utf8' }, (error, out) =>
      done(
        error === null
          ? ok(out)
          : refuse(`the password script ${path} failed${typeof error.code === 'number' ? ` with ${error.code}` : ''}`),
      ),
    ).stdin?.end();
  });

const readWhole = (descriptor: number, name: string): Result<string> => {
  try {
    return ok(readFileSync(descriptor, 'utf8'));
  } catch (error) {
    return refuse(`${name} cannot be read: ${(error as Error).message}`);
  }
};

const pathOf = ({ cwd, home }: World, written: string): string =>
  written.startsWith('~/') ? join(home, written.slice(2)) : resolve(cwd, written);

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });
