// The only place that makes and checks the state folder: ours alone, or not used at all.
// It does not know what lies in it.
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { diskFullCodes } from './trouble.ts';

/**
 * Makes the folder (0700) where it is missing, and refuses one that others could write into or that is not ours.
 * @failure state-folder, disk-full-here
 */
export const ensureStateFolder = (stateDir: string): Result<void> => {
  try {
    makeFolder(stateDir);
    return checkStateFolder(stateDir);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail({ tag: diskFullCodes.has(code ?? '') ? 'disk-full-here' : 'state-folder', cause: message });
  }
};

/** Step by step: under /proc Node's own recursion never comes back. */
const makeFolder = (path: string): void => {
  if (exists(path)) return;
  makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/** As {@link ensureStateFolder}, but a missing folder is the caller's to judge (ENOENT is thrown). */
export const checkStateFolder = (stateDir: string): Result<void> => {
  const folder = statSync(stateDir);
  const uid = process.getuid?.() ?? folder.uid;
  if (!folder.isDirectory()) return fail(unusable(`${stateDir} is not a folder`));
  if (folder.uid !== uid) return fail(unusable(`${stateDir} belongs to uid ${folder.uid}, not to us (${uid})`));
  if ((folder.mode & 0o022) !== 0) return fail(unusable(`others may write into ${stateDir} (mode ${octal(folder.mode)}); chmod 700 it`));
  return ok(undefined);
};

/** The folders and files that make up a journal in a state folder. */
export const journalFile = (stateDir: string): string => join(stateDir, 'journal.db');

/** True where something has that name, be it a dangling link. */
export const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const unusable = (cause: string): Failure => ({ tag: 'state-folder', cause });

const octal = (mode: number): string => (mode & 0o777).toString(8);
