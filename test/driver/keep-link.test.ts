// A link that outlives its drivers: what it asks, watches and tells while one driver is gone and the next not there yet.
import { expect, test } from 'vitest';
import type { Fleet, RunOptions } from '../../src/domain/event.ts';
import type { Failure } from '../../src/domain/failure.ts';
import type { Plan } from '../../src/domain/plan.ts';
import { fail, ok, type Result } from '../../src/domain/result.ts';
import { type Desk, openDesk } from '../../src/driver/desk.ts';
import { keepLink } from '../../src/driver/keep-link.ts';
import { memoryLink } from '../../src/driver/memory-link.ts';
import { type Ask, type Link, protocolVersion } from '../../src/driver/protocol.ts';
import { type HandDriver, handDriver } from '../support/hand-driver.ts';
import { jid } from '../support/journal-kit.ts';
import { pushed, until } from '../support/links.ts';

const away: Failure = { tag: 'driver-gone', cause: 'cannot start' };

/** Drivers that come and go as the test says, and the pauses that the link takes. */
const stage = () => {
  const asked: Ask[] = [];
  const owned: (readonly string[])[] = [];
  let answering: 'yes' | 'never' = 'yes';
  const pauses: { readonly delay: number; readonly fire: () => void }[] = [];
  let desk: Desk | undefined;
  let driver: HandDriver;
  let tries = 0;
  const rise = (): void => {
    driver = handDriver();
    driver.onAsk(async ask => {
      asked.push(ask);
      if (answering === 'never') await new Promise(() => {});
      return ok(ask.verb === 'submit' ? { run: 'r1', number: 1, joined: 'no' } : { touched: 1 });
    });
    desk = openDesk({ driver, onBug() {} });
  };
  rise();
  return {
    asked,
    owned,
    pauses,
    rise() {
      answering = 'yes';
      rise();
    },
    /** What is asked from now on gets no answer. */
    unsure() {
      answering = 'never';
    },
    tries: () => tries,
    say(news: Parameters<HandDriver['say']>[0]) {
      driver.say(news);
    },
    fall() {
      desk?.close();
      desk = undefined;
    },
    after(delay: number, fire: () => void) {
      pauses.push({ delay, fire });
      return () => {};
    },
    async reach(runs: readonly string[]): Promise<Result<Link>> {
      tries += 1;
      owned.push([...runs]);
      if (desk === undefined) return fail(away);
      const hello = { hello: protocolVersion, actor: { user: 'a', machine: 'b' }, client: 'console', wants: 'state' } as const;
      const link = await memoryLink(desk, { hello });
      return link.ok ? link : fail(away);
    },
  };
};

const kept = async (on: Parameters<typeof keepLink>[0]): Promise<Link> => {
  const link = await keepLink(on);
  if (!link.ok) throw new Error(link.failure.cause);
  return link.value;
};

test('the next driver is reached at once, its snapshot follows the end of the last one, and it is told what is watched', async () => {
  const on = stage();
  const link = await kept(on);
  const pushes = pushed(link);
  await link.ask({ verb: 'watch', jids: [jid(1)] });
  on.fall();
  on.rise();
  await until(() => pushes.length === 3);
  expect(pushes.map(({ kind }) => kind)).toEqual(['snapshot', 'gone', 'snapshot']);
  await until(() => on.asked.length === 2);
  expect(on.asked[1]).toEqual({ verb: 'watch', jids: [jid(1)] });
  expect(on.pauses).toEqual([]);
  link.close();
});

test('while no driver can be had questions fail with the reason, and it is tried again less and less often', async () => {
  const on = stage();
  const link = await kept(on);
  const pushes = pushed(link);
  on.fall();
  await until(() => on.pauses.length === 1);
  expect(await link.ask({ verb: 'status' })).toEqual({ ok: false, failure: away });
  on.pauses[0]?.fire();
  await until(() => on.pauses.length === 2);
  expect(on.pauses.map(({ delay }) => delay)).toEqual([500, 1000]);
  on.rise();
  on.pauses[1]?.fire();
  await until(() => pushes.at(-1)?.kind === 'snapshot' && pushes.length > 1);
  expect(await link.ask({ verb: 'status' })).toMatchObject({ ok: true });
  link.close();
});

test('a submission whose answer was lost with its driver is asked again under the same name', async () => {
  const on = stage();
  const link = await kept({ ...on, newSubmission: () => 's1' });
  on.unsure();
  const options = { askedFrom: 'headless' } as RunOptions;
  const answer = link.ask({ verb: 'submit', fleet: {} as Fleet, plan: {} as Plan, options });
  await until(() => on.asked.length === 1);
  on.fall();
  on.rise();
  expect(await answer).toMatchObject({ ok: true, value: { run: 'r1' } });
  const submitted = { verb: 'submit', options: { submission: 's1' } };
  expect(on.asked).toMatchObject([submitted, submitted]);
  on.fall();
  on.rise();
  await until(() => on.owned.length === 3);
  expect(on.owned).toEqual([[], [], ['r1']]);
  link.close();
});

test('the next driver is told what was entrusted, and what of it was turned down since', async () => {
  const on = stage();
  const link = await kept(on);
  const pushes = pushed(link);
  const secrets = (value: string) => [{ for: 'password', realm: 'fleet', value }] as const;
  const by = { host: 'web1', elsewhere: 'not-accepted' } as const;
  await link.ask({ verb: 'entrust', secrets: secrets('wrong') });
  // The driver dies with the word on its lips: it has come all the same.
  on.say({ kind: 'turned-down', turnedDown: { what: 'first', by } });
  on.fall();
  on.rise();
  await until(() => on.asked.length === 2);
  expect(on.asked[1]).toEqual({ verb: 'entrust', secrets: secrets('wrong'), turnedDown: [{ what: 'first', by }] });
  await link.ask({ verb: 'entrust', secrets: secrets('another') });
  on.say({ kind: 'turned-down', turnedDown: { what: 'second', by } });
  on.fall();
  on.rise();
  await until(() => on.asked.length === 5);
  const turnedDown = on.asked.slice(3).map(ask => 'turnedDown' in ask && ask.turnedDown?.map(({ what }) => what));
  expect(turnedDown).toEqual([['first', 'second'], ['second']]);
  expect(pushes.map(({ kind }) => kind)).not.toContain('turned-down');
  link.close();
});

test('what twice is not once fails when its answer is lost', async () => {
  const on = stage();
  const link = await kept(on);
  on.unsure();
  const answer = link.ask({ verb: 'extend', on: {}, by: 60 });
  await until(() => on.asked.length === 1);
  on.fall();
  on.rise();
  expect(await answer).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
  expect(on.asked.length).toBe(1);
  link.close();
});

test('a closed link reaches for nobody', async () => {
  const on = stage();
  const link = await kept(on);
  const pushes = pushed(link);
  await until(() => pushes.length === 1);
  link.close();
  expect(await link.ask({ verb: 'status' })).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
  on.fall();
  expect(on.tries()).toBe(1);
  expect(pushes.map(({ kind }) => kind)).toEqual(['snapshot']);
});

test('a first driver that cannot be reached is the failure', async () => {
  const on = stage();
  on.fall();
  expect(await keepLink(on)).toEqual({ ok: false, failure: away });
});
