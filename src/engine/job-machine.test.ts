// First cause wins, and ended is ended, whatever is heard afterwards.
import { expect, test } from 'vitest';
import type { Jid, Job, Verdict } from '../domain/job.ts';
import { advance } from './job-machine.ts';
import type { JobReport } from './ports.ts';

const jid = `j${'1'.repeat(25)}.1` as Jid;
const ended = (verdict: Verdict): Job => ({
  jid,
  runId: 'r',
  host: 'h',
  taskPath: '0.0',
  attempt: 1,
  state: { kind: 'ended', verdict, at: 1 },
  output: { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 },
  lastLine: '',
});
const nothing = { size: 0, from: 0, bytes: new Uint8Array(0) };
const done: JobReport = {
  jid,
  state: { kind: 'done', rc: 0 },
  startedAt: 1,
  elapsed: 1,
  limit: 0,
  pid: 1,
  bootId: 'b',
  out: nothing,
  err: nothing,
  dropped: 0,
  left: false,
};
const around = { wall: 1000, random: () => 0.5, order: undefined, poll: undefined, watched: false, crowded: false, log: 'yes' } as const;
const lost = { tag: 'connection-lost', cause: 'x' } as const;

test.each<Verdict>([
  { kind: 'timed-out', rc: 143, elapsed: 5 },
  { kind: 'cancelled', elapsed: 5 },
  { kind: 'lost', why: 'reboot', elapsed: 5 },
  { kind: 'unreachable', failure: lost, began: 'never' },
])('a job that ended as %j stays so', verdict => {
  expect(advance(ended(verdict), { kind: 'looked', report: done }, around).events).toEqual([]);
  expect(advance(ended(verdict), { kind: 'unheard', failure: lost }, around)).toMatchObject({ events: [], effect: { kind: 'rest' } });
});

test.each(['unknown', 'unclaimed', 'cleaned'] as const)(
  'a job that has begun is lost, and never sent again, when its host says %s',
  kind => {
    const on = { pid: 1, bootId: 'b', startedThere: 1, startedAt: 1, limit: 0 };
    const running: Job = { ...ended({ kind: 'cancelled', elapsed: 0 }), state: { kind: 'running', on, seenAt: 1 } };
    const after = advance(running, { kind: 'looked', report: { ...done, state: { kind } } }, around);
    expect(after.events).toMatchObject([{ type: 'job.ended', verdict: { kind: 'lost', why: 'vanished' } }]);
    expect(after.effect).toEqual({ kind: 'rest' });
  },
);

test('a job that has begun is lost, and not cancelled, when its host has claimed its jid for nobody', () => {
  const on = { pid: 1, bootId: 'b', startedThere: 1, startedAt: 1, limit: 0 };
  const running: Job = { ...ended({ kind: 'cancelled', elapsed: 0 }), state: { kind: 'running', on, seenAt: 1 } };
  const claimed: JobReport = { ...done, state: { kind: 'cancelled', rc: 143 }, pid: 0, startedAt: 0, elapsed: 0 };
  const after = advance(running, { kind: 'looked', report: claimed }, around);
  expect(after.events).toMatchObject([{ type: 'job.ended', verdict: { kind: 'lost', why: 'vanished' } }]);
});

const starting: Job = { ...ended({ kind: 'cancelled', elapsed: 0 }), state: { kind: 'starting', at: 1 } };
const other = `j${'2'.repeat(25)}.1` as Jid;

test('a job that follows one which has not begun is sent again after a while, and told of it once', () => {
  const taken = { kind: 'answered', reply: { kind: 'taken', by: other } } as const;
  expect(advance(starting, taken, around).events).toEqual([{ type: 'job.joined', jid, other }]);
  const following = { ...starting, follows: other };
  expect(advance(following, taken, around).events).toEqual([]);
  const { effect } = advance(following, { kind: 'looked', report: { ...done, jid: other, state: { kind: 'unclaimed' } } }, around);
  expect(effect).toMatchObject({ kind: 'send' });
  expect(effect.kind === 'send' && effect.after).toBeGreaterThan(1000);
});

test('a job that gets its name in the end is its own from then on', () => {
  const report: JobReport = { ...done, state: { kind: 'running' } };
  const { events } = advance({ ...starting, follows: other }, { kind: 'answered', reply: { kind: 'started', report } }, around);
  expect(events).toMatchObject([{ type: 'job.joined', other: jid }, { type: 'job.started' }]);
});

test('only a job that was given up and may still run comes home later', () => {
  const given = ended({ kind: 'unreachable', failure: lost, began: 'maybe' });
  expect(advance(given, { kind: 'looked', report: done }, around).events.at(-1)).toMatchObject({
    type: 'job.ended',
    verdict: { kind: 'ok' },
  });
});

test('a look that nobody hurries gives way to starts that wait; one with a poll of its own does not', () => {
  const running = { kind: 'looked', report: { ...done, state: { kind: 'running' } } } as const;
  const after = (more: Partial<Parameters<typeof advance>[2]>) => advance(starting, running, { ...around, ...more }).effect;
  expect(after({})).toEqual({ kind: 'look', after: 1000 });
  expect(after({ crowded: true })).toEqual({ kind: 'look', after: 3000 });
  expect(after({ crowded: true, poll: 1 })).toEqual({ kind: 'look', after: 1000 });
  expect(after({ crowded: true, watched: true })).toEqual({ kind: 'look', after: 2000 });
});

test.each(['starting', 'running'] as const)('a job that is %s goes stale, and is not lost, when another machine answers', kind => {
  const on = { pid: 1, bootId: 'b', startedThere: 1, startedAt: 1, limit: 0 };
  const job: Job = { ...starting, state: kind === 'starting' ? { kind, at: 1 } : { kind, on, seenAt: 1 } };
  const after = advance(job, { kind: 'looked', report: { ...done, state: { kind: 'elsewhere' }, waiting: 'nodeA/1' } }, around);
  expect(after.events).toEqual([{ type: 'job.fell-silent', jid, failure: { tag: 'another-machine', cause: 'the job runs on nodeA/1' } }]);
  expect(after.effect.kind).toBe('look');
});

test.each(['reboot', 'broken'] as const)('a job whose host says lost in %s is told so', why => {
  const on = { pid: 1, bootId: 'b', startedThere: 1, startedAt: 1, limit: 0 };
  const running: Job = { ...starting, state: { kind: 'running', on, seenAt: 1 } };
  const after = advance(running, { kind: 'looked', report: { ...done, state: { kind: 'lost', why } } }, around);
  expect(after.events).toMatchObject([{ type: 'job.ended', verdict: { kind: 'lost', why } }]);
});
