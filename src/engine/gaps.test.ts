// What fell due while nobody was there happens once, spread; and no clock that is set, nor a gap of our own, condemns a job.
import { describe, expect, test } from 'vitest';
import { hostNames, Rig } from '../../test/support/rig.ts';
import type { Jid, Job, JobState } from '../domain/job.ts';
import { looksAfter } from './gaps.ts';

const wall = Date.UTC(2026, 0, 1);
const on = { pid: 1, bootId: 'b', startedThere: 1, startedAt: wall - 20_000, limit: 600 };
const running: JobState = { kind: 'running', on, seenAt: wall - 5000 };
const left = (state: JobState, more: Partial<Job> = {}, poll?: number) => ({
  poll,
  job: {
    jid: 'j' as Jid,
    runId: 'r',
    host: 'h',
    taskPath: '0.0',
    attempt: 1,
    state,
    output: { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 },
    lastLine: '',
    ...more,
  },
});
const lost = { tag: 'connection-lost', cause: 'x' } as const;

describe('the next look at a job of an earlier driver', () => {
  const one = (what: ReturnType<typeof left>): number => looksAfter([what], wall)[0] as number;

  test.each([
    ['is due when it was to be', left(running, { nextLookAt: wall + 2500 }), 2500],
    ['is due by its cadence where no sighting was kept', left({ ...running, seenAt: wall - 1000 }), 4000],
    ['is at once for a start in flight', left({ kind: 'starting', at: wall }, { nextLookAt: wall + 9000 }), 0],
    ['is at once for a cancel that was not carried out', left(running, { nextLookAt: wall + 9000, cancelAsked: { at: 1, by: 'x' } }), 0],
    ['is no later than its interval, though the clock was set back', left(running, { nextLookAt: wall + 7_200_000 }), 5000],
    ['counts the look that may have happened unseen', left(running, { nextLookAt: wall - 12_000 }, 30), 18_000],
    ['is soon when it is overdue', left(running, { nextLookAt: wall - 7_200_000 }, 30), 25],
    ['is soon for a silent host', left({ kind: 'stale', on, seenAt: 1, since: 1, failure: lost, tries: 9 }), 25],
  ])('%s', (_, what, after) => expect(one(what)).toBe(after));

  test('is spread among many that are overdue: over their number, their interval and 15 s at most', () => {
    const many = (count: number, poll: number): readonly number[] =>
      looksAfter(
        Array.from({ length: count }, () => left(running, { nextLookAt: wall - 7_200_000 }, poll)),
        wall,
      );
    for (const [count, poll, most] of [
      [20, 60, 1000],
      [1000, 60, 15_000],
      [1000, 4, 4000],
    ] as const) {
      const delays = many(count, poll);
      const step = most / count;
      for (const [i, delay] of delays.entries()) expect(delay).toBeCloseTo((i + 0.5) * step);
    }
  });
});

test('after a gap of our own each overdue look happens once, spread, and no host is called silent for it', async () => {
  const rig = new Rig({ settings: { forks: 25, startRate: 0 } });
  const run = await rig.run(hostNames(60), { command: '3600 0', async: 7200, poll: 20, options: { giveUp: 300 } });
  rig.hosts.dead.add('h60');
  await rig.clock.pass(120_000);
  rig.clock.standStill(1_800_000);
  const back = rig.clock.now();
  await rig.clock.pass(19_000);
  const after = [...rig.hosts.looks.values()].map(looks => looks.filter(at => at >= back).map(at => at - back));
  expect(Math.max(...after.map(looks => looks.length))).toBe(1);
  const times = after.flat().sort((a, b) => a - b);
  expect(times.length).toBe(59);
  expect(times.filter(at => at < 500).length).toBeLessThan(20);
  expect(rig.jobsOf(run).map(({ kind }) => kind)).toEqual([...Array(59).fill('running'), 'ended']);
  await rig.clock.pass(1_000_000);
  expect(rig.events.filter(({ type }) => type === 'job.fell-silent')).toEqual([]);
});

const silent = async (giveUp: number, async = 86_400) => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '50000 0', async, options: { giveUp } });
  await rig.clock.pass(10_000);
  rig.hosts.dead.add('h01');
  await rig.clock.pass(120_000);
  expect(rig.jobsOf(run)[0]?.kind).toBe('stale');
  return { rig, state: () => rig.jobsOf(run)[0]?.verdict || rig.jobsOf(run)[0]?.kind };
};

test.each([6, -6])('a wall clock set by %i hours gives no silent job up, and does not keep one for ever', async hours => {
  const { rig, state } = await silent(900);
  rig.clock.set(hours * 3_600_000);
  await rig.clock.pass(400_000);
  expect(state()).toBe('stale');
  await rig.clock.pass(700_000);
  expect(state()).toBe('unreachable');
});

test('time in which this driver stood still is no silence of a host', async () => {
  const { rig, state } = await silent(900);
  rig.clock.standStill(7_200_000);
  await rig.clock.pass(400_000);
  expect(state()).toBe('stale');
});

test('a job whose limit passed while the driver stood still is given up only after a minute of asking', async () => {
  const { rig, state } = await silent(1800, 600);
  rig.clock.standStill(7_200_000);
  await rig.clock.pass(15_000);
  expect(state()).toBe('stale');
  await rig.clock.pass(400_000);
  expect(state()).toBe('unreachable');
});

test('a clock that was set between two drivers gives nothing up at the first look', async () => {
  const { rig } = await silent(900);
  rig.clock.set(6 * 3_600_000);
  const next = await rig.killed();
  await next.clock.pass(40_000);
  expect([...next.state.jobs.values()][0]?.state.kind).toBe('stale');
});

test('one that runs counts against the forks of a sync run also with the next driver; one that was given up does not', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(3), { command: '300 0', options: { forks: 1, giveUp: 90 } });
  await rig.clock.pass(5000);
  const next = await rig.killed();
  await next.clock.pass(60_000);
  expect(next.jobsOf(run)).toHaveLength(1);
  next.hosts.dead.add('h01');
  await next.clock.pass(380_000);
  expect(next.jobsOf(run).map(({ verdict }) => verdict)).toEqual(['unreachable', '']);
});
