// The only place for what can be set, and for the values that settings have in every source: counts, truths, paths.
import { join, resolve } from 'node:path';
import type { BecomeWords } from '../domain/become.ts';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';

/** What was set; a key that nobody set is absent. Paths are absolute. */
export type Settings = {
  /** Paths and `h1,h2,` lists. */
  readonly inventory?: readonly string[];
  readonly forks?: number;
  /** Times from the connect to the login, and for one command to end, seconds. */
  readonly handshakeTimeout?: number;
  readonly replyTimeout?: number;
  readonly remoteUser?: string;
  readonly privateKey?: string;
  readonly hostKeyChecking?: boolean;
  /** Passwords of Ansible Vault: a file or program, and `label@source`. */
  readonly vaultPasswordFile?: string;
  readonly vaultIds?: readonly string[];
  readonly askPass?: boolean;
  readonly askBecomePass?: boolean;
  readonly connectionPasswordFile?: string;
  readonly becomePasswordFile?: string;
  readonly become?: BecomeWords;
  /** What is said of connections, as Ansible's variables of the same meaning. */
  readonly connection?: Vars;
  /** What to say on stderr about the settings themselves. */
  readonly warnings?: readonly string[];
  readonly label?: string;
  readonly labelColour?: string;
  /** A folder, HOST:PATH, or `none`. */
  readonly mirror?: string;
};

/** A number of connections; the failure is a sentence without a position. */
export const readForks = (text: string): Result<number, string> => {
  const forks = Number(text.trim());
  if (Number.isSafeInteger(forks) && forks >= 1 && forks <= 10_000) return ok(forks);
  return { ok: false, failure: `forks must be a whole number from 1 to 10000, found "${text}"; write for example 25` };
};

/** A time to wait for, in seconds; the failure is a sentence without a position. */
export const readTimeout = (text: string): Result<number, string> => {
  const seconds = /^\d{1,5}$/.test(text.trim()) ? Number(text) : 0;
  if (seconds >= 1 && seconds <= 86_400) return ok(seconds);
  return { ok: false, failure: `must be a whole number of seconds from 1 to 86400, found "${text}"; write for example 15` };
};

/** A truth in any of the words that Ansible takes. */
export const readTruth = (text: string): Result<boolean, string> => {
  const word = text.trim().toLowerCase();
  if (['y', 'yes', 'on', '1', 'true', 't', '1.0'].includes(word)) return ok(true);
  if (['n', 'no', 'off', '0', 'false', 'f', '0.0'].includes(word)) return ok(false);
  return { ok: false, failure: `must be true or false, found "${text}"; write true or false` };
};

/** What one of Ansible's words for becoming another user says; nothing for a word that is none. */
export const readBecome = (word: string, text: string): Result<BecomeWords, string> => {
  if (word === 'become') {
    const truth = readTruth(text);
    return truth.ok ? ok({ become: truth.value }) : { ok: false, failure: `become ${truth.failure}` };
  }
  const part = (['user', 'method', 'flags', 'exe'] as const).find(one => word === `become_${one}`);
  return ok(part === undefined ? {} : { [part]: text.trim() });
};

/** Settings of connections by their variable; of several names the last that is set counts. @see `ansible-doc -t connection ssh` */
export const connectionWords = [
  { variable: 'ansible_port', env: ['ANSIBLE_REMOTE_PORT'], ini: ['defaults remote_port'] },
  {
    variable: 'ansible_ssh_timeout',
    env: ['ANSIBLE_TIMEOUT', 'ANSIBLE_SSH_TIMEOUT'],
    ini: ['defaults timeout', 'ssh_connection timeout'],
  },
  { variable: 'ansible_ssh_args', env: ['ANSIBLE_SSH_ARGS'], ini: ['ssh_connection ssh_args'] },
  { variable: 'ansible_ssh_common_args', env: ['ANSIBLE_SSH_COMMON_ARGS'], ini: ['ssh_connection ssh_common_args'] },
  { variable: 'ansible_ssh_extra_args', env: ['ANSIBLE_SSH_EXTRA_ARGS'], ini: ['ssh_connection ssh_extra_args'] },
] as const;

/** The value of one of them; the failure is a sentence without a position. */
export const readConnection = (variable: (typeof connectionWords)[number]['variable'], text: string): Result<Value, string> => {
  const [most, what] = variable === 'ansible_port' ? [65_535, 'a port'] : [86_400, 'a number of seconds'];
  if (variable !== 'ansible_port' && variable !== 'ansible_ssh_timeout') return ok(unquoted(text));
  const number = Number(text.trim());
  if (Number.isInteger(number) && number >= 1 && number <= most) return ok(number);
  return { ok: false, failure: `must be ${what} from 1 to ${most}, found "${text}"` };
};

/** Quotes round the whole are not part of it. */
export const unquoted = (text: string): string => /^(["'])(.*)\1$/s.exec(text.trim())?.[2] ?? text.trim();

/** A path, seen from a folder; `~` is the home folder. */
export const readPath = (text: string, folder: string, home: string): string => {
  const path = text.trim();
  if (path === '~') return home;
  return path.startsWith('~/') ? join(home, path.slice(2)) : resolve(folder, path);
};

/** Inventory sources: paths between commas, or a list of hosts, which ends in a comma. */
export const readPaths = (text: string, folder: string, home: string): readonly string[] => {
  const written = text.trim();
  if (written.endsWith(',')) return [written];
  return written
    .split(',')
    .map(path => path.trim())
    .filter(path => path !== '')
    .map(path => readPath(path, folder, home));
};

/** `label@source` separated by commas; a source that is a path is seen from a folder. */
export const readVaultIds = (text: string, folder: string, home: string): readonly string[] =>
  text
    .split(',')
    .map(part => part.trim())
    .filter(part => part !== '')
    .map(part => {
      const at = part.indexOf('@');
      const source = part.slice(at + 1);
      return /^prompt(?:_ask_vault_pass)?$/.test(source) ? part : `${part.slice(0, at + 1)}${readPath(source, folder, home)}`;
    });
