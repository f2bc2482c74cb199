// The only place that writes the journal and reads from it what a new driver needs. Synchronous: it lives in the worker thread.
// Output bytes go to their files before the transaction that counts them; a transaction holds whole entries, in order.
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Event } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { lastLink, linkOf } from './chain.ts';
import type { Beat, Entry, JobSeen } from './entry.ts';
import { namesIn, rowOf } from './event-row.ts';
import { type Keeping, makeKeeping } from './keeping.ts';
import { keptWriter } from './kept.ts';
import { type OutputFiles, openOutputFiles } from './output-files.ts';
import { openDatabase, suspect } from './schema.ts';
import { isCorrupt, troubleOf } from './trouble.ts';

/** The journal of one state folder, open for writing. */
export type Store = {
  readonly db: DatabaseSync;
  readonly notice?: string;
  /** Writes the entries that came together in as few transactions as can be; one result each. After a failure none is written. */
  write(entries: readonly Entry[]): readonly Result<void>[];
  /** Notes that the driver is alive; not durable. */
  /** What is still kept of jobs that ended, and what goes. */
  readonly keeping: Keeping;
  /** Where the next driver keeps a mirror; empty: nowhere. */
  rememberMirror(place: string): void;
  beat(at: number, uptime?: Beat['uptime']): void;
  /** @throws what SQLite throws: cutting files back is part of resuming */
  cutBack(jid: Jid, stream: 'out' | 'err', counted: number): number;
  close(): void;
};

/** @failure state-folder, disk-full-here */
export const openStore = (stateDir: string): Result<Store> => {
  const opened = openDatabase(stateDir);
  if (!opened.ok) return opened;
  const { db, notice } = opened.value;
  const files = openOutputFiles(stateDir);
  const rows = rowWriter(db, files);
  let sync: 'full' | 'normal' = 'full';

  /** Facts need no sync of their own: the log is written in order, so the next intent's sync takes them along. */
  const setSync = (wanted: 'full' | 'normal'): void => {
    if (wanted === sync) return;
    db.exec(`pragma synchronous = ${wanted}`);
    sync = wanted;
  };

  const failure = (error: unknown): Failure => {
    if (isCorrupt(error)) suspect(stateDir);
    return troubleOf(error, stateDir);
  };

  /** Resolves with the entries whose bytes are on disk, up to the first that has no room. */
  const writeOutput = (entries: readonly Entry[]): { readonly ready: readonly Entry[]; readonly failed?: Failure } => {
    for (const [index, entry] of entries.entries()) {
      try {
        for (const output of entry.output) files.write(output);
        // The host's copy goes next.
        for (const event of entry.events) if (event.type === 'host.clean-asked') for (const jid of event.jids) files.sync(jid);
      } catch (error) {
        return { ready: entries.slice(0, index), failed: failure(error) };
      }
    }
    return { ready: entries };
  };

  const commit = (entries: readonly Entry[]): Failure | undefined => {
    if (entries.length === 0) return undefined;
    try {
      setSync(entries.some(entry => entry.durability === 'intent') ? 'full' : 'normal');
      db.exec('begin immediate');
      for (const entry of entries) {
        for (const event of entry.events) rows.add(event);
        for (const sighting of entry.sightings) if (sighting.type === 'job.seen') rows.see(sighting);
      }
      db.exec('commit');
      return undefined;
    } catch (error) {
      rollBack(db);
      rows.forget();
      return failure(error);
    }
  };

  return ok({
    db,
    ...(notice !== undefined && { notice }),
    write(entries) {
      const { ready, failed } = writeOutput(entries);
      const refused = commit(ready);
      return entries.map((_, index) => {
        const why = refused ?? (index < ready.length ? undefined : failed);
        return why === undefined ? ok(undefined) : fail(why);
      });
    },
    beat(at, uptime) {
      try {
        setSync('normal');
        rows.setMeta('alive', String(at));
        if (uptime !== undefined) rows.setMeta('beat', JSON.stringify({ at, uptime } satisfies Beat));
      } catch (error) {
        failure(error);
      }
    },
    keeping: makeKeeping(db, files, { add: rows.add, forget: rows.forget }, () => setSync('full')),
    rememberMirror(place) {
      try {
        setSync('normal');
        rows.setMeta('mirror', place);
      } catch (error) {
        failure(error);
      }
    },
    cutBack: files.cutBack,
    close() {
      files.close();
      db.close();
    },
  });
};

/** Some errors roll back by themselves; then there is nothing to roll back. */
const rollBack = (db: DatabaseSync): void => {
  try {
    db.exec('rollback');
  } catch {
    // Not in a transaction.
  }
};

/** Jobs whose run is remembered; the others are looked up. */
const runsRemembered = 20_000;

const rowWriter = (db: DatabaseSync, files: OutputFiles) => {
  const insert = db.prepare('insert into events (at, run, jid, type, actor, body, hash) values (?, ?, ?, ?, ?, ?, ?)');
  const put = db.prepare('insert or replace into meta (key, value) values (?, ?)');
  const see = db.prepare('insert or replace into sightings (jid, at, body) values (?, ?, ?)');
  const requestOf = db.prepare("select run from events where jid = ? and type = 'job.requested'");
  /** Of an adopted job nothing is told any more once it is not outstanding. */
  const adoptionOf = db.prepare('select run from outstanding where jid = ?');
  const index = indexWriter(db);
  const kept = keptWriter(db, files);
  const runs = new Map<Jid, string>();
  let link: string | undefined;

  const runOf = (jid: Jid): string | null => {
    const known = runs.get(jid);
    if (known !== undefined) return known;
    const found = requestOf.get(jid)?.['run'] ?? adoptionOf.get(jid)?.['run'];
    if (typeof found !== 'string') return null;
    remember(jid, found);
    return found;
  };

  const remember = (jid: Jid, run: string): void => {
    if (runs.size >= runsRemembered) runs.clear();
    runs.set(jid, run);
  };

  return {
    add(event: Event): void {
      const { run, jid } = namesIn(event);
      if (event.type === 'job.requested' || event.type === 'job.adopted') remember(event.jid, event.run);
      const row = rowOf(event, run ?? (jid === undefined ? null : runOf(jid)));
      link = linkOf(link ?? lastLink(db), row);
      insert.run(row.at, row.run, row.jid, row.type, row.actor, row.body, link);
      index.note(event, row.run);
      kept.note(event, row.run);
      if (event.type === 'driver.started') put.run('epoch', String(event.epoch));
    },
    see(sighting: JobSeen): void {
      see.run(sighting.jid, sighting.at, JSON.stringify(sighting));
    },
    setMeta(key: string, value: string): void {
      put.run(key, value);
    },
    /** After a rollback: what was remembered may never have been written. */
    forget(): void {
      runs.clear();
      link = undefined;
    },
  };
};

/** Keeps the tables that say which runs and jobs are open; they must say what {@link isOutstanding} says of the events. */
export const indexWriter = (db: DatabaseSync): { note(event: Event, run: string | null): void } => {
  const queue = db.prepare('insert or replace into runs (run, number, fleet, ended) values (?, ?, ?, null)');
  const end = db.prepare('update runs set ended = ? where run = ?');
  const open = db.prepare('insert or ignore into outstanding (jid, run) values (?, ?)');
  const closing: readonly StatementSync[] = [
    db.prepare('delete from outstanding where jid = ?'),
    db.prepare('delete from sightings where jid = ?'),
  ];
  return {
    note(event, run) {
      switch (event.type) {
        case 'run.queued':
        case 'run.adopted':
          queue.run(event.run, event.number, event.fleet);
          break;
        case 'run.ended':
          end.run(event.at, event.run);
          break;
        case 'run.paused':
        case 'run.resumed':
        case 'run.aborted':
        case 'run.retried':
          end.run(null, event.run);
          break;
        case 'job.requested':
        case 'job.adopted':
          open.run(event.jid, event.run);
          break;
        case 'job.ended':
          if (event.verdict.kind === 'unreachable' && event.verdict.began === 'maybe') open.run(event.jid, run ?? '');
          else for (const statement of closing) statement.run(event.jid);
          break;
        default:
      }
    },
  };
};
