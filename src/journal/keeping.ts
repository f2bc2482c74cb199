// The only place that answers what the driver asks about what is kept: which folders and outputs there are, and takes away
// what it names. Synchronous: it lives in the worker thread, and does little at a time.
import type { DatabaseSync } from 'node:sqlite';
import type { Event } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import { type LeftThere, leftThere, type OutputDue, outputDue, removeOutput } from './kept.ts';
import type { OutputFiles } from './output-files.ts';
import { prune } from './prune.ts';

/** Times are wall clock, ms. `hosts`: only of these; absent: of all. */
export type KeepAsk =
  | { readonly what: 'left-there'; readonly from: number; readonly to: number; readonly hosts?: readonly string[] }
  | { readonly what: 'output-due'; readonly endedBefore: number; readonly most: number; readonly hosts?: readonly string[] }
  | { readonly what: 'remove-output'; readonly jids: readonly Jid[] }
  /** Resolves with how many events went; there may be more. */
  | { readonly what: 'prune'; readonly before: number; readonly at: number }
  /** When retention was last looked after; 0 never. With `at` it is now. */
  | { readonly what: 'last-pass'; readonly at?: number };

/** What each of them brings. */
export type KeepAnswers = {
  readonly 'left-there': readonly LeftThere[];
  readonly 'output-due': readonly OutputDue[];
  readonly 'remove-output': number;
  readonly prune: number;
  readonly 'last-pass': number;
};

/** @throws what SQLite and the file system throw */
export type Keeping = { answer(ask: KeepAsk): KeepAnswers[KeepAsk['what']] };

type Rows = { readonly add: (event: Event) => void; readonly forget: () => void };

/** @param durable makes what follows wait for the disk */
export const makeKeeping = (db: DatabaseSync, files: OutputFiles, rows: Rows, durable: () => void): Keeping => {
  const inOneGo = (work: () => number): number => {
    durable();
    db.exec('begin immediate');
    try {
      const count = work();
      db.exec('commit');
      return count;
    } catch (error) {
      if (db.isTransaction) db.exec('rollback');
      rows.forget();
      throw error;
    }
  };
  return {
    answer(ask) {
      switch (ask.what) {
        case 'left-there':
          return leftThere(db, ask);
        case 'output-due':
          return outputDue(db, ask);
        case 'remove-output':
          removeOutput(db, files, ask.jids);
          return ask.jids.length;
        case 'prune':
          return inOneGo(() => prune(db, ask.before, event => rows.add({ ...event, at: ask.at })));
        case 'last-pass':
          if (ask.at !== undefined) db.prepare("insert or replace into meta (key, value) values ('kept-pass', ?)").run(String(ask.at));
          return Number(db.prepare("select value from meta where key = 'kept-pass'").get()?.['value'] ?? 0);
      }
    },
  };
};
