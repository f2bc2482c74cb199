// The only place that tells what went wrong on this machine's disk from what SQLite and the file system throw.
// Errors that are not about disk, file or database are bugs and are thrown on.
import { statfsSync } from 'node:fs';
import type { Failure } from '../domain/failure.ts';

/** File system codes that mean: no room. */
export const diskFullCodes: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);

/** SQLite's primary result codes, as far as they are told apart here. @see https://sqlite.org/rescode.html */
const sqlite = { busy: 5, readonly: 8, ioerr: 10, corrupt: 11, full: 13, cantopen: 14, notadb: 26 } as const;

const disturbed: ReadonlySet<number> = new Set([sqlite.busy, sqlite.readonly, sqlite.ioerr, sqlite.cantopen]);

type Thrown = { readonly code?: string; readonly errcode?: number; readonly message: string };

/** True when the database itself is damaged, or is none. */
export const isCorrupt = (error: unknown): boolean => {
  const primary = primaryCode(error as Thrown);
  return primary === sqlite.corrupt || primary === sqlite.notadb;
};

/**
 * The failure that this error means.
 * @throws the error itself where it is no trouble with the disk
 */
export const troubleOf = (error: unknown, stateDir: string): Failure => {
  const thrown = error as Thrown;
  const primary = primaryCode(thrown);
  if (primary === sqlite.full || diskFullCodes.has(thrown.code ?? '')) return { tag: 'disk-full-here', cause: thrown.message };
  // Growing the shared memory file, for one, reports a full disk as an input/output error.
  if (primary === sqlite.ioerr && isFull(stateDir)) return { tag: 'disk-full-here', cause: thrown.message };
  if (isCorrupt(error)) return { tag: 'state-folder', cause: `the journal is damaged: ${thrown.message}` };
  if ((primary !== undefined && disturbed.has(primary)) || isFileError(thrown)) return { tag: 'state-folder', cause: thrown.message };
  throw error;
};

const primaryCode = (thrown: Thrown): number | undefined =>
  thrown.code === 'ERR_SQLITE_ERROR' && thrown.errcode !== undefined ? thrown.errcode & 0xff : undefined;

const isFileError = (thrown: Thrown): boolean => /^E[A-Z0-9]+$/.test(thrown.code ?? '');

const fewBytes = 256 * 1024;

const isFull = (stateDir: string): boolean => {
  try {
    const { bavail, bsize } = statfsSync(stateDir);
    return bavail * bsize < fewBytes;
  } catch {
    return false;
  }
};
