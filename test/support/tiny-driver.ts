// A whole driver for tests of its edges, without engine and play: real lease, real journal, real socket, a real process.
// `note` is its only verb that does something: it journals a run.noted and tells it. Run as: node tiny-driver.ts STATE [IDLE_MS].
import { pathToFileURL } from 'node:url';
import type { Event } from '../../src/domain/event.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { ok } from '../../src/domain/result.ts';
import { emptyState } from '../../src/domain/run-state.ts';
import { makeIdle } from '../../src/driver/idle.ts';
import { tellStartFailure } from '../../src/driver/lifecycle.ts';
import { afterByTimer, type DriverNews, type DriverPort } from '../../src/driver/ports.ts';
import type { DriverStatus } from '../../src/driver/protocol.ts';
import { serveDriver } from '../../src/driver/server.ts';
import { nextEpoch, tryLease } from '../../src/journal/lease.ts';
import { openJournal } from '../../src/journal/open.ts';
import { journalWorkerUrl, queued, runId } from './journal-kit.ts';

/** The run that notes are about. */
export const notedRun = runId(1);

const main = async (stateDir: string, idleAfter: number): Promise<void> => {
  const lease = tryLease(stateDir);
  if (lease.ok && lease.value === 'taken') process.exit(0);
  if (!lease.ok || lease.value === 'taken') throw new Error('no lease');
  const held = lease.value;
  if (process.env['TINY_DRIVER_FAILS'] !== undefined) {
    tellStartFailure(stateDir, { tag: 'bad-input', cause: process.env['TINY_DRIVER_FAILS'] });
    process.exit(1);
  }
  const opened = await openJournal({ stateDir, workerUrl: journalWorkerUrl, wall: Date.now });
  if (!opened.ok) throw new Error(opened.failure.cause);
  const journal = opened.value;
  const resume = await journal.resume();
  if (!resume.ok) throw new Error(resume.failure.cause);
  const state = resume.value.events.reduce(reduce, emptyState());
  const epoch = nextEpoch(resume.value.lastEpoch, Date.now());
  const readers = new Set<(news: DriverNews) => void>();

  const record = async (events: readonly Event[]): Promise<void> => {
    const written = await journal.append({ output: [], events, sightings: [], durability: 'intent' });
    if (!written.ok) throw new Error(written.failure.cause);
    for (const event of events) reduce(state, event);
    for (const reader of readers) reader({ kind: 'events', events, sightings: [] });
  };

  await record([
    { type: 'driver.started', at: Date.now(), driver: String(process.pid), epoch, pid: process.pid, version: '0' },
    ...(state.runs.size === 0 ? [queued(1, Date.now())] : []),
  ]);

  const status = (): DriverStatus => ({
    pid: process.pid,
    driver: String(process.pid),
    epoch,
    version: '0',
    stateDir,
    forks: 0,
    open: 0,
    running: 0,
  });
  const stop = async (): Promise<void> => {
    if (server.ok) await server.value.close();
    await journal.close();
    held.release();
    process.exit(0);
  };
  const idle = makeIdle({ after: idleAfter, onIdle: () => void stop(), clock: { after: afterByTimer } });
  const driver: DriverPort = {
    async handle(ask) {
      if (ask.verb === 'note') await record([{ type: 'run.noted', at: Date.now(), run: notedRun, text: ask.text }]);
      if (ask.verb === 'stop') setImmediate(() => void stop());
      return ok(ask.verb === 'status' ? status() : { touched: 1 });
    },
    state: () => state,
    status,
    subscribe(reader) {
      readers.add(reader);
      return () => readers.delete(reader);
    },
    clientCame: () => idle.busy(),
    clientGone: () => idle.free(),
    banner: () => undefined,
    questions: () => [],
  };
  const server = await serveDriver({
    stateDir,
    lease: held,
    driver,
    onBug(error) {
      throw error;
    },
  });
  if (!server.ok) throw new Error(server.failure.cause);
};

const [, script, stateDir, idleAfter] = process.argv;
if (stateDir !== undefined && script !== undefined && import.meta.url === pathToFileURL(script).href) {
  await main(stateDir, Number(idleAfter ?? 60_000));
}
