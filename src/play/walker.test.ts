// Retries, several tasks, until and async_status, on simulated hosts and a clock that only the test moves.
import { expect, test } from 'vitest';
import { hostNames, Rig } from '../../test/support/rig.ts';
import type { Plan } from '../domain/plan.ts';
import { type Task, taskDefaults } from '../domain/task.ts';
import type { Draft } from '../engine/spine.ts';

const task = (path: string, cmd: string, more: Partial<Task> = {}): Task => ({
  ...taskDefaults,
  path,
  name: path,
  module: { name: 'shell', args: { cmd } },
  async: 600,
  ...more,
});

const planOf = (...tasks: Task[]): Plan => ({
  title: 'plan',
  plays: [{ name: 'play', pattern: 'all', hosts: [], vars: {}, strategy: 'linear', tasks }],
});

const emit = async (rig: Rig, event: Draft): Promise<void> => {
  const done = rig.spine.emit({ events: [event], durability: 'intent' });
  await rig.clock.settle();
  await done;
};

const rowOf = (rig: Rig, run: string, host: string) => rig.state.runs.get(run)?.hosts.get(host);

test('a host that fails again in a retry has two attempts, and no more begin by themselves', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(2), { command: '1 3', async: 60 });
  await rig.untilQuiet();
  await emit(rig, { type: 'run.retried', run, hosts: ['h01'] });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ jid, verdict }) => [jid.split('.')[1], verdict])).toEqual([
    ['1', 'failed'],
    ['1', 'failed'],
    ['2', 'failed'],
  ]);
  expect(rowOf(rig, run, 'h01')?.tally.failures).toBe(1);
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
});

test('a retried host that is well again goes on with the tasks behind, and counts as never out', async () => {
  const rig = new Rig({});
  rig.hosts.dead.add('h02');
  const run = await rig.run(hostNames(3), { command: '', plan: planOf(task('0.0', '1 0'), task('0.1', '2 0')) });
  await rig.untilQuiet();
  expect(rowOf(rig, run, 'h02')?.out).toMatchObject({ path: '0.0', how: 'unreachable' });
  rig.hosts.dead.delete('h02');
  await emit(rig, { type: 'run.retried', run, hosts: ['h02'] });
  await rig.untilQuiet();
  expect(rowOf(rig, run, 'h02')).toMatchObject({ tally: { ok: 2, changed: 2, unreachable: 0, failures: 0 } });
  expect(rowOf(rig, run, 'h02')?.out).toBeUndefined();
  expect(rig.jobsOf(run)).toHaveLength(7);
});

test('a retry in the middle of a roll takes its turn before the next batch', async () => {
  const rig = new Rig({});
  rig.hosts.dead.add('h01');
  const run = await rig.run(hostNames(4), { command: '20 0', async: 600, serial: 2 });
  await rig.clock.pass(15_000);
  rig.hosts.dead.delete('h01');
  await emit(rig, { type: 'run.retried', run, hosts: ['h01'] });
  await rig.untilQuiet();
  expect(rig.state.runs.get(run)?.batches.map(({ kind, hosts }) => [kind, hosts])).toEqual([
    ['first', ['h01', 'h02']],
    ['retry', ['h01']],
    ['first', ['h03', 'h04']],
  ]);
});

test('until: N retries are N + 1 attempts, each a job of its own, `delay` apart', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '', plan: planOf(task('0.0', '1 0', { until: ['never'], retries: 2, delay: 30 })) });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ jid }) => jid.split('.')[1])).toEqual(['1', '2', '3']);
  expect(rowOf(rig, run, 'h01')?.last?.result).toMatchObject({ status: 'failed', attempts: 2 });
  const waits = rig.events.filter(event => event.type === 'task.waiting').map(event => event.retriesLeft);
  expect(waits).toEqual([2, 1]);
});

test('async_status: asked at once and each `delay` until it has finished; nothing is open between two looks', async () => {
  const rig = new Rig({});
  const begin = task('0.0', '50 0', { poll: 0, register: 'begun' });
  const run = await rig.run(['h01'], { command: '', plan: planOf(begin) });
  await rig.untilQuiet();
  const jid = rig.jobsOf(run)[0]?.jid ?? '';
  const wait = task('0.0', '', {
    module: { name: 'async_status', args: { jid } },
    async: 0,
    until: ['finished'],
    retries: 5,
    delay: 30,
    register: 'done',
  });
  const second = await rig.run(['h01'], { command: '', plan: planOf(wait) });
  await rig.clock.pass(20_000);
  expect(rig.hosts.open).toBe(0);
  await rig.untilQuiet();
  expect(rowOf(rig, second, 'h01')?.last?.result).toMatchObject({ status: 'changed', attempts: expect.any(Number), register: 'done' });
});

test('a driver that is killed while a wait is under way goes on waiting, and ends it', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '', plan: planOf(task('0.0', '1 0', { until: ['never'], retries: 2, delay: 60 })) });
  await rig.clock.pass(20_000);
  const next = await rig.killed();
  await next.untilQuiet();
  expect(next.jobsOf(run).map(({ jid }) => jid.split('.')[1])).toEqual(['1', '2', '3']);
  expect(next.state.runs.get(run)?.phase.kind).toBe('ended');
});

test('a run that is paused with nothing left to open ends by itself', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '30 0', async: 600 });
  await rig.clock.pass(5000);
  await rig.pause(run);
  await rig.untilQuiet();
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
});

/** Items that ran, as `item.attempt`, in the order of their jobs. */
const itemsOf = (rig: Rig, run: string) =>
  [...rig.state.jobs.values()].filter(job => job.runId === run).map(({ item, attempt }) => `${item}.${attempt}`);

const loop = (...over: string[]) => ({ loop: { over, as: 'list', variable: 'item' } }) as const;

test('a loop is one job an item, one after another, and a driver that is killed goes on with the next', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '', plan: planOf(task('0.0', '20 0', loop('a', 'b', 'c')), task('0.1', '1 0')) });
  await rig.clock.pass(30_000);
  const next = await rig.killed();
  await next.untilQuiet();
  expect(itemsOf(next, run)).toEqual(['0.1', '1.1', '2.1', 'undefined.1']);
  expect(rowOf(next, run, 'h01')).toMatchObject({ tally: { ok: 2, changed: 2 } });
  expect(rowOf(next, run, 'h01')?.loop).toBeUndefined();
});

test('a loop goes on past an item that failed, fails then, and a retry does all of it again', async () => {
  const rig = new Rig({});
  const run = await rig.run(['h01'], { command: '', plan: planOf(task('0.0', '1 3', loop('a', 'b'))) });
  await rig.untilQuiet();
  expect(rowOf(rig, run, 'h01')).toMatchObject({ out: { path: '0.0', how: 'failed' }, tally: { failures: 1 } });
  await emit(rig, { type: 'run.retried', run, hosts: ['h01'] });
  await rig.untilQuiet();
  expect(itemsOf(rig, run)).toEqual(['0.1', '1.1', '0.2', '1.2']);
  expect(rowOf(rig, run, 'h01')?.tally.failures).toBe(1);
});

test('what ran behind a failure runs again in a retry, as an attempt of its own', async () => {
  const rig = new Rig({});
  const inside = (part: 'block' | 'always') => ({ within: [{ block: 'b', part }] });
  const plan = planOf(task('0.0', '1 3', inside('block')), task('0.1', '1 0', inside('always')));
  const run = await rig.run(['h01'], { command: '', plan });
  await rig.untilQuiet();
  await emit(rig, { type: 'run.retried', run, hosts: ['h01'] });
  await rig.untilQuiet();
  expect([...rig.state.jobs.values()].map(({ taskPath, attempt }) => `${taskPath} ${attempt}`)).toEqual([
    '0.0 1',
    '0.1 1',
    '0.0 2',
    '0.1 2',
  ]);
  expect(rowOf(rig, run, 'h01')).toMatchObject({ out: { path: '0.0', how: 'failed' }, tally: { failures: 1, ok: 2 } });
});

test('one host does for all of its batch what is to be done once', async () => {
  const rig = new Rig({});
  const plan = planOf(task('0.0', '1 0', { runOnce: 'yes' }), task('0.1', '1 0'));
  await rig.run(hostNames(3), { command: '', plan });
  await rig.untilQuiet();
  const ran = [...rig.state.jobs.values()].map(({ taskPath, host }) => `${taskPath} ${host}`);
  expect(ran.sort()).toEqual(['0.0 h01', '0.1 h01', '0.1 h02', '0.1 h03']);
});

test('a retry brings each host back in at the play that put it out, and a failure before it breaks nothing', async () => {
  const rig = new Rig({});
  const play = (number: number, name: string): Plan['plays'][0] => ({
    name,
    pattern: 'all',
    hosts: [],
    vars: {},
    strategy: 'linear',
    tasks: [task(`${number}.0`, '1 0', { fatal: 'yes' })],
  });
  const plan: Plan = { title: 'plan', plays: [play(0, 'one'), play(1, 'two')] };
  rig.hosts.dead.add('h01');
  const run = await rig.run(hostNames(2), { command: '', plan });
  await rig.untilQuiet();
  expect(rig.state.runs.get(run)?.phase).toMatchObject({ kind: 'ended', message: expect.stringMatching(/^any_errors_fatal: /) });
  rig.hosts.dead.delete('h01');
  await emit(rig, { type: 'run.retried', run, hosts: ['h01'] });
  await rig.untilQuiet();
  expect(rowOf(rig, run, 'h01')).toMatchObject({ tally: { ok: 2, unreachable: 0 } });
  expect(rowOf(rig, run, 'h01')?.out).toBeUndefined();
});
