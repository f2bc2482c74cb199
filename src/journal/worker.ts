// The thread in which the journal is written. Entries that arrive while one is being written go together into the next transaction.
// After a failure, what was sent before its sender knew of it is refused as well, so that nothing overtakes what failed.
import { parentPort, workerData } from 'node:worker_threads';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Beat, Entry, Resume } from './entry.ts';
import type { KeepAsk } from './keeping.ts';
import { resumeFrom } from './resume.ts';
import { asideNotice, setAside } from './schema.ts';
import { journalFile } from './state-folder.ts';
import { openStore, type Store } from './store.ts';
import { isCorrupt, troubleOf } from './trouble.ts';

/** What the thread is started with. */
export type WorkerStart = { readonly stateDir: string };

/** `seen`: failures that the sender knew of when it sent the entry. */
export type ToWorker =
  | { readonly id: number; readonly do: 'append'; readonly entry: Entry; readonly seen: number }
  | { readonly id: number; readonly do: 'resume'; readonly at: number }
  | { readonly id: number; readonly do: 'keep'; readonly ask: KeepAsk }
  | { readonly id: number; readonly do: 'mirror'; readonly place: string }
  | { readonly id: number; readonly do: 'beat'; readonly at: number; readonly uptime?: Beat['uptime'] }
  | { readonly id: number; readonly do: 'close' };

/** Answers; the first, with id 0, says whether the journal could be opened. */
export type FromWorker = { readonly id: number; readonly result: Result<unknown>; readonly failures: number; readonly notice?: string };

/** What is waiting to be written. */
type Waiting = Extract<ToWorker, { readonly do: 'append' }>;

const serve = (port: NonNullable<typeof parentPort>, { stateDir }: WorkerStart): void => {
  const opened = openStore(stateDir);
  if (!opened.ok) {
    port.postMessage({ id: 0, result: opened, failures: 0 } satisfies FromWorker);
    port.close();
    return;
  }
  let store: Store = opened.value;
  let waiting: Waiting[] = [];
  let failures = 0;
  let lastFailure: Failure | undefined;

  const answer = (id: number, result: Result<unknown>, notice?: string): void =>
    port.postMessage({ id, result, failures, ...(notice !== undefined && { notice }) } satisfies FromWorker);

  const flush = (): void => {
    const current = waiting.filter(({ seen }) => seen === failures);
    const overtaking = waiting.filter(message => !current.includes(message));
    waiting = [];
    for (const { id } of overtaking) answer(id, fail(lastFailure!));
    if (current.length === 0) return;
    const results = store.write(current.map(({ entry }) => entry));
    const failed = results.find(result => !result.ok);
    if (failed !== undefined && !failed.ok) {
      failures += 1;
      lastFailure = failed.failure;
    }
    for (const [index, { id }] of current.entries()) answer(id, results[index]!);
  };

  /** What is damaged deep inside shows only here. */
  const resume = (at: number): { readonly result: Result<Resume>; readonly notice?: string } => {
    try {
      return { result: ok(resumeFrom(store, at)) };
    } catch (error) {
      if (!isCorrupt(error)) return { result: fail(troubleOf(error, stateDir)) };
      store.close();
      const notice = asideNotice(journalFile(stateDir), setAside(stateDir));
      const fresh = openStore(stateDir);
      if (!fresh.ok) return { result: fresh };
      store = fresh.value;
      return { result: ok(resumeFrom(store, at)), notice };
    }
  };

  const keep = (ask: KeepAsk): Result<unknown> => {
    try {
      return ok(store.keeping.answer(ask));
    } catch (error) {
      return fail(troubleOf(error, stateDir));
    }
  };

  port.on('message', (message: ToWorker) => {
    if (message.do === 'append') {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push(message);
      return;
    }
    flush();
    if (message.do === 'resume') {
      const { result, notice } = resume(message.at);
      answer(message.id, result, notice);
    } else if (message.do === 'beat') store.beat(message.at, message.uptime);
    else if (message.do === 'keep') answer(message.id, keep(message.ask));
    else if (message.do === 'mirror') store.rememberMirror(message.place);
    else {
      store.close();
      answer(message.id, ok(undefined));
      port.close();
    }
  });
  answer(0, ok(undefined), store.notice);
};

if (parentPort !== null) serve(parentPort, workerData as WorkerStart);
