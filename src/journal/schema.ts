// The only place for the tables of the journal, their version, and what is done with a database that cannot be used.
// `events` is the truth; `runs` and `outstanding` are an index of it, kept in the same transaction.
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync, renameSync, rmSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { keptSoFar, keptTable } from './kept.ts';
import { exists, journalFile, makeFile } from './state-folder.ts';
import { isCorrupt, troubleOf } from './trouble.ts';

/** Grows with every change of the tables or of what an event means. A newer one is refused, an older one is brought up. */
export const schemaVersion = 3;

const tables = `
  create table meta (key text primary key, value text not null) strict, without rowid;
  create table events (
    seq integer primary key, at real not null, run text, jid text, type text not null, actor text, body text not null,
    hash text
  ) strict;
  create index events_run on events (run) where run is not null;
  create index events_request on events (jid) where type = 'job.requested';
  create index events_fleet on events (json_extract(body, '$.fleet.id')) where type = 'fleet.planned';
  create table runs (run text primary key, number integer not null, fleet text not null, ended real) strict, without rowid;
  create index runs_ended on runs (ended);
  create table outstanding (jid text primary key, run text not null) strict, without rowid;
  create table sightings (jid text primary key, at real not null, body text not null) strict, without rowid;
  ${keptTable}
`;

/** A journal open for writing. */
export type OpenDatabase = {
  readonly db: DatabaseSync;
  /** Said once to the operator: a damaged journal was set aside. */
  readonly notice?: string;
};

/**
 * Opens the journal for writing, makes it where it is missing, and sets a damaged one aside under another name.
 * @failure state-folder, disk-full-here
 */
export const openDatabase = (stateDir: string): Result<OpenDatabase> => {
  const path = journalFile(stateDir);
  try {
    return usable(stateDir, path);
  } catch (error) {
    if (!isCorrupt(error)) return fail(troubleOf(error, stateDir));
    try {
      const aside = setAside(stateDir);
      const fresh = usable(stateDir, path);
      return fresh.ok ? ok({ ...fresh.value, notice: asideNotice(path, aside) }) : fresh;
    } catch (again) {
      return fail(troubleOf(again, stateDir));
    }
  }
};

const usable = (stateDir: string, path: string): Result<OpenDatabase> => {
  const fresh = !exists(path);
  // Its log and index take over the mode of the database.
  makeFile(stateDir, path);
  // Before SQLite opens it: closing a descriptor of ours would drop the locks that it holds.
  if (!fresh) isWholeFile(path);
  const db = new DatabaseSync(path, { timeout: 5000 });
  try {
    // Before anything is changed: what a newer program wrote is left as it is.
    const version = versionOf(db);
    if (version !== undefined && version > schemaVersion) {
      db.close();
      return fail(newerSchema(path, version));
    }
    // What is already in the log is cut down once it has been carried over, so that one storm does not keep its size for ever.
    db.exec('pragma journal_mode = wal; pragma synchronous = full; pragma journal_size_limit = 16777216');
    if (exists(suspectFile(stateDir))) examine(db, stateDir);
    if (version === undefined) create(db);
    else if (version < schemaVersion) bringUp(db, version);
    if (fresh) syncFolder(stateDir);
    return ok({ db });
  } catch (error) {
    if (db.isOpen) db.close();
    throw error;
  }
};

/**
 * A file that was cut at a page's border looks sound until somebody reads what is missing. Where nothing is left in the
 * log, the header's own count of pages says how long the file must be. @see https://sqlite.org/fileformat.html section 1.3
 * @throws what {@link isCorrupt} takes for damage
 */
const isWholeFile = (path: string): void => {
  const { size } = statSync(path);
  if (size === 0 || (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return;
  const header = Buffer.alloc(100);
  const handle = openSync(path, 'r');
  const length = readSync(handle, header, 0, header.length, 0);
  closeSync(handle);
  const written = header.readUInt16BE(16);
  const least = header.readUInt32BE(28) * (written === 1 ? 65_536 : written);
  if (length < header.length || size < least) {
    throw Object.assign(new Error(`the file has ${size} bytes of ${least}`), { code: 'ERR_SQLITE_ERROR', errcode: 11 });
  }
};

const create = (db: DatabaseSync): void => {
  db.exec(`begin immediate; ${tables}`);
  const put = db.prepare('insert into meta (key, value) values (?, ?)');
  put.run('schema', String(schemaVersion));
  put.run('line', randomBytes(16).toString('hex'));
  put.run('created', new Date().toISOString());
  db.exec('commit');
};

/** What brings a journal from version n to n + 1, at place n - 1. */
const steps: readonly string[] = [
  `alter table events add column hash text;
   insert into meta (key, value) select 'chained', coalesce(max(seq), 0) + 1 from events;`,
  `${keptTable}
   ${keptSoFar}`,
];

const bringUp = (db: DatabaseSync, version: number): void => {
  db.exec(`begin immediate; ${steps.slice(version - 1).join('\n')}`);
  db.prepare("update meta set value = ? where key = 'schema'").run(String(schemaVersion));
  db.exec('commit');
};

/** The version of the tables; undefined where there are none yet. */
export const versionOf = (db: DatabaseSync): number | undefined => {
  const made = db.prepare("select 1 from sqlite_schema where type = 'table' and name = 'meta'").get();
  const row = made && db.prepare("select value from meta where key = 'schema'").get();
  return row === undefined ? undefined : Number(row['value']);
};

/** The refusal of a journal that a newer program wrote. */
export const newerSchema = (path: string, version: number): Failure => ({
  tag: 'state-folder',
  cause: `${path} was written by a newer rollcall (schema ${version}; this one knows ${schemaVersion}): use that one, or give --state DIR`,
});

/** Notes that the database was found damaged while in use, so that the next opening examines all of it. */
export const suspect = (stateDir: string): void => makeFile(stateDir, suspectFile(stateDir));

const suspectFile = (stateDir: string): string => `${journalFile(stateDir)}.suspect`;

/** @throws SQLite's own complaint, or one that {@link isCorrupt} takes for it */
const examine = (db: DatabaseSync, stateDir: string): void => {
  const verdict = db.prepare('pragma integrity_check(1)').get()?.['integrity_check'];
  if (verdict !== 'ok') throw Object.assign(new Error(String(verdict)), { code: 'ERR_SQLITE_ERROR', errcode: 11 });
  rmSync(suspectFile(stateDir));
};

/** Renames the database with its log, so that whoever rescues it finds both. Returns the new name. */
export const setAside = (stateDir: string): string => {
  const path = journalFile(stateDir);
  const stamp = new Date().toISOString().replaceAll(/[-:]/g, '').slice(0, 15);
  let aside = `${path}.damaged-${stamp}`;
  for (let n = 2; exists(aside); n += 1) aside = `${path}.damaged-${stamp}-${n}`;
  for (const part of ['-wal', '-shm', '']) if (exists(path + part)) renameSync(path + part, aside + part);
  rmSync(suspectFile(stateDir), { force: true });
  return aside;
};

/** What the operator is told about {@link setAside}. */
export const asideNotice = (path: string, aside: string): string =>
  `the journal ${path} was damaged and has been set aside as ${aside}; what it knew is not shown here (jobs on hosts go on: rollcall adopt)`;

/** A new file's name is on disk only when its folder is. */
export const syncFolder = (folder: string): void => {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};
