// The only place that looks at one host for `rollcall doctor`: it connects as a run would, asks one question, and goes.
// The question writes nothing and starts nothing that outlives it.
import type { Failure } from '../domain/failure.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Address, Transport } from '../remote/ports.ts';
import { fingerprintOf, keyTypeOf, lookupNames } from '../ssh/known-hosts.ts';
import type { KnownHostsStore } from '../ssh/known-hosts-store.ts';
import { wayOf } from './transports.ts';

/** What is known of a host's key: where it stands, or why it is not believed. */
export type HostKeyState = {
  readonly state: 'known' | 'unknown' | 'changed' | 'revoked' | 'unchecked';
  readonly type?: string;
  readonly fingerprint?: string;
  readonly file?: string;
  readonly line?: number;
};

/** What the host said of itself. Sizes in bytes, times in seconds. */
export type Surroundings = {
  readonly sh?: string;
  readonly loginShell?: string;
  readonly home?: string;
  readonly free?: number;
  readonly isWritable: boolean;
  /** How far its clock is ahead of ours. */
  readonly skew?: number;
};

/** One host, looked at. */
export type Examined = {
  readonly host: string;
  readonly address: Address;
  readonly transport: 'ssh2' | 'openssh' | 'local';
  readonly failure?: Failure;
  readonly key?: string;
  readonly hostKey?: HostKeyState;
  /** Time for the login, and for one question and its answer, ms. */
  readonly login?: number;
  readonly latency?: number;
  readonly there?: Surroundings;
};

/** What a host showed and let in, by its address; filled while it is connected to. */
export type Seen = { readonly keys: Map<Address, Buffer>; readonly logins: Map<Address, string> };

/** What looking needs. Times in ms. */
export type ExamineParts = {
  readonly transport: Transport;
  readonly seen: Seen;
  readonly knownHosts: KnownHostsStore;
  readonly home: string;
  readonly globalKnownHostsFiles: readonly string[];
  readonly now: () => number;
  readonly wall: () => number;
  readonly nonce: () => string;
};

/** Never rejects. */
export const examine = async (host: string, address: Address, parts: ExamineParts): Promise<Examined> => {
  const transport = wayOf(address);
  const base = { host, address, transport } as const;
  const begun = parts.now();
  const connection = await parts.transport.connect(address);
  const login = parts.now() - begun;
  const key = parts.seen.logins.get(address);
  if (!connection.ok) {
    const hostKey = await refusedKey(connection.failure, address, parts);
    return { ...base, failure: connection.failure, ...(hostKey !== undefined && { hostKey }) };
  }
  const nonce = parts.nonce();
  const asked = parts.wall();
  const reply = await connection.value.exec(questionOf(nonce), new Uint8Array());
  const answered = parts.wall();
  const before = parts.now();
  const echo = reply.ok ? await connection.value.exec(':', new Uint8Array()) : reply;
  const latency = parts.now() - before;
  connection.value.close();
  await connection.value.closed;
  const hostKey = address.local === true ? undefined : await knownKey(address, parts);
  const found = { ...base, login, ...(hostKey !== undefined && { hostKey }), ...(key !== undefined && { key }) };
  if (!reply.ok) return { ...found, failure: reply.failure };
  const there = readAnswer(Buffer.from(reply.value.stdout).toString(), nonce, (asked + answered) / 2);
  if (there === undefined) {
    const said = safeText(Buffer.concat([reply.value.stdout, reply.value.stderr]).toString(), 120).trim();
    const cause = said === '' ? `it ended with ${reply.value.code ?? 'no status'} and said nothing` : `it answers "${said}"`;
    return { ...found, failure: { tag: 'restricted', host, cause } };
  }
  return { ...found, there, ...(echo.ok && { latency }) };
};

/** As all that is sent to login shells: no newline, backslash, `!` or inner single quote. */
const questionOf = (nonce: string): string =>
  `exec /bin/sh -c 'echo; echo "A $1"; echo "sh $(readlink -f /bin/sh 2>/dev/null || echo /bin/sh) $BASH_VERSION$KSH_VERSION$YASH_VERSION"; ` +
  `echo "shell $SHELL"; echo "home $HOME"; test -w "$HOME" && echo "writable yes"; echo "now $(date +%s)"; ` +
  `echo "free $(df -Pk "$HOME" 2>/dev/null | tail -n 1)"; echo "Z $1"' rollcall ${nonce}`;

/** Undefined: there is no whole answer. Whatever an rc file says before it counts for nothing. */
const readAnswer = (text: string, nonce: string, at: number): Surroundings | undefined => {
  const start = text.indexOf(`\nA ${nonce}\n`);
  const end = text.indexOf(`\nZ ${nonce}\n`, start);
  if (start === -1 || end === -1) return undefined;
  const said = new Map<string, string>();
  for (const line of text.slice(start, end).split('\n')) {
    const [, word = '', rest = ''] = /^([a-z]+) (.*)$/.exec(line) ?? [];
    if (word !== '') said.set(word, safeText(rest, 200).trim());
  }
  const blocks = /\s(\d+)\s+\d+%\s/.exec(` ${said.get('free') ?? ''} `)?.[1];
  const now = Number(said.get('now') || Number.NaN);
  const sh = (said.get('sh') ?? '').replace(/^\S*\//, '').replace(/ @\(#\)|\(\d+\)-release/g, '');
  return {
    ...(sh !== '' && { sh }),
    ...(said.get('shell') && { loginShell: said.get('shell') ?? '' }),
    ...(said.get('home') && { home: said.get('home') ?? '' }),
    ...(blocks !== undefined && { free: Number(blocks) * 1024 }),
    isWritable: said.get('writable') === 'yes',
    ...(Number.isFinite(now) && { skew: Math.round(now + 0.5 - at / 1000) }),
  };
};

const states: Readonly<Partial<Record<Failure['tag'], HostKeyState['state']>>> = {
  'host-key-unknown': 'unknown',
  'host-key-changed': 'changed',
  'host-key-revoked': 'revoked',
};

const refusedKey = async ({ tag, facts }: Failure, address: Address, parts: ExamineParts): Promise<HostKeyState | undefined> => {
  const state = states[tag];
  if (state === undefined) return parts.seen.keys.has(address) ? knownKey(address, parts) : undefined;
  return {
    state,
    ...(facts?.['type'] !== undefined && { type: String(facts['type']) }),
    ...(facts?.['fingerprint'] !== undefined && { fingerprint: String(facts['fingerprint']) }),
    ...(facts?.['file'] !== undefined && { file: String(facts['file']) }),
    ...(facts?.['line'] !== undefined && { line: Number(facts['line']) }),
  };
};

/** Where the key stands that a host showed and that was believed. */
const knownKey = async (address: Address, { seen, knownHosts, home, globalKnownHostsFiles }: ExamineParts): Promise<HostKeyState> => {
  const blob = seen.keys.get(address);
  // The system's ssh has judged it, and does not say by which line.
  if (blob === undefined) return { state: address.system === undefined ? 'unchecked' : 'known' };
  const own =
    address.knownHostsFiles.length > 0 ? address.knownHostsFiles : ['known_hosts', 'known_hosts2'].map(name => `${home}/.ssh/${name}`);
  const files = await knownHosts.load([...new Set([...own, ...(address.globalKnownHostsFiles ?? globalKnownHostsFiles)])]);
  const shown = blob.toString('base64');
  const facts = { type: keyTypeOf(blob), fingerprint: fingerprintOf(blob) };
  for (const name of address.hostKeyAlias === undefined ? lookupNames(address.host, address.port) : lookupNames(address.hostKeyAlias, 22))
    for (const { path, hosts } of files) {
      const found = hosts.find(name).find(({ base64, marker }) => base64 === shown && marker === 'none');
      if (found !== undefined) return { state: 'known', ...facts, file: path, line: found.line };
    }
  return { state: 'unchecked', ...facts };
};
