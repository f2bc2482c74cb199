// A database cut at many lengths: it is whole, or it is set aside and said so; never is anything missing without a word,
// and never does an output file go with it.
import { copyFileSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { tryLease } from '../../src/journal/lease.ts';
import { readChain, readHistory, readOutput } from '../../src/journal/read.ts';
import { resumeFrom } from '../../src/journal/resume.ts';
import { openStore } from '../../src/journal/store.ts';
import { entryOf, jid, outputOf, planned, queued, requested, started, storeIn, tempFolder, wholeRun } from '../support/journal-kit.ts';

let folder: ReturnType<typeof tempFolder>;
beforeEach(() => {
  folder = tempFolder('truncated');
});
afterEach(() => folder.remove());

const runs = 60;

/** A journal with many runs that ended and one that is open, with output; closed as a driver closes it. */
const filled = (): string => {
  const path = join(folder.path, 'whole');
  mkdirSync(path, { mode: 0o700 });
  const store = storeIn(path);
  store.write([entryOf([planned(1)])]);
  for (let n = 1; n <= runs; n += 1) store.write([entryOf(wholeRun(n, n * 10))]);
  const said = outputOf(runs + 1, 2000, 0, 'precious\n');
  store.write([
    entryOf([queued(runs + 1, 1000), requested(runs + 1, 1001), started(runs + 1, 1002), said.event], { output: [said.bytes] }),
  ]);
  store.close();
  return path;
};

const opened = (stateDir: string): { notice: string | undefined; next: number } => {
  const store = openStore(stateDir);
  if (!store.ok) throw new Error(store.failure.cause);
  const { notice } = store.value;
  const next = resumeFrom(store.value, 1).nextRunNumber;
  store.value.close();
  return { notice, next };
};

test('cut at any length it is set aside with a word, bytes and all, and the output stays readable', () => {
  const whole = filled();
  const { size } = statSync(join(whole, 'journal.db'));
  const pages = size / 4096;
  const lengths = new Set([
    ...Array.from({ length: 12 }, (_, n) => Math.floor((size * (n + 1)) / 13)),
    // At page borders nothing looks torn.
    ...[1, 2, 5, Math.floor(pages / 2), pages - 2, pages - 1].map(page => page * 4096),
    16,
    100,
    size - 1,
  ]);
  for (const length of lengths) {
    const stateDir = join(folder.path, `cut-${length}`);
    mkdirSync(stateDir, { mode: 0o700 });
    const file = join(stateDir, 'journal.db');
    copyFileSync(join(whole, 'journal.db'), file);
    truncateSync(file, length);
    const before = readFileSync(file);
    const digits = jid(runs + 1).slice(24, 26);
    mkdirSync(join(stateDir, 'output', digits), { recursive: true, mode: 0o700 });
    copyFileSync(join(whole, 'output', digits, `${jid(runs + 1)}.out`), join(stateDir, 'output', digits, `${jid(runs + 1)}.out`));
    const { notice, next } = opened(stateDir);
    expect([length, notice, next]).toEqual([length, expect.stringMatching(/was damaged and has been set aside as .*damaged-/), 1]);
    const aside = readdirSync(stateDir).find(name => /\.damaged-[0-9T]+$/.test(name)) ?? '';
    expect(readFileSync(join(stateDir, aside)).equals(before), `${length}`).toBe(true);
    const output = readOutput(stateDir, jid(runs + 1), 'out', 0, 100);
    expect(output.ok && Buffer.from(output.value.bytes).toString()).toBe('precious\n');
  }
});

test('the whole one opens without a word', () => {
  const whole = filled();
  expect(opened(whole)).toEqual({ notice: undefined, next: runs + 2 });
  expect(readChain(whole)).toMatchObject({ value: { kind: 'whole' } });
});

test('an empty file is a journal that was never begun: nothing was lost', () => {
  writeFileSync(join(folder.path, 'journal.db'), '');
  expect(opened(folder.path)).toEqual({ notice: undefined, next: 1 });
});

test('a journal of a newer schema is refused with both versions, and not a byte of the journal changes', () => {
  const whole = filled();
  const db = new DatabaseSync(join(whole, 'journal.db'));
  db.exec("update meta set value = '99' where key = 'schema'");
  db.close();
  const bytes = readFileSync(join(whole, 'journal.db'));
  utimesSync(join(whole, 'journal.db'), 1, 1);
  for (const refused of [openStore(whole), readHistory(whole, { limit: 1 })]) {
    expect(refused).toMatchObject({
      failure: { cause: expect.stringMatching(/newer rollcall \(schema 99; this one knows \d+\): use that one/) },
    });
  }
  expect(readFileSync(join(whole, 'journal.db')).equals(bytes)).toBe(true);
  expect(statSync(join(whole, 'journal.db')).mtimeMs).toBe(1000);
  expect(readdirSync(whole).filter(name => name.includes('damaged'))).toEqual([]);
});

test('a lease file that was replaced by another is noticed, and whoever held the first does not hold the second', () => {
  const first = tryLease(folder.path);
  if (!first.ok || first.value === 'taken') throw new Error('no lease');
  expect(first.value.inPlace()).toBe(true);
  copyFileSync(join(folder.path, 'lease.db'), join(folder.path, 'other.db'));
  writeFileSync(join(folder.path, 'lease.db.new'), '');
  // As an editor or a restore does: another file under the name.
  copyFileSync(join(folder.path, 'other.db'), join(folder.path, 'lease.db.new'));
  renameSync(join(folder.path, 'lease.db.new'), join(folder.path, 'lease.db'));
  expect(first.value.inPlace()).toBe(false);
  const second = tryLease(folder.path);
  if (!second.ok || second.value === 'taken') throw new Error('the new file is free');
  expect(second.value.inPlace()).toBe(true);
  second.value.release();
  first.value.release();
});
