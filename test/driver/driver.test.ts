// What clients may count on: a submission is queued once, and a headless run has an owner, also after its driver was killed.
import { expect, test } from 'vitest';
import { adHocPlan } from '../../src/domain/plan.ts';
import { Driver } from '../../src/driver/driver.ts';
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

const stage = async (before?: MemoryJournal) => {
  const clock = new FakeClock();
  const journal = new MemoryJournal(before);
  let runs = 0;
  const driver = new Driver({
    journal,
    clock,
    jobs: new SimulatedHosts(clock, seeded(2), noChances),
    random: seeded(1),
    kit: simpleKit,
    settings: someSettings,
    heritage: { events: [...journal.events], sightings: [], lastEventAt: 0, nextRunNumber: 1 },
    identity: { driver: 'd', epoch: 1, pid: 1, version: '0', stateDir: '/nowhere' },
    newRunId() {
      runs += 1;
      return `run${runs}`;
    },
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
    journal,
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
