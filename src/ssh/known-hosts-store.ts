// The only place that opens known_hosts files: reads each version of a file once, and appends what `accept-new` accepts.
// It never rewrites a file and never judges a key.
import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readFile, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type HostKeyVerdict, judgeHostKey, type KnownHosts, type KnownHostsFile, knownHostsLine, parseKnownHosts } from './known-hosts.ts';

/** The files of one host, as they are now. */
export type KnownHostsStore = {
  /** Files that do not exist or cannot be read count as empty, as in ssh. Never rejects. */
  load(paths: readonly string[]): Promise<readonly KnownHostsFile[]>;
  /**
   * Appends a key to the first of the files, unless meanwhile they have come to know it or to contradict it.
   * Appends to one file wait for each other; other processes are met by O_APPEND.
   * @returns the verdict that made the append needless or wrong, or `unknown` once the key is written
   * @throws the system's error when the file cannot be written
   */
  append(paths: readonly string[], who: NewHost, blob: Buffer): Promise<HostKeyVerdict>;
};

/** Under which name a key is added. */
export type NewHost = { readonly host: string; readonly port: number; readonly isHashed: boolean };

type Version = { readonly stamp: string; readonly size: number; readonly hosts: KnownHosts };

/**
 * @param salt random bytes for a hashed name
 * @returns a store without files read yet; it keeps one version of each file
 */
export const makeKnownHostsStore = (salt: () => Buffer = () => randomBytes(20)): KnownHostsStore => {
  const versions = new Map<string, Promise<Version>>();
  const queues = new Map<string, Promise<unknown>>();

  const current = async (path: string): Promise<Version> => {
    const kept = versions.get(path);
    const [stamp, version] = await Promise.all([stampOf(path), kept]);
    if (version !== undefined && version.stamp === stamp) return version;
    // Somebody else may have begun to read the new version while this call looked at the file.
    const newer = versions.get(path);
    if (newer !== undefined && newer !== kept) return newer;
    const reading = readVersion(path, stamp);
    versions.set(path, reading);
    return reading;
  };

  const load = (paths: readonly string[]): Promise<readonly KnownHostsFile[]> =>
    Promise.all(paths.map(async path => ({ path, hosts: (await current(path)).hosts })));

  const write = async (paths: readonly string[], { host, port, isHashed }: NewHost, blob: Buffer): Promise<HostKeyVerdict> => {
    const verdict = judgeHostKey(await load(paths), host, port, blob);
    const path = paths[0];
    if (verdict.kind !== 'unknown' || path === undefined) return verdict;
    const line = knownHostsLine(host, port, blob, isHashed ? salt() : undefined);
    const before = await current(path);
    const written = await appendLine(path, line);
    // Our own line is the only change: take it in, rather than read thousands of lines again for each new host.
    if (written.sizeBefore === before.size && written.text === line) {
      before.hosts.add(line);
      const size = before.size + Buffer.byteLength(line);
      versions.set(path, Promise.resolve({ stamp: written.stamp, size, hosts: before.hosts }));
    }
    return verdict;
  };

  return {
    load,
    append: (paths, who, blob) => {
      const key = paths[0] ?? '';
      const turn = (queues.get(key) ?? Promise.resolve()).then(() => write(paths, who, blob));
      queues.set(
        key,
        turn.catch(() => undefined),
      );
      return turn;
    },
  };
};

const ABSENT = 'absent';

/** Names a version of a file. Modification time alone has the grain of the file system, so size and inode stand with it. */
const stampOf = async (path: string): Promise<string> => {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    return stamp(mtimeMs, size, ino);
  } catch {
    return ABSENT;
  }
};

const stamp = (mtimeMs: number, size: number, ino: number): string => `${mtimeMs}:${size}:${ino}`;

const readVersion = async (path: string, stampBefore: string): Promise<Version> => {
  const text = stampBefore === ABSENT ? '' : await readFile(path, 'latin1').catch(() => '');
  return { stamp: stampBefore, size: text.length, hosts: parseKnownHosts(text) };
};

/** @returns what was written, where, and the version after it; no text when it cannot be told, as with /dev/null or other writers. */
const appendLine = async (path: string, line: string): Promise<{ sizeBefore: number; text: string; stamp: string }> => {
  const file = await openToAppend(path);
  try {
    const before = await file.stat();
    const last = Buffer.alloc(1);
    if (before.size > 0) await file.read(last, 0, 1, before.size - 1);
    const text = before.size > 0 && last[0] !== 0x0a ? `\n${line}` : line;
    await file.appendFile(text);
    const after = await file.stat();
    const whole = after.size === before.size + Buffer.byteLength(text);
    return { sizeBefore: before.size, text: whole ? text : '', stamp: stamp(after.mtimeMs, after.size, after.ino) };
  } finally {
    await file.close();
  }
};

const openToAppend = async (path: string): Promise<FileHandle> => {
  try {
    return await open(path, 'a+', 0o600);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    return open(path, 'a+', 0o600);
  }
};
