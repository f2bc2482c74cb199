// A host counts as running until its own last task has ended, not until its batch has.
import { expect, test } from 'vitest';
import type { Jid, Job, Verdict } from './job.ts';
import { adHocPlan } from './plan.ts';
import { countHosts } from './recap.ts';
import type { HostProgress, Run } from './run-state.ts';

const plan = adHocPlan({ pattern: 'all', command: 'true', module: 'shell', async: 60 });
const tally = { ok: 0, changed: 0, unreachable: 0, failures: 0, skipped: 0, rescued: 0, ignored: 0 };
const row = (host: string, more: Partial<HostProgress> = {}): HostProgress => ({
  host,
  batch: 1,
  at: 'open',
  tally,
  registered: {},
  ...more,
});
const through = {
  last: { path: '0.0', batch: 1, result: { status: 'changed' } },
  course: { batch: 1, troubled: [], notified: [] },
} as const;
const counts = (...rows: HostProgress[]) =>
  countHosts({ plan, phase: { kind: 'going' }, hosts: new Map(rows.map(one => [one.host, one])) } as unknown as Run, new Map());

test('a host that is through while its batch goes on counts by what it did', () => {
  expect(counts(row('a', { ...through, tally: { ...tally, ok: 1, changed: 1 } }), row('b'))).toMatchObject({ changed: 1, running: 1 });
});

test('a host whose next batch has opened is running again', () => {
  expect(counts(row('a', { batch: 2, ...through, tally: { ...tally, ok: 1, changed: 1 } }))).toMatchObject({ changed: 0, running: 1 });
});

const letGo = adHocPlan({ pattern: 'all', command: 'false', module: 'shell', async: 60, poll: 0 });
const jid = `j${'1'.repeat(25)}.1` as Jid;
const jobEnded = (verdict: Verdict): ReadonlyMap<Jid, Job> =>
  new Map([[jid, { jid, taskPath: '0.0', state: { kind: 'ended', verdict, at: 1 } } as Job]]);

test.each([
  [
    { kind: 'failed', rc: 3, elapsed: 1 },
    { failed: 1, changed: 0 },
  ],
  [
    { kind: 'timed-out', rc: 143, elapsed: 1 },
    { timedOut: 1, changed: 0 },
  ],
  [
    { kind: 'cancelled', elapsed: 1 },
    { cancelled: 1, changed: 0 },
  ],
  [
    { kind: 'ok', rc: 0, changed: true, elapsed: 1 },
    { failed: 0, changed: 1 },
  ],
] as const)('a host whose job was let go counts by how the job came home: %j', (verdict, wanted) => {
  const host = row('a', { at: 'ended', jid, ...through, tally: { ...tally, ok: 1, changed: 1 } });
  const run = { plan: letGo, phase: { kind: 'ended', at: 1 }, hosts: new Map([['a', host]]) } as unknown as Run;
  expect(countHosts(run, jobEnded(verdict))).toMatchObject(wanted);
});
