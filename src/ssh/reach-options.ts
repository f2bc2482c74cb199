// The only place that reads from ssh's options how a connection itself is made: from where, how long, with what, in which
// surroundings. It makes fields of an address, absent where nobody said anything: ten thousand addresses are journalled.
// @see ssh_config(5)
import type { Address } from '../remote/ports.ts';
import { matchesPattern } from './pattern.ts';

/** Options of one host, those of command lines before those of ssh_config, in ssh's own words. @see config-keywords.ts */
export type OptionReader = {
  readonly first: (keyword: string) => string | undefined;
  readonly all: (keyword: string) => readonly string[];
};

/** Times for the connect, for the handshake after it, and for one command to end, seconds; absent where nobody said anything. */
export type SaidTimeouts = { readonly connect?: number; readonly handshake?: number; readonly reply?: number };

/** What reading needs besides. */
export type ReachWorld = {
  /** Makes a path absolute, its tokens replaced. */
  readonly path: (written: string) => string;
  /** Of the client's session, for SendEnv. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Said outside of ssh's options: that of the connect wins over ConnectTimeout. */
  readonly timeouts: SaidTimeouts;
};

type Reach = Pick<
  Address,
  | 'addressFamily'
  | 'algorithms'
  | 'bindAddress'
  | 'bindInterface'
  | 'connectTimeout'
  | 'handshakeTimeout'
  | 'replyTimeout'
  | 'environment'
  | 'globalKnownHostsFiles'
  | 'hashKnownHosts'
  | 'preferredAuthentications'
  | 'serverAlive'
>;

/** The fields, and names of variables that are not sent because their values are nobody's to keep. */
export const reachOf = (said: OptionReader, world: ReachWorld): { readonly reach: Reach; readonly unsent: readonly string[] } => {
  const { first } = said;
  const family = { inet: 4, inet6: 6 }[first('addressfamily') ?? ''] as 4 | 6 | undefined;
  const [bindAddress, bindInterface] = [first('bindaddress'), first('bindinterface')];
  const algorithms = Object.fromEntries(
    (['ciphers', 'hostkeyalgorithms', 'kexalgorithms', 'macs'] as const).flatMap(kind => {
      const written = first(kind);
      return written === undefined ? [] : [[kind, written]];
    }),
  );
  const { connect, handshake, reply } = world.timeouts;
  const connectTimeout = connect ?? (Number(first('connecttimeout') ?? 0) || 0);
  const globalFiles = said.all('globalknownhostsfile');
  const preferred = preferredOf(said);
  const serverAlive = serverAliveOf(said);
  const { sent, unsent } = environmentOf(said, world.env);
  return {
    unsent,
    reach: {
      ...(globalFiles.length > 0 && { globalKnownHostsFiles: globalFiles.map(world.path) }),
      ...(first('hashknownhosts') === 'yes' && { hashKnownHosts: true }),
      ...(preferred !== undefined && { preferredAuthentications: preferred }),
      ...(family !== undefined && { addressFamily: family }),
      ...(bindAddress !== undefined && { bindAddress }),
      ...(bindInterface !== undefined && { bindInterface }),
      ...(Object.keys(algorithms).length > 0 && { algorithms }),
      ...(connectTimeout > 0 && { connectTimeout }),
      ...(handshake !== undefined && { handshakeTimeout: handshake }),
      ...(reply !== undefined && { replyTimeout: reply }),
      ...(serverAlive !== undefined && { serverAlive }),
      ...(Object.keys(sent).length > 0 && { environment: sent }),
    },
  };
};

/** OpenSSH's own order. */
const usualMethods = ['gssapi-with-mic', 'hostbased', 'publickey', 'keyboard-interactive', 'password'];

const switches: Readonly<Record<string, string>> = {
  'keyboard-interactive': 'kbdinteractiveauthentication',
  password: 'passwordauthentication',
  publickey: 'pubkeyauthentication',
};

const isOff = (value: string | undefined): boolean => value === 'no' || value === 'false';

const preferredOf = ({ first }: OptionReader): readonly string[] | undefined => {
  const written = first('preferredauthentications');
  const isOn = (method: string): boolean => !isOff(first(switches[method] ?? ''));
  if (written === undefined && usualMethods.every(isOn)) return undefined;
  return (written?.split(',') ?? usualMethods).filter(isOn);
};

/** An interval of 0 is none, as ssh has it; where nobody says anything our own stands. */
const serverAliveOf = ({ first }: OptionReader): Address['serverAlive'] => {
  const [every, times] = [first('serveraliveinterval'), first('serveralivecountmax')];
  if (every === undefined) return undefined;
  return { every: Number(every) || 0, times: Number(times ?? 3) };
};

/** Journals and process lists are read by others. */
const isSecret = (name: string): boolean => /PASS|SECRET|TOKEN|CREDENTIAL|PRIVATE|API_?KEY|ACCESS_KEY/i.test(name);

type Sent = readonly (readonly [string, string | undefined])[];
const remembered = new WeakMap<object, Map<string, Sent>>();

/** Every host of a fleet asks for the same variables, and to read them all takes a while: they are looked for once. */
const sentBy = (env: ReachWorld['env'], patterns: readonly string[]): Sent => {
  if (patterns.length === 0) return [];
  const known = remembered.get(env) ?? new Map<string, Sent>();
  remembered.set(env, known);
  const key = patterns.join(' ');
  const sent = known.get(key) ?? Object.entries(env).filter(([name]) => patterns.some(pattern => matchesPattern(name, pattern)));
  known.set(key, sent);
  return sent;
};

const environmentOf = (said: OptionReader, env: ReachWorld['env']): { sent: Record<string, string>; unsent: readonly string[] } => {
  const found = sentBy(env, said.all('sendenv'));
  const set = said.all('setenv').map(written => {
    const at = written.indexOf('=');
    return [written.slice(0, at), written.slice(at + 1)] as const;
  });
  const sent: Record<string, string> = {};
  const unsent = new Set<string>();
  for (const [name, value] of [...found, ...set]) {
    if (isSecret(name)) unsent.add(name);
    else if (value !== undefined && name !== '') sent[name] = value;
  }
  return { sent, unsent: [...unsent] };
};
