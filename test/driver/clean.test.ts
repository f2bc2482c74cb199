// What is kept and for how long, over a real journal: nothing goes that is open, outstanding, or not durable here.
import { existsSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { adHocPlan } from '../../src/domain/plan.ts';
import { fail, ok } from '../../src/domain/result.ts';
import { Driver } from '../../src/driver/driver.ts';
import type { ClientInfo } from '../../src/driver/ports.ts';
import { type Ask, type Cleaned, protocolVersion } from '../../src/driver/protocol.ts';
import { outputPath } from '../../src/journal/output-files.ts';
import { readChain } from '../../src/journal/read.ts';
import { resumeFrom } from '../../src/journal/resume.ts';
import type { Store } from '../../src/journal/store.ts';
import { FakeClock, seeded } from '../support/fake-clock.ts';
import { storeIn, tempFolder } from '../support/journal-kit.ts';
import { fleetOf, hostNames, simpleKit, someOptions, someSettings } from '../support/rig.ts';
import { noChances, SimulatedHosts } from '../support/simulated-hosts.ts';

const client: ClientInfo = {
  id: 1,
  hello: { hello: protocolVersion, actor: { user: 'ops1', machine: 'bastion1' }, client: 'command', wants: 'state' },
};
const day = 24 * 3600_000;
const begin = Date.UTC(2026, 0, 1);

let folder: ReturnType<typeof tempFolder>;
let store: Store;
let on: Awaited<ReturnType<typeof stage>> | undefined;
beforeEach(() => {
  folder = tempFolder('clean');
});
afterEach(() => {
  on?.driver.end();
  on = undefined;
  store.close();
  folder.remove();
});

/** A driver on the hosts, and at the time, of the one before. */
const stage = async (clock = new FakeClock(begin), hosts = new SimulatedHosts(clock, seeded(2), noChances)) => {
  store = storeIn(folder.path);
  let runs = 0;
  const heritage = resumeFrom(store, clock.wall());
  const driver = new Driver({
    journal: { append: async entry => store.write([entry])[0] ?? ok(undefined) },
    keeping: {
      async keep(ask: never) {
        return ok(store.keeping.answer(ask) as never);
      },
    },
    journalled: () => ok({ jids: new Set(), runs: new Set() }),
    clock,
    jobs: hosts,
    random: seeded(1),
    kit: simpleKit,
    settings: someSettings,
    heritage,
    identity: { driver: 'd', epoch: heritage.lastEpoch + 1, pid: 1, version: '0', stateDir: folder.path },
    newRunId() {
      runs += 1;
      return String(heritage.nextRunNumber + runs).padStart(32, '0');
    },
    readOutput: () => fail({ tag: 'state-unreadable', cause: 'none' }),
    onStop() {},
    takeAgent() {},
    onBusy() {},
  });
  await Promise.all([driver.begin(), clock.settle()]);
  return {
    driver,
    hosts,
    clock,
    /** Questions take fake time: hosts are talked to. */
    async handle(ask: Ask): Promise<unknown> {
      const answer = driver.handle(ask, client);
      let over = false;
      void answer.finally(() => {
        over = true;
      });
      for (let n = 0; n < 200 && !over; n += 1) await clock.pass(500);
      const result = await answer;
      if (!result.ok) throw new Error(result.failure.cause);
      return result.value;
    },
  };
};

const submit = (names: readonly string[], seconds: number, serial = 0): Ask => ({
  verb: 'submit',
  fleet: fleetOf(names),
  plan: {
    title: 'x',
    plays: adHocPlan({ pattern: 'all', command: `${seconds} 0`, module: 'shell', async: 900_000, serial }).plays.map(play => ({
      ...play,
      hosts: names,
    })),
  },
  options: someOptions,
});

const clean = async (mode: 'clean' | 'dry', hosts?: readonly string[]): Promise<Cleaned> =>
  (await on?.handle({ verb: 'clean', mode, ...(hosts && { hosts }) })) as Cleaned;

/** Another driver, `later` ms after the very first one. */
const restart = async (later: number): Promise<void> => {
  const { driver, hosts, clock } = on!;
  driver.end();
  store.close();
  await clock.pass(later - clock.now());
  on = await stage(clock, hosts);
};

const types = (): string[] =>
  store.db
    .prepare('select type from events order by seq')
    .all()
    .map(row => String(row['type']));

test('clean removes the folders of what is over and whole here, after an intent; of what is open nothing', async () => {
  on = await stage();
  const names = hostNames(3);
  await on.handle(submit(names, 2));
  await on.clock.pass(20_000);
  expect(on.driver.state().runs.size).toBe(1);
  const dry = await clean('dry');
  expect(dry.there.map(({ host, jobs, bytes }) => [host, jobs, bytes])).toEqual(names.map(name => [name, 1, 20]));
  expect([on.hosts.cleaned, types().includes('host.clean-asked')]).toEqual([[], false]);
  expect((await clean('clean', ['h02'])).there).toMatchObject([{ host: 'h02', jobs: 1, left: 0 }]);
  expect(on.hosts.cleaned).toHaveLength(1);
  on.hosts.dead.add('h03');
  const cleaned = await clean('clean');
  expect(cleaned.there).toMatchObject([
    { host: 'h01', jobs: 1 },
    { host: 'h03', jobs: 0, left: 1, failure: { tag: 'connect-timeout' } },
  ]);
  const told = types();
  expect(told.lastIndexOf('host.cleaned')).toBeGreaterThan(told.indexOf('host.clean-asked'));
  expect(told.filter(type => type === 'host.cleaned')).toHaveLength(2);
  on.hosts.dead.clear();
  expect((await clean('clean')).there.map(({ host }) => host)).toEqual(['h03']);
  expect((await clean('clean')).there).toEqual([]);
  expect(cleaned.here).toEqual({ jobs: 0, bytes: 0 });
});

test('what has ended of a run that goes on is left alone', async () => {
  on = await stage();
  await on.handle(submit(['h01', 'h02'], 100, 1));
  await on.clock.pass(150_000);
  expect([...on.driver.state().jobs.values()].map(({ state }) => state.kind)).toEqual(['ended', 'running']);
  expect((await clean('clean')).there).toEqual([]);
  await on.clock.pass(100_000);
  expect((await clean('clean')).there).toHaveLength(2);
});

test('retention comes by itself, once a day: folders after 14 days, output here after 30, and it is told', async () => {
  on = await stage();
  await on.handle(submit(['h01'], 2));
  await on.clock.pass(60_000);
  const [job] = on.driver.state().jobs.values();
  const path = outputPath(folder.path, job!.jid, 'out');
  expect(existsSync(path)).toBe(true);
  await restart(13 * day);
  await on.clock.pass(60_000);
  expect(on.hosts.cleaned).toEqual([]);
  await restart(15 * day);
  await on.clock.pass(60_000);
  expect([on.hosts.cleaned, existsSync(path)]).toEqual([[job!.jid], true]);
  await restart(31 * day);
  await on.clock.pass(60_000);
  expect([on.hosts.cleaned.length, existsSync(path)]).toEqual([1, false]);
  const after = on.driver.state().jobs.get(job!.jid);
  expect(after?.outputRemovedAt).toBeGreaterThan(begin + 31 * day);
  // Counts and last line stay, also for the next driver, which finds no file.
  await restart(32 * day);
  expect(on.driver.state().jobs.get(job!.jid)).toEqual(after);
  expect(after?.output.out).toBe(20);
  expect(readChain(folder.path)).toMatchObject({ value: { kind: 'whole' } });
});
