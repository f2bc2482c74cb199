// The only place that turns a host's variables into an address: Ansible's names, Ansible's precedence, types checked.
// It reads no file and resolves no name. Variables must have been rendered before.
import { isAbsolute, join } from 'node:path';
import { fail, ok, type Result } from '../domain/result.ts';
import { lookUp, type Value, type Vars } from '../domain/value.ts';
import type { Address } from '../remote/ports.ts';
import { type ConfigOptions, type ConfigQuery, sentNames, withTokens } from './config.ts';
import { splitArguments } from './config-file.ts';
import { settingOf } from './config-keywords.ts';
import { honoured, meaningless } from './config-print.ts';
import { failsOf } from './failures.ts';
import { type OptionReader, reachOf, type SaidTimeouts } from './reach-options.ts';
import { readSshArguments, shellWords, splitPaths } from './ssh-arguments.ts';

/** What flags, settings and the operator's session say; a host's variables win over the first two groups. */
export type AddressDefaults = {
  /** `-u`, or `remote_user`. */
  readonly remoteUser?: string;
  /** `--private-key`, or `private_key_file`. */
  readonly privateKey?: string;
  /** `host_key_checking`. */
  readonly strictHostKeyChecking?: Address['strictHostKeyChecking'];
  readonly knownHostsFiles?: readonly string[];
  /** `SSH_AUTH_SOCK` of the client that asked. */
  readonly agentSocket?: string;
  /** Stands for `~`. */
  readonly home: string;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Logs in where nobody said who. */
  readonly localUser: string;
  /** Of the session that asks, for SendEnv. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** As flags and settings have them. */
  readonly timeouts?: SaidTimeouts;
  /** What ssh_config says of this host; everything else that was said wins over it. @see config.ts */
  readonly sshConfig?: ConfigOptions;
};

/** An address, and sentences about what was written but is not honoured; the same for each host, so that a caller can say it once. */
export type AddressFound = {
  readonly address: Address;
  readonly warnings: readonly string[];
  /** How ssh would get there, where that is not directly. @see route.ts */
  readonly route?: { readonly keyword: 'proxyjump' | 'proxycommand'; readonly value: string };
  /** All that was said in ssh's options. */
  readonly said: OptionReader;
};

/** In the order in which ssh would see them; of each option ssh takes the first. */
const ARGUMENT_VARIABLES = ['ansible_ssh_args', 'ansible_ssh_common_args', 'ansible_ssh_extra_args'] as const;
const routeWords = ['proxyjump', 'proxycommand'] as const;
const UNDERSTOOD: ReadonlySet<string> = new Set([...honoured].filter(keyword => !keyword.startsWith('canonical')));

/** As flags: terminals, forwardings, ssh's own messages, sharing. */
const changesSomething = (other: string): boolean => !/^-[aCDeEfgkLMnNqRStTvwxXyY]$/.test(other) && !meaningless.has(other.toLowerCase());

const STRICT_WORDS: Readonly<Record<string, Address['strictHostKeyChecking']>> = {
  yes: 'yes',
  true: 'yes',
  on: 'yes',
  ask: 'ask',
  'accept-new': 'accept-new',
  no: 'no',
  off: 'no',
  false: 'no',
};

/** What ssh_config must be asked for: the host, and what was said about user and port outside of it. */
export const queryOf = (name: string, vars: Vars, { remoteUser }: Pick<AddressDefaults, 'remoteUser'>): ConfigQuery => {
  const ignore: Bad = () => undefined;
  const written = readArguments(vars, ignore);
  const read = variableReader(vars, ignore);
  const user = read.text('ansible_user', 'ansible_ssh_user') ?? remoteUser ?? written.first('user');
  const port = read.port() ?? portIn(written.first('port'), ignore);
  return { host: hostIn(name, read), ...(user !== undefined && { user }), ...(port !== undefined && { port }) };
};

/** The ssh_config that ssh's options name with `-F`, absolute, or `none`; where nobody does, the usual ones are read. */
export const configFileOf = (vars: Vars, { home, cwd }: Pick<AddressDefaults, 'home' | 'cwd'>): string | undefined => {
  const { configFile } = readArguments(vars, () => undefined);
  return configFile === undefined || configFile === 'none' ? configFile : absolute(configFile, { home, cwd });
};

/**
 * @param name the inventory name
 * @failure bad-input, with the variable's name and the wrong value
 */
export const addressOf = (name: string, vars: Vars, defaults: AddressDefaults): Result<AddressFound> => {
  // Readers go on with "not set" after a wrong value; the first wrong value is what people read.
  let wrong: string | undefined;
  const bad: Bad = cause => {
    wrong ??= cause;
    return undefined;
  };
  const written = readArguments(vars, bad);
  const read = variableReader(vars, bad);
  const said: OptionReader = {
    first: keyword => written.first(keyword) ?? defaults.sshConfig?.get(keyword)?.[0],
    all: keyword => (written.all(keyword).length > 0 ? written.all(keyword) : (defaults.sshConfig?.get(keyword) ?? [])),
  };
  const config = (keyword: string): string | undefined => defaults.sshConfig?.get(keyword)?.[0];
  const port = read.port() ?? portIn(written.first('port') ?? config('port'), bad) ?? 22;
  const user =
    read.text('ansible_user', 'ansible_ssh_user') ?? defaults.remoteUser ?? written.first('user') ?? config('user') ?? defaults.localUser;
  const named = written.first('hostname');
  const host = named === undefined ? (config('hostname') ?? hostIn(name, read)) : withTokens(named, { h: hostIn(name, read) });
  const paths = pathReader(defaults, { host, port, user, name });
  const key = read.text('ansible_private_key_file', 'ansible_ssh_private_key_file') ?? defaults.privateKey;
  const knownHosts = said.all('userknownhostsfile');
  const keys = [...written.all('identityfile'), ...(defaults.sshConfig?.get('identityfile') ?? [])];
  const hostKeyAlias = said.first('hostkeyalias');
  const unsupported = unsupportedIn(vars);
  const agentSocket = agentIn(said.first('identityagent'), paths) ?? (defaults.agentSocket || undefined);
  const route = routeIn(written.found) ?? routeIn(defaults.sshConfig);
  const connect = read.timeout();
  const timeouts = { ...defaults.timeouts, ...(connect !== undefined && { connect }) };
  const { reach, unsent } = reachOf(said, { path: paths, env: defaults.env ?? {}, timeouts });
  const address: Address = {
    name,
    host,
    port,
    user,
    identityFiles: [...new Set([...(key === undefined ? [] : [key]), ...keys].map(paths))],
    knownHostsFiles: knownHosts.length === 0 ? (defaults.knownHostsFiles ?? []) : knownHosts.map(paths),
    strictHostKeyChecking:
      read.checking() ??
      strictIn(written.first('stricthostkeychecking'), bad) ??
      defaults.strictHostKeyChecking ??
      strictIn(config('stricthostkeychecking'), bad) ??
      'ask',
    ...(agentSocket !== undefined && { agentSocket }),
    ...(said.first('identitiesonly') === 'yes' && { identitiesOnly: true }),
    ...(hostKeyAlias !== undefined && { hostKeyAlias }),
    ...reach,
    ...(isLocal(vars) && { local: true as const }),
    ...(unsupported !== undefined && { unsupported }),
  };
  return wrong === undefined
    ? ok({ address, said, warnings: [...written.warnings, ...unsent.map(unsentWords)], ...(route !== undefined && { route }) })
    : fail(failsOf(name)('bad-input', wrong));
};

/** How the system's ssh is asked for the same host, with the words of Ansible's variables as they were written. @failure bad-input */
export const systemOf = (name: string, vars: Vars, defaults: AddressDefaults): Result<NonNullable<Address['system']>> => {
  const { host, user, port } = queryOf(name, vars, defaults);
  const read = variableReader(vars, () => undefined);
  const key = read.text('ansible_private_key_file', 'ansible_ssh_private_key_file') ?? defaults.privateKey;
  const checking = read.checking() ?? defaults.strictHostKeyChecking;
  const written: string[] = [];
  for (const variable of ARGUMENT_VARIABLES) {
    const words = shellWords(textOf(vars, variable, () => undefined) ?? '');
    if (!words.ok) return fail(failsOf(name)('bad-input', `${variable}: ${words.failure}`));
    // ssh will be run from the driver's folder, not from here.
    const isFile = (at: number): boolean => words.value[at - 1] === '-F' && words.value[at] !== 'none';
    written.push(...words.value.map((word, at) => (isFile(at) ? absolute(word, defaults) : word)));
  }
  const args = [
    ...(user === undefined ? [] : ['-l', user]),
    ...(port === undefined ? [] : ['-p', String(port)]),
    ...(key === undefined ? [] : ['-i', pathReader(defaults, { host, port: port ?? 22, user: user ?? '', name })(key)]),
    ...(checking === undefined ? [] : ['-o', `StrictHostKeyChecking=${checking}`]),
    ...written,
  ];
  return ok({ host, args });
};

const unsentWords = (name: string): string =>
  `SendEnv or SetEnv ${name} looks like a secret, and would stand in the journal: it is not sent`;

type Bad = (cause: string) => undefined;

const hostIn = (name: string, read: ReturnType<typeof variableReader>): string =>
  (read.text('ansible_host', 'ansible_ssh_host') ?? name).replace(/^\[(.+)\]$/, '$1');

/** `none` is an agent that nobody asks; a `$NAME` of this process is not followed, the session's own agent is asked. */
const agentIn = (value: string | undefined, path: (written: string) => string): string | undefined => {
  if (value === undefined || value === 'SSH_AUTH_SOCK' || value.startsWith('$')) return undefined;
  return value === 'none' ? '' : path(value);
};

/** True for a host that is this machine itself. */
export const isLocal = (vars: Vars): boolean => /^(?:ansible\.builtin\.)?local$/.test(String(lookUp(vars, 'ansible_connection') ?? ''));

/** What would make a command run elsewhere than where we would run it. */
const unsupportedIn = (vars: Vars): string | undefined => {
  const connection = lookUp(vars, 'ansible_connection');
  if (
    connection === undefined ||
    connection === null ||
    isLocal(vars) ||
    /^(?:(?:ansible\.builtin\.)?(?:ssh|paramiko|paramiko_ssh)|smart)$/.test(String(connection))
  )
    return undefined;
  return `ansible_connection: ${shown(connection)}`;
};

/** Of the two words the one that comes first counts. */
const routeIn = (options: ReadonlyMap<string, readonly string[]> | undefined): AddressFound['route'] => {
  if (!routeWords.some(word => options?.has(word))) return undefined;
  for (const keyword of options?.keys() ?? []) {
    const known = routeWords.find(word => word === keyword);
    const value = options?.get(keyword)?.[0];
    if (known !== undefined && value !== undefined && value !== 'none') return { keyword: known, value };
  }
  return undefined;
};

const readArguments = (vars: Vars, bad: Bad) => {
  const found = new Map<string, string[]>();
  const warnings = new Set<string>();
  let configFile: string | undefined;
  for (const variable of ARGUMENT_VARIABLES) {
    const text = textOf(vars, variable, bad);
    if (text === undefined) continue;
    const read = readSshArguments(text, UNDERSTOOD);
    if (!read.ok) {
      bad(`${variable}: ${read.failure}`);
      continue;
    }
    configFile = read.value.configFile ?? configFile;
    for (const [option, values] of read.value.options) {
      const kept = values.flatMap(value => {
        const read = argumentOf(option, value);
        if (read.ok) return [read.value];
        bad(`${variable}: option ${read.failure}`);
        return [];
      });
      // ssh takes the first of most options, and of these all.
      const before = found.get(option) ?? [];
      if (option === 'identityfile') found.set(option, [...before, ...kept.flat()]);
      else if (option === 'sendenv') found.set(option, sentNames(before, kept.flat()));
      else if (!found.has(option) && kept[0] !== undefined) found.set(option, [...kept[0]]);
    }
    for (const other of read.value.wanted.filter(changesSomething)) warnings.add(`${variable}: option ${other} is not honoured yet`);
  }
  return {
    first: (option: string): string | undefined => found.get(option)?.[0],
    all: (option: string): readonly string[] => found.get(option) ?? [],
    warnings: [...warnings],
    found,
    configFile,
  };
};

/** What a value on a command line comes to: it is read as a line of ssh_config. @failure why it cannot be */
const argumentOf = (option: string, value: string): Result<readonly string[], string> => {
  if (option === 'identityfile') return ok(splitPaths(value));
  // Judged with the variables of the same meaning, by their readers.
  if (option === 'port' || option === 'stricthostkeychecking') return ok([value]);
  const words = splitArguments(value);
  if (words === undefined) return fail(`${option}: a quote is not closed`);
  const setting = settingOf(option, words, value);
  if (!setting.ok) return setting;
  return ok(typeof setting.value === 'string' ? [] : setting.value.values);
};

/** Of two names of one variable Ansible lets the longer one win; null and empty text are "not set". */
const variableReader = (vars: Vars, bad: Bad) => ({
  text: (name: string, alias: string): string | undefined => textOf(vars, alias, bad) ?? textOf(vars, name, bad),
  port: (): number | undefined => {
    const variable = isSet(vars, 'ansible_ssh_port') ? 'ansible_ssh_port' : 'ansible_port';
    const value = lookUp(vars, variable);
    if (value === undefined || value === null) return undefined;
    return toPort(value) ?? bad(`${variable} must be a number from 1 to 65535, not ${shown(value)}`);
  },
  /** Seconds for a connect. */
  timeout: (): number | undefined => {
    const variable = isSet(vars, 'ansible_ssh_timeout') ? 'ansible_ssh_timeout' : 'ansible_timeout';
    const value = lookUp(vars, variable);
    if (value === undefined || value === null) return undefined;
    const seconds = typeof value === 'string' && /^[0-9]{1,6}$/.test(value.trim()) ? Number(value) : value;
    if (typeof seconds === 'number' && Number.isInteger(seconds) && seconds >= 1 && seconds <= 86_400) return seconds;
    return bad(`${variable} must be a whole number of seconds from 1 to 86400, not ${shown(value)}`);
  },
  checking: (): 'no' | undefined => {
    const variable = isSet(vars, 'ansible_ssh_host_key_checking') ? 'ansible_ssh_host_key_checking' : 'ansible_host_key_checking';
    const value = lookUp(vars, variable);
    if (value === undefined || value === null) return undefined;
    const word = String(value).toLowerCase();
    if (['false', 'no', 'off', 'n', 'f', '0'].includes(word)) return 'no';
    if (['true', 'yes', 'on', 'y', 't', '1'].includes(word)) return undefined;
    return bad(`${variable} must be true or false, not ${shown(value)}`);
  },
});

const isSet = (vars: Vars, name: string): boolean => (lookUp(vars, name) ?? null) !== null;

const textOf = (vars: Vars, variable: string, bad: Bad): string | undefined => {
  const value = lookUp(vars, variable);
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') return bad(`${variable} must be text, not ${shown(value)}; put it in quotes`);
  if (/[\u0000\n]/.test(value)) return bad(`${variable} must be one line of text`);
  return value.trim() || undefined;
};

const toPort = (value: Value): number | undefined => {
  const port = typeof value === 'string' && /^[0-9]{1,5}$/.test(value.trim()) ? Number(value) : value;
  return typeof port === 'number' && Number.isInteger(port) && port >= 1 && port <= 65_535 ? port : undefined;
};

const portIn = (value: string | undefined, bad: Bad): number | undefined =>
  value === undefined ? undefined : (toPort(value) ?? bad(`option Port must be a number from 1 to 65535, not ${shown(value)}`));

const strictIn = (value: string | undefined, bad: Bad): Address['strictHostKeyChecking'] | undefined => {
  if (value === undefined) return undefined;
  const word = value.toLowerCase();
  return Object.hasOwn(STRICT_WORDS, word)
    ? STRICT_WORDS[word]
    : bad(`option StrictHostKeyChecking must be yes, ask, accept-new or no, not ${shown(value)}`);
};

const shown = (value: Value): string => JSON.stringify(value);

type Known = { readonly host: string; readonly port: number; readonly user: string; readonly name: string };

/** Absolute, with `~` and ssh's `%` tokens replaced; `none` is ssh's word for no file. @see ssh_config(5), TOKENS */
const pathReader = ({ home, cwd, localUser }: AddressDefaults, known: Known) => {
  const tokens: Readonly<Record<string, string>> = {
    '%': '%',
    d: home,
    h: known.host,
    n: known.name,
    p: String(known.port),
    r: known.user,
    u: localUser,
  };
  return (written: string): string => {
    if (written === 'none') return '/dev/null';
    const path = written.replace(/%(.)/g, (whole, token: string) => (Object.hasOwn(tokens, token) ? (tokens[token] ?? whole) : whole));
    return absolute(path, { home, cwd });
  };
};

const absolute = (path: string, { home, cwd }: Pick<AddressDefaults, 'home' | 'cwd'>): string => {
  if (path === '~' || path.startsWith('~/')) return join(home, path.slice(1));
  return isAbsolute(path) ? path : join(cwd, path);
};
