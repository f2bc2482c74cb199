// The only place that knows where a job's output lies on this disk: one file per stream, bytes as the host sent them.
// Files only; what counts of them stands in the journal.
import { closeSync, fstatSync, fsyncSync, ftruncateSync, openSync, readSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type Jid, type OutputStream, parseAnsibleJid, parseJid } from '../domain/job.ts';
import type { OutputBytes } from './entry.ts';
import { makeSubfolder, openFile } from './state-folder.ts';

/**
 * The file of one stream. Folders are named by the last two digits before the attempt: the first ones of an 80-bit
 * number in 25 digits are nearly always the same.
 * @throws Error for what is no jid: it names a path
 */
export const outputPath = (stateDir: string, jid: Jid, stream: OutputStream): string => {
  if ((parseJid(jid) ?? parseAnsibleJid(jid)) === undefined) throw new Error(`not a jid: ${jid}`);
  return join(stateDir, 'output', jid.slice(24, 26) || 'ansible', `${jid}.${stream}`);
};

/** Open output files, at most so many at once; the one unused for longest makes room. */
export type OutputFiles = {
  /** Writes at the offset. @throws the file system's error; what was written then does not count */
  write(output: OutputBytes): void;
  /** Cuts a file that is longer than `counted`; tells how long it is now, 0 when missing. */
  cutBack(jid: Jid, stream: OutputStream, counted: number): number;
  /** Bytes of both streams. */
  sizeOf(jid: Jid): number;
  /** Resolves when both streams are on disk, whatever happens to the power. @throws the file system's error */
  sync(jid: Jid): void;
  /** Removes both streams. @throws the file system's error */
  remove(jid: Jid): void;
  close(): void;
};

/** @param most file handles kept open */
export const openOutputFiles = (stateDir: string, most = 128): OutputFiles => {
  const handles = new Map<string, number>();

  const handleOf = (path: string): number => {
    const open = handles.get(path);
    if (open !== undefined) {
      handles.delete(path);
      handles.set(path, open);
      return open;
    }
    for (const [oldest, handle] of handles) {
      if (handles.size < most) break;
      handles.delete(oldest);
      closeSync(handle);
    }
    const opened = openOrMake(stateDir, path);
    handles.set(path, opened);
    return opened;
  };

  return {
    write({ jid, stream, offset, bytes }) {
      const handle = handleOf(outputPath(stateDir, jid, stream));
      for (let done = 0; done < bytes.length; ) done += writeSync(handle, bytes, done, bytes.length - done, offset + done);
    },
    cutBack(jid, stream, counted) {
      let handle: number;
      try {
        handle = openSync(outputPath(stateDir, jid, stream), 'r+');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0;
        throw error;
      }
      try {
        const { size } = fstatSync(handle);
        if (size > counted) ftruncateSync(handle, counted);
        return Math.min(size, counted);
      } finally {
        closeSync(handle);
      }
    },
    sizeOf: jid =>
      streams.reduce((sum, stream) => sum + (statSync(outputPath(stateDir, jid, stream), { throwIfNoEntry: false })?.size ?? 0), 0),
    sync(jid) {
      for (const stream of streams) {
        const path = outputPath(stateDir, jid, stream);
        if (syncPath(path)) syncPath(dirname(path));
      }
    },
    remove(jid) {
      for (const stream of streams) {
        const path = outputPath(stateDir, jid, stream);
        const open = handles.get(path);
        if (open !== undefined) closeSync(open);
        handles.delete(path);
        rmSync(path, { force: true });
      }
    },
    close() {
      for (const handle of handles.values()) closeSync(handle);
      handles.clear();
    },
  };
};

const streams: readonly OutputStream[] = ['out', 'err'];

/** A file or a folder; false where there is none. */
const syncPath = (path: string): boolean => {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  return true;
};

/** Not `a`: Linux ignores the offset of a write to an appending handle. Not `w`: it would empty the file. */
const openOrMake = (stateDir: string, path: string): number => {
  try {
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    for (const folder of [dirname(dirname(path)), dirname(path)]) makeSubfolder(stateDir, folder);
    return openFile(stateDir, path, 'wx+');
  }
};

/** A piece of an output file, and how long the file is now. */
export type OutputPiece = { readonly from: number; readonly size: number; readonly bytes: Uint8Array };

/** Reads at most `most` bytes. A negative `from` counts from the end; a missing file is empty. */
export const readOutputFile = (path: string, from: number, most: number): OutputPiece => {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { from: 0, size: 0, bytes: new Uint8Array() };
    throw error;
  }
  try {
    const { size } = fstatSync(handle);
    const start = from < 0 ? Math.max(0, size + from) : Math.min(from, size);
    const bytes = new Uint8Array(Math.max(0, Math.min(most, size - start)));
    let got = 0;
    while (got < bytes.length) {
      const read = readSync(handle, bytes, got, bytes.length - got, start + got);
      if (read === 0) break;
      got += read;
    }
    return { from: start, size, bytes: bytes.subarray(0, got) };
  } finally {
    closeSync(handle);
  }
};
