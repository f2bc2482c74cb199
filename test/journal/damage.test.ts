// State folders and databases that cannot be used: refused with one sentence, or set aside, never lost in silence.
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { tryLease } from '../../src/journal/lease.ts';
import { openJournal } from '../../src/journal/open.ts';
import { readHistory, readJobs } from '../../src/journal/read.ts';
import { suspect } from '../../src/journal/schema.ts';
import { entryOf, journalWorkerUrl, planned, tempFolder, wholeRun } from '../support/journal-kit.ts';

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;

beforeEach(() => {
  folder = tempFolder('damage');
});

afterEach(() => folder.remove());

const file = (): string => join(folder.path, 'journal.db');

const open = (stateDir = folder.path) => openJournal({ stateDir, workerUrl: journalWorkerUrl, wall: () => 1 });

const journal = async () => {
  const opened = await open();
  if (!opened.ok) throw new Error(opened.failure.cause);
  return opened.value;
};

const setAside = (): readonly string[] =>
  readdirSync(folder.path).filter(name => name.includes('.damaged-') && !name.endsWith('-wal') && !name.endsWith('-shm'));

const filled = async (runs: number): Promise<void> => {
  const made = await journal();
  await made.append(entryOf([planned(1), ...Array.from({ length: runs }, (_, n) => wholeRun(n + 1, n * 10)).flat()]));
  await made.close();
};

test('a missing state folder is made, for us alone, and its files too', async () => {
  const stateDir = join(folder.path, 'deep', 'er');
  const made = await open(stateDir);
  if (!made.ok) throw new Error(made.failure.cause);
  await made.value.append(entryOf([planned(1)]));
  for (const name of readdirSync(stateDir)) expect(`${name} ${statSync(join(stateDir, name)).mode & 0o077}`).toBe(`${name} 0`);
  expect(readdirSync(stateDir)).toContain('journal.db-wal');
  await made.value.close();
  expect(statSync(stateDir).mode & 0o777).toBe(0o700);
});

test('a folder that others may write into is refused by writer, lease and reader', async () => {
  await filled(1);
  chmodSync(folder.path, 0o770);
  for (const refused of [await open(), tryLease(folder.path), readHistory(folder.path, { limit: 1 })]) {
    expect(refused).toMatchObject({ ok: false, failure: { tag: 'state-folder', cause: expect.stringContaining('others may write') } });
  }
});

// Skipped where we are not root: only root can give a folder away.
test.skipIf(process.getuid?.() !== 0)('a folder of somebody else is refused', async () => {
  chownSync(folder.path, 12345, 12345);
  expect(await open()).toMatchObject({ ok: false, failure: { tag: 'state-folder', cause: expect.stringContaining('12345') } });
});

test('a folder that is a file is refused', async () => {
  const path = join(folder.path, 'plain');
  writeFileSync(path, '');
  expect(await open(path)).toMatchObject({ ok: false, failure: { tag: 'state-folder' } });
});

test('a missing journal reads as empty, an empty file too', () => {
  for (const stateDir of [folder.path, join(folder.path, 'none')]) {
    expect(readHistory(stateDir, { limit: 9 })).toEqual({ ok: true, value: [] });
    expect(readJobs(stateDir, { which: 'all' })).toEqual({ ok: true, value: [] });
  }
  writeFileSync(file(), '');
  expect(readHistory(folder.path, { limit: 9 })).toEqual({ ok: true, value: [] });
});

test('a journal of a newer schema is refused with one sentence and left as it is', async () => {
  await filled(1);
  const db = new DatabaseSync(file());
  db.exec("update meta set value = '99' where key = 'schema'");
  db.close();
  for (const refused of [await open(), readHistory(folder.path, { limit: 1 })]) {
    expect(refused).toMatchObject({
      ok: false,
      failure: { tag: 'state-folder', cause: expect.stringMatching(/newer rollcall \(schema 99/) },
    });
  }
  expect(setAside()).toEqual([]);
});

test('what is no database is set aside under another name, and a new journal begun', async () => {
  writeFileSync(file(), 'this is not a database, whatever it is called\n'.repeat(100));
  expect(readHistory(folder.path, { limit: 1 })).toMatchObject({ ok: false, failure: { cause: expect.stringContaining('damaged') } });
  const made = await journal();
  expect(made.notice()).toMatch(/damaged and has been set aside as .*journal\.db\.damaged-/);
  expect(setAside()).toHaveLength(1);
  expect(readFileSync(join(folder.path, setAside()[0]!), 'utf8')).toContain('not a database');
  expect(await made.resume()).toMatchObject({ ok: true, value: { events: [], nextRunNumber: 1 } });
  await made.close();
  const again = await journal();
  expect(again.notice()).toBeUndefined();
  await again.close();
});

test('damage inside the tables is found when it is resumed from', async () => {
  await filled(200);
  scribble(1.5, 1);
  const made = await journal();
  expect(await made.resume()).toMatchObject({ ok: true, value: { events: [] } });
  expect(made.notice()).toContain('set aside');
  expect(setAside()).toHaveLength(1);
  expect(await made.append(entryOf([planned(1)]))).toMatchObject({ ok: true });
  await made.close();
});

test('damage that was met while writing is looked for at the next start', async () => {
  await filled(200);
  scribble(0.9, 0.95);
  suspect(folder.path);
  const made = await journal();
  expect(made.notice()).toContain('set aside');
  await made.close();
  expect(readdirSync(folder.path).filter(name => name.endsWith('.suspect'))).toEqual([]);
});

test('a journal that was suspected and is sound stays', async () => {
  await filled(3);
  suspect(folder.path);
  const made = await journal();
  expect(made.notice()).toBeUndefined();
  expect(await made.resume()).toMatchObject({ ok: true, value: { nextRunNumber: 4 } });
  await made.close();
  expect(readdirSync(folder.path).filter(name => name.endsWith('.suspect'))).toEqual([]);
});

test('a journal that may not be written is a failure, not a new journal', async () => {
  mkdirSync(file());
  expect(await open()).toMatchObject({ ok: false, failure: { tag: 'state-folder' } });
  expect(setAside()).toEqual([]);
});

/** Overwrites pages after the schema, from a fraction of the file to another. */
const scribble = (from: number, to: number): void => {
  const { size } = statSync(file());
  const handle = openSync(file(), 'r+');
  const begin = from > 1 ? 16 * 4096 : Math.floor(size * from);
  writeSync(handle, Buffer.alloc(Math.floor(size * to) - begin, 0xa5), 0, Math.floor(size * to) - begin, begin);
  closeSync(handle);
};
