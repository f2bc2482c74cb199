// The only place that takes old events out of the journal: whole runs, never one that is open, outstanding or among the last.
// What is taken out is named by an event of its own, so that the chain can still be checked across the gap.
import type { DatabaseSync } from 'node:sqlite';
import type { EventOf, Gap } from '../domain/event.ts';
import { gapsIn } from './chain.ts';
import { endedRunsKept } from './kept.ts';

/** Runs taken out in one go: the journal must not stand still for long. */
const runsAtOnce = 200;

/**
 * Takes out what happened before a moment, and says so with `add`, all in the caller's transaction.
 * @param before wall clock, ms
 * @returns how many events went
 */
export const prune = (db: DatabaseSync, before: number, add: (event: Omit<EventOf<'journal.pruned'>, 'at'>) => void): number => {
  db.exec('create temp table if not exists going (seq integer primary key) strict; delete from going');
  const runs = db
    .prepare(
      `select run from runs
        where ended < ?1 and run not in (select run from outstanding)
          and run not in (select run from runs where ended is not null order by ended desc, number desc limit ${endedRunsKept})
          and number < (select max(number) from runs)
          and not exists (select 1 from events where events.run = runs.run and at >= ?1)
        order by ended limit ${runsAtOnce}`,
    )
    .all(before)
    .map(row => String(row['run']));
  const going = JSON.stringify(runs);
  db.prepare('insert into going select seq from events where run in (select value from json_each(?))').run(going);
  // Of what belongs to no run what came before the last of these; of the fleets those that no other run needs.
  db.prepare(
    `insert or ignore into going select seq from events
      where run is null and at < ?1 and (jid is null or jid not in (select jid from outstanding))
        and seq < (select coalesce(max(seq), 0) from going)
        and (type <> 'fleet.planned' or json_extract(body, '$.fleet.id') not in
          (select fleet from runs where run not in (select value from json_each(?2))))`,
  ).run(before, going);
  const rows = db.prepare('select seq, hash from events where seq in (select seq from going) order by seq').all();
  if (rows.length === 0) return 0;
  const fresh = rows.map((row): Gap => [Number(row['seq']), Number(row['seq']), row['hash'] as string | null]);
  // Before anything goes: what comes next in the chain follows the event that is the last one now.
  add({ type: 'journal.pruned', before, removed: rows.length, gaps: joined([...gapsIn(db), ...fresh]) });
  db.exec('delete from events where seq in (select seq from going)');
  for (const table of ['runs', 'kept']) db.prepare(`delete from ${table} where run in (select value from json_each(?))`).run(going);
  return rows.length;
};

/** Gaps that touch are one. */
const joined = (gaps: readonly Gap[]): readonly Gap[] => {
  const all: Gap[] = [];
  for (const gap of gaps.toSorted(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && last[1] + 1 === gap[0]) all[all.length - 1] = [last[0], gap[1], gap[2]];
    else all.push(gap);
  }
  return all;
};
