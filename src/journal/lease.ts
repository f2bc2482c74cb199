// The only place that opens lease.db: whoever holds its exclusive lock is the driver of the state folder.
// The kernel drops the lock with the process. Closing any descriptor of that file in this process would drop it too, so nobody else may.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fail, ok, type Result } from '../domain/result.ts';
import { ensureStateFolder, makeFile } from './state-folder.ts';
import { troubleOf } from './trouble.ts';

/** The right to drive this state folder; ends with the process at the latest. */
export type Lease = {
  held(): boolean;
  /** False once the state folder was removed, and perhaps made anew: then whoever is there now drives it. */
  inPlace(): boolean;
  /** Lets another driver have it. Close socket and journal first. */
  release(): void;
};

/** How long racers that met between two locks go on trying, ms; with none both could lose. */
const raceFor = 250;

/** A database that is collected is closed, and its lock gone: these are not. */
const leases = new Set<DatabaseSync>();

/**
 * Takes the lease, or says that it is taken (by a living process). Of many that try at once one gets it.
 * @failure state-folder, disk-full-here
 */
export const tryLease = (stateDir: string): Result<Lease | 'taken'> => {
  const folder = ensureStateFolder(stateDir);
  if (!folder.ok) return folder;
  let db: DatabaseSync | undefined;
  try {
    const path = join(stateDir, 'lease.db');
    makeFile(stateDir, path);
    db = new DatabaseSync(path, { timeout: raceFor });
    db.exec('begin exclusive');
  } catch (error) {
    db?.close();
    return isTaken(error) ? ok('taken') : fail(troubleOf(error, stateDir));
  }
  const lock = db;
  const inode = statSync(join(stateDir, 'lease.db')).ino;
  leases.add(lock);
  return ok({
    held: () => leases.has(lock),
    inPlace: () => statSync(join(stateDir, 'lease.db'), { throwIfNoEntry: false })?.ino === inode,
    release() {
      if (leases.delete(lock)) lock.close();
    },
  });
};

/** The epoch of a new driver: later than the last of its line, and never behind the clock. */
export const nextEpoch = (last: number, wall: number): number => Math.max(last + 1, wall);

const busy = 5;

const isTaken = (error: unknown): boolean => {
  const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
  return code === 'ERR_SQLITE_ERROR' && ((errcode ?? 0) & 0xff) === busy;
};
