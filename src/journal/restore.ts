// The only place that makes a journal of a mirror: proven line by line, in a fresh folder, and put into place by one rename.
// What was in the state folder goes only where the mirror knows all of it and more.
import { chmodSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Event } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { reduce } from '../domain/reduce.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { emptyState, type State } from '../domain/run-state.ts';
import { eventOf } from './event-row.ts';
import { keptSoFar } from './kept.ts';
import { type Lease, tryLease } from './lease.ts';
import { bytesOf, isBeat, isHead, type MirrorHead, type MirrorLine, type MirrorRow, readMirror } from './mirror-format.ts';
import { openOutputFiles } from './output-files.ts';
import { resumeFrom } from './resume.ts';
import { newerSchema, schemaVersion, syncFolder, versionOf } from './schema.ts';
import { ensureStateFolder, exists, isShared, journalFile, makeSubfolder } from './state-folder.ts';
import { indexWriter, openStore, type Store } from './store.ts';
import { troubleOf } from './trouble.ts';

/** What a mirror told. */
export type Restored = {
  /** Of runs that are open and those that ended last. */
  readonly state: State;
  readonly events: number;
  /** When its last line was written, our wall clock there, ms. */
  readonly lastAt: number;
  /** Its last line was cut off, and was left out. */
  readonly isCut: boolean;
  /** `here already`: the state folder knows all of it. */
  readonly kind: 'ready' | 'here already';
  /** Writes these behind what is known, and puts the journal into place where it is not yet. @failure state-folder, disk-full-here */
  commit(events: readonly Event[]): Result<void>;
  /** Leaves the state folder as it was. */
  discard(): void;
};

export type RestoreSetting = {
  readonly stateDir: string;
  /** What the operator calls the mirror. */
  readonly name: string;
  /** The mirror's bytes; returns why they could not be read to the end. */
  readonly chunks: AsyncGenerator<Uint8Array, string | undefined>;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
};

/**
 * Reads a mirror beside what is in the state folder. Call `commit` or `discard` of what it returns.
 * @failure bad-input: broken or unreadable mirror, a state folder that holds something else; state-folder, disk-full-here
 */
export const restoreFrom = async ({ stateDir, name, chunks, wall }: RestoreSetting): Promise<Result<Restored>> => {
  const folder = ensureStateFolder(stateDir);
  if (!folder.ok) return folder;
  const lease = tryLease(stateDir);
  if (!lease.ok) return lease;
  const held = lease.value === 'taken' ? undefined : lease.value;
  let beside: Beside | undefined;
  const giveUp = <T>(result: T): T => {
    beside?.remove();
    held?.release();
    return result;
  };
  try {
    const here = whatIsHere(stateDir);
    if (!here.ok) return giveUp(here);
    // Of a take-over that was killed; who holds the lease is alone here.
    const left = held === undefined ? [] : readdirSync(stateDir).filter(found => found.startsWith(besideName));
    for (const found of left) rmSync(join(stateDir, found), { recursive: true, force: true });
    beside = besideOf(stateDir, here.value);
    const read = await readInto(beside, name, chunks);
    if (!read.ok) return giveUp(read);
    const verdict = verdictOf(stateDir, name, here.value, beside, held);
    if (!verdict.ok) return giveUp(verdict);
    return ok(restored(stateDir, verdict.value, beside, held, read.value, wall()));
  } catch (error) {
    return giveUp(fail(troubleOf(error, stateDir)));
  }
};

/** A journal that is in the state folder; undefined where there is none, or one without a run. */
type Here = { readonly line: string; readonly seq: number; readonly hash: string | null } | undefined;

const whatIsHere = (stateDir: string): Result<Here> => {
  const path = journalFile(stateDir);
  if (!exists(path)) return ok(undefined);
  const db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
  try {
    const version = versionOf(db);
    if (version === undefined) return ok(undefined);
    if (version > schemaVersion) return fail(newerSchema(path, version));
    if (db.prepare('select 1 from runs limit 1').get() === undefined) return ok(undefined);
    const line = String(db.prepare("select value from meta where key = 'line'").get()?.['value']);
    const last = db.prepare('select seq, hash from events order by seq desc limit 1').get();
    return ok({ line, seq: Number(last?.['seq'] ?? 0), hash: (last?.['hash'] as string | undefined) ?? null });
  } finally {
    db.close();
  }
};

/** The journal that is being made. */
type Beside = {
  store(): Store;
  /** @throws what SQLite and the file system throw */
  take(line: MirrorLine): void;
  /** What of the mirror bears on the journal that is here: its last row, and the hash of the row that is the last one here. */
  told(): { readonly line: string; readonly seq: number; readonly hash: string | null; readonly atHere: string | null | undefined };
  /** Closes it and leaves its files where {@link folder} says. */
  finish(): void;
  readonly folder: string;
  remove(): void;
};

/** Rows in one transaction. */
const rowsAtOnce = 5000;

/** Folders in which a journal is made. */
const besideName = 'taking-over-';

const besideOf = (stateDir: string, here: Here): Beside => {
  const folder = mkdtempSync(join(stateDir, besideName));
  // What is made in it moves into the state folder, with the mode that it has there.
  if (isShared(stateDir)) chmodSync(folder, 0o2770);
  const opened = openStore(folder);
  if (!opened.ok) {
    rmSync(folder, { recursive: true, force: true });
    throw Object.assign(new Error(opened.failure.cause), { code: 'EIO' });
  }
  const store = opened.value;
  const { db } = store;
  const files = openOutputFiles(folder);
  const insert = db.prepare('insert into events (seq, at, run, jid, type, actor, body, hash) values (?, ?, ?, ?, ?, ?, ?, ?)');
  const put = db.prepare('insert or replace into meta (key, value) values (?, ?)');
  const index = indexWriter(db);
  let pending = 0;
  let line = '';
  let seq = 0;
  let hash: string | null = null;
  let atHere: string | null | undefined;

  const takeHead = (head: MirrorHead): void => {
    ({ line } = head);
    for (const [key, value] of Object.entries(head.meta)) put.run(key, value);
    put.run('line', line);
  };

  const takeRow = (row: MirrorRow): void => {
    const bytes = bytesOf(row);
    if (bytes !== undefined) files.write(bytes);
    insert.run(row.seq, row.at, row.run, row.jid, row.type, row.actor, row.body, row.hash);
    const event = eventOf(row);
    index.note(event, row.run);
    if (event.type === 'driver.started') put.run('epoch', String(event.epoch));
    ({ seq, hash } = row);
    if (here?.seq === seq) atHere = hash;
  };

  db.exec('begin immediate');
  return {
    folder,
    store: () => store,
    take(mirrored) {
      if (isHead(mirrored)) takeHead(mirrored);
      else if (isBeat(mirrored)) put.run('alive', String(mirrored.alive));
      else takeRow(mirrored);
      pending += 1;
      if (pending < rowsAtOnce) return;
      pending = 0;
      db.exec('commit; begin immediate');
    },
    told() {
      if (db.isTransaction) db.exec(`${keptSoFar}; commit`);
      return { line, seq, hash, atHere };
    },
    finish() {
      files.close();
      store.close();
    },
    remove() {
      files.close();
      if (db.isOpen) store.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

type Read = { readonly events: number; readonly lastAt: number; readonly isCut: boolean };

const readInto = async (beside: Beside, name: string, chunks: RestoreSetting['chunks']): Promise<Result<Read>> => {
  const reading = readMirror(name);
  let events = 0;
  let lastAt = 0;
  for (;;) {
    const step = await chunks.next();
    if (step.done === true) {
      if (step.value !== undefined) return fail({ tag: 'bad-input', cause: `the mirror ${name} cannot be read: ${step.value}` });
      break;
    }
    const lines = reading.take(step.value);
    for (const line of lines.ok ? lines.value : []) {
      if (isHead(line)) {
        if (line.schema > schemaVersion) {
          return fail({
            tag: 'bad-input',
            cause: `the mirror ${name} was written by a newer rollcall (schema ${line.schema}): use that one`,
          });
        }
      } else if (isBeat(line)) lastAt = line.alive;
      else {
        events += 1;
        lastAt = line.at;
      }
      const taken = takeOne(beside, line, name);
      if (!taken.ok) return taken;
    }
    if (!lines.ok) {
      await chunks.return(undefined);
      return lines;
    }
  }
  if (events === 0) return fail({ tag: 'bad-input', cause: `the mirror ${name} holds no event yet` });
  return ok({ events, lastAt, isCut: reading.isCut() });
};

/** Checks can be made for anything: what the tables or the events' own shape refuse is no journal of ours. */
const takeOne = (beside: Beside, line: MirrorLine, name: string): Result<void> => {
  try {
    beside.take(line);
    return ok(undefined);
  } catch (error) {
    const { code, errcode } = error as { readonly code?: string; readonly errcode?: number };
    const isRefused = code === 'ERR_SQLITE_ERROR' && ((errcode ?? 0) & 0xff) === constraint;
    if (!isRefused && !(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    return fail({ tag: 'bad-input', cause: `the mirror ${name} holds what is no event: ${(error as Error).message}` });
  }
};

/** SQLite's code for a value that a table does not take. */
const constraint = 19;

/** Whether what is here may be replaced. */
const verdictOf = (stateDir: string, name: string, here: Here, beside: Beside, held: Lease | undefined): Result<Restored['kind']> => {
  const no = (why: string): Result<never> => fail({ tag: 'bad-input', cause: `${why}; give another state folder with --state DIR` });
  const told = beside.told();
  if (here === undefined) return held === undefined ? no(`a driver runs in ${stateDir}`) : ok('ready');
  if (here.line !== told.line) return no(`${stateDir} holds another journal than ${name} is the mirror of`);
  if (here.seq >= told.seq) {
    const db = new DatabaseSync(journalFile(stateDir), { readOnly: true, timeout: 5000 });
    const same = db.prepare('select hash from events where seq = ?').get(told.seq);
    db.close();
    if (same !== undefined && same['hash'] === told.hash) return ok('here already');
  } else if (told.atHere === here.hash) {
    return held === undefined ? no(`a driver runs in ${stateDir}, and ${name} knows more than it does`) : ok('ready');
  }
  return no(`the journal in ${stateDir} and the one that ${name} is the mirror of have both gone on by themselves`);
};

const restored = (
  stateDir: string,
  kind: Restored['kind'],
  beside: Beside,
  held: Lease | undefined,
  read: Read,
  wall: number,
): Restored => {
  const store = beside.store();
  const state = emptyState();
  for (const event of resumeFrom(store, wall).events) reduce(state, event);
  const discard = (): void => {
    beside.remove();
    held?.release();
  };
  return {
    ...read,
    kind,
    state,
    commit(events) {
      const behind = kind === 'ready' ? ok(store) : held === undefined ? fail(driven(stateDir)) : openStore(stateDir);
      if (!behind.ok) {
        discard();
        return behind;
      }
      const writing = behind.value;
      try {
        if (events.length > 0) {
          const [written] = writing.write([{ output: [], events, sightings: [], durability: 'intent' }]);
          if (written?.ok === false) return written;
        }
        if (writing !== store) writing.close();
        beside.finish();
        if (kind === 'ready') putInPlace(stateDir, beside.folder);
        return ok(undefined);
      } catch (error) {
        return fail(troubleOf(error, stateDir));
      } finally {
        discard();
      }
    },
    discard,
  };
};

const driven = (stateDir: string): Failure => ({
  tag: 'bad-input',
  cause: `a driver runs in ${stateDir}, and goes on as it began; how it logs in is changed when it has ended`,
});

/** Output first, the journal last: until then whatever was here is as it was. */
const putInPlace = (stateDir: string, folder: string): void => {
  const from = join(folder, 'output');
  for (const digits of exists(from) ? readdirSync(from) : []) {
    for (const path of [join(stateDir, 'output'), join(stateDir, 'output', digits)]) makeSubfolder(stateDir, path);
    for (const file of readdirSync(join(from, digits))) renameSync(join(from, digits, file), join(stateDir, 'output', digits, file));
  }
  const path = journalFile(stateDir);
  // Nothing of its log may be left for the new one to take for its own.
  if (exists(path)) {
    const db = new DatabaseSync(path);
    db.exec('pragma wal_checkpoint(truncate)');
    db.close();
  }
  for (const part of ['-wal', '-shm']) rmSync(path + part, { force: true });
  renameSync(journalFile(folder), path);
  syncFolder(stateDir);
};
