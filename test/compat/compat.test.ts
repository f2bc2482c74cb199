// A journal of every schema that there ever was opens, is brought up to date, and goes on.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readChain, readHistory, readJobs } from '../../src/journal/read.ts';
import { schemaVersion } from '../../src/journal/schema.ts';
import { entryOf, jid, jobEnded, storeIn, tempFolder } from '../support/journal-kit.ts';

/** Events that a journal of a schema had before there was a chain. */
const unchained = (name: string): number => (name === 'schema-1.sql' ? 11 : 0);

const schemas = readdirSync(import.meta.dirname).filter(name => name.endsWith('.sql'));

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('compat');
});
afterEach(() => folder.remove());

const file = (): string => join(folder.path, 'journal.db');

const restore = (name: string): void => {
  const db = new DatabaseSync(file());
  db.exec(readFileSync(join(import.meta.dirname, name), 'utf8'));
  db.close();
};

test('there is a journal of each older schema', () => {
  expect(schemas).toEqual(Array.from({ length: schemaVersion - 1 }, (_, n) => `schema-${n + 1}.sql`));
});

test.each(schemas)('%s is read as it is, brought up to date, and written on', name => {
  restore(name);
  expect(readHistory(folder.path, { limit: 9 })).toMatchObject({ value: [{ number: 2 }, { number: 1 }] });
  expect(readChain(folder.path)).toMatchObject({ value: { kind: 'whole', events: 11, older: unchained(name) } });
  const store = storeIn(folder.path);
  expect(store.db.prepare('select jid, host, there, bytes from kept').all()).toEqual([{ jid: jid(1), host: 'web1', there: 1, bytes: 6 }]);
  expect(readJobs(folder.path, { which: 'outstanding' })).toMatchObject({ value: [{ run: 2 }] });
  expect(store.write([entryOf([jobEnded(2, 30)])])).toEqual([{ ok: true, value: undefined }]);
  store.close();
  expect(readJobs(folder.path, { which: 'outstanding' })).toEqual({ ok: true, value: [] });
  storeIn(folder.path).close();
  expect(readChain(folder.path)).toMatchObject({ value: { kind: 'whole', events: 12, older: unchained(name) } });
  expect(readJobs(folder.path, { which: 'all' })).toMatchObject({ value: [{ job: { jid: jid(1) } }, { job: { jid: jid(2) } }] });
});
