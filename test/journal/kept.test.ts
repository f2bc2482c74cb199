// What the journal knows about what is kept, and what it takes out: whole runs long over, so that the chain still tells.
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { keptSoFar } from '../../src/journal/kept.ts';
import { outputPath } from '../../src/journal/output-files.ts';
import { readChain, readHistory, readRunEvents } from '../../src/journal/read.ts';
import { resumeFrom } from '../../src/journal/resume.ts';
import type { Store } from '../../src/journal/store.ts';
import {
  entryOf,
  fleet,
  jid,
  jobEnded,
  outputOf,
  planned,
  queued,
  requested,
  runEnded,
  runId,
  started,
  storeIn,
  tempFolder,
  wholeRun,
} from '../support/journal-kit.ts';

let folder: ReturnType<typeof tempFolder>;
let store: Store;
beforeEach(() => {
  folder = tempFolder('kept');
  store = storeIn(folder.path);
});
afterEach(() => {
  if (store.db.isOpen) store.close();
  folder.remove();
});

const ask = <T>(what: Parameters<Store['keeping']['answer']>[0]): T => store.keeping.answer(what) as T;
const leftThere = (): readonly Jid[] => ask<{ jid: Jid }[]>({ what: 'left-there', from: 0, to: 1e15 }).map(found => found.jid);
const outputDue = (endedBefore: number, most: number): readonly Jid[] =>
  ask<{ jid: Jid }[]>({ what: 'output-due', endedBefore, most }).map(found => found.jid);
const prune = (before: number): number => ask<number>({ what: 'prune', before, at: 10_000 });
const chain = (path = folder.path) => {
  const read = readChain(path);
  if (!read.ok) throw new Error(read.failure.cause);
  return read.value;
};

/** A run whose job said `bytes` bytes and ended. */
const talkative = (n: number, at: number, bytes: number): void => {
  const said = outputOf(n, at + 4, 0, 'x'.repeat(bytes));
  store.write([
    entryOf([queued(n, at), requested(n, at + 1), started(n, at + 2), said.event], { output: [said.bytes] }),
    entryOf([jobEnded(n, at + 5), runEnded(n, at + 6)]),
  ]);
};

test('output goes by age, then the oldest beyond what there is room for; of runs that are open never', () => {
  store.write([entryOf([planned(1)])]);
  talkative(1, 10, 100);
  talkative(2, 1000, 100);
  talkative(3, 2000, 100);
  store.write([entryOf([queued(4, 3000), requested(4, 3001), jobEnded(4, 3002)])]);
  expect(outputDue(500, 1e9)).toEqual([jid(1)]);
  expect(outputDue(0, 250)).toEqual([jid(1)]);
  expect(outputDue(0, 0)).toEqual([jid(1), jid(2), jid(3)]);
  expect(leftThere()).toEqual([jid(1), jid(2), jid(3)]);
  store.write([
    entryOf([
      { type: 'output.removed', at: 3500, run: runId(1), jids: [jid(1)], bytes: 100 },
      { type: 'host.cleaned', at: 3500, host: 'web1', jids: [jid(2)] },
    ]),
  ]);
  ask({ what: 'remove-output', jids: [jid(1)] });
  // A mirror makes the table anew, of the events.
  const table = store.db.prepare('select jid, there, bytes from kept order by jid').all();
  store.db.exec(`delete from kept; ${keptSoFar}`);
  expect(store.db.prepare('select jid, there, bytes from kept order by jid').all()).toEqual(table);
  expect(existsSync(outputPath(folder.path, jid(1), 'out'))).toBe(false);
  expect(outputDue(0, 0)).toEqual([jid(2), jid(3)]);
  store.write([entryOf([{ type: 'run.retried', at: 4000, run: runId(2), hosts: ['web1'] }])]);
  expect([outputDue(0, 0), leftThere()]).toEqual([[jid(3)], [jid(1), jid(3)]]);
});

test('what may still run, never began or is gone there is not left there', () => {
  const failure = { tag: 'refused', cause: 'x' } as const;
  store.write([entryOf([planned(1), ...[1, 2, 3, 4].flatMap(n => [queued(n, n * 10), requested(n, n * 10 + 1)])])]);
  store.write([
    entryOf([
      jobEnded(1, 100, { kind: 'unreachable', failure, began: 'never' }),
      jobEnded(2, 100, { kind: 'unreachable', failure, began: 'maybe' }),
      jobEnded(3, 100, { kind: 'lost', why: 'vanished', elapsed: 1 }),
      { type: 'job.joined', at: 90, jid: jid(4), other: jid(9) },
      jobEnded(4, 100),
      ...[1, 2, 3, 4].map(n => runEnded(n, 101)),
    ]),
  ]);
  expect(leftThere()).toEqual([]);
  store.write([entryOf([jobEnded(2, 200)])]);
  expect(leftThere()).toEqual([jid(2)]);
});

test('where a power cut took the end of the output here, the copy on the host stays', () => {
  store.write([entryOf([planned(1)])]);
  talkative(1, 10, 100);
  expect(leftThere()).toEqual([jid(1)]);
  const said = outputOf(1, 30, 50, '');
  store.write([entryOf([said.event])]);
  expect(leftThere()).toEqual([]);
});

test('whole runs go, and the chain is whole across the gaps; runs go on being counted', () => {
  store.write([entryOf([planned(1)])]);
  for (let n = 1; n <= 30; n += 1) {
    store.write([entryOf(wholeRun(n, n * 10))]);
    // An open run among them: its events stay where they are.
    if (n === 3) store.write([entryOf([queued(100, 33), requested(100, 34)])]);
    if (n === 5) store.write([entryOf([started(100, 55)])]);
  }
  const before = chain();
  expect(before).toMatchObject({ kind: 'whole', removed: 0 });
  copyFileSync(join(folder.path, 'journal.db'), join(folder.path, 'copy.db'));
  const went = prune(95);
  // Runs 1 to 9 ended by then; the fleet is needed by others.
  expect(went).toBe(8 * 8);
  expect(readRunEvents(folder.path, 3)).toEqual({ ok: true, value: [] });
  expect(chain()).toMatchObject({ kind: 'whole', removed: 64, events: (before as { events: number }).events - 64 + 1 });
  expect(prune(95)).toBe(0);
  // Of the others only the last twenty are left.
  prune(1e6);
  expect(chain()).toMatchObject({ kind: 'whole', removed: 80 });
  const state = resumeFrom(store, 1);
  expect(state.nextRunNumber).toBe(101);
  expect(state.events.filter(({ type }) => type === 'fleet.planned')).toHaveLength(1);
  expect(readHistory(folder.path, { limit: 100 })).toMatchObject({ ok: true, value: { length: 21 } });
  store.close();
  store = storeIn(folder.path);
  store.write([entryOf([planned(2)])]);
  expect(chain()).toMatchObject({ kind: 'whole' });
});

test.each([
  ['an event taken out beside the gap', 'delete from events where seq = (select min(seq) + 3 from events where seq > 30)'],
  ['a gap made larger', "update events set body = replace(body, '\"removed\":80', '\"removed\":81') where type = 'journal.pruned'"],
  ['the event that names the gap', "delete from events where type = 'journal.pruned'"],
])('after retention %s still shows', (_, sql) => {
  store.write([entryOf([planned(1)])]);
  for (let n = 1; n <= 30; n += 1) store.write([entryOf(wholeRun(n, n * 10))]);
  expect(prune(1e6)).toBe(80);
  store.write([entryOf([planned(2)])]);
  expect(chain()).toMatchObject({ kind: 'whole', removed: 80 });
  store.close();
  const db = new DatabaseSync(join(folder.path, 'journal.db'));
  expect(Number(db.prepare(sql).run().changes)).toBe(1);
  db.close();
  expect(chain()).toMatchObject({ kind: 'broken', seq: expect.any(Number) });
});

test('a copy that still has what was removed here is whole as well', () => {
  store.write([entryOf([planned(1)])]);
  for (let n = 1; n <= 30; n += 1) store.write([entryOf(wholeRun(n, n * 10))]);
  const rows = store.db.prepare('select * from events').all();
  expect(prune(1e6)).toBe(80);
  for (const row of rows) {
    const names = Object.keys(row);
    store.db
      .prepare(`insert or ignore into events (${names.join(', ')}) values (${names.map(() => '?').join(', ')})`)
      .run(...(Object.values(row) as string[]));
  }
  expect(chain()).toMatchObject({ kind: 'whole', removed: 0, older: 0 });
  expect(fleet.hosts).toHaveLength(1);
});
