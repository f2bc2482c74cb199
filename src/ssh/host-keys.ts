// The only place that applies StrictHostKeyChecking: which keys to ask a host for, and whether to believe the one it shows.
// It reads and appends known_hosts through the store only.
import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';
import type { Failure } from '../domain/failure.ts';
import { accountOf, type Secrets } from '../domain/need.ts';
import type { Address } from '../remote/ports.ts';
import type { Fails } from './failures.ts';
import { fingerprintOf, type HostKeyVerdict, judgeHostKey, keyTypeOf, knownAuthority, knownKeyTypes, lookupNames } from './known-hosts.ts';
import type { KnownHostsStore } from './known-hosts-store.ts';
import { byOpenssh } from './private-keys.ts';

/** What is known about one host before it is asked. */
export type HostKeyCheck = {
  /** Known types first, so that a host with many keys shows the one that can be compared. */
  readonly serverHostKey: Algorithms['serverHostKey'];
  readonly verify: (blob: Buffer) => Promise<Failure | undefined> | Failure | undefined;
  /** False once a changed key was let pass, because checking is switched off: then no password may be typed there, as in ssh. */
  readonly isTrusted: () => boolean;
};

/** Where keys are looked for. */
export type HostKeyFiles = { readonly home: string; readonly globalFiles: readonly string[]; readonly store: KnownHostsStore };

/** ssh2's own order. */
const DEFAULT_ORDER: readonly ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
];

/** Reads the files of this address. Never rejects. */
export const prepareHostKeyCheck = async (address: Address, files: HostKeyFiles, secrets: Secrets, fails: Fails): Promise<HostKeyCheck> => {
  const { strictHostKeyChecking: strict, hostKeyAlias } = address;
  // An alias stands in known_hosts as it is, without a port.
  const [host, port] = hostKeyAlias === undefined ? [address.host, address.port] : [hostKeyAlias, 22];
  const userFiles = address.knownHostsFiles.length > 0 ? address.knownHostsFiles : defaultFiles(files.home);
  const paths = [...new Set([...userFiles, ...(address.globalKnownHostsFiles ?? files.globalFiles)])];
  const known = await files.store.load(paths);
  let isTrusted = true;

  const refusal = (verdict: HostKeyVerdict, blob: Buffer): Failure | undefined => {
    const shown = `${keyTypeOf(blob)} ${fingerprintOf(blob)}`;
    const facts = { type: keyTypeOf(blob), fingerprint: fingerprintOf(blob), file: 'path' in verdict ? verdict.path : (paths[0] ?? '') };
    if (verdict.kind === 'revoked') {
      return fails('host-key-revoked', `${shown} is revoked at ${verdict.path}:${verdict.line}`, { ...facts, line: verdict.line });
    }
    if (verdict.kind === 'changed' && strict !== 'no') {
      const cause = `it shows ${shown}, but ${verdict.path}:${verdict.line} has another key (${verdict.type})`;
      return fails('host-key-changed', cause, { ...facts, line: verdict.line });
    }
    if (verdict.kind === 'changed') isTrusted = false;
    if (verdict.kind !== 'unknown' || (strict !== 'yes' && strict !== 'ask')) return undefined;
    const authority = knownAuthority(known, host, port);
    if (authority !== undefined) {
      const cause = `${authority.path}:${authority.line} trusts a certificate authority for it, which only ssh itself can check${byOpenssh}`;
      return fails('host-key-unknown', cause, { ...facts, line: authority.line });
    }
    const scan = address.port === 22 ? `ssh-keyscan ${address.host}` : `ssh-keyscan -p ${address.port} ${address.host}`;
    return fails('host-key-unknown', `${shown} is not in ${paths[0]} for ${lookupNames(host, port)[0]} (${scan})`, facts);
  };

  const record = async (blob: Buffer): Promise<Failure | undefined> => {
    try {
      const found = await files.store.append(paths, { host, port, isHashed: address.hashKnownHosts === true }, blob);
      return found.kind === 'unknown' ? undefined : refusal(found, blob);
    } catch (error) {
      // To accept a new key each time, without a memory, would be no check at all.
      const code = String((error as NodeJS.ErrnoException).code ?? '');
      const facts = { type: keyTypeOf(blob), fingerprint: fingerprintOf(blob), file: paths[0] ?? '' };
      return fails('host-key-unknown', `${facts.type} ${facts.fingerprint} cannot be added to ${facts.file} (${code})`, facts);
    }
  };

  /** Where somebody can be asked; a certificate authority is not to be walked past by a yes. */
  const ask = async (blob: Buffer, unknown: Failure): Promise<Failure | undefined> => {
    if (knownAuthority(known, host, port) !== undefined) return unknown;
    const [type, fingerprint, file] = [keyTypeOf(blob), fingerprintOf(blob), paths[0] ?? ''];
    const taken = secrets.take({ kind: 'host-key', account: accountOf(address), type, fingerprint, file });
    if (taken.kind === 'not-now') {
      const { tag, cause, facts } = taken.failure;
      if (tag === 'waits-for-answer') return fails(tag, cause, facts);
      return facts?.['declined'] === 'yes'
        ? fails(unknown.tag, `somebody said no to it, a retry asks again: ${unknown.cause}`, unknown.facts)
        : unknown;
    }
    if (taken.values[0] !== 'yes') {
      taken.settle('refused');
      return unknown;
    }
    const trouble = await record(blob);
    taken.settle(trouble === undefined ? 'accepted' : 'unknown');
    return trouble;
  };

  return {
    isTrusted: () => isTrusted,
    serverHostKey: askFor(knownKeyTypes(known, host, port)),
    verify: blob => {
      const verdict = judgeHostKey(known, host, port, blob);
      if (verdict.kind === 'unknown' && strict === 'accept-new') return record(blob);
      const refused = refusal(verdict, blob);
      return refused !== undefined && verdict.kind === 'unknown' && strict === 'ask' ? ask(blob, refused) : refused;
    },
  };
};

const defaultFiles = (home: string): readonly string[] => [`${home}/.ssh/known_hosts`, `${home}/.ssh/known_hosts2`];

const askFor = (types: readonly string[]): Algorithms['serverHostKey'] => {
  const first = types.flatMap(type => (type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type]));
  const wanted = DEFAULT_ORDER.filter(algorithm => first.includes(algorithm));
  if (wanted.length === 0) return undefined;
  return [...wanted, ...DEFAULT_ORDER.filter(algorithm => !wanted.includes(algorithm))];
};
