// The only place that makes and checks the state folder: ours alone, or a group's that we belong to, or not used at all.
// It does not know what lies in it, only which modes it has there.
import { accessSync, chmodSync, closeSync, constants, fchmodSync, lstatSync, mkdirSync, openSync, type Stats, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { networkKind } from './file-system.ts';
import { diskFullCodes } from './trouble.ts';

/** Whose a usable state folder is. `gid`: the group's. */
export type StateFolder = { readonly kind: 'own' } | { readonly kind: 'shared'; readonly gid: number };

/**
 * Makes the folder (0700) where it is missing, and refuses one that others could write into, that is neither ours nor
 * our group's, that we cannot write into, or that lies on another machine.
 * @failure state-folder, disk-full-here
 */
export const ensureStateFolder = (stateDir: string): Result<StateFolder> => {
  try {
    makeFolder(stateDir);
    const folder = checkStateFolder(stateDir);
    if (folder.ok) accessSync(stateDir, constants.R_OK | constants.W_OK | constants.X_OK);
    return folder;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return fail({ tag: diskFullCodes.has(code ?? '') ? 'disk-full-here' : 'state-folder', cause: sentenceOf(stateDir, code, message) });
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

const sentenceOf = (path: string, code: string | undefined, message: string): string => {
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return exists(path) ? `we may not write into ${path}` : `${path} does not exist, and we may not make it: ${message}`;
    case 'EROFS':
      return `${path} lies on a file system that is mounted read-only`;
    case 'ENOTDIR':
      return `a part of the path ${path} is a file`;
    case 'ENOENT':
      return `${path} is a link to nothing`;
    case 'ELOOP':
      return `the links in ${path} go round in a circle`;
    default:
      return message;
  }
};

/** As {@link ensureStateFolder}, but a missing folder is the caller's to judge (ENOENT is thrown), and reading is enough. */
export const checkStateFolder = (stateDir: string): Result<StateFolder> => {
  const folder = statSync(stateDir);
  if (!folder.isDirectory()) return fail(unusable(`${stateDir} is not a folder`));
  const network = networkKind(stateDir, folder.dev);
  if (network !== undefined) {
    return fail(
      unusable(`${stateDir} lies on a network file system (${network}), where SQLite's locks and log do not hold: name a local one`),
    );
  }
  const uid = process.getuid?.() ?? folder.uid;
  const others = folder.mode & 0o002;
  if (others === 0 && isGroups(folder)) {
    return uid === 0 || ourGroups().has(folder.gid)
      ? ok({ kind: 'shared', gid: folder.gid })
      : fail(unusable(`${stateDir} belongs to the group ${folder.gid}, which is none of ours: chgrp it to one that we are in`));
  }
  if (folder.uid !== uid) {
    return fail(
      unusable(
        `${stateDir} belongs to uid ${folder.uid}, not to us (${uid}); for a group: chgrp GROUP ${stateDir} && chmod 2770 ${stateDir}`,
      ),
    );
  }
  if (others !== 0) return fail(unusable(`others may write into ${stateDir} (mode ${octal(folder.mode)}): chmod 700 ${stateDir}`));
  if ((folder.mode & 0o020) !== 0) {
    const both = `chmod 700 ${stateDir}, or for the group: chmod 2770 ${stateDir}`;
    return fail(
      unusable(`others may write into ${stateDir}: its group, without being meant to share it (mode ${octal(folder.mode)}): ${both}`),
    );
  }
  return ok({ kind: 'own' });
};

/** 2770: what is made in it belongs to the group, which may do everything. */
const isGroups = ({ mode }: Stats): boolean => (mode & 0o2070) === 0o2070;

const ourGroups = (): ReadonlySet<number> =>
  new Set([...(process.getgroups?.() ?? []), ...(process.getegid === undefined ? [] : [process.getegid()])]);

/** True where colleagues must be able to read and write what is made in the folder. */
export const isShared = (stateDir: string): boolean => {
  const folder = statSync(stateDir, { throwIfNoEntry: false });
  return folder !== undefined && (folder.mode & 0o002) === 0 && isGroups(folder);
};

/** Opens a file, and where that makes it gives it the folder's mode (0600, or 0660 in a group's), whatever the umask is. */
export const openFile = (stateDir: string, path: string, flags: string): number => {
  const handle = openSync(path, flags, 0o600);
  if (isShared(stateDir)) {
    try {
      fchmodSync(handle, 0o660);
    } catch {
      // A colleague's, who has done that.
    }
  }
  return handle;
};

/** Makes an empty file where there is none. */
export const makeFile = (stateDir: string, path: string): void => {
  if (!exists(path)) closeSync(openFile(stateDir, path, 'a'));
};

/** Makes a folder in the state folder where there is none; in a group's it is the group's as well. */
export const makeSubfolder = (stateDir: string, path: string): void => {
  try {
    mkdirSync(path, { mode: 0o700 });
    if (isShared(stateDir)) chmodSync(path, 0o2770);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/** The folders and files that make up a journal in a state folder. */
export const journalFile = (stateDir: string): string => join(stateDir, 'journal.db');

/** True where something has that name, be it a dangling link. */
export const exists = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false }) !== undefined;

const unusable = (cause: string): Failure => ({ tag: 'state-folder', cause });

const octal = (mode: number): string => (mode & 0o7777).toString(8);
