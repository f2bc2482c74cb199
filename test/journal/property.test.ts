// Law 6 at the journal: what comes back is what was written, and the tables that say which runs and jobs are open
// say what the fold of all events says, whatever happened in whatever order and whichever entries failed.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Event } from '../../src/domain/event.ts';
import { isOutstanding, type Verdict } from '../../src/domain/job.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { emptyState, type State } from '../../src/domain/run-state.ts';
import { endedRunsKept } from '../../src/journal/kept.ts';
import { outputPath } from '../../src/journal/output-files.ts';
import { resumeFrom } from '../../src/journal/resume.ts';
import { openStore, type Store } from '../../src/journal/store.ts';
import {
  entryOf,
  jid,
  jobEnded,
  okVerdict,
  opened,
  outputOf,
  planned,
  queued,
  requested,
  runEnded,
  runId,
  started,
  tempFolder,
} from '../support/journal-kit.ts';

const givenUp: Verdict = { kind: 'unreachable', began: 'maybe', failure: { tag: 'refused', cause: '' } };
const never: Verdict = { kind: 'unreachable', began: 'never', failure: { tag: 'refused', cause: '' } };

const step = fc.record({
  what: fc.constantFrom(
    'queue',
    'request',
    'start',
    'end',
    'give-up',
    'never',
    'end-run',
    'retry',
    'pause',
    'print',
    'note',
    'end-run',
    'retry',
  ),
  run: fc.integer({ min: 1, max: 3 }),
  /** Whether the entry's output has a place to go. */
  disk: fc.constantFrom('fine', 'fine', 'fine', 'broken'),
  durability: fc.constantFrom('intent', 'fact'),
  reopen: fc.constantFrom(true, false, false, false, false, false, false, false),
});

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Two runs are on their way at the beginning, else most steps would mean nothing. */
const prelude: readonly Step[] = [1, 2].flatMap(run =>
  (['queue', 'request', 'start'] as const).map(what => ({ what, run, disk: 'fine' as const, durability: 'fact' as const, reopen: false })),
);

/** The events that the step stands for, where it makes sense in this state; every job ends once. */
const eventsOf = ({ what, run }: Step, state: State, at: number): readonly Event[] => {
  const job = state.jobs.get(jid(run));
  const isQueued = state.runs.has(runId(run));
  if (what === 'queue') return isQueued ? [] : [planned(at), queued(run, at), opened(run, at)];
  if (!isQueued) return [];
  if (what === 'request') return job === undefined ? [requested(run, at)] : [];
  if (what === 'end-run') return [runEnded(run, at)];
  if (what === 'retry') return [{ type: 'run.retried', at, run: runId(run), hosts: ['web1'] }];
  if (what === 'pause') return [{ type: 'run.paused', at, run: runId(run), why: 'operator', by: { user: 'u', machine: 'm' } }];
  if (what === 'note') return [{ type: 'run.noted', at, run: runId(run), text: `ü\n${at}` }];
  if (job === undefined || !isOutstanding(job)) return [];
  if (what === 'start') return [started(run, at)];
  if (what === 'print') return [outputOf(run, at, job.output.out, `line ${at}\n`).event];
  return [jobEnded(run, at, what === 'end' ? okVerdict : what === 'give-up' ? givenUp : never)];
};

test('whatever happens, the journal gives it back, and its index says what the events say', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 60 }), steps => {
      const folder = tempFolder('property');
      try {
        hold(folder.path, [...prelude, ...steps]);
      } finally {
        folder.remove();
      }
    }),
    { numRuns: 30 },
  );
}, 60_000);

const hold = (stateDir: string, steps: readonly Step[]): void => {
  let store = open(stateDir);
  const state = emptyState();
  const written: Event[] = [];
  for (const [at, each] of steps.entries()) {
    const events = eventsOf(each, state, at);
    const output = events.flatMap(event =>
      event.type === 'job.output' ? [outputOf(each.run, event.at, event.from, `line ${event.at}\n`).bytes] : [],
    );
    const broken = each.disk === 'broken' && output.length > 0 ? breakOutput(stateDir, each.run) : undefined;
    const [result] = store.write([entryOf(events, { output, durability: each.durability })]);
    broken?.();
    expect(result?.ok).toBe(broken === undefined);
    if (result?.ok !== true) continue;
    for (const event of events) reduce(state, event);
    written.push(...events);
    if (each.reopen) {
      store.close();
      store = open(stateDir);
    }
    expect(jidsIn(store, 'select jid as v from outstanding order by 1')).toEqual(
      [...state.jobs.values()]
        .filter(isOutstanding)
        .map(job => job.jid)
        .sort(),
    );
    expect(jidsIn(store, 'select run as v from runs where ended is not null order by 1')).toEqual(
      [...state.runs.values()]
        .filter(run => run.phase.kind === 'ended')
        .map(run => run.id)
        .sort(),
    );
  }
  // Fewer runs than are kept: all of it comes back, but a fleet only once.
  expect(state.runs.size).toBeLessThan(endedRunsKept);
  const back = resumeFrom(store, 0).events;
  const first = written.findIndex(event => event.type === 'fleet.planned');
  expect(back).toEqual(written.filter((event, index) => event.type !== 'fleet.planned' || index === first));
  expect(back.reduce(reduce, emptyState()).jobs).toEqual(state.jobs);
  store.close();
};

const open = (stateDir: string): Store => {
  const opened = openStore(stateDir);
  if (!opened.ok) throw new Error(opened.failure.cause);
  return opened.value;
};

const jidsIn = (store: Store, sql: string): readonly string[] =>
  store.db
    .prepare(sql)
    .all()
    .map(row => String(row['v']));

/** Puts a folder where the next output would go, if nothing lies there yet; the returned function takes it away. */
const breakOutput = (stateDir: string, run: number): (() => void) | undefined => {
  const path = outputPath(stateDir, jid(run), 'out');
  try {
    mkdirSync(join(path, '..'), { recursive: true });
    mkdirSync(path);
  } catch {
    return undefined;
  }
  return () => rmSync(path, { recursive: true });
};
