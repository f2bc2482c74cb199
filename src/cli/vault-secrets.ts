// The only place that fetches the passwords of Ansible Vault: from files, from programs, from the terminal.
// Who is asked and in which order is Ansible's: the settings' ids, then the flags' ids, then files, then the prompt.
import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { basename, extname } from 'node:path';
import { fail, ok, type Result } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import { readPath } from '../files/setting-values.ts';
import type { VaultSecret } from '../files/vault.ts';
import { askHidden } from './ask-hidden.ts';
import type { World } from './world.ts';

/** Where passwords come from. */
export type VaultSources = {
  /** `label@source`; the source is a file, a program, or `prompt`. */
  readonly ids: readonly string[];
  readonly files: readonly string[];
  readonly ask: boolean;
};

/** A program that looks the password up, ms. */
const longest = 60_000;

/** @failure bad-input naming the file; needs-person where somebody would have to type */
export const fetchVaultSecrets = async (world: World, sources: VaultSources): Promise<Result<readonly VaultSecret[]>> => {
  const secrets: VaultSecret[] = [];
  const wanted = [
    ...sources.ids.map(written => {
      const at = written.indexOf('@');
      return at === -1 ? { id: 'default', source: written } : { id: written.slice(0, at), source: written.slice(at + 1) };
    }),
    ...sources.files.map(source => ({ id: 'default', source })),
    ...(sources.ask ? [{ id: 'default', source: 'prompt' }] : []),
  ];
  for (const { id, source } of wanted) {
    const read = isPrompt(source)
      ? await askHidden(`Vault password${id === 'default' ? '' : ` (${id})`}: `)
      : await fromFile(world, id, source);
    if (!read.ok) return read;
    if (read.value === '') return refuse(`the vault password from ${isPrompt(source) ? 'the terminal' : source} is empty`);
    secrets.push({ id, password: Buffer.from(read.value) });
  }
  return ok(secrets);
};

const isPrompt = (source: string): boolean => source === 'prompt' || source === 'prompt_ask_vault_pass';

const fromFile = async (world: World, id: string, source: string): Promise<Result<string>> => {
  const path = readPath(source, world.cwd, world.home);
  try {
    if (!statSync(path).isFile()) return refuse(`the vault password file ${path} is no file`);
    if (!isProgram(path)) return ok(readFileSync(path, 'utf8').trim());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return refuse(`the vault password file ${path} ${code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`}; check the path`);
  }
  // As in Ansible a program called …-client is told which password is meant.
  const args = basename(path, extname(path)).endsWith('-client') ? ['--vault-id', id] : [];
  return new Promise(resolve => {
    const child = execFile(path, args, { timeout: longest, encoding: 'utf8' }, (error, out, err) => {
      const said = safeText(err.trim().split('\n').at(-1) ?? '', 200);
      resolve(error === null ? ok(out.trim()) : refuse(`the vault password program ${path} failed${said === '' ? '' : `: ${said}`}`));
    });
    child.stdin?.end();
  });
};

const isProgram = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK);
    return (statSync(path).mode & 0o111) !== 0;
  } catch {
    return false;
  }
};

const refuse = (cause: string): Result<never> => fail({ tag: 'bad-input', cause });
