// What clients may count on where hosts want a password: consoles are asked, headless runs are told who is needed, and nothing of it is journalled.
import { expect, test } from 'vitest';
import { adHocPlan } from '../../src/domain/plan.ts';
import { Driver } from '../../src/driver/driver.ts';
import type { ClientInfo } from '../../src/driver/ports.ts';
import { type Ask, type Hello, protocolVersion } from '../../src/driver/protocol.ts';
import { Keeper } from '../../src/driver/secrets.ts';
import { FakeClock, seeded } from '../support/fake-clock.ts';
import { fleetOf, hostNames, MemoryJournal, simpleKit, someOptions, someSettings } from '../support/rig.ts';
import { SimulatedHosts } from '../support/simulated-hosts.ts';

const hello: Hello = { hello: protocolVersion, actor: { user: 'ops1', machine: 'bastion1' }, client: 'headless', wants: 'state' };
const headless: ClientInfo = { id: 1, hello };
const console: ClientInfo = { id: 2, hello: { ...hello, client: 'console' } };
const plan = adHocPlan({ pattern: 'all', command: '60 0', module: 'shell', async: 600 });
const submit = (askedFrom: 'headless' | 'console'): Ask => ({
  verb: 'submit',
  fleet: fleetOf(hostNames(4)),
  plan: { ...plan, plays: plan.plays.map(play => ({ ...play, hosts: hostNames(4) })) },
  options: { ...someOptions, askedFrom },
});

/** A driver whose hosts want `pw` before they let anybody in. */
const stage = async () => {
  const clock = new FakeClock();
  const journal = new MemoryJournal();
  const hosts = new SimulatedHosts(clock, seeded(2));
  const secrets: Keeper = new Keeper({ realmOf: account => driver.realmOf(account), canAsk: () => driver.canAsk() });
  hosts.keeper = secrets;
  for (const name of hostNames(4)) hosts.locks.set(name, { kind: 'password', right: 'pw' });
  const driver: Driver = new Driver({
    journal,
    clock,
    jobs: hosts,
    secrets,
    random: seeded(1),
    kit: simpleKit,
    settings: someSettings,
    heritage: { events: [], sightings: [], lastEventAt: 0, nextRunNumber: 1 },
    identity: { driver: 'd', epoch: 1, pid: 1, version: '0', stateDir: '/nowhere' },
    newRunId: () => 'run1',
    journalled: () => ({ ok: true, value: { jids: new Set(), runs: new Set() } }),
    readOutput: () => ({ ok: false, failure: { tag: 'state-unreadable', cause: 'none' } }),
    onStop() {},
    takeAgent() {},
    onBusy() {},
  });
  const begun = driver.begin();
  await clock.settle();
  await begun;
  const handle = async (ask: Ask, from: ClientInfo) => {
    const answer = driver.handle(ask, from);
    await clock.settle();
    return answer;
  };
  const verdicts = () => [...driver.state().jobs.values()].map(({ state }) => (state.kind === 'ended' ? state.verdict.kind : state.kind));
  return { driver, hosts, clock, journal, secrets, handle, verdicts };
};

test('a console is told what is asked and for whom, and its answer lets all go', async () => {
  const on = await stage();
  const told: unknown[] = [];
  on.driver.subscribe(news => news.kind === 'questions' && told.push(news.questions));
  on.driver.clientCame(console);
  await on.handle(submit('headless'), headless);
  await on.clock.pass(5000);
  const [question] = on.driver.questions();
  expect(question).toMatchObject({ need: { kind: 'password', account: { user: 'ops' } }, hosts: expect.arrayContaining(hostNames(4)) });
  expect(told.at(-1)).toEqual([question]);
  expect(await on.handle({ verb: 'answer', questions: [question?.id ?? ''], values: ['pw'] }, console)).toMatchObject({
    value: { touched: 1 },
  });
  expect(on.driver.questions()).toEqual([]);
  await on.clock.pass(120_000);
  expect(on.verdicts()).toEqual(Array(4).fill('ok'));
  expect(JSON.stringify(on.journal.events)).not.toMatch(/"pw"|waits-for-answer/);
  // Who was asked for what, and who answered, is written down once each.
  const about = { run: 'run1', about: 'the password of ops', hosts: expect.arrayContaining(hostNames(4)) };
  expect(on.journal.events.filter(({ type }) => type.startsWith('question.'))).toMatchObject([
    { type: 'question.asked', run: 'run1', about: 'the password of ops' },
    { type: 'question.answered', ...about, answer: 'given', by: { user: 'ops1', machine: 'bastion1' } },
  ]);
});

test('what a client gives along is used without a question, a wrong one once and nowhere else', async () => {
  const on = await stage();
  const told: unknown[] = [];
  on.driver.subscribe(news => news.kind === 'turned-down' && told.push(news.turnedDown));
  on.driver.clientCame(headless);
  const at = (names: readonly string[]) => names.map(name => `ops@${name}:22`);
  const right = { for: 'password', realm: 'test', accounts: at(['h01', 'h03', 'h04']), value: 'pw' } as const;
  await on.handle({ verb: 'entrust', secrets: [right, { ...right, accounts: at(['h02']), value: 'wrong' }] }, headless);
  await on.handle(submit('headless'), headless);
  await on.clock.pass(120_000);
  expect(on.verdicts().toSorted()).toEqual(['ok', 'ok', 'ok', 'unreachable']);
  expect([...on.hosts.wrong]).toEqual([['h02', 1]]);
  // Whoever gave it tells the next driver.
  expect(told).toMatchObject([{ what: expect.stringContaining('password test ops'), by: { host: 'h02' } }]);
});

test('where no console is open a headless run is told who is needed, and one of a console waits for it', async () => {
  const on = await stage();
  await on.handle(submit('headless'), headless);
  await on.clock.pass(60_000);
  const tags = [...on.driver.state().jobs.values()].map(({ state }) =>
    state.kind === 'ended' && 'failure' in state.verdict ? state.verdict.failure.tag : '',
  );
  expect(tags).toEqual(Array(4).fill('needs-person'));

  const other = await stage();
  other.driver.clientCame(console);
  await other.handle(submit('console'), console);
  await other.clock.pass(5000);
  other.driver.clientGone(console);
  await other.clock.pass(3_600_000);
  expect(other.verdicts()).toEqual(Array(4).fill('starting'));
  other.driver.clientCame({ ...console, id: 3 });
  expect(other.driver.questions()).toHaveLength(1);
});

test('a console that leaves with the question open leaves headless runs to end', async () => {
  const on = await stage();
  on.driver.clientCame(console);
  await on.handle(submit('headless'), headless);
  await on.clock.pass(5000);
  on.driver.clientGone(console);
  await on.clock.pass(60_000);
  expect(on.verdicts()).toEqual(Array(4).fill('unreachable'));
});

test('when nobody is here and nothing is to be done, what was given is gone', async () => {
  const on = await stage();
  on.driver.clientCame(console);
  await on.handle(submit('console'), console);
  await on.clock.pass(5000);
  await on.handle({ verb: 'answer', questions: on.driver.questions().map(({ id }) => id), values: ['pw'] }, console);
  await on.clock.pass(120_000);
  expect(on.verdicts()).toEqual(Array(4).fill('ok'));
  on.driver.clientGone(console);
  const account = { host: 'h01', user: 'ops', at: 'ops@h01:22' };
  expect(on.secrets.take({ kind: 'password', account })).toMatchObject({ kind: 'not-now' });
});
