// How hosts behind shared jump hosts, and hosts that are away, are waited for: on simulated hosts and a clock that only the test moves.
import { expect, test } from 'vitest';
import { hostNames, Rig } from '../../test/support/rig.ts';
import type { SimulatedHops } from '../../test/support/simulated-hops.ts';

/** Every third of 30 hosts is behind the jump host. */
const behindOne = (settings: { forks: number; jumpRate?: number }): { rig: Rig; hops: SimulatedHops } => {
  const rig = new Rig({ settings, hops: 1, jumps: ['jump1'] });
  return { rig, hops: rig.hosts.hops as SimulatedHops };
};
const behind = hostNames(30).filter((_, at) => at % 3 === 0);

test('ten hosts behind a jump host take eleven connections, and it is connected to once', async () => {
  const { rig, hops } = behindOne({ forks: 25 });
  const run = await rig.run(behind, { command: '1 0' });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(10).fill('ok'));
  expect(hops.tried).toEqual(new Map([['jump1', 1]]));
  expect(rig.hosts.mostOpen).toBeGreaterThan(3);
  expect(rig.hosts.mostOpen).toBeLessThanOrEqual(11);
  expect([rig.hosts.open, rig.engine.open, rig.clock.armed]).toEqual([0, 0, 0]);
});

test('two forks are enough for a jump host and one host behind it at a time', async () => {
  const { rig, hops } = behindOne({ forks: 2 });
  const run = await rig.run(hostNames(30), { command: '1 0' });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(30).fill('ok'));
  expect(rig.hosts.mostOpen).toBe(2);
  expect(hops.tried.get('jump1')).toBeLessThanOrEqual(10);
});

test('a dead jump host is tried once for all behind it, and delays nobody else', async () => {
  const { rig, hops } = behindOne({ forks: 8 });
  hops.dead.add('jump1');
  const run = await rig.run([...behind, ...hostNames(30).filter(name => !behind.includes(name))], { command: '0 0' });
  await rig.clock.pass(9000);
  const isOk = ({ verdict }: { verdict: string }): boolean => verdict === 'ok';
  expect(rig.jobsOf(run).filter(isOk)).toHaveLength(20);
  await rig.clock.pass(2000);
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'unreachable')).toHaveLength(10);
  expect(hops.tried.get('jump1')).toBe(1);
});

test.each([4, 5])('a dead chain takes half of %i forks and keeps no first contact elsewhere waiting', async forks => {
  const { rig, hops } = behindOne({ forks });
  hops.dead.add('jump1');
  const run = await rig.run([...behind, ...hostNames(30).filter(name => !behind.includes(name))], { command: '0 0' });
  await rig.clock.pass(2000);
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'ok')).toHaveLength(20);
});

test.each([4, 8, 25])('hosts that did not answer last time keep no other start waiting, however many come first: %i forks', async forks => {
  const fleet = hostNames(130);
  const rig = new Rig({ settings: { forks } });
  const dead = fleet.slice(0, 100);
  for (const name of dead) rig.hosts.dead.add(name);
  await rig.run(dead, { command: '0 0', fleet });
  await rig.untilQuiet();
  const run = await rig.run(fleet, { command: '0 0', fleet });
  await rig.clock.pass(5000);
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'ok')).toHaveLength(30);
  await rig.untilQuiet();
  expect(rig.jobsOf(run).filter(({ verdict }) => verdict === 'unreachable')).toHaveLength(100);
});

test('jobs behind a jump host that fell silent wait for one try at growing intervals, and are all asked when it answers', async () => {
  const { rig, hops } = behindOne({ forks: 8 });
  const run = await rig.run(behind, { command: '5000 0', async: 7200, poll: 5 });
  await rig.clock.pass(20_000);
  hops.dead.add('jump1');
  hops.cut('jump1');
  const before = hops.tried.get('jump1') ?? 0;
  await rig.clock.pass(900_000);
  const tries = (hops.tried.get('jump1') ?? 0) - before;
  expect(tries).toBeGreaterThan(5);
  expect(tries).toBeLessThan(18);
  const [away] = rig.state.ways.away;
  expect(away).toMatchObject({ kind: 'jump host', name: 'jump1', failure: { tag: 'connect-timeout' } });
  hops.dead.clear();
  await rig.clock.pass(Math.max(0, (away?.nextTryAt ?? 0) - rig.clock.wall()) + 140_000);
  expect(rig.state.ways.away).toEqual([]);
  expect(rig.jobsOf(run).every(({ kind }) => kind === 'running')).toBe(true);
});

test('a host that was silent three times is told as away, and a person who asks has it tried at once', async () => {
  const rig = new Rig({});
  const run = await rig.run(hostNames(1), { command: '5000 0', async: 7200, poll: 5 });
  await rig.clock.pass(10_000);
  rig.hosts.dead.add('h01');
  await rig.clock.pass(600_000);
  expect(rig.state.ways.away).toMatchObject([{ kind: 'host', name: 'h01' }]);
  rig.hosts.dead.clear();
  await rig.clock.pass(15_000);
  const jid = rig.jobsOf(run)[0]?.jid;
  if (jid !== undefined) rig.engine.ask(jid);
  await rig.clock.pass(500);
  expect([rig.jobsOf(run)[0]?.kind, rig.state.ways.away]).toEqual(['running', []]);
});

test('starts through a jump host have a rate of their own, behind which nobody else waits', async () => {
  const { rig } = behindOne({ forks: 25, jumpRate: 1 });
  const run = await rig.run([...behind, ...hostNames(30).filter(name => !behind.includes(name))], { command: '300 0', async: 600 });
  await rig.clock.pass(3500);
  const begun = rig.events.flatMap(event => (event.type === 'job.started' ? [rig.state.jobs.get(event.jid)?.host ?? ''] : []));
  expect(begun.filter(host => !behind.includes(host))).toHaveLength(20);
  expect(begun.filter(host => behind.includes(host)).length).toBeLessThanOrEqual(5);
  await rig.clock.pass(12_000);
  expect(rig.jobsOf(run).filter(({ kind }) => kind === 'running')).toHaveLength(30);
});

const dearOne = (settings: { forks: number; jumpRate?: number }): { rig: Rig; hops: SimulatedHops } => {
  const made = behindOne(settings);
  made.hops.dear.add('jump1');
  return made;
};

test.each<[string, Partial<Parameters<Rig['run']>[1]>, { forks: number; jumpRate?: number }]>([
  ['starts that wait for the rate', {}, { forks: 25, jumpRate: 0.1 }],
  ['batches of a roll', { serial: 1 }, { forks: 4 }],
  ['jobs that are looked at each minute', { command: '150 0', async: 600, poll: 60 }, { forks: 4 }],
])(
  'a jump host that a person typed a code for is connected to once while anything waits behind it: %s',
  async (_what, wanted, settings) => {
    const { rig, hops } = dearOne(settings);
    const run = await rig.run(behind, { command: '1 0', ...wanted });
    // Somebody else wants the slots, too.
    await rig.run(
      hostNames(30).filter(name => !behind.includes(name)),
      { command: '120 0', async: 900, poll: 5 },
    );
    await rig.untilQuiet();
    expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(10).fill('ok'));
    expect(hops.tried.get('jump1')).toBe(1);
    expect([rig.hosts.open, rig.engine.open]).toEqual([0, 0]);
  },
);

test('a jump host that a person typed a code for gives way where nobody could go on otherwise', async () => {
  const rig = new Rig({ settings: { forks: 2 }, hops: 1, jumps: ['jump1', 'jump2'] });
  rig.hosts.hops?.dear.add('jump1');
  // By turns behind one and the other, one host a batch.
  const run = await rig.run(behind, { command: '1 0', serial: 1 });
  await rig.untilQuiet();
  expect(rig.jobsOf(run).map(({ verdict }) => verdict)).toEqual(Array(10).fill('ok'));
});
