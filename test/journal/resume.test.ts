// What a new driver gets back: everything of open runs, the last of the ended ones, and files that agree with the events.
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { emptyState } from '../../src/domain/run-state.ts';
import type { Journal as EnginesJournal } from '../../src/engine/ports.ts';
import { type OpenJournal, openJournal } from '../../src/journal/open.ts';
import { outputPath } from '../../src/journal/output-files.ts';
import {
  entryOf,
  fleet,
  jid,
  jobEnded,
  journalWorkerUrl,
  outputOf,
  planned,
  queued,
  requested,
  runEnded,
  runId,
  started,
  tempFolder,
  wholeRun,
} from '../support/journal-kit.ts';

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;
let open: OpenJournal | undefined;
let now = 1_000_000;

beforeEach(() => {
  folder = tempFolder('journal');
  now = 1_000_000;
});

afterEach(async () => {
  await open?.close();
  open = undefined;
  folder.remove();
});

const journal = async (): Promise<OpenJournal> => {
  await open?.close();
  const opened = await openJournal({ stateDir: folder.path, workerUrl: journalWorkerUrl, wall: () => now });
  if (!opened.ok) throw new Error(opened.failure.cause);
  open = opened.value;
  return open;
};

const resumed = async () => {
  const resume = await (await journal()).resume();
  if (!resume.ok) throw new Error(resume.failure.cause);
  return resume.value;
};

const write = async (events: readonly Event[]) => expect(await open!.append(entryOf(events))).toEqual({ ok: true, value: undefined });

test('the open journal is the port that the engine asks for', async () => {
  const port: EnginesJournal = await journal();
  expect(await port.append(entryOf([planned(1)]))).toEqual({ ok: true, value: undefined });
});

test('a new journal is empty and has a line of its own', async () => {
  const first = await resumed();
  expect(first).toMatchObject({ events: [], sightings: [], lastSightingAt: 0, lastEventAt: 0, nextRunNumber: 1, lastEpoch: 0 });
  expect(first.line).toMatch(/^[0-9a-f]{32}$/);
  expect((await resumed()).line).toBe(first.line);
});

test('events come back as they were written, in order, with their fleet', async () => {
  await journal();
  const events = [planned(1), queued(1, 2), requested(1, 3), started(1, 4), { ...jobEnded(1, 5.5), by: { user: 'a', machine: 'b' } }];
  for (const event of events) await write([event]);
  const back = await resumed();
  expect(back.events).toEqual(events);
  expect(back.nextRunNumber).toBe(2);
});

test('of ended runs the last twenty come back, of open ones all', async () => {
  await journal();
  await write([planned(1), queued(1, 2)]);
  for (let n = 2; n <= 31; n += 1) await write(wholeRun(n, n * 100));
  const back = await resumed();
  const state = back.events.reduce(reduce, emptyState());
  expect([...state.runs.values()].map(run => run.number)).toEqual([1, ...Array.from({ length: 20 }, (_, i) => i + 12)]);
  expect(state.fleets.get(fleet.id)?.label).toBe('test');
  expect(back.nextRunNumber).toBe(32);
});

test('a run that ended with a host given up comes back while that job is outstanding, and no longer', async () => {
  await journal();
  await write([
    planned(1),
    queued(1, 2),
    requested(1, 3),
    jobEnded(1, 4, { kind: 'unreachable', began: 'maybe', failure: { tag: 'refused', cause: '' } }),
    runEnded(1, 5),
  ]);
  for (let n = 2; n <= 31; n += 1) await write(wholeRun(n, n * 100));
  expect((await resumed()).events.some(event => event.type === 'run.queued' && event.run === runId(1))).toBe(true);
  await write([started(1, 9000), jobEnded(1, 9001)]);
  expect((await resumed()).events.some(event => event.type === 'run.queued' && event.run === runId(1))).toBe(false);
});

test('a retried run is open again', async () => {
  await journal();
  await write([planned(1), ...wholeRun(1, 2), { type: 'run.retried', at: 50, run: runId(1), hosts: ['web1'] }]);
  for (let n = 2; n <= 31; n += 1) await write(wholeRun(n, n * 100));
  expect((await resumed()).events.some(event => event.type === 'run.retried')).toBe(true);
});

test('the epoch of the last driver and the newest sign of life are kept', async () => {
  await journal();
  await write([{ type: 'driver.started', at: 70, driver: 'd', epoch: 4711, pid: 1, version: '0' }]);
  expect(await resumed()).toMatchObject({ lastEpoch: 4711, lastEventAt: 1_000_000 });
});

test('the last sighting of an outstanding job is kept, at most once a minute, and goes with the job', async () => {
  await journal();
  await write([planned(1), queued(1, 2), requested(1, 3), started(1, 4)]);
  const see = (at: number) => open!.append(entryOf([], { sightings: [{ type: 'job.seen', jid: jid(1), at, nextLookAt: at + 5 }] }));
  await see(100_000);
  await see(130_000);
  expect(await resumed()).toMatchObject({ lastSightingAt: 100_000, sightings: [{ jid: jid(1), at: 100_000, nextLookAt: 100_005 }] });
  await see(170_000);
  expect(await resumed()).toMatchObject({ lastSightingAt: 170_000 });
  await write([jobEnded(1, 180_000)]);
  expect(await resumed()).toMatchObject({ sightings: [] });
});

test('an output file is cut back to what the events count, also one that they never counted', async () => {
  await journal();
  const first = outputOf(1, 4, 0, 'hello\n');
  await write([planned(1), queued(1, 2), requested(1, 3), started(1, 4)]);
  await open!.append(entryOf([first.event], { output: [first.bytes] }));
  writeFileSync(outputPath(folder.path, jid(1), 'out'), 'hello\nnot counted', { flag: 'r+' });
  writeFileSync(outputPath(folder.path, jid(1), 'err'), 'neither');
  const back = await resumed();
  expect(readFileSync(outputPath(folder.path, jid(1), 'out'), 'utf8')).toBe('hello\n');
  expect(readFileSync(outputPath(folder.path, jid(1), 'err'), 'utf8')).toBe('');
  expect(back.events.reduce(reduce, emptyState()).jobs.get(jid(1))?.output.out).toBe(6);
});

test('after a loss of power a file shorter than counted is told by an event, so that the rest is asked for again', async () => {
  await journal();
  const first = outputOf(1, 4, 0, 'hello\n');
  await write([planned(1), queued(1, 2), requested(1, 3), started(1, 4)]);
  await open!.append(entryOf([first.event], { output: [first.bytes] }));
  truncateSync(outputPath(folder.path, jid(1), 'out'), 2);
  const state = (await resumed()).events.reduce(reduce, emptyState());
  expect(state.jobs.get(jid(1))?.output).toMatchObject({ out: 2, outThere: 6 });
  expect(state.jobs.get(jid(1))?.lastLine).toBe('hello');
  expect((await resumed()).events.filter(event => event.type === 'job.output')).toHaveLength(2);
});
