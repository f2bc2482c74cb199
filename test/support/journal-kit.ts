// The only place that makes journal entries and state folders for tests: small, whole, with nothing invented beyond what a test needs.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event, Fleet } from '../../src/domain/event.ts';
import { type Jid, jidOf, type OutputStream, type Verdict } from '../../src/domain/job.ts';
import { type Task, taskDefaults } from '../../src/domain/task.ts';
import type { Entry, OutputBytes } from '../../src/journal/entry.ts';
import { openStore, type Store } from '../../src/journal/store.ts';

export const journalWorkerUrl = new URL('../../src/journal/worker.ts', import.meta.url);

/** A folder of this test's own, mode 0700; `remove` it in afterEach or finally. */
export const tempFolder = (name: string): { readonly path: string; remove(): void } => {
  const path = mkdtempSync(join(tmpdir(), `rollcall-test-${name}-`));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};

/** The journal of a folder, open for writing in this very thread. */
export const storeIn = (folder: string): Store => {
  const store = openStore(folder);
  if (!store.ok) throw new Error(store.failure.cause);
  return store.value;
};

export const entryOf = (
  events: readonly Event[],
  more: {
    readonly output?: readonly OutputBytes[];
    readonly durability?: Entry['durability'];
    readonly sightings?: Entry['sightings'];
  } = {},
): Entry => ({ events, output: more.output ?? [], sightings: more.sightings ?? [], durability: more.durability ?? 'fact' });

export const runId = (n: number): string => n.toString(16).padStart(32, '0');

export const fleet: Fleet = {
  id: 'f'.repeat(64),
  label: 'test',
  source: 'hosts.yml',
  practice: 'no',
  hosts: [{ name: 'web1', address: { port: 22 }, gate: 'web1', groups: ['web'], vars: {} }],
};

export const jid = (n: number, host = 'web1', attempt = 1): Jid => jidOf({ runId: runId(n), taskPath: '0.0', host, item: 0, attempt });

export const planned = (at: number): Event => ({ type: 'fleet.planned', at, fleet });

const task: Task = { ...taskDefaults, path: '0.0', name: 'a task', module: { name: 'shell', args: { cmd: 'true' } } };

export const queued = (n: number, at: number, hosts: readonly string[] = ['web1']): Event => ({
  type: 'run.queued',
  at,
  by: { user: 'ops1', machine: 'bastion1' },
  run: runId(n),
  number: n,
  fleet: fleet.id,
  plan: { title: `run ${n}`, plays: [{ name: '', pattern: 'all', hosts, vars: {}, strategy: 'linear', tasks: [task] }] },
  options: {
    forks: 5,
    giveUp: 1800,
    grace: 30,
    cap: 1000,
    log: 'yes',
    template: 'yes',
    askedFrom: 'console',
    argv: [],
    results: 'registered',
    extraVars: {},
  },
});

export const opened = (n: number, at: number, hosts: readonly string[] = ['web1']): Event => ({
  type: 'batch.opened',
  at,
  run: runId(n),
  play: 0,
  batch: 1,
  of: 1,
  hosts,
  kind: 'first',
});

export const requested = (n: number, at: number, host = 'web1', attempt = 1): Event => ({
  type: 'job.requested',
  at,
  jid: jid(n, host, attempt),
  run: runId(n),
  host,
  path: '0.0',
  attempt,
  command: 'uptime',
  script: 'uptime\n',
  limit: 60,
  mode: 'poll',
});

export const started = (n: number, at: number, host = 'web1'): Event => ({
  type: 'job.started',
  at,
  jid: jid(n, host),
  on: { pid: 7, bootId: 'b', startedThere: 1, startedAt: at, limit: 60 },
});

export const outputOf = (
  n: number,
  at: number,
  from: number,
  text: string,
  stream: OutputStream = 'out',
): { readonly event: Event; readonly bytes: OutputBytes } => {
  const bytes = Buffer.from(text);
  return {
    event: {
      type: 'job.output',
      at,
      jid: jid(n),
      stream,
      from,
      length: bytes.length,
      there: from + bytes.length,
      dropped: 0,
      lastLine: text.trim(),
    },
    bytes: { jid: jid(n), stream, offset: from, bytes },
  };
};

export const okVerdict: Verdict = { kind: 'ok', rc: 0, changed: true, elapsed: 2 };

export const jobEnded = (n: number, at: number, verdict: Verdict = okVerdict, host = 'web1'): Event => ({
  type: 'job.ended',
  at,
  jid: jid(n, host),
  verdict,
});

export const taskEnded = (
  n: number,
  at: number,
  status: 'ok' | 'changed' | 'failed' | 'unreachable' = 'changed',
  host = 'web1',
): Event => ({
  type: 'task.ended',
  at,
  run: runId(n),
  path: '0.0',
  host,
  result: { status },
});

export const runEnded = (n: number, at: number): Event => ({ type: 'run.ended', at, run: runId(n) });

/** A whole run on one host. */
export const wholeRun = (n: number, at: number): readonly Event[] => [
  queued(n, at),
  opened(n, at + 1),
  requested(n, at + 2),
  started(n, at + 3),
  jobEnded(n, at + 4),
  taskEnded(n, at + 5),
  { type: 'batch.ended', at: at + 6, run: runId(n), batch: 1 },
  runEnded(n, at + 7),
];
