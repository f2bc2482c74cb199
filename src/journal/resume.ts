// The only place that gathers what a new driver needs to go on, and puts output files and events in agreement again.
// A file that is longer than its events say is cut; one that is shorter (power was lost) is told by one more event.
import type { DatabaseSync } from 'node:sqlite';
import type { Event, EventOf } from '../domain/event.ts';
import type { Jid, OutputStream } from '../domain/job.ts';
import type { Beat, JobSeen, Resume } from './entry.ts';
import { type EventRow, eventOf } from './event-row.ts';
import { endedRunsKept } from './kept.ts';
import type { Store } from './store.ts';

/** Ended runs are left out, oldest first, once so many events have been gathered from them: memory stays bounded. */
const mostEndedEvents = 200_000;

/**
 * @param at our wall clock, ms: dates what has to be set right
 * @throws what SQLite or the file system throw
 */
export const resumeFrom = (store: Store, at: number): Resume => {
  const { db } = store;
  const events = [...eventsOf(db, [...openRuns(db), ...lastEndedRuns(db)])];
  const repaired = agreeWithFiles(store, events, at);
  const sightings = db
    .prepare('select body from sightings where jid in (select jid from outstanding)')
    .all()
    .map(row => JSON.parse(String(row['body'])) as JobSeen);
  const beat = db.prepare("select value from meta where key = 'beat'").get()?.['value'];
  const lastSightingAt = numberFrom(db, 'select max(at) as n from sightings');
  const mirror = db.prepare("select value from meta where key = 'mirror'").get()?.['value'];
  return {
    events: [...events, ...repaired],
    sightings,
    lastSightingAt,
    lastEventAt: Math.max(
      lastSightingAt,
      numberFrom(db, 'select at as n from events where seq = (select max(seq) from events)'),
      numberFrom(db, "select value as n from meta where key = 'alive'"),
    ),
    ...(beat !== undefined && { lastBeat: JSON.parse(String(beat)) as Beat }),
    nextRunNumber: numberFrom(db, 'select max(number) as n from runs') + 1,
    line: String(db.prepare("select value from meta where key = 'line'").get()?.['value']),
    lastEpoch: numberFrom(db, "select value as n from meta where key = 'epoch'"),
    ...(mirror !== undefined && mirror !== '' && { mirror: String(mirror) }),
  };
};

/** Every event of the runs, in order, and the fleets they were planned on. */
export const eventsOf = function* (db: DatabaseSync, runs: readonly string[]): Generator<Event> {
  const chosen = JSON.stringify(runs);
  const rows = db
    .prepare(
      `select at, run, jid, type, actor, body from events
        where run in (select value from json_each(?1))
           or seq in (select min(seq) from events where type = 'fleet.planned'
                        and json_extract(body, '$.fleet.id') in (select fleet from runs where run in (select value from json_each(?1)))
                      group by json_extract(body, '$.fleet.id'))
        order by seq`,
    )
    .iterate(chosen);
  for (const row of rows) yield eventOf(row as unknown as EventRow);
};

const openRuns = (db: DatabaseSync): readonly string[] =>
  db
    .prepare("select run from runs where ended is null union select run from outstanding where run <> ''")
    .all()
    .map(row => String(row['run']));

const lastEndedRuns = (db: DatabaseSync): readonly string[] => {
  const ended = db
    .prepare(
      `select run, (select count(*) from events where events.run = runs.run) as size from runs
        where ended is not null and run not in (select run from outstanding) order by ended desc, number desc limit ?`,
    )
    .all(endedRunsKept);
  let gathered = 0;
  return ended
    .filter((row, index) => {
      gathered += Number(row['size']);
      return index === 0 || gathered <= mostEndedEvents;
    })
    .map(row => String(row['run']));
};

type Counted = { readonly jid: Jid; readonly stream: OutputStream; readonly end: number; readonly last?: EventOf<'job.output'> };

/** Makes each file as long as its events say, or appends the event that says how long it really is. */
const agreeWithFiles = (store: Store, events: readonly Event[], at: number): readonly Event[] => {
  const counted = new Map<string, Counted>();
  for (const { jid } of store.db.prepare('select jid from outstanding').all() as { jid: Jid }[]) {
    for (const stream of ['out', 'err'] as const) counted.set(`${jid}.${stream}`, { jid, stream, end: 0 });
  }
  for (const event of events) {
    if (event.type === 'output.removed')
      for (const jid of event.jids) for (const stream of ['out', 'err']) counted.delete(`${jid}.${stream}`);
    if (event.type !== 'job.output') continue;
    const { jid, stream } = event;
    counted.set(`${jid}.${stream}`, { jid, stream, end: event.from + event.length, last: event });
  }
  const repairs: Event[] = [];
  for (const { jid, stream, end, last } of counted.values()) {
    const size = store.cutBack(jid, stream, end);
    if (size < end && last !== undefined) repairs.push({ ...last, at, from: size, length: 0, lastLine: '' });
  }
  if (repairs.length === 0) return repairs;
  const [written] = store.write([{ output: [], events: repairs, sightings: [], durability: 'intent' }]);
  return written?.ok === false ? [] : repairs;
};

const numberFrom = (db: DatabaseSync, sql: string): number => Number(db.prepare(sql).get()?.['n'] ?? 0);
