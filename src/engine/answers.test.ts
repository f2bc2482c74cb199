// Hosts that want a person's answer first: whoever waits takes no slot and no seat, is not tried, not given up and in nobody's way.
import { expect, test } from 'vitest';
import { hostNames, Rig } from '../../test/support/rig.ts';
import type { Jid } from '../domain/job.ts';

const locked = (rig: Rig, names: readonly string[], kind: 'password' | 'become' = 'password'): void => {
  for (const name of names) rig.hosts.locks.set(name, { kind, right: 'pw' });
};

const wrongOnes = (rig: Rig): number => [...rig.hosts.wrong.values()].reduce((sum, times) => sum + times, 0);

test.each(['password', 'become'] as const)(
  'hosts wait for a %s without a slot, a wrong one is sent once, the right one lets all go',
  async kind => {
    const rig = new Rig({ settings: { forks: 4 } });
    locked(rig, hostNames(20), kind);
    const run = await rig.run(hostNames(24), { command: '30 0', async: 600 });
    await rig.clock.pass(3_600_000);
    expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'ok')).toHaveLength(4);
    expect(rig.jobsOf(run).filter(({ kind: state }) => state === 'starting')).toHaveLength(20);
    expect([rig.hosts.open, rig.engine.armed, rig.clock.armed]).toEqual([0, 0, 0]);
    const [question, ...more] = rig.keeper.questions(rig.engine.waiting());
    expect([question?.hosts.toSorted(), more]).toEqual([hostNames(20), []]);

    await rig.type('wrong');
    await rig.clock.pass(60_000);
    expect(wrongOnes(rig)).toBe(1);
    expect(rig.keeper.questions(rig.engine.waiting())).toMatchObject([{ refused: { elsewhere: 'not-accepted' } }]);
    expect(rig.hosts.open).toBe(0);

    await rig.type('pw');
    await rig.untilQuiet();
    expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(24).fill('ok'));
    expect([wrongOnes(rig), rig.hosts.open, rig.engine.queued, rig.engine.armed]).toEqual([1, 0, 0, 0]);
    expect(rig.events.filter(({ type }) => type === 'job.fell-silent')).toEqual([]);
  },
);

test('hosts that wait delay nobody behind them, however many they are, and give up their seats', async () => {
  const rig = new Rig({ settings: { forks: 4 } });
  const names = [...hostNames(60), ...hostNames(60).map(name => `x${name}`), 'live1', 'live2'];
  locked(rig, names.slice(0, 120), 'become');
  const run = await rig.run(names, { command: '1 0', options: { forks: 1 }, fleet: names });
  await rig.clock.pass(600_000);
  const ended = rig.events.flatMap(event => (event.type === 'job.ended' ? [rig.state.jobs.get(event.jid)?.host] : []));
  expect(ended.toSorted()).toEqual(['live1', 'live2']);
  await rig.type('pw');
  let most = 0;
  rig.journal.onAppend = () => {
    most = Math.max(most, rig.jobsOf(run).filter(({ kind }) => kind === 'running').length);
  };
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(122).fill('ok'));
  expect(most).toBe(1);
});

test('what runs on a host whose login waits is not given up for it, and comes home after the answer', async () => {
  const rig = new Rig({ settings: { persist: 0 } });
  const run = await rig.run(hostNames(3), { command: '3000 0', async: 7200, options: { giveUp: 900 } });
  await rig.clock.pass(10_000);
  rig.hosts.dead.add('h01');
  await rig.clock.pass(300_000);
  expect(rig.jobsOf(run).map(({ kind }) => kind)).toEqual(['stale', 'running', 'running']);
  rig.hosts.dead.clear();
  locked(rig, hostNames(3));
  await rig.clock.pass(2 * 3_600_000);
  expect(rig.jobsOf(run).map(({ kind }) => kind)).toEqual(['stale', 'running', 'running']);
  // The first try after the answer meets a dead host: silence counts from now.
  rig.hosts.dead.add('h01');
  await rig.type('pw');
  await rig.clock.pass(60_000);
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(['', 'ok', 'ok']);
  rig.hosts.dead.clear();
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(['ok', 'ok', 'ok']);
});

test('looks and cancels go on where only starting needs an answer', async () => {
  const rig = new Rig({});
  const first = await rig.run(hostNames(2), { command: '600 0', async: 900, poll: 10 });
  await rig.clock.pass(5000);
  locked(rig, hostNames(2), 'become');
  const second = await rig.run(hostNames(2), { command: '5 0', async: 900 });
  await rig.clock.pass(120_000);
  expect(rig.jobsOf(second).map(({ kind }) => kind)).toEqual(['starting', 'starting']);
  const jid = rig.jobsOf(first)[0]?.jid as Jid;
  expect(rig.hosts.looks.get(jid)?.length).toBeGreaterThan(8);
  void rig.engine.cancel(jid, undefined);
  void rig.engine.cancel(rig.jobsOf(second)[0]?.jid as Jid, undefined);
  await rig.clock.pass(60_000);
  expect([rig.jobsOf(first)[0]?.verdict, rig.jobsOf(second)[0]?.verdict]).toEqual(['cancelled', 'cancelled']);
  expect(rig.keeper.questions(rig.engine.waiting())).toMatchObject([{ hosts: ['h02'] }]);
  await rig.abort(second);
  await rig.clock.pass(1000);
  expect(rig.keeper.questions(rig.engine.waiting())).toEqual([]);
});

test('one host with another password than the rest is asked for apart, and the rest goes on', async () => {
  const rig = new Rig({ settings: { forks: 2, persist: 0 } });
  locked(rig, hostNames(6));
  rig.hosts.locks.set('h04', { kind: 'password', right: 'other' });
  const run = await rig.run(hostNames(6), { command: '30 0', async: 600 });
  await rig.clock.pass(1000);
  await rig.type('pw');
  await rig.clock.pass(10_000);
  expect(wrongOnes(rig)).toBe(1);
  const open = rig.keeper.questions(rig.engine.waiting());
  expect(open).toContainEqual(expect.objectContaining({ hosts: ['h04'], refused: { host: 'h04', elsewhere: 'accepted' } }));
  rig.keeper.answer(
    open.filter(({ hosts }) => hosts[0] === 'h04').map(({ id }) => id),
    ['other'],
  );
  await rig.clock.pass(10_000);
  await rig.type('pw');
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(6).fill('ok'));
  expect(wrongOnes(rig)).toBe(1);
});

test('where nobody can answer any more, whoever waited is told so', async () => {
  const rig = new Rig({ settings: { forks: 4 } });
  locked(rig, hostNames(8));
  const run = await rig.run(hostNames(8), { command: '1 0', async: 600 });
  await rig.clock.pass(5000);
  rig.canAsk = false;
  rig.keeper.changed();
  await rig.untilQuiet();
  const failures = rig.events.flatMap(event =>
    event.type === 'job.ended' && event.verdict.kind === 'unreachable' ? [event.verdict.failure.tag] : [],
  );
  expect(failures).toEqual(Array(8).fill('needs-person'));
  expect(rig.state.runs.get(run)?.phase.kind).toBe('ended');
});
