// What may be counted on when jobs are adopted: each once, only looked at, and nothing that is claimed is believed unseen.
import { expect, test } from 'vitest';
import { type Jid, jidOf } from '../../src/domain/job.ts';
import { adHocPlan } from '../../src/domain/plan.ts';
import { countHosts } from '../../src/domain/recap.ts';
import { Driver } from '../../src/driver/driver.ts';
import type { ClientInfo } from '../../src/driver/ports.ts';
import { type Adoption, type Ask, protocolVersion } from '../../src/driver/protocol.ts';
import type { Found, JobReport } from '../../src/engine/ports.ts';
import { FakeClock, seeded } from '../support/fake-clock.ts';
import { fleetOf, hostNames, MemoryJournal, simpleKit, someOptions, someSettings } from '../support/rig.ts';
import { noChances, SimulatedHosts } from '../support/simulated-hosts.ts';

const client = (user: string): ClientInfo => ({
  id: 1,
  hello: { hello: protocolVersion, actor: { user, machine: `${user}-laptop` }, client: 'console', wants: 'state' },
});
const names = hostNames(3);
const fleet = fleetOf(names);

type World = { readonly clock: FakeClock; readonly hosts: SimulatedHosts };
const makeWorld = (): World => {
  const clock = new FakeClock();
  return { clock, hosts: new SimulatedHosts(clock, seeded(2), noChances) };
};

let runs = 0;

/** A driver of a journal of its own, or the next one of a journal, on the same hosts. */
const driverOn = async ({ clock, hosts }: World, user: string, journal = new MemoryJournal(), kept: readonly string[] = []) => {
  const driver = new Driver({
    journal,
    clock,
    jobs: hosts,
    random: seeded(1),
    kit: simpleKit,
    settings: someSettings,
    heritage: { events: [...journal.events], sightings: [], lastEventAt: 0, nextRunNumber: 1 },
    identity: { driver: user, epoch: 1, pid: 1, version: '0', stateDir: '/nowhere' },
    newRunId() {
      runs += 1;
      return String(runs).padStart(32, '0');
    },
    journalled: ({ jids }) => ({ ok: true, value: { jids: new Set(jids.filter(jid => kept.includes(jid))), runs: new Set() } }),
    readOutput: () => ({ ok: false, failure: { tag: 'state-unreadable', cause: 'none' } }),
    onStop() {},
    takeAgent() {},
    onBusy() {},
  });
  const began = driver.begin();
  await clock.settle();
  await began;
  const ask = async (wish: Ask) => {
    const answer = driver.handle(wish, client(user));
    await clock.pass(60_000);
    return answer;
  };
  const adopt = async (): Promise<Adoption> => {
    const answer = driver.handle({ verb: 'adopt', fleet, hosts: names, become: 'no' }, client(user));
    await clock.pass(500);
    const adopted = await answer;
    if (!adopted.ok) throw new Error(adopted.failure.cause);
    return adopted.value as Adoption;
  };
  const start = (command: string): Promise<unknown> => {
    const plan = adHocPlan({ pattern: 'all', command, module: 'shell', async: 6000 });
    const plays = plan.plays.map(play => ({ ...play, hosts: names }));
    return ask({ verb: 'submit', fleet, plan: { ...plan, plays }, options: someOptions });
  };
  return { driver, journal, ask, adopt, start, state: () => driver.state() };
};

const onlyRun = ({ state }: { state: () => ReturnType<Driver['state']> }) => {
  const [run] = state().runs.values();
  if (run === undefined) throw new Error('no run');
  return run;
};

test('jobs of another driver are followed to their end under their own names, and run once', async () => {
  const world = makeWorld();
  const theirs = await driverOn(world, 'ops1');
  await theirs.start('300 3');
  const ours = await driverOn(world, 'ops2');
  const adoption = await ours.adopt();
  expect(adoption.jobs.map(({ host, is }) => `${host} ${is}`)).toEqual(names.map(name => `${name} running`));
  expect(onlyRun(ours)).toMatchObject({ id: onlyRun(theirs).id, number: 1, origin: { kind: 'rollcall', number: 1, operator: 'ops1' } });
  expect([...ours.state().jobs.keys()]).toEqual([...theirs.state().jobs.keys()]);
  expect((await ours.adopt()).jobs).toEqual([]);
  expect((await theirs.adopt()).jobs).toEqual([]);
  await world.clock.pass(600_000);
  expect(onlyRun(ours).phase.kind).toBe('ended');
  expect(countHosts(onlyRun(ours), ours.state().jobs)).toMatchObject({ failed: 3, running: 0 });
  expect([...world.hosts.ran.values()]).toEqual([1, 1, 1]);
});

test('the next driver of the journal goes on looking, and starts nothing', async () => {
  const world = makeWorld();
  await (await driverOn(world, 'ops1')).start('300 0');
  const first = await driverOn(world, 'ops2');
  await first.adopt();
  first.driver.end();
  const next = await driverOn(world, 'ops2', new MemoryJournal(first.journal));
  expect(onlyRun(next).phase.kind).toBe('going');
  await world.clock.pass(600_000);
  expect(countHosts(onlyRun(next), next.state().jobs)).toMatchObject({ changed: 3 });
  expect(onlyRun(next).phase.kind).toBe('ended');
  expect([...world.hosts.ran.values()]).toEqual([1, 1, 1]);
});

test('a host that comes later brings its job into the same run, which is open again', async () => {
  const world = makeWorld();
  await (await driverOn(world, 'ops1')).start('300 0');
  const ours = await driverOn(world, 'ops2');
  const late = names[2] as string;
  world.hosts.dead.add(late);
  const answer = ours.driver.handle({ verb: 'adopt', fleet, hosts: names, become: 'no' }, client('ops2'));
  await world.clock.pass(400_000);
  expect(await answer).toMatchObject({ value: { jobs: [{}, {}], unasked: [{ host: late }] } });
  expect(onlyRun(ours).phase.kind).toBe('ended');
  world.hosts.dead.delete(late);
  expect((await ours.adopt()).jobs.map(({ host }) => host)).toEqual([late]);
  await world.clock.pass(60_000);
  expect(onlyRun(ours)).toMatchObject({ number: 1, phase: { kind: 'ended' } });
  expect(countHosts(onlyRun(ours), ours.state().jobs)).toMatchObject({ changed: 3 });
});

test("somebody else's job is ended only with a confirmation, never retried, never given more time", async () => {
  const world = makeWorld();
  await (await driverOn(world, 'ops1')).start('3000 0');
  const ours = await driverOn(world, 'ops2');
  await ours.adopt();
  const on = { run: onlyRun(ours).id };
  expect(await ours.ask({ verb: 'extend', on, by: 60 })).toMatchObject({ value: { touched: 0 } });
  expect(await ours.ask({ verb: 'retry', on, which: 'both' })).toMatchObject({ failure: { tag: 'bad-input' } });
  expect(await ours.ask({ verb: 'cancel', on })).toMatchObject({ failure: { tag: 'needs-person' } });
  expect(onlyRun(ours).phase.kind).toBe('going');
  expect(await ours.ask({ verb: 'cancel', on, confirmed: 'yes' })).toMatchObject({ value: { touched: 3 } });
  await world.clock.pass(120_000);
  expect(countHosts(onlyRun(ours), ours.state().jobs)).toMatchObject({ cancelled: 3 });
});

test('a job of our own on another machine is ours to end', async () => {
  const world = makeWorld();
  await (await driverOn(world, 'ops1')).start('3000 0');
  const ours = await driverOn(world, 'ops1');
  await ours.adopt();
  expect(await ours.ask({ verb: 'cancel', on: { run: onlyRun(ours).id } })).toMatchObject({ value: { touched: 3 } });
});

const report = (jid: Jid, state: JobReport['state']): JobReport => {
  const none = { size: 0, from: 0, bytes: new Uint8Array(0) };
  return { jid, state, startedAt: 0, elapsed: 1, limit: 0, pid: 1, bootId: 'b', out: none, err: none, dropped: 0, left: false };
};

const planted = (jid: Jid, about: Partial<Found['about']> = {}): Found => ({
  jid,
  at: { kind: 'rollcall' },
  report: report(jid, { kind: 'done', rc: 0 }),
  about: {
    runId: 'f'.repeat(32),
    runNumber: 7,
    title: 't',
    operator: 'x',
    machine: 'm',
    host: names[1] as string,
    task: '0.0',
    batch: '1/1',
    command: 'c',
    ...about,
  },
});

test('what claims to be of a run of our own must bear the name that the run gives', async () => {
  const world = makeWorld();
  const ours = await driverOn(world, 'ops1');
  await ours.start('3000 0');
  const { id } = onlyRun(ours);
  const forged = 'j1111111111111111111111111.1' as Jid;
  const real = jidOf({ runId: id, taskPath: '0.5', host: names[0] as string, item: 0, attempt: 1 });
  const known = 'j2222222222222222222222222.1' as Jid;
  world.hosts.planted.set(names[0] as string, [planted(forged, { runId: id }), planted(real, { runId: id, task: '0.5' })]);
  const adoption = await ours.adopt();
  expect([adoption.jobs.map(({ jid }) => jid), adoption.skipped]).toEqual([[real], 1]);
  expect(onlyRun(ours).origin).toBeUndefined();
  world.hosts.planted.set(names[0] as string, [planted(known)]);
  const again = await driverOn(world, 'ops1', new MemoryJournal(ours.journal), [known]);
  expect((await again.adopt()).jobs).toEqual([]);
});

test('two names of one account find each job once, under the name that it was begun with', async () => {
  const world = makeWorld();
  const ours = await driverOn(world, 'ops1');
  const [first, second, third] = ['3', '4', '5'].map(digit => `j${digit.repeat(25)}.1` as Jid) as [Jid, Jid, Jid];
  const found = [planted(first), planted(second, { host: 'elsewhere' }), planted(third, { command: '', runId: 'e'.repeat(32) })];
  for (const name of names) world.hosts.planted.set(name, found);
  expect((await ours.adopt()).jobs.map(({ jid, host }) => [jid, host])).toEqual([
    [first, names[1]],
    [second, names[0]],
    [third, names[1]],
  ]);
  // A command that was kept out of the folder is a secret: then so is the output.
  expect([...ours.state().runs.values()].map(({ options }) => options.log)).toEqual(['yes', 'no']);
});
