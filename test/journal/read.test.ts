// What commands read without a driver: history, jobs, events and output, while a driver writes and when none lives.
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { reduce } from '../../src/domain/reduce.ts';
import type { Result } from '../../src/domain/result.ts';
import { emptyState } from '../../src/domain/run-state.ts';
import { type OpenJournal, openJournal } from '../../src/journal/open.ts';
import { readHistory, readJobs, readOutput, readRunEvents } from '../../src/journal/read.ts';
import {
  entryOf,
  jid,
  jobEnded,
  journalWorkerUrl,
  opened,
  outputOf,
  planned,
  queued,
  requested,
  runEnded,
  runId,
  started,
  taskEnded,
  tempFolder,
  wholeRun,
} from '../support/journal-kit.ts';

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;
let journal: OpenJournal;
let isOpen = false;

beforeEach(async () => {
  folder = tempFolder('read');
  const made = await openJournal({ stateDir: folder.path, workerUrl: journalWorkerUrl, wall: () => 1 });
  if (!made.ok) throw new Error(made.failure.cause);
  journal = made.value;
  isOpen = true;
});

afterEach(async () => {
  await close();
  folder.remove();
});

const close = async (): Promise<void> => {
  if (isOpen) await journal.close();
  isOpen = false;
};

const gotten = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(result.failure.cause);
  return result.value;
};

const fiveHosts = ['fine', 'bad', 'gone', 'slow', 'later'] as const;

/** One host per way to stand: `fine` is through with its tasks while its batch goes on, `later` never had one. */
const mixedRun: readonly Event[] = [
  queued(2, 100, fiveHosts),
  opened(2, 101, ['fine', 'bad', 'gone', 'slow']),
  ...(['fine', 'bad', 'gone', 'slow'] as const).flatMap(host => [requested(2, 102, host), started(2, 103, host)]),
  jobEnded(2, 104, { kind: 'ok', rc: 0, changed: true, elapsed: 1 }, 'fine'),
  taskEnded(2, 105, 'changed', 'fine'),
  jobEnded(2, 106, { kind: 'failed', rc: 1, elapsed: 1 }, 'bad'),
  taskEnded(2, 107, 'failed', 'bad'),
  jobEnded(2, 108, { kind: 'lost', why: 'reboot', elapsed: 1 }, 'gone'),
  taskEnded(2, 109, 'failed', 'gone'),
];

test('the history tells title, actor, times and counts, newest first, while the driver writes and after it has gone', async () => {
  await journal.append(entryOf([planned(1), ...wholeRun(1, 10), ...mixedRun]));
  const during = gotten(readHistory(folder.path, { limit: 10 }));
  expect(during.map(run => run.number)).toEqual([2, 1]);
  expect(during[0]).toMatchObject({
    title: 'run 2',
    fleet: 'test',
    by: { user: 'ops1' },
    queuedAt: 100,
    phase: { kind: 'going' },
    hosts: 5,
    counts: { ok: 0, changed: 1, failed: 1, lost: 1, running: 1, neverStarted: 1, unreachable: 0 },
  });
  expect(during[1]).toMatchObject({ phase: { kind: 'ended', at: 17 }, counts: { changed: 1 } });
  await close();
  expect(gotten(readHistory(folder.path, { limit: 10 }))).toEqual(during);
  expect(gotten(readHistory(folder.path, { limit: 1 })).map(run => run.number)).toEqual([2]);
});

test('jobs are those that hosts may still be running, or all; each with its run and command', async () => {
  await journal.append(entryOf([planned(1), ...wholeRun(1, 10), ...mixedRun]));
  await journal.append(entryOf([], { sightings: [{ type: 'job.seen', jid: jid(2, 'slow'), at: 60_000, nextLookAt: 61_000 }] }));
  const left = gotten(readJobs(folder.path, { which: 'outstanding' }));
  expect(left).toMatchObject([
    {
      run: 2,
      title: 'run 2',
      fleet: 'test',
      command: 'uptime',
      job: { host: 'slow', state: { kind: 'running', seenAt: 60_000 }, nextLookAt: 61_000 },
    },
  ]);
  const all = gotten(readJobs(folder.path, { which: 'all' }));
  expect(all.map(({ run, job }) => `${run} ${job.host}`)).toEqual(['1 web1', '2 fine', '2 bad', '2 gone', '2 slow']);
  expect(all[0]).toMatchObject({ command: 'uptime' });
});

test('the events of a run fold to the same state that its driver had', async () => {
  const events = [planned(1), ...mixedRun, runEnded(2, 200)];
  await journal.append(entryOf([planned(1)]));
  for (const event of events.slice(1)) await journal.append(entryOf([event, ...(event.type === 'batch.opened' ? wholeRun(1, 10) : [])]));
  for (const name of [2, runId(2)]) expect(gotten(readRunEvents(folder.path, name))).toEqual(events);
  expect(gotten(readRunEvents(folder.path, 2)).reduce(reduce, emptyState())).toEqual(events.reduce(reduce, emptyState()));
  expect(gotten(readRunEvents(folder.path, 77))).toEqual([]);
});

test('output is read from an offset, from the end, and as empty where there is none', async () => {
  const piece = outputOf(1, 5, 0, 'one\ntwo\n');
  await journal.append(entryOf([planned(1), queued(1, 2), requested(1, 3), piece.event], { output: [piece.bytes] }));
  const read = (from: number, most: number) => {
    const { bytes, ...rest } = gotten(readOutput(folder.path, jid(1), 'out', from, most));
    return { ...rest, text: Buffer.from(bytes).toString() };
  };
  expect(read(0, 100)).toEqual({ from: 0, size: 8, text: 'one\ntwo\n' });
  expect(read(4, 2)).toEqual({ from: 4, size: 8, text: 'tw' });
  expect(read(-4, 100)).toEqual({ from: 4, size: 8, text: 'two\n' });
  expect(read(-400, 3)).toEqual({ from: 0, size: 8, text: 'one' });
  expect(read(50, 3)).toEqual({ from: 8, size: 8, text: '' });
  expect(gotten(readOutput(folder.path, jid(1), 'err', 0, 9)).size).toBe(0);
  expect(() => readOutput(folder.path, '../../etc/passwd' as typeof piece.bytes.jid, 'out', 0, 9)).toThrow('not a jid');
});

test('a secret script is nowhere in the journal when the event does not carry it', async () => {
  const { script: _, ...silent } = requested(1, 3) as Extract<Event, { type: 'job.requested' }>;
  await journal.append(entryOf([planned(1), queued(1, 2), { ...silent, command: '' }]));
  expect(gotten(readJobs(folder.path, { which: 'all' }))[0]).not.toHaveProperty('command');
  await close();
  expect(readFileSync(`${folder.path}/journal.db`).includes('uptime')).toBe(false);
});
