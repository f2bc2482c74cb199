// The only place for the chain of the journal: each event carries the hash of the one before, so that a change shows.
// What it cannot show by itself is a tail that was cut off; whoever keeps the last hash elsewhere sees that too.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Gap } from '../domain/event.ts';
import type { EventRow } from './event-row.ts';

/** What {@link examineChain} found. `older`: events that a journal without a chain had before; `removed`: by retention. */
export type ChainReport =
  | { readonly kind: 'whole'; readonly events: number; readonly older: number; readonly removed: number; readonly head: string }
  | { readonly kind: 'broken'; readonly seq: number; readonly type: string; readonly at: number; readonly why: string };

/** SHA-256, hexadecimal, over the link before and everything that the row says. */
export const linkOf = (before: string, { at, run, jid, type, actor, body }: EventRow): string =>
  createHash('sha256')
    .update(JSON.stringify([before, at, run, jid, type, actor, body]))
    .digest('hex');

/** The last event's link; where there is none yet, the journal's own line, so that a chain belongs to one journal. */
export const lastLink = (db: DatabaseSync): string => {
  const last = db.prepare('select hash from events order by seq desc limit 1').get()?.['hash'];
  return typeof last === 'string' ? last : lineOf(db);
};

/** Reads every event once, in order. */
export const examineChain = (db: DatabaseSync): ChainReport => {
  if (db.prepare("select 1 from pragma_table_info('events') where name = 'hash'").get() === undefined) {
    const events = Number(db.prepare('select count(*) as n from events').get()?.['n']);
    return { kind: 'whole', events, older: events, removed: 0, head: lineOf(db) };
  }
  const from = Number(db.prepare("select value from meta where key = 'chained'").get()?.['value'] ?? 1);
  let head = lineOf(db);
  const gaps = [...gapsIn(db)];
  let next = 1;
  let events = 0;
  let older = 0;
  let removed = 0;
  for (const found of db.prepare('select seq, at, run, jid, type, actor, body, hash from events order by seq').iterate()) {
    const row = found as unknown as EventRow & { readonly seq: number; readonly hash: string | null };
    const broken = (why: string): ChainReport => ({ kind: 'broken', seq: row.seq, type: row.type, at: row.at, why });
    // What retention took out is named by an event that the chain holds; a copy made before still has it.
    for (let gap = gaps[0]; gap !== undefined && gap[0] <= next; gap = gaps[0]) {
      gaps.shift();
      if (gap[0] < next || row.seq <= gap[1]) continue;
      next = gap[1] + 1;
      removed += gap[1] - gap[0] + 1;
      head = gap[2] ?? head;
    }
    if (row.seq !== next) return broken(`${row.seq - next} before it ${row.seq - next === 1 ? 'is' : 'are'} missing`);
    next += 1;
    events += 1;
    if (row.seq < from) older += 1;
    if (row.seq < from) continue;
    const link = linkOf(head, row);
    if (row.hash !== link) return broken('it, or the one before it, is not what was written');
    head = link;
  }
  return { kind: 'whole', events, older, removed, head };
};

const lineOf = (db: DatabaseSync): string => String(db.prepare("select value from meta where key = 'line'").get()?.['value']);

/** The gaps that the last `journal.pruned` tells, in order. */
export const gapsIn = (db: DatabaseSync): readonly Gap[] => {
  const body = db.prepare("select body from events where type = 'journal.pruned' order by seq desc limit 1").get()?.['body'];
  return typeof body === 'string' ? ((JSON.parse(body) as { gaps: readonly Gap[] }).gaps ?? []) : [];
};
