// The only place that opens private key files: each version of a file is read and parsed once.
// A key that cannot be used is told with its reason; where its public half can be read, an agent may still hold it.
import { createPrivateKey } from 'node:crypto';
import { type FileHandle, open, readFile, stat } from 'node:fs/promises';
import ssh2, { type ParsedKey } from 'ssh2';

/** What a key file turned out to be. */
export type PrivateKey =
  | { readonly kind: 'usable'; readonly path: string; readonly key: ParsedKey; readonly publicBlob: Buffer }
  | LockedKey
  | {
      readonly kind: 'unusable';
      readonly path: string;
      /** Completes the sentence "PATH: …". */
      readonly why: string;
      readonly missing: boolean;
      /** Present when an agent may sign for it. */
      readonly publicBlob?: Buffer;
    };

/** A key file with a passphrase. What it holds is kept once it was opened, here in memory. */
export type LockedKey = {
  readonly kind: 'locked';
  readonly path: string;
  /** Absent: the format hides it, and there is no `PATH.pub`. */
  readonly publicBlob?: Buffer;
  /** The key, once somebody has opened it. */
  opened(): ParsedKey | undefined;
  /** Takes a quarter of a second. `unfit`: the passphrase is right, and the key of a kind that is not known here. */
  open(passphrase: string): 'opened' | 'wrong' | 'unfit';
};

/** Reads key files. Never rejects. */
export type PrivateKeys = { load(path: string): Promise<PrivateKey> };

const BIGGEST_KEY = 256 * 1024;

/** @param uid the user whose files must be private, as OpenSSH demands; absent where the system has no users */
export const makePrivateKeys = (uid: number | undefined): PrivateKeys => {
  const versions = new Map<string, { stamp: string; key: Promise<PrivateKey> }>();
  return {
    load: async path => {
      let stamp: string;
      try {
        const { mtimeMs, size, ino, mode, uid: owner } = await stat(path);
        stamp = `${mtimeMs}:${size}:${ino}:${mode}:${owner}`;
      } catch (error) {
        versions.delete(path);
        return unusable(path, systemWords(error), isMissing(error));
      }
      const kept = versions.get(path);
      if (kept?.stamp === stamp) return kept.key;
      const key = read(path, uid);
      versions.set(path, { stamp, key });
      return key;
    },
  };
};

const unusable = (path: string, why: string, missing = false, publicBlob?: Buffer): PrivateKey => ({
  kind: 'unusable',
  path,
  why,
  missing,
  ...(publicBlob === undefined ? {} : { publicBlob }),
});

const read = async (path: string, uid: number | undefined): Promise<PrivateKey> => {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch (error) {
    return unusable(path, systemWords(error), isMissing(error));
  }
  try {
    const facts = await file.stat();
    if (facts.isDirectory()) return unusable(path, 'it is a folder');
    if (facts.size > BIGGEST_KEY) return unusable(path, 'it is too big for a private key');
    const text = await file.readFile('utf8');
    const parsed = parse(path, text, await readPublicHalf(path, text));
    const open = facts.mode & 0o077;
    if (parsed.kind !== 'unusable' && open !== 0 && facts.uid === uid) {
      const mode = (facts.mode & 0o777).toString(8).padStart(4, '0');
      return unusable(path, `its mode ${mode} is too open; chmod 600 it`, false, parsed.publicBlob);
    }
    return parsed;
  } catch (error) {
    return unusable(path, systemWords(error));
  } finally {
    await file.close();
  }
};

const parse = (path: string, text: string, publicBlob: Buffer | undefined): PrivateKey => {
  const parsed = ssh2.utils.parseKey(fromPkcs8(text) ?? text);
  // The format allows several keys in one file; ssh-keygen never wrote more than one.
  const key: ParsedKey | Error | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
  if (isEncrypted(text, key instanceof Error ? key.message : '')) return locked(path, text, publicBlob);
  if (key === undefined || key instanceof Error) return unusable(path, whyNot(text), false, publicBlob);
  if (!key.isPrivateKey()) return unusable(path, 'it is a public key', false, key.getPublicSSH());
  return { kind: 'usable', path, key, publicBlob: key.getPublicSSH() };
};

const locked = (path: string, text: string, publicBlob: Buffer | undefined): LockedKey => {
  let opened: ParsedKey | undefined;
  return {
    kind: 'locked',
    path,
    ...(publicBlob === undefined ? {} : { publicBlob }),
    opened: () => opened,
    open: passphrase => {
      if (opened !== undefined) return 'opened';
      const clear = fromPkcs8(text, passphrase);
      if (clear === undefined) return 'wrong';
      const parsed = ssh2.utils.parseKey(clear, passphrase);
      const key: ParsedKey | Error | undefined = Array.isArray(parsed) ? parsed[0] : parsed;
      if (key === undefined || key instanceof Error) return clear === text ? 'wrong' : 'unfit';
      opened = key;
      return 'opened';
    },
  };
};

/**
 * ssh2 does not read PKCS#8, which terraform and openssl write; the system's own crypto can rewrite it, but for ed25519.
 * @returns undefined: the passphrase is wrong
 */
const fromPkcs8 = (text: string, passphrase?: string): string | undefined => {
  if (!/-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/.test(text)) return text;
  try {
    const key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
    if (key.asymmetricKeyType === 'rsa') return key.export({ type: 'pkcs1', format: 'pem' }).toString();
    if (key.asymmetricKeyType === 'ec') return key.export({ type: 'sec1', format: 'pem' }).toString();
    return key.export({ type: 'pkcs8', format: 'pem' }).toString();
  } catch {
    return passphrase === undefined ? text : undefined;
  }
};

const isEncrypted = (text: string, message: string): boolean =>
  /no passphrase given/.test(message) || /^-----BEGIN ENCRYPTED |^Proc-Type: 4,ENCRYPTED/m.test(text);

const whyNot = (text: string): string => {
  if (publicHalfOf(text)?.toString('latin1', 4, 7) === 'sk-') return `it is a security key, which only ssh itself can use${byOpenssh}`;
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) return 'its format is not known here; rewrite it with ssh-keygen -p';
  return 'it is not a private key';
};

/** What to do about whatever ssh2 has no words for. */
export const byOpenssh = '; give --transport openssh';

/** The public half stands unencrypted in OpenSSH's own format, and beside the other formats in `PATH.pub`. */
const readPublicHalf = async (path: string, text: string): Promise<Buffer | undefined> => {
  const inside = publicHalfOf(text);
  if (inside !== undefined || !text.includes('PRIVATE KEY')) return inside;
  const beside = await readFile(`${path}.pub`, 'utf8').catch(() => '');
  const base64 = beside.trim().split(/\s+/)[1];
  return base64 === undefined ? undefined : Buffer.from(base64, 'base64');
};

/** @see PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, number of keys, public key */
const publicHalfOf = (text: string): Buffer | undefined => {
  const body = /-----BEGIN OPENSSH PRIVATE KEY-----([^-]+)-----END/.exec(text)?.[1];
  if (body === undefined) return undefined;
  const blob = Buffer.from(body, 'base64');
  if (blob.toString('latin1', 0, 15) !== 'openssh-key-v1\0') return undefined;
  let at = 15;
  const next = (): Buffer | undefined => {
    if (at + 4 > blob.length) return undefined;
    const start = at + 4;
    at = start + blob.readUInt32BE(at);
    return at > blob.length ? undefined : blob.subarray(start, at);
  };
  for (let skipped = 0; skipped < 3; skipped++) if (next() === undefined) return undefined;
  at += 4;
  return next();
};

const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR'].includes(codeOf(error));

const codeOf = (error: unknown): string => String((error as { code?: unknown } | undefined)?.code ?? '');

const systemWords = (error: unknown): string => {
  if (isMissing(error)) return 'no such file';
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return `it cannot be read (${code})`;
};
