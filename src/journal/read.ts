// The only place that reads a journal without writing it: for commands that need no driver, while one writes or when none lives.
// A missing journal is an empty one; a newer or damaged one is one clear sentence.
import { DatabaseSync } from 'node:sqlite';
import type { Actor, Event } from '../domain/event.ts';
import { isOutstanding, type Jid, type Job, type OutputStream } from '../domain/job.ts';
import { countHosts, type HostCounts } from '../domain/recap.ts';
import { reduce, reduceSighting } from '../domain/reduce.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { emptyState, type Run, type State } from '../domain/run-state.ts';
import { type ChainReport, examineChain } from './chain.ts';
import type { JobSeen } from './entry.ts';
import { type OutputPiece, outputPath, readOutputFile } from './output-files.ts';
import { eventsOf } from './resume.ts';
import { newerSchema, schemaVersion, versionOf } from './schema.ts';
import { checkStateFolder, exists, journalFile } from './state-folder.ts';
import { troubleOf } from './trouble.ts';

/** A job with what the run says about it. */
export type JobEntry = {
  readonly job: Job;
  readonly run: number;
  readonly title: string;
  readonly fleet: string;
  /** When it was asked for (or adopted), our wall clock, ms. */
  readonly requestedAt: number;
  /** Absent with no-log. */
  readonly command?: string;
  readonly by?: Actor;
};

/** One line of the history. Times are wall clock, ms. */
export type PastRun = {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly fleet: string;
  readonly by?: Actor;
  readonly queuedAt: number;
  readonly phase: Run['phase'];
  readonly hosts: number;
  readonly counts: HostCounts;
  /** Jobs that hosts may still be running, though the run itself may be over (`-P 0`). */
  readonly outstanding: number;
};

/** Reads of a stream what is kept here. A negative `from` counts from the end. @failure state-folder */
export const readOutput = (stateDir: string, jid: Jid, stream: OutputStream, from: number, most: number): Result<OutputPiece> => {
  try {
    return ok(readOutputFile(outputPath(stateDir, jid, stream), from, most));
  } catch (error) {
    return fail(troubleOf(error, stateDir));
  }
};

/** The last runs, newest first. @failure state-folder */
export const readHistory = (stateDir: string, { limit }: { readonly limit: number }): Result<readonly PastRun[]> =>
  reading(stateDir, [], db => {
    const runs = db.prepare('select run from runs order by number desc limit ?').all(limit);
    // One run at a time: a long history must not be in memory at once.
    return runs.flatMap(row => {
      const state = stateOf(eventsOf(db, [String(row['run'])]));
      return [...state.runs.values()].map(run => pastRun(run, state));
    });
  });

/** Which jobs: those that hosts may still be running (and these besides), or every one that the journal knows. */
export type WhichJobs = { readonly which: 'outstanding'; readonly and?: readonly Jid[] } | { readonly which: 'all' };

/** Jobs in the order in which they were requested. @failure state-folder */
export const readJobs = (stateDir: string, wanted: WhichJobs): Result<readonly JobEntry[]> =>
  reading(stateDir, [], db => {
    const besides = new Set(wanted.which === 'all' ? [] : wanted.and);
    const runs =
      wanted.which === 'all'
        ? db.prepare('select run from runs order by number').all()
        : db.prepare(runsOfJobs).all(JSON.stringify([...besides]));
    const seen = new Map(sightingsOf(db).map(sighting => [sighting.jid, sighting]));
    return runs.flatMap(row => {
      const requests = new Map<Jid, Request>();
      const state = stateOf(noting(eventsOf(db, [String(row['run'])]), requests));
      return [...state.jobs.values()]
        .filter(job => wanted.which === 'all' || isOutstanding(job) || besides.has(job.jid))
        .map(job => {
          const sighting = seen.get(job.jid);
          if (sighting !== undefined) reduceSighting(state, sighting);
          return jobEntry(state.jobs.get(job.jid) ?? job, state, requests.get(job.jid));
        });
    });
  });

const runsOfJobs = `
  select run from runs where run in (select run from outstanding)
    or run in (select run from events where type = 'job.requested' and jid in (select value from json_each(?1)))
    or run in (select run from events where run is not null and type = 'job.adopted' and jid in (select value from json_each(?1)))
  order by number`;

/** Which of these jobs and runs the journal knows. @failure state-folder */
export const readKnown = (
  stateDir: string,
  { jids, runs }: { readonly jids: readonly Jid[]; readonly runs: readonly string[] },
): Result<{ readonly jids: ReadonlySet<string>; readonly runs: ReadonlySet<string> }> =>
  reading(stateDir, { jids: new Set(), runs: new Set() }, db => {
    const named = (sql: string, names: readonly string[]): string[] =>
      db
        .prepare(sql)
        .all(JSON.stringify(names))
        .map(row => String(Object.values(row)[0]));
    const ofType = (type: string): string[] =>
      named(`select jid from events where type = '${type}' and jid in (select value from json_each(?))`, jids);
    return {
      jids: new Set(jids.length === 0 ? [] : [...ofType('job.requested'), ...ofType('job.adopted')]),
      runs: new Set(named('select run from runs where run in (select value from json_each(?))', runs)),
    };
  });

/** Every event of one run, and its fleet, in order; empty for a run that is not known. @param run id, number or `last` @failure state-folder */
export const readRunEvents = (stateDir: string, run: string | number): Result<readonly Event[]> =>
  reading(stateDir, [], db => {
    const id =
      run === 'last'
        ? db.prepare('select run from runs order by number desc').get()?.['run']
        : typeof run === 'string'
          ? run
          : db.prepare('select run from runs where number = ?').get(run)?.['run'];
    return id === undefined ? [] : [...eventsOf(db, [String(id)])];
  });

/** Whether every event is still what was written. @failure state-folder */
export const readChain = (stateDir: string): Result<ChainReport> =>
  reading(stateDir, { kind: 'whole', events: 0, older: 0, removed: 0, head: '' }, examineChain);

const reading = <T>(stateDir: string, empty: T, read: (db: DatabaseSync) => T): Result<T> => {
  const path = journalFile(stateDir);
  let db: DatabaseSync | undefined;
  try {
    if (!exists(stateDir)) return ok(empty);
    const folder = checkStateFolder(stateDir);
    if (!folder.ok) return folder;
    if (!exists(path)) return ok(empty);
    db = new DatabaseSync(path, { readOnly: true, timeout: 5000 });
    const version = versionOf(db);
    if (version === undefined) return ok(empty);
    if (version > schemaVersion) return fail(newerSchema(path, version));
    return ok(read(db));
  } catch (error) {
    return fail(troubleOf(error, stateDir));
  } finally {
    db?.close();
  }
};

const stateOf = (events: Iterable<Event>): State => {
  const state = emptyState();
  for (const event of events) reduce(state, event);
  return state;
};

/** What the state forgets when a job has ended, or never knew. */
type Request = { readonly at: number; readonly command: string };

const noting = function* (events: Iterable<Event>, requests: Map<Jid, Request>): Generator<Event> {
  for (const event of events) {
    if (event.type === 'job.requested' || event.type === 'job.adopted') requests.set(event.jid, event);
    yield event;
  }
};

const sightingsOf = (db: DatabaseSync): readonly JobSeen[] =>
  db
    .prepare('select body from sightings')
    .all()
    .map(row => JSON.parse(String(row['body'])) as JobSeen);

const jobEntry = (job: Job, state: State, request: Request | undefined): JobEntry => {
  const { command, at = 0 } = request ?? {};
  const run = state.runs.get(job.runId);
  return {
    job,
    run: run?.number ?? 0,
    title: run?.plan.title ?? '',
    fleet: labelOf(run, state),
    requestedAt: at,
    ...(command !== undefined && command !== '' && { command }),
    ...(run?.by !== undefined && { by: run.by }),
  };
};

const labelOf = (run: Run | undefined, state: State): string => (run && state.fleets.get(run.fleet)?.label) ?? '';

const pastRun = (run: Run, state: State): PastRun => ({
  id: run.id,
  number: run.number,
  title: run.plan.title,
  fleet: labelOf(run, state),
  ...(run.by !== undefined && { by: run.by }),
  queuedAt: run.queuedAt,
  phase: run.phase,
  hosts: run.hosts.size,
  counts: countHosts(run, state.jobs),
  outstanding: [...state.jobs.values()].filter(isOutstanding).length,
});
