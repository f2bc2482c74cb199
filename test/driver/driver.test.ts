// What clients may count on: a submission is queued once, and a headless run has an owner, also after its driver was killed.
import { expect, test } from 'vitest';
import { adHocPlan } from '../../src/domain/plan.ts';
import { countHosts } from '../../src/domain/recap.ts';
import { fail, ok } from '../../src/domain/result.ts';
import { type Task, taskDefaults } from '../../src/domain/task.ts';
import { Driver, type DriverParts } from '../../src/driver/driver.ts';
import type { ClientInfo } from '../../src/driver/ports.ts';
import { type Ask, type Hello, protocolVersion } from '../../src/driver/protocol.ts';
import { FakeClock, seeded } from '../support/fake-clock.ts';
import { fleetOf, hostNames, MemoryJournal, simpleKit, someOptions, someSettings } from '../support/rig.ts';
import { noChances, SimulatedHosts } from '../support/simulated-hosts.ts';

const hello: Hello = { hello: protocolVersion, actor: { user: 'ops1', machine: 'bastion1' }, client: 'headless', wants: 'state' };
const client = (id: number, more: Partial<Hello> = {}): ClientInfo => ({ id, hello: { ...hello, ...more } });
const plan = adHocPlan({ pattern: 'all', command: '60 0', module: 'shell', async: 600 });
const submit = (submission: string): Ask => ({
  verb: 'submit',
  fleet: fleetOf(hostNames(3)),
  plan: { ...plan, plays: plan.plays.map(play => ({ ...play, hosts: hostNames(3) })) },
  options: { ...someOptions, askedFrom: 'headless', submission },
});

const stage = async (
  before?: MemoryJournal,
  more: Partial<Pick<DriverParts, 'hold'>> & {
    readonly lastEventAt?: number;
    readonly world?: { readonly clock: FakeClock; readonly hosts: SimulatedHosts };
  } = {},
) => {
  const clock = more.world?.clock ?? new FakeClock();
  const journal = new MemoryJournal(before);
  let runs = 0;
  const hosts = more.world?.hosts ?? new SimulatedHosts(clock, seeded(2), noChances);
  const driver = new Driver({
    journal,
    clock,
    jobs: hosts,
    random: seeded(1),
    kit: simpleKit,
    settings: someSettings,
    heritage: { events: [...journal.events], sightings: [], lastEventAt: more.lastEventAt ?? 0, nextRunNumber: 1 },
    ...(more.hold !== undefined && { hold: more.hold }),
    identity: { driver: 'd', epoch: 1, pid: 1, version: '0', stateDir: '/nowhere' },
    newRunId() {
      runs += 1;
      return `run${runs}`;
    },
    journalled: () => ({ ok: true, value: { jids: new Set(), runs: new Set() } }),
    readOutput: () => ({ ok: false, failure: { tag: 'state-unreadable', cause: 'none' } }),
    onStop() {},
    takeAgent() {},
    onBusy() {},
  });
  const settled = async <T>(work: Promise<T>): Promise<T> => {
    await clock.settle();
    return work;
  };
  await settled(driver.begin());
  return {
    driver,
    hosts,
    clock,
    journal,
    pass: (ms: number) => clock.pass(ms),
    settle: () => clock.settle(),
    handle: (ask: Ask, from: ClientInfo) => settled(driver.handle(ask, from)),
  };
};

test('what is submitted again under the same name is queued once, also by the next driver', async () => {
  const on = await stage();
  const first = await on.handle(submit('s1'), client(1));
  expect(first).toMatchObject({ ok: true, value: { run: 'run1', joined: 'no' } });
  expect(await on.handle(submit('s1'), client(1))).toEqual(first);
  expect(await on.handle(submit('s2'), client(1))).toMatchObject({ value: { run: 'run2' } });
  on.driver.end();
  const next = await stage(on.journal);
  expect(await next.handle(submit('s1'), client(1))).toEqual(first);
  next.driver.end();
});

test('a headless client that vanishes holds its run, also after it came back to the next driver', async () => {
  const on = await stage();
  await on.handle(submit('s1'), client(1));
  on.driver.end();
  const next = await stage(on.journal);
  const back = client(7, { owns: ['run1'] });
  next.driver.clientCame(back);
  next.driver.clientGone(client(8));
  await next.settle();
  expect(next.driver.state().runs.get('run1')?.phase.kind).toBe('going');
  next.driver.clientGone(back);
  await next.settle();
  expect(next.driver.state().runs.get('run1')?.phase).toMatchObject({ kind: 'paused', why: 'client-vanished' });
  next.driver.end();
});

const start = Date.UTC(2026, 0, 1);
const by = { user: 'ops2', machine: 'bastion1' };
const returns = [
  { after: 'a moment', lastEventAt: start - 60_000, hold: undefined, phases: ['going', 'going'] },
  { after: 'a quarter of an hour and more', lastEventAt: start - 16 * 60_000, hold: undefined, phases: ['driver-away', 'driver-away'] },
  { after: 'a moment, told to hold', lastEventAt: start - 60_000, hold: { by }, phases: ['driver-away', 'driver-away'] },
  { after: 'a moment, told to hold run 2', lastEventAt: start - 60_000, hold: { by, run: '2' }, phases: ['going', 'driver-away'] },
  {
    after: 'a moment, told to hold a run that is not there',
    lastEventAt: start - 60_000,
    hold: { by, run: '7' },
    phases: ['going', 'going'],
  },
];

test.each(returns)('a driver that comes back after $after', async ({ lastEventAt, hold, phases }) => {
  const on = await stage();
  for (const name of hostNames(3)) on.hosts.dead.add(name);
  await on.handle(submit('s1'), client(1));
  await on.handle(submit('s2'), client(1));
  on.driver.end();
  const next = await stage(on.journal, { lastEventAt, ...(hold !== undefined && { hold }) });
  const runs = [...next.driver.state().runs.values()];
  expect(runs.map(({ phase }) => (phase.kind === 'paused' ? phase.why : phase.kind))).toEqual(phases);
  const held = runs.at(-1)?.phase;
  if (hold !== undefined && held?.kind === 'paused') expect(held.by).toEqual(by);
  next.driver.end();
});

/** How the jobs of the one run stand. */
const verdicts = (driver: Driver): string[] =>
  [...driver.state().jobs.values()].map(({ state }) => (state.kind === 'ended' ? state.verdict.kind : state.kind));

const moments = [500, 10_200, 11_500, 14_000, 30_000];
const aborts = (['abort', 'cancel'] as const).flatMap(verb => moments.map(moment => ({ verb, moment })));

test.each(aborts)('$verb after $moment ms ends a run whose starts cannot be sent; nothing of it begins later', async ({ verb, moment }) => {
  const on = await stage();
  for (const name of hostNames(3)) on.hosts.dead.add(name);
  await on.handle(submit('s1'), client(1));
  await on.pass(moment);
  await on.handle({ verb, on: { run: 'run1' } }, client(1));
  // As long as a connection that is under way may take.
  await on.pass(16_000);
  for (const verdict of verdicts(on.driver)) expect(['cancelled', 'unreachable']).toContain(verdict);
  expect(on.driver.state().runs.get('run1')?.phase.kind).toBe('ended');
  on.hosts.dead.clear();
  await on.pass(3_600_000);
  expect(on.hosts.ran.size).toBe(0);
  on.driver.end();
});

test('a driver that was replaced ends no job, starts nothing more, takes no run, and says who drives', async () => {
  const on = await stage();
  const { hosts } = on;
  const connect = hosts.connect.bind(hosts);
  hosts.connect = async host => {
    const line = await connect(host);
    return line.ok ? ok({ ...line.value, start: async () => fail({ tag: 'fenced', cause: 'a newer driver was here' }) }) : line;
  };
  const banners: unknown[] = [];
  on.driver.subscribe(news => news.kind === 'banner' && banners.push(news.failure?.tag));
  await on.handle(submit('s1'), client(1));
  await on.pass(600_000);
  expect(verdicts(on.driver)).toEqual(['starting', 'starting', 'starting']);
  expect(banners).toEqual(['fenced']);
  expect(on.driver.state().runs.get('run1')?.phase.kind).toBe('going');
  expect(await on.handle(submit('s2'), client(1))).toMatchObject({ ok: false, failure: { tag: 'fenced' } });
  on.driver.end();
});

test('variables given with a no-log run stay in memory', async () => {
  const on = await stage();
  const ask = submit('s1') as Extract<Ask, { verb: 'submit' }>;
  await on.handle({ ...ask, options: { ...ask.options, log: 'no', extraVars: { pw: 'hunter2' } } }, client(1));
  await on.pass(1000);
  expect(JSON.stringify(on.journal.events)).not.toContain('hunter2');
  on.driver.end();
});

test('a chain of jump hosts longer than forks is refused before anything is written', async () => {
  const { handle, journal } = await stage();
  const ask = submit('s1') as Extract<Ask, { verb: 'submit' }>;
  const written = journal.events.length;
  const behind = { ...ask, fleet: fleetOf(hostNames(3), '', 2), options: { ...ask.options, forks: 2 } };
  expect(await handle(behind, client(1))).toMatchObject({ ok: false, failure: { tag: 'chain-too-long', host: 'h01' } });
  expect(journal.events.length).toBe(written);
  expect(await handle({ ...behind, options: { ...ask.options, forks: 3 } }, client(1))).toMatchObject({ ok: true });
});

/** Two tasks one after the other on hosts of their own, one host at a time. */
const twoTasks = (first: Partial<Task> = {}): Ask => {
  const task = { ...taskDefaults, module: { name: 'shell', args: { cmd: '20 0' } } } as const;
  const tasks = [
    { ...task, path: '0.0', name: 'one', ...first },
    { ...task, path: '0.1', name: 'two' },
  ];
  const ask = submit('s1') as Extract<Ask, { verb: 'submit' }>;
  const play = { ...ask.plan.plays[0], tasks } as (typeof ask.plan.plays)[number];
  return { ...ask, plan: { ...ask.plan, plays: [play] }, options: { ...ask.options, forks: 1 } };
};
/** `host path` of every job that was asked for. */
const begun = (driver: Driver): string[] => [...driver.state().jobs.values()].map(({ host, taskPath }) => `${host} ${taskPath}`);

test('a host that is cancelled before it began takes no further task of the run; the others take all', async () => {
  const on = await stage();
  await on.handle(twoTasks(), client(1));
  await on.pass(5000);
  expect(begun(on.driver)).toEqual(['h01 0.0']);
  expect(await on.handle({ verb: 'cancel', on: { run: 'run1', hosts: ['h02'] } }, client(1))).toEqual(ok({ touched: 1 }));
  await on.pass(600_000);
  expect(begun(on.driver)).toEqual(['h01 0.0', 'h03 0.0', 'h01 0.1', 'h03 0.1']);
  const run = on.driver.state().runs.get('run1');
  if (run === undefined) throw new Error('no run');
  expect(run.phase.kind).toBe('ended');
  expect(countHosts(run, on.driver.state().jobs)).toMatchObject({ changed: 2, skipped: 1 });
  on.driver.end();
});

test('so does one that is cancelled between two tasks or in its job, also after the driver was replaced', async () => {
  const on = await stage();
  await on.handle(twoTasks(), client(1));
  await on.pass(25_000);
  await on.handle({ verb: 'cancel', on: { run: 'run1', hosts: ['h01', 'h02'] } }, client(1));
  await on.settle();
  on.driver.end();
  const next = await stage(on.journal, { world: on });
  await next.pass(600_000);
  expect(begun(next.driver)).toEqual(['h01 0.0', 'h02 0.0', 'h03 0.0', 'h03 0.1']);
  next.driver.end();
});

test.each([
  ['while its job runs', 5000],
  ['while it waits for the next attempt', 25_000],
])('a host that is cancelled %s is not tried again by until', async (_, moment) => {
  const on = await stage();
  await on.handle(twoTasks({ until: ['never'], retries: 5, delay: 20 }), client(1));
  await on.pass(moment);
  const before = begun(on.driver).filter(job => job.startsWith('h01')).length;
  await on.handle({ verb: 'cancel', on: { run: 'run1', hosts: ['h01'] } }, client(1));
  await on.pass(3_600_000);
  expect(begun(on.driver).filter(job => job.startsWith('h01'))).toHaveLength(before);
  expect(on.driver.state().runs.get('run1')?.phase.kind).toBe('ended');
  on.driver.end();
});

test('a cancel ends a start that is just being written when it is asked for', async () => {
  const on = await stage();
  const append = on.journal.append.bind(on.journal);
  let cancelled: Promise<unknown> | undefined;
  on.journal.append = async entry => {
    if (entry.events.some(({ type }) => type === 'job.requested')) {
      cancelled ??= on.driver.handle({ verb: 'cancel', on: { run: 'run1' } }, client(1));
      await new Promise<void>(done => on.clock.after(200, done));
    }
    return append(entry);
  };
  await on.handle(submit('s1'), client(1));
  await on.pass(60_000);
  await cancelled;
  expect(new Set(verdicts(on.driver))).toEqual(new Set(['cancelled']));
  expect(on.driver.state().runs.get('run1')?.phase.kind).toBe('ended');
  on.driver.end();
});

test('more time that was asked for while the host was silent is given at next contact, also by the next driver', async () => {
  const on = await stage();
  const ask = submit('s1') as Extract<Ask, { verb: 'submit' }>;
  await on.handle({ ...ask, plan: { ...ask.plan, plays: ask.plan.plays.map(play => ({ ...play, hosts: ['h01'] })) } }, client(1));
  await on.pass(5000);
  on.hosts.dead.add('h01');
  await on.pass(30_000);
  await on.handle({ verb: 'extend', on: { run: 'run1' }, by: 1800 }, client(1));
  await on.pass(15_000);
  expect([...on.driver.state().jobs.values()][0]).toMatchObject({ extendAsked: { limit: 2400 }, state: { kind: 'stale' } });
  on.hosts.dead.clear();
  await on.pass(5_000);
  on.driver.end();
  const next = await stage(on.journal, { world: on });
  await next.pass(10_000);
  const [job] = next.driver.state().jobs.values();
  expect([job?.extendAsked, job?.state]).toMatchObject([undefined, { on: { limit: 2400 } }]);
  next.driver.end();
});

test('a driver that was replaced has nothing to do by itself, so that it may go', async () => {
  const on = await stage();
  const { hosts } = on;
  const connect = hosts.connect.bind(hosts);
  hosts.connect = async host => {
    const line = await connect(host);
    return line.ok ? ok({ ...line.value, start: async () => fail({ tag: 'fenced', cause: 'a newer driver was here' }) }) : line;
  };
  await on.handle(submit('s1'), client(1));
  expect(on.driver.isBusy()).toBe(true);
  await on.pass(10_000);
  expect(on.driver.isBusy()).toBe(false);
  on.driver.end();
});

test.each(['retry', 'run'] as const)(
  'a %s that a person asks for tries hosts at once that are tried at growing intervals only',
  async wish => {
    const on = await stage();
    for (const name of hostNames(3)) on.hosts.dead.add(name);
    await on.handle(submit('s1'), client(1));
    const retry = () => on.handle({ verb: 'retry', on: { run: 'run1' }, which: 'both' }, client(1));
    for (let i = 0; i < 6; i += 1) {
      await on.pass(40_000);
      expect(await retry()).toMatchObject({ ok: true, value: { touched: 3 } });
    }
    await on.pass(40_000);
    expect(
      on.driver
        .state()
        .ways.away.map(({ name }) => name)
        .toSorted(),
    ).toEqual(hostNames(3));
    on.hosts.dead.clear();
    await (wish === 'retry' ? retry() : on.handle(submit('s2'), client(1)));
    await on.pass(2000);
    expect([on.hosts.ran.size, on.driver.state().ways.away]).toEqual([3, []]);
    on.driver.end();
  },
);
