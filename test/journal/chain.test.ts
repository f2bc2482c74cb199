// The chain shows what was changed, taken out or put in behind the program's back.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ChainReport } from '../../src/journal/chain.ts';
import { readChain } from '../../src/journal/read.ts';
import { entryOf, planned, storeIn, tempFolder, wholeRun } from '../support/journal-kit.ts';

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('chain');
});
afterEach(() => folder.remove());

/** Writes runs, each in a session of its own, as drivers that follow each other do. */
const filled = (runs: number): void => {
  for (let n = 1; n <= runs; n += 1) {
    const store = storeIn(folder.path);
    store.write([entryOf([planned(n), ...wholeRun(n, n * 10)]), entryOf([planned(n + 1)])]);
    store.close();
  }
};

const tamper = (sql: string): void => {
  const db = new DatabaseSync(join(folder.path, 'journal.db'));
  db.exec(sql);
  db.close();
};

const chain = (): ChainReport => {
  const read = readChain(folder.path);
  if (!read.ok) throw new Error(read.failure.cause);
  return read.value;
};

test('a journal that nobody touched is whole, over several drivers, and its last hash moves with each event', () => {
  filled(2);
  const before = chain();
  expect(before).toMatchObject({ kind: 'whole', older: 0 });
  filled(1);
  expect(chain()).toMatchObject({ kind: 'whole' });
  expect(chain()).not.toEqual(before);
});

test('no journal is no broken one', () => {
  expect(chain()).toMatchObject({ kind: 'whole', events: 0 });
});

test.each([
  ['a changed word', "update events set body = replace(body, 'uptime', 'reboot') where seq = 4", 4],
  ['another actor', 'update events set actor = \'{"user":"mallory","machine":"x"}\' where seq = 2', 2],
  ['another time', 'update events set at = at + 1 where seq = 5', 5],
  ['an event taken out', 'delete from events where seq = 3', 4],
  [
    'two events exchanged',
    'update events set seq = -1 where seq = 3; update events set seq = 3 where seq = 4; update events set seq = 4 where seq = -1',
    3,
  ],
  ['a hash taken away', 'update events set hash = null where seq = 6', 6],
  ['an event put in', "insert into events (at, type, body) values (99, 'run.noted', '{}')", undefined],
])('%s shows, and where', (_, sql, seq) => {
  filled(2);
  const { events } = chain() as { events: number };
  tamper(sql);
  expect(chain()).toMatchObject({ kind: 'broken', seq: seq ?? events + 1 });
});

test('a write that failed leaves no gap', () => {
  filled(1);
  const store = storeIn(folder.path);
  const pages = store.db.prepare('pragma page_count').get()?.['page_count'];
  store.db.exec(`pragma max_page_count = ${pages}`);
  const noted = { type: 'run.noted', at: 50, run: 'x', text: 'hi'.repeat(20_000) } as const;
  expect(store.write([entryOf([planned(9), noted])])[0]?.ok).toBe(false);
  store.db.exec('pragma max_page_count = 1000000');
  expect(store.write([entryOf([planned(9), noted])])[0]?.ok).toBe(true);
  store.close();
  expect(chain()).toMatchObject({ kind: 'whole' });
});
