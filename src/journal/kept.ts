// The only place that knows what is still kept of jobs that ended: their folders on hosts, their output here.
// `kept` is an index of events like `runs`; how long things are kept is for the driver to say.
import type { DatabaseSync } from 'node:sqlite';
import type { Event, PlannedHost } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import type { OutputFiles } from './output-files.ts';

/**
 * `there`: 1 while the host may have its folder, 2 when it has more of the output than we (a power cut here took some).
 * `bytes`: its output here. Of a job with neither there is no row in the end.
 */
export const keptTable = `
  create table kept (
    jid text primary key, run text not null, host text not null, ended real not null, there integer not null, bytes integer not null
  ) strict, without rowid;
  create index kept_ended on kept (ended);`;

const beganThere = `
  (json_extract(e.body, '$.verdict.kind') <> 'unreachable' and json_extract(e.body, '$.verdict.why') is not 'vanished')`;

const namedBy = (type: string): string => `select j.value from events as o, json_each(o.body, '$.jids') as j where o.type = '${type}'`;

/** Fills the table from the events of a journal that had none. */
export const keptSoFar = `
  insert or replace into kept (jid, run, host, ended, there, bytes)
    with sizes as (
      select jid, sum(size) as bytes from (
        select jid, json_extract(body, '$.stream') as stream, max(json_extract(body, '$.from') + json_extract(body, '$.length')) as size
          from events where type = 'job.output' group by jid, stream
      ) group by jid
    )
    select e.jid, e.run, json_extract(r.body, '$.host'), max(e.at),
        ${beganThere} and e.jid not in (select jid from events where type = 'job.joined' and jid is not null)
          and e.jid not in (${namedBy('host.cleaned')}),
        case when e.jid in (${namedBy('output.removed')}) then 0 else coalesce(sizes.bytes, 0) end
      from events e
      join events r on r.jid = e.jid and r.type = 'job.requested'
      left join sizes on sizes.jid = e.jid
      where e.type = 'job.ended' and e.run is not null and e.jid not in (select jid from outstanding)
      group by e.jid;
  delete from kept where there = 0 and bytes = 0;`;

/** Keeps the table. */
export const keptWriter = (db: DatabaseSync, files: Pick<OutputFiles, 'sizeOf'>): { note(event: Event, run: string | null): void } => {
  const hostOf = db.prepare("select json_extract(body, '$.host') as host from events where jid = ? and type = 'job.requested'");
  /** What was adopted is somebody else's to clean: only its output here is ours. */
  const adoptedOn = db.prepare(
    "select json_extract(body, '$.host') as host from events where run = ? and jid = ? and type = 'job.adopted'",
  );
  const ended = db.prepare(
    `insert into kept (jid, run, host, ended, there, bytes) values (?, ?, ?, ?, ?, ?)
       on conflict (jid) do update set ended = excluded.ended, there = min(there, excluded.there), bytes = excluded.bytes`,
  );
  const drop = db.prepare('delete from kept where jid = ?');
  const gone = db.prepare('update kept set there = 0 where jid = ?');
  const wanted = db.prepare('update kept set there = 2 where jid = ? and there = 1');
  const empty = db.prepare('delete from kept where jid = ? and there = 0 and bytes = 0');
  const add = (jid: Jid, run: string | null, at: number, there: 0 | 1, bytes: number): void => {
    const host = hostOf.get(jid)?.['host'];
    if (run === null) return;
    if (typeof host === 'string') return void ended.run(jid, run, host, at, there, bytes);
    const adopted = adoptedOn.get(run, jid)?.['host'];
    if (typeof adopted === 'string') ended.run(jid, run, adopted, at, 0, bytes);
  };
  return {
    note(event, run) {
      switch (event.type) {
        // Its folder bears another's name; whose that is, that one's row says.
        case 'job.joined':
          if (event.other === event.jid) drop.run(event.jid);
          else add(event.jid, run, event.at, 0, 0);
          break;
        case 'job.ended': {
          const { verdict } = event;
          const isThere = verdict.kind !== 'unreachable' && !(verdict.kind === 'lost' && verdict.why === 'vanished');
          if (verdict.kind === 'unreachable' && verdict.began === 'maybe') break;
          add(event.jid, run, event.at, isThere ? 1 : 0, files.sizeOf(event.jid));
          empty.run(event.jid);
          break;
        }
        // Only what sets right a file that lost its end has no length.
        case 'job.output':
          if (event.length === 0) wanted.run(event.jid);
          break;
        case 'host.cleaned':
          for (const jid of event.jids) {
            gone.run(jid);
            empty.run(jid);
          }
          break;
        default:
      }
    },
  };
};

/** Ended runs that a new driver still shows; their events stay, however old they are. */
export const endedRunsKept = 20;

/** A folder of ours that a host may still have. */
export type LeftThere = { readonly jid: Jid; readonly host: PlannedHost; readonly bytes: number };

/** Output here whose time has come. */
export type OutputDue = { readonly jid: Jid; readonly run: string; readonly bytes: number };

/** Runs that are over in every way: nothing of the others is ever removed. */
const isOver = `
  run in (select run from runs where ended is not null) and run not in (select run from outstanding) and jid not in (select jid from outstanding)`;

/** Ended jobs whose folders hosts may still have, the oldest first. `from`, `to`: when they ended, wall clock, ms. */
export const leftThere = (
  db: DatabaseSync,
  { from, to, hosts }: { readonly from: number; readonly to: number; readonly hosts?: readonly string[] },
): readonly LeftThere[] => {
  const fleetOf = new Map<string, ReadonlyMap<string, PlannedHost>>();
  const plannedOn = (fleet: string): ReadonlyMap<string, PlannedHost> => {
    const known = fleetOf.get(fleet);
    if (known !== undefined) return known;
    const body = db
      .prepare("select body from events where type = 'fleet.planned' and json_extract(body, '$.fleet.id') = ? limit 1")
      .get(fleet)?.['body'];
    const planned: readonly PlannedHost[] = typeof body === 'string' ? JSON.parse(body).fleet.hosts : [];
    const byName = new Map(planned.map(host => [host.name, host]));
    fleetOf.set(fleet, byName);
    return byName;
  };
  return db
    .prepare(
      `select jid, host, bytes, (select fleet from runs where runs.run = kept.run) as fleet from kept
        where there = 1 and ended >= ? and ended < ? and ${isOver}
          and (?3 is null or host in (select value from json_each(?3))) order by ended`,
    )
    .all(from, to, hosts === undefined ? null : JSON.stringify(hosts))
    .flatMap(row => {
      const host = plannedOn(String(row['fleet'])).get(String(row['host']));
      return host === undefined ? [] : [{ jid: row['jid'] as Jid, host, bytes: Number(row['bytes']) }];
    });
};

/** Output of jobs that ended before `endedBefore`, and then, the oldest first, what is beyond `most` bytes in all. */
export const outputDue = (
  db: DatabaseSync,
  { endedBefore, most, hosts }: { readonly endedBefore: number; readonly most: number; readonly hosts?: readonly string[] },
): readonly OutputDue[] =>
  db
    .prepare(
      `select jid, run, bytes from (
          select jid, run, host, ended, bytes, sum(bytes) over (order by ended desc, jid) as newer from kept where bytes > 0
        ) as kept
        where (ended < ? or newer > ?) and ${isOver} and (?3 is null or host in (select value from json_each(?3))) order by ended`,
    )
    .all(endedBefore, most, hosts === undefined ? null : JSON.stringify(hosts))
    .map(row => ({ jid: row['jid'] as Jid, run: String(row['run']), bytes: Number(row['bytes']) }));

/** After the event that says so. What is missed, because the power went, is due again. @throws the file system's error */
export const removeOutput = (db: DatabaseSync, files: Pick<OutputFiles, 'remove'>, jids: readonly Jid[]): void => {
  for (const jid of jids) files.remove(jid);
  const all = JSON.stringify(jids);
  db.prepare('update kept set bytes = 0 where jid in (select value from json_each(?))').run(all);
  db.prepare('delete from kept where there = 0 and bytes = 0 and jid in (select value from json_each(?))').run(all);
};
