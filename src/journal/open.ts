// The only door to the journal for whoever writes it: a promise per entry, the work done in a thread of its own.
// It knows messages and order, not SQL. One writer per state folder: hold the lease first.
import { Worker } from 'node:worker_threads';
import type { Sighting } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Beat, Entry, Journal, Resume } from './entry.ts';
import type { KeepAnswers, KeepAsk } from './keeping.ts';
import { ensureStateFolder } from './state-folder.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker.ts';

/** A journal that this process writes. */
export type OpenJournal = Journal & {
  /** Said once to the operator, such as that a damaged journal was set aside. May be set by {@link resume} as well. */
  notice(): string | undefined;
  /** What is needed to go on; call it once, before the first append. @failure state-folder, disk-full-here */
  resume(): Promise<Result<Resume>>;
  /** What is kept, and what goes. @failure state-folder, disk-full-here */
  keep<A extends KeepAsk>(ask: A): Promise<Result<KeepAnswers[A['what']]>>;
  /** The next driver of the folder is told that a mirror is kept there. */
  rememberMirror(place: string | undefined): void;
  /** Writes what is under way and ends the thread. */
  close(): Promise<void>;
};

/** Where the journal lies and what it needs from the world. */
export type JournalSetting = {
  readonly stateDir: string;
  /** The thread's file: `worker.ts` beside this one, or its bundle. */
  readonly workerUrl: URL;
  /** Wall clock, ms since 1970. */
  readonly wall: () => number;
  readonly uptime?: () => Beat['uptime'] | undefined;
};

/** A sighting is kept when the last one kept is so old; just under the minute by which the engine thins them on another clock. */
const sightingEvery = 50_000;

/** A sign of life this often, so that the next driver knows when this one vanished. */
const beatEvery = 60_000;

/** @failure state-folder, disk-full-here */
export const openJournal = async ({ stateDir, workerUrl, wall, uptime }: JournalSetting): Promise<Result<OpenJournal>> => {
  const folder = ensureStateFolder(stateDir);
  if (!folder.ok) return folder;
  const thread = startThread(workerUrl, stateDir);
  const opened = await thread.opened;
  if (!opened.ok) return opened;

  const lastKept = new Map<string, number>();
  const worthKeeping = (sighting: Sighting): boolean => {
    if (sighting.type !== 'job.seen') return false;
    const since = sighting.at - (lastKept.get(sighting.jid) ?? -sightingEvery);
    // Negative when the clock was set back.
    if (since >= 0 && since < sightingEvery) return false;
    lastKept.set(sighting.jid, sighting.at);
    return true;
  };
  const beat = (): void => {
    const up = uptime?.();
    thread.tell({ do: 'beat', at: wall(), ...(up !== undefined && { uptime: up }) });
  };
  const beats = setInterval(beat, beatEvery).unref();

  return ok({
    notice: thread.notice,
    async append(entry) {
      const sightings = entry.sightings.filter(worthKeeping);
      for (const event of entry.events) if (event.type === 'job.ended') lastKept.delete(event.jid);
      if (entry.events.length === 0 && entry.output.length === 0 && sightings.length === 0) return ok(undefined);
      return (await thread.append({ ...entry, sightings })) as Result<void>;
    },
    async resume() {
      const resumed = (await thread.ask({ do: 'resume', at: wall() })) as Result<Resume>;
      beat();
      return resumed;
    },
    keep: ask => thread.ask({ do: 'keep', ask }) as Promise<Result<never>>,
    rememberMirror(place) {
      thread.tell({ do: 'mirror', place: place ?? '' });
    },
    async close() {
      clearInterval(beats);
      beat();
      await thread.ask({ do: 'close' });
      await thread.ended;
    },
  });
};

type Order = ToWorker extends infer T ? (T extends { readonly id: number } ? Omit<T, 'id'> : never) : never;

type Thread = {
  readonly opened: Promise<Result<unknown>>;
  readonly ended: Promise<void>;
  notice(): string | undefined;
  ask(order: Order): Promise<Result<unknown>>;
  append(entry: Entry): Promise<Result<unknown>>;
  tell(order: Order): void;
};

const startThread = (workerUrl: URL, stateDir: string): Thread => {
  const worker = new Worker(workerUrl, { workerData: { stateDir } satisfies WorkerStart, name: 'journal' });
  type Asked = { readonly answer: (result: Result<unknown>) => void; readonly bug: (error: unknown) => void };
  const asked = new Map<number, Asked>();
  let notice: string | undefined;
  let failuresSeen = 0;
  let lastId = 0;
  let over: Failure | undefined;

  const expect = (id: number): Promise<Result<unknown>> =>
    over === undefined ? new Promise((answer, bug) => asked.set(id, { answer, bug })) : Promise.resolve(fail(over));

  const ask = (order: Order, transfer: ArrayBuffer[] = []): Promise<Result<unknown>> => {
    lastId += 1;
    const expected = expect(lastId);
    if (over === undefined) worker.postMessage({ id: lastId, ...order } satisfies ToWorker, transfer);
    return expected;
  };

  worker.on('message', ({ id, result, failures, notice: said }: FromWorker) => {
    failuresSeen = failures;
    notice = said ?? notice;
    const waiting = asked.get(id);
    asked.delete(id);
    waiting?.answer(result);
  });
  // Whatever the thread throws is a bug; it reaches whoever waits for an answer.
  worker.on('error', error => {
    for (const { bug } of asked.values()) bug(error);
    asked.clear();
  });
  const ended = new Promise<void>(resolve => {
    worker.on('exit', () => {
      over = { tag: 'state-folder', cause: 'the journal is closed' };
      for (const { answer } of asked.values()) answer(fail(over));
      asked.clear();
      resolve();
    });
  });

  return {
    opened: expect(0),
    ended,
    notice: () => notice,
    ask,
    append(entry) {
      // A view into a pool would take the whole pool along; the copy is handed over without another one.
      const output = entry.output.map(piece => ({ ...piece, bytes: new Uint8Array(piece.bytes) }));
      return ask(
        { do: 'append', entry: { ...entry, output }, seen: failuresSeen },
        output.map(({ bytes }) => bytes.buffer as ArrayBuffer),
      );
    },
    tell(order) {
      lastId += 1;
      if (over === undefined) worker.postMessage({ id: lastId, ...order } satisfies ToWorker);
    },
  };
};
