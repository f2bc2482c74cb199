// What an append promises: bytes before the events that count them, whole entries in order, and after a failure nothing until it is tried again.
import { spawn, spawnSync } from 'node:child_process';
import { on } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { emptyState } from '../../src/domain/run-state.ts';
import { type OpenJournal, openJournal } from '../../src/journal/open.ts';
import { outputPath } from '../../src/journal/output-files.ts';
import { readRunEvents } from '../../src/journal/read.ts';
import { openStore } from '../../src/journal/store.ts';
import type { FromWorker, ToWorker } from '../../src/journal/worker.ts';
import {
  entryOf,
  jid,
  journalWorkerUrl,
  outputOf,
  planned,
  queued,
  requested,
  runId,
  started,
  tempFolder,
} from '../support/journal-kit.ts';

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;
const journals: OpenJournal[] = [];

beforeEach(() => {
  folder = tempFolder('write');
});

afterEach(async () => {
  for (const journal of journals.splice(0)) await journal.close();
  folder.remove();
});

const journalIn = async (stateDir: string): Promise<OpenJournal> => {
  const opened = await openJournal({ stateDir, workerUrl: journalWorkerUrl, wall: () => 1 });
  if (!opened.ok) throw new Error(opened.failure.cause);
  journals.push(opened.value);
  return opened.value;
};

const eventsIn = (stateDir: string): readonly Event[] => {
  const events = readRunEvents(stateDir, 1);
  if (!events.ok) throw new Error(events.failure.cause);
  return events.value;
};

const note = (text: string): Event => ({ type: 'run.noted', at: 9, run: runId(1), text });

const textsIn = (stateDir: string): readonly string[] =>
  eventsIn(stateDir).flatMap(event => (event.type === 'run.noted' ? [event.text] : []));

const base: readonly Event[] = [planned(1), queued(1, 2), requested(1, 3), started(1, 4)];

test('bytes that cannot be written leave no event that counts them', async () => {
  const journal = await journalIn(folder.path);
  await journal.append(entryOf(base));
  const piece = outputOf(1, 5, 0, 'hello\n');
  const path = outputPath(folder.path, jid(1), 'out');
  mkdirSync(path, { recursive: true });
  const failed = await journal.append(entryOf([piece.event], { output: [piece.bytes] }));
  expect(failed).toMatchObject({ ok: false, failure: { tag: 'state-folder' } });
  expect(eventsIn(folder.path)).toHaveLength(base.length);
  rmSync(path, { recursive: true });
  expect(await journal.append(entryOf([piece.event], { output: [piece.bytes] }))).toMatchObject({ ok: true });
  expect(eventsIn(folder.path)).toHaveLength(base.length + 1);
  expect(readFileSync(path, 'utf8')).toBe('hello\n');
});

test('what was sent before its sender knew of a failure is refused as well, so nothing overtakes it', async () => {
  const journal = await journalIn(folder.path);
  await journal.append(entryOf(base));
  const piece = outputOf(1, 5, 0, 'hello\n');
  const path = outputPath(folder.path, jid(1), 'out');
  mkdirSync(path, { recursive: true });
  const results = await Promise.all([
    journal.append(entryOf([note('before')])),
    journal.append(entryOf([piece.event], { output: [piece.bytes] })),
    journal.append(entryOf([note('after')])),
  ]);
  expect(results.map(result => result.ok)).toEqual([true, false, false]);
  expect(await journal.append(entryOf([note('again')]))).toMatchObject({ ok: true });
  expect(textsIn(folder.path)).toEqual(['before', 'again']);
});

test('the same holds for what was already under way when the answer came', async () => {
  const worker = new Worker(journalWorkerUrl, { workerData: { stateDir: folder.path } });
  const answer = async (id: number, message?: ToWorker): Promise<FromWorker> => {
    if (message !== undefined) worker.postMessage(message);
    for await (const [got] of on(worker, 'message') as AsyncIterable<[FromWorker]>) if (got.id === id) return got;
    throw new Error('no answer');
  };
  expect(await answer(0)).toMatchObject({ result: { ok: true } });
  await answer(1, { id: 1, do: 'append', seen: 0, entry: entryOf(base) });
  const piece = outputOf(1, 5, 0, 'hello\n');
  mkdirSync(outputPath(folder.path, jid(1), 'out'), { recursive: true });
  const failing = entryOf([piece.event], { output: [piece.bytes] });
  expect(await answer(2, { id: 2, do: 'append', seen: 0, entry: failing })).toMatchObject({ result: { ok: false }, failures: 1 });
  expect(await answer(3, { id: 3, do: 'append', seen: 0, entry: entryOf([note('overtakes')]) })).toMatchObject({ result: { ok: false } });
  expect(await answer(4, { id: 4, do: 'append', seen: 1, entry: entryOf([note('knows')]) })).toMatchObject({ result: { ok: true } });
  expect(textsIn(folder.path)).toEqual(['knows']);
  await worker.terminate();
});

test('what fails in the middle of an entry leaves nothing of it, and the next one is written', () => {
  const opened = openStore(folder.path);
  if (!opened.ok) throw new Error(opened.failure.cause);
  const store = opened.value;
  store.write([entryOf(base)]);
  store.db.exec("create trigger poison before insert on events when new.body like '%poison%' begin select raise(abort, 'poison'); end");
  expect(() => store.write([entryOf([note('first half'), note('poison')])])).toThrow('poison');
  expect(store.write([entryOf([note('next')])])).toEqual([{ ok: true, value: undefined }]);
  expect(textsIn(folder.path)).toEqual(['next']);
  store.close();
});

test('many appends at once keep their order', async () => {
  const journal = await journalIn(folder.path);
  await journal.append(entryOf(base));
  const wanted = Array.from({ length: 500 }, (_, n) => String(n));
  const results = await Promise.all(
    wanted.map((text, n) => journal.append(entryOf([note(text)], { durability: n % 7 === 0 ? 'intent' : 'fact' }))),
  );
  expect(results.every(result => result.ok)).toBe(true);
  expect(textsIn(folder.path)).toEqual(wanted);
});

test('the output of more jobs than files may be open at once lands where it belongs', async () => {
  const journal = await journalIn(folder.path);
  const count = 300;
  await journal.append(entryOf([planned(1), queued(1, 2), ...Array.from({ length: count }, (_, n) => requested(1, 3, `h${n}`))]));
  for (const [from, text] of [
    [0, 'first\n'],
    [6, 'second\n'],
  ] as const) {
    const output = Array.from({ length: count }, (_, n) => ({
      jid: jid(1, `h${n}`),
      stream: 'out' as const,
      offset: from,
      bytes: Buffer.from(text),
    }));
    await journal.append(entryOf([], { output }));
  }
  for (let n = 0; n < count; n += 1) {
    const path = outputPath(folder.path, jid(1, `h${n}`), 'out');
    expect(readFileSync(path, 'utf8')).toBe('first\nsecond\n');
    if (n === 0) expect(statSync(path).mode & 0o777).toBe(0o600);
  }
});

test('a writer killed at any moment leaves all that it was told was written, and files that agree with the events', async () => {
  for (let round = 0; round < 3; round += 1) {
    const stateDir = join(folder.path, `round${round}`);
    const child = spawn(process.execPath, [join(import.meta.dirname, '../support/writer.ts'), stateDir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let told = -1;
    for await (const line of createInterface({ input: child.stdout })) {
      told = Number(line);
      if (told === 40 + round * 17) child.kill('SIGKILL');
    }
    // Readers come before the next driver.
    const read = textsIn(stateDir).map(Number);
    const journal = await journalIn(stateDir);
    const resume = await journal.resume();
    if (!resume.ok) throw new Error(resume.failure.cause);
    const noted = resume.value.events.flatMap(event => (event.type === 'run.noted' ? [Number(event.text)] : []));
    expect(noted).toEqual(Array.from({ length: noted.length }, (_, n) => n));
    expect(noted.length).toBeGreaterThan(told);
    expect(read).toEqual(noted);
    const state = resume.value.events.reduce(reduce, emptyState());
    const kept = readFileSync(outputPath(stateDir, jid(1), 'out'), 'utf8');
    expect(kept.length).toBe(state.jobs.get(jid(1))?.output.out);
    expect(kept).toBe(noted.map(n => `line ${n}\n`.repeat(1 + (n % 50))).join(''));
  }
});

const canMount = process.getuid?.() === 0 && process.platform === 'linux' && tryMount();

function tryMount(): boolean {
  const place = tempFolder('mount');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', place.path]).status === 0;
  if (mounted) spawnSync('umount', [place.path]);
  place.remove();
  return mounted;
}

// Skipped where no small file system can be mounted: it takes root and CAP_SYS_ADMIN.
test.skipIf(!canMount)('a full disk fails the entry as a whole; the same entry is written once there is room', async () => {
  const small = join(folder.path, 'small');
  mkdirSync(small, { mode: 0o700 });
  expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700', 'tmpfs', small]).status).toBe(0);
  try {
    const journal = await journalIn(small);
    await journal.append(entryOf(base, { durability: 'intent' }));
    const ballast = join(small, 'ballast');
    for (const [kind, size] of [
      ['events', 200_000],
      ['output', 200_000],
    ] as const) {
      const before = eventsIn(small).length;
      fill(ballast);
      const text = 'x'.repeat(size);
      const piece = outputOf(1, 5, 0, text);
      const entry =
        kind === 'events'
          ? entryOf([note(text), note('tail')], { durability: 'intent' })
          : entryOf([piece.event], { output: [piece.bytes] });
      for (let tries = 0; tries < 3; tries += 1) {
        expect(await journal.append(entry)).toMatchObject({ ok: false, failure: { tag: 'disk-full-here' } });
        expect(eventsIn(small)).toHaveLength(before);
      }
      rmSync(ballast);
      expect(await journal.append(entry)).toEqual({ ok: true, value: undefined });
      expect(eventsIn(small)).toHaveLength(before + entry.events.length);
    }
    expect(readFileSync(outputPath(small, jid(1), 'out'), 'utf8')).toHaveLength(200_000);
    await journals.pop()?.close();
  } finally {
    expect(spawnSync('umount', [small]).status).toBe(0);
  }
});

const canTrace = spawnSync('strace', ['-f', '-e', 'trace=none', 'true']).status === 0;

// Skipped where strace is missing or may not trace: nothing else sees whether the kernel was asked to sync.
test.skipIf(!canTrace)('an intent is synced before it is answered, facts cost no sync', () => {
  const log = join(folder.path, 'trace');
  const script = join(import.meta.dirname, '../support/sync-writer.ts');
  const { status } = spawnSync('strace', [
    '-f',
    '-o',
    log,
    '-e',
    'trace=fsync,fdatasync,write',
    process.execPath,
    script,
    join(folder.path, 's'),
  ]);
  expect(status).toBe(0);
  const calls = readFileSync(log, 'utf8').matchAll(/(fsync|fdatasync)\(|write\(1, "(mark \w+)/g);
  const seen = [...calls].map(([, sync, mark]) => mark ?? sync ?? '');
  const between = (from: string, to: string) => seen.slice(seen.indexOf(`mark ${from}`) + 1, seen.indexOf(`mark ${to}`));
  expect(between('facts', 'intent')).toEqual([]);
  expect(between('intent', 'answered')).not.toEqual([]);
  expect(between('answered', 'end')).toEqual([]);
});

/** Takes all the room that is left. */
const fill = (path: string): void => {
  for (const size of [1 << 20, 1 << 16, 1 << 12]) {
    for (;;) {
      try {
        writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
      } catch {
        break;
      }
    }
  }
};
