// A follower without a screen, over an in-memory link: what it tells of logins that do not come, of a stop and of a run's end,
// whatever becomes of the driver.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Followed, follow } from '../../src/cli/follow.ts';
import type { Event, Ways } from '../../src/domain/event.ts';
import { type Desk, openDesk } from '../../src/driver/desk.ts';
import { keepLink } from '../../src/driver/keep-link.ts';
import { memoryLink } from '../../src/driver/memory-link.ts';
import { type Link, protocolVersion } from '../../src/driver/protocol.ts';
import { plainOutput } from '../../src/outputs/plain.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { type HandDriver, handDriver } from '../support/hand-driver.ts';
import {
  fleet as aFleet,
  entryOf,
  jid,
  opened,
  outputOf,
  planned,
  queued,
  requested,
  runEnded,
  runId,
  started,
  storeIn,
  tempFolder,
  wholeRun,
} from '../support/journal-kit.ts';
import { until } from '../support/links.ts';

const lastLine = 'run 1: ok 1 changed 1 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0\n';

let folder: ReturnType<typeof tempFolder>;
let clock: FakeClock;
let driver: HandDriver;
let desk: Desk;
let out: string;
let said: string[];

const driverHere = (): HandDriver => {
  const hand = handDriver();
  return { ...hand, status: () => ({ ...hand.status(), stateDir: folder.path }) };
};

beforeEach(() => {
  folder = tempFolder('follow');
  clock = new FakeClock();
  driver = driverHere();
  desk = openDesk({ driver, onBug() {} });
  out = '';
  said = [];
});

afterEach(() => {
  desk.close();
  folder.remove();
});

/** A link that finds this driver, and after it the next one, or none. */
const linked = async (next?: Desk): Promise<Link> => {
  let tries = 0;
  const link = await keepLink({
    reach: async () => {
      tries += 1;
      if (tries > 1 && next === undefined) return new Promise(() => {});
      const hello = { hello: protocolVersion, actor: { user: 'a', machine: 'b' }, client: 'headless', wants: 'state' } as const;
      const made = await memoryLink(tries > 1 && next !== undefined ? next : desk, { hello });
      return made.ok ? made : { ok: false, failure: { tag: 'driver-gone', cause: 'none' } };
    },
  });
  if (!link.ok) throw new Error(link.failure.cause);
  return link.value;
};

const following = (link: Link): Promise<Followed> => {
  const write = (text: string): void => {
    out += text;
  };
  const world = { clock, write, say: (sentence: string) => void said.push(sentence) };
  return follow({ world, link, run: runId(1), stateFlag: '/my state', makeOutput: plainOutput, onStop: 'hold', until: 'run ended' });
};

const whole = (): ReturnType<typeof wholeRun> => {
  const { event, bytes } = outputOf(1, 14, 0, 'hello there\n');
  const run = [...wholeRun(1, 10)];
  run.splice(4, 0, event);
  const store = storeIn(folder.path);
  store.write([entryOf([planned(9), ...run], { output: [bytes] })]);
  store.close();
  return run;
};

test('a driver that is killed as it tells the end is not needed for the recap', async () => {
  const run = whole();
  driver.tell([planned(9), ...run.slice(0, -1)]);
  // It answers nothing any more, and no other one comes.
  driver.onAsk(() => new Promise(() => {}));
  const link = await linked();
  const followed = following(link);
  driver.tell([runEnded(1, 20)]);
  await until(() => out !== '');
  desk.close();
  expect((await followed).code).toBe(0);
  expect(out).toContain('--- web1 (1 host) changed\nhello there\n');
  expect(out.endsWith(lastLine)).toBe(true);
  link.close();
});

test('a run that is over before anybody follows it is told once, whatever else is told meanwhile', async () => {
  driver.tell([planned(9), ...whole()]);
  driver.raise({ tag: 'mirror-behind', cause: 'away' });
  const link = await linked();
  // Snapshot and banner are here by then; they wait for the first listener, and come in one go.
  await link.ask({ verb: 'status' });
  expect((await following(link)).code).toBe(0);
  expect(out.split(lastLine).length).toBe(2);
  link.close();
});

test('hosts that have not let us in are told once, and as not started when the follower is stopped', async () => {
  const hosts = ['web1', 'web2', 'web3'];
  const at = clock.wall();
  driver.tell([planned(at), queued(1, at, hosts), opened(1, at, hosts), ...hosts.map(host => requested(1, at, host)), started(1, at)]);
  const link = await linked();
  const followed = following(link);
  await link.ask({ verb: 'status' });
  await clock.pass(4000);
  expect(said).toEqual([]);
  await clock.pass(60_000);
  const slow = 'no login yet on web[2-3] after 5 s: it goes on trying, and nothing was sent there';
  expect(said).toEqual([slow]);
  driver.tell([], [{ type: 'job.seen', jid: jid(1, 'web3'), at: 0, sent: 'maybe' }]);
  const interrupt = process.listeners('SIGINT').at(-1);
  interrupt?.('SIGINT');
  await until(() => said.length > 1);
  expect((await followed).code).toBe(99);
  expect(said[1]).toMatch(/starts nothing new, 1 job goes on: web1 \(.*\); not known to have begun: web3; not started: web2$/);
  expect(said[2]).toContain("rollcall attach 1 --state '/my state'    follow it again");
  link.close();
});

test('a jump host that is away is told once for all behind it, and once when it answers; handshakes that are dropped, too', async () => {
  const hosts = ['web1', 'web2', 'web3'];
  const at = clock.wall();
  const fleet = { ...aFleet, hosts: hosts.map(name => ({ name, address: {}, gate: '10.0.0.1', hops: 1, groups: [], vars: {} })) };
  driver.tell([{ type: 'fleet.planned', at, fleet }, queued(1, at, hosts), opened(1, at, hosts), requested(1, at), started(1, at)]);
  const link = await linked();
  const followed = following(link);
  await link.ask({ verb: 'status' });
  const nextTryAt = at + 40_000;
  const failure = { tag: 'connect-timeout', host: 'web2', cause: 'jump host bastion1: no answer', facts: { hop: 'bastion1' } } as const;
  const bastion = { kind: 'jump host', name: 'bastion1', gate: '10.0.0.1', failure, tries: 3, nextTryAt } as const;
  const others = { ...bastion, name: 'elsewhere', gate: '10.9.9.9' };
  const see = async (away: Ways['away'], slowed: Ways['slowed'] = []): Promise<void> => {
    driver.tell([], [{ type: 'ways.seen', away, slowed }]);
    await link.ask({ verb: 'status' });
    await clock.pass(1000);
  };
  await see([bastion, others, { ...bastion, kind: 'host', name: 'web1' }]);
  await see([{ ...bastion, tries: 4, nextTryAt: nextTryAt + 60_000 }]);
  await see([]);
  await see([], [{ gate: '10.0.0.1', handshakes: 4 }]);
  await see([], [{ gate: '10.0.0.1', handshakes: 5 }]);
  await see([], [{ gate: '10.0.0.1', handshakes: 2 }]);
  await see([]);
  driver.tell([runEnded(1, at)]);
  await until(() => out.includes('as before'));
  const told = out.split('\n').filter(line => /bastion1|10\.|elsewhere/.test(line));
  expect(told.map(line => line.replace(/\d\d:\d\d:\d\d/g, 'TIME'))).toEqual([
    'TIME jump host bastion1 is away: connect timed out, 3 times; whoever is behind it waits for the next try at TIME',
    'TIME jump host bastion1 answers again',
    'TIME 10.0.0.1 drops handshakes: 4 at once for now',
    'TIME 10.0.0.1 drops handshakes: 2 at once for now',
    'TIME 10.0.0.1 takes handshakes as before',
  ]);
  link.close();
  void followed;
});

test.each([
  ['in its snapshot', 1],
  ['as news', 0],
] as const)('what a killed driver wrote and did not tell is told once, where the next one has it %s', async (_, known) => {
  const run = whole();
  const next = driverHere();
  const nextDesk = openDesk({ driver: next, onBug() {} });
  driver.tell([planned(9)]);
  const link = await linked(nextDesk);
  const followed = following(link);
  await link.ask({ verb: 'status' });
  const isEnd = ({ type }: Event): boolean => type === 'job.ended';
  const end = run.findIndex(isEnd);
  driver.tell(run.slice(0, end));
  await until(() => out.includes(' started '));
  // The journal is ahead of both.
  next.tell([planned(9), ...run.slice(0, end + known)]);
  desk.close();
  await until(() => next.came.length === 1);
  next.tell(run.slice(end + known));
  expect((await followed).code).toBe(0);
  expect(out.split('web1 ok rc 0').length).toBe(2);
  expect(out.split(lastLine).length).toBe(2);
  link.close();
  nextDesk.close();
});
