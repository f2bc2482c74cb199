// The only place that reads the known_hosts format: pure over text, it never opens a file.
// It answers what OpenSSH 9.2 was seen to answer, also where its manual says less.
// @see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT
import { createHash, createHmac, hash } from 'node:crypto';
import { matchesPatternList } from './pattern.ts';

/** One key that a file holds for some host. */
export type KnownKey = {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** As in the file: `ssh-ed25519`, `ssh-rsa` … */
  readonly type: string;
  /** The key's blob in base64, as in the file. */
  readonly base64: string;
  /** Line number from 1. */
  readonly line: number;
};

/** The lines of one file, made to be asked often. */
export type KnownHosts = {
  /** Keys of the lines that match this name, which is either plain or `[host]:port` (see {@link lookupNames}). */
  find(name: string): readonly KnownKey[];
  /** Takes in lines that were appended to the file. */
  add(text: string): void;
};

/** A file that was asked, with what it holds. */
export type KnownHostsFile = { readonly path: string; readonly hosts: KnownHosts };

/** What the files say about the key that a host shows. */
export type HostKeyVerdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'changed'; readonly path: string; readonly line: number; readonly type: string }
  | { readonly kind: 'revoked'; readonly path: string; readonly line: number };

type Entry = { readonly key: KnownKey; readonly patterns: readonly string[] };
type HashedEntry = { readonly key: KnownKey; readonly matches: (name: Buffer) => boolean };

/** Reads a whole file. Lines that make no sense are passed over, as ssh does. */
export const parseKnownHosts = (text: string): KnownHosts => {
  const byName = new Map<string, KnownKey[]>();
  const withPatterns: Entry[] = [];
  let hashed: HashedEntry[] = [];
  let scanned = new Set<string>();
  let lines = 0;

  const file = (name: string, key: KnownKey): void => {
    const keys = byName.get(name);
    if (keys === undefined) byName.set(name, [key]);
    else keys.push(key);
  };

  const add = (more: string): void => {
    for (const line of more.split('\n')) {
      lines++;
      const parsed = parseLine(line, lines);
      if (parsed === undefined) continue;
      const { names, key } = parsed;
      if (names.startsWith('|')) {
        const entry = hashedEntry(names, key);
        if (entry !== undefined) hashed.push(entry);
        continue;
      }
      const patterns = names.toLowerCase().split(',').filter(Boolean);
      if (patterns.some(isPattern)) withPatterns.push({ key, patterns });
      else for (const name of patterns) file(name, key);
    }
    if (more.endsWith('\n')) lines--;
    scanned = new Set();
  };

  // A hash names one host only: found once, it moves to the plain names and is never computed again.
  const unhash = (name: string): void => {
    if (hashed.length === 0 || scanned.has(name)) return;
    scanned.add(name);
    const bytes = Buffer.from(name);
    const rest: HashedEntry[] = [];
    for (const entry of hashed) {
      if (entry.matches(bytes)) file(name, entry.key);
      else rest.push(entry);
    }
    if (rest.length < hashed.length) hashed = rest;
  };

  add(text);
  return {
    add,
    find: name => {
      const wanted = name.toLowerCase();
      unhash(wanted);
      const plain = byName.get(wanted) ?? [];
      const matched = withPatterns.filter(entry => matchesPatternList(wanted, entry.patterns)).map(entry => entry.key);
      return matched.length === 0 ? plain : [...plain, ...matched];
    },
  };
};

const parseLine = (line: string, number: number): { names: string; key: KnownKey } | undefined => {
  const fields = line.trim().split(/[ \t]+/);
  if (fields[0] === undefined || fields[0] === '' || fields[0].startsWith('#')) return undefined;
  const marker = fields[0].startsWith('@') ? fields.shift() : undefined;
  const [names, type, base64] = fields;
  if (names === undefined || type === undefined || base64 === undefined || !/^[A-Za-z]/.test(type)) return undefined;
  if (marker !== undefined && marker !== '@revoked' && marker !== '@cert-authority') return undefined;
  const kind = marker === '@revoked' ? 'revoked' : marker === '@cert-authority' ? 'cert-authority' : 'none';
  return { names, key: { marker: kind, type, base64, line: number } };
};

/**
 * `|1|salt|digest`: base64 of an HMAC-SHA1 of the name, with the salt as its key.
 * The HMAC is written out (RFC 2104), because two one-shot hashes cost a quarter of Node's Hmac object, and a name is tried on every line.
 */
const hashedEntry = (names: string, key: KnownKey): HashedEntry | undefined => {
  const [, version, salt, digest] = names.split('|');
  if (version !== '1' || salt === undefined || digest === undefined) return undefined;
  const secret = Buffer.from(salt, 'base64').subarray(0, SHA1_BLOCK);
  const wanted = Buffer.from(digest, 'base64').toString('base64');
  const padded = (filler: number, size: number): Buffer => {
    const block = Buffer.alloc(size, filler);
    for (let at = 0; at < secret.length; at++) block[at] = (secret[at] ?? 0) ^ filler;
    return block;
  };
  const inner = padded(0x36, SHA1_BLOCK);
  const outer = padded(0x5c, SHA1_BLOCK + SHA1_SIZE);
  const matches = (name: Buffer): boolean => {
    hash('sha1', Buffer.concat([inner, name]), 'buffer').copy(outer, SHA1_BLOCK);
    return hash('sha1', outer, 'base64') === wanted;
  };
  return { key, matches };
};

const SHA1_BLOCK = 64;
const SHA1_SIZE = 20;

const isPattern = (name: string): boolean => /[*?!]/.test(name);

/**
 * Names to look a host up by, best first. On another port than 22 the plain name is second choice:
 * ssh accepts a key that is known for it, but does not call another key "changed" because of it.
 */
export const lookupNames = (host: string, port: number): readonly [string, ...string[]] => {
  const plain = host.toLowerCase();
  return port === 22 ? [plain] : [`[${plain}]:${port}`, plain];
};

/** Judges the key blob that a host shows. Any other key on a matching line, of whatever type, means *changed*, as in ssh. */
export const judgeHostKey = (files: readonly KnownHostsFile[], host: string, port: number, blob: Buffer): HostKeyVerdict => {
  const [first, ...others] = lookupNames(host, port);
  const verdict = judgeName(files, first, blob);
  if (verdict.kind !== 'unknown') return verdict;
  for (const name of others) {
    const second = judgeName(files, name, blob);
    if (second.kind === 'known' || second.kind === 'revoked') return second;
  }
  return verdict;
};

const judgeName = (files: readonly KnownHostsFile[], name: string, blob: Buffer): HostKeyVerdict => {
  const shown = blob.toString('base64');
  const type = keyTypeOf(blob);
  let known = false;
  let other: { path: string; line: number; type: string } | undefined;
  for (const { path, hosts } of files) {
    for (const key of hosts.find(name)) {
      if (key.marker === 'cert-authority' || !isSound(key)) continue;
      const same = key.base64 === shown || Buffer.from(key.base64, 'base64').equals(blob);
      if (same && key.marker === 'revoked') return { kind: 'revoked', path, line: key.line };
      if (key.marker === 'revoked') continue;
      if (same) known = true;
      else if (other === undefined || (other.type !== type && key.type === type)) other = { path, line: key.line, type: key.type };
    }
  }
  if (known) return { kind: 'known' };
  return other === undefined ? { kind: 'unknown' } : { kind: 'changed', ...other };
};

/** Types of the keys that are known for a host, best name first, each once: what to ask the host for. */
export const knownKeyTypes = (files: readonly KnownHostsFile[], host: string, port: number): readonly string[] => {
  for (const name of lookupNames(host, port)) {
    const keys = files.flatMap(file => file.hosts.find(name)).filter(key => key.marker === 'none' && isSound(key));
    if (keys.length > 0) return [...new Set(keys.map(key => key.type))];
  }
  return [];
};

/** A line whose blob is not of the type it claims is damaged; ssh passes over it. */
const isSound = (key: KnownKey): boolean => keyTypeOf(Buffer.from(key.base64, 'base64')) === key.type;

/** The first string of a key blob. @see RFC 4253 section 6.6 */
export const keyTypeOf = (blob: Buffer): string => (blob.length < 4 ? '' : blob.toString('latin1', 4, 4 + blob.readUInt32BE(0)));

/** As `ssh-keygen -l` prints it: SHA-256 in base64 without padding. */
export const fingerprintOf = (blob: Buffer): string => `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;

/** Where a certificate authority is trusted for a host, if one is. */
export const knownAuthority = (
  files: readonly KnownHostsFile[],
  host: string,
  port: number,
): { readonly path: string; readonly line: number } | undefined => {
  for (const { path, hosts } of files) {
    for (const name of lookupNames(host, port)) {
      const found = hosts.find(name).find(key => key.marker === 'cert-authority');
      if (found !== undefined) return { path, line: found.line };
    }
  }
  return undefined;
};

/**
 * The line that records a key, with its line end.
 * @param salt twenty random bytes: the name is hashed with them; absent: it stands there as it is
 */
export const knownHostsLine = (host: string, port: number, blob: Buffer, salt?: Buffer): string => {
  const [name] = lookupNames(host, port);
  return `${salt === undefined ? name : hashedName(name, salt)} ${keyTypeOf(blob)} ${blob.toString('base64')}\n`;
};

const hashedName = (name: string, salt: Buffer): string =>
  `|1|${salt.toString('base64')}|${createHmac('sha1', salt).update(name).digest('base64')}`;
