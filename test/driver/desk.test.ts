// What clients see of a driver: snapshot and events without gap or repeat, one line per flush, answers after their events, bounded patience.
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Event, Sighting } from '../../src/domain/event.ts';
import { reduce, reduceSighting } from '../../src/domain/reduce.ts';
import { fail, ok } from '../../src/domain/result.ts';
import { type Desk, openDesk } from '../../src/driver/desk.ts';
import { connectDriver } from '../../src/driver/link.ts';
import { memoryLink, pipePair } from '../../src/driver/memory-link.ts';
import { type Hello, type Link, type Push, protocolVersion } from '../../src/driver/protocol.ts';
import { type DriverServer, serveDriver } from '../../src/driver/server.ts';
import { encode } from '../../src/driver/wire.ts';
import { type HandDriver, handDriver } from '../support/hand-driver.ts';
import { jid, opened, planned, queued, requested, runId, started, tempFolder } from '../support/journal-kit.ts';
import { notes, pushed, until } from '../support/links.ts';

const hello: Hello = { hello: protocolVersion, actor: { user: 'ops1', machine: 'bastion1' }, client: 'console', wants: 'state' };

let driver: HandDriver;
let desk: Desk;
let bugs: unknown[];
/** The flush, by hand: what is armed fires when the test says so. */
let armed: { delay: number; fire: () => void }[];

const after = (delay: number, fire: () => void): (() => void) => {
  const timer = { delay, fire };
  armed.push(timer);
  return () => {
    armed = armed.filter(each => each !== timer);
  };
};

const flush = (): void => {
  for (const timer of armed.filter(each => each.delay === 30)) {
    armed = armed.filter(each => each !== timer);
    timer.fire();
  }
};

beforeEach(() => {
  driver = handDriver();
  armed = [];
  bugs = [];
  desk = openDesk({ driver, after, onBug: error => bugs.push(error) });
});

afterEach(() => desk.close());

const linked = async (more: Partial<Hello> = {}): Promise<Link> => {
  const link = await memoryLink(desk, { hello: { ...hello, ...more }, after });
  if (!link.ok) throw new Error(JSON.stringify(link.failure));
  return link.value;
};

const note = (text: string): Event => ({ type: 'run.noted', at: 9, run: runId(1), text });

const kinds = (pushes: readonly Push[]): readonly string[] => pushes.map(push => push.kind);

test('a client that comes while events are being gathered sees each of them once', async () => {
  driver.tell([planned(1), queued(1, 2)]);
  const early = pushed(await linked());
  driver.tell([note('a')]);
  const late = pushed(await linked());
  driver.tell([note('b')]);
  flush();
  await until(() => notes(early).length === 2 && notes(late).length === 2);
  expect(notes(early)).toEqual(['a', 'b']);
  expect(notes(late)).toEqual(['a', 'b']);
  expect(kinds(late)).toEqual(['snapshot', 'events']);
});

test('what happens within one flush goes out as one line, sightings by their last', async () => {
  driver.tell([planned(1), queued(1, 2), requested(1, 3), started(1, 4)]);
  const pushes = pushed(await linked());
  for (let n = 0; n < 100; n += 1) driver.tell([note(String(n))], [{ type: 'job.seen', jid: jid(1), at: n }]);
  flush();
  await until(() => pushes.length === 2);
  expect(pushes[1]).toMatchObject({ kind: 'events', sightings: [{ type: 'job.seen', at: 99 }] });
  expect(notes(pushes)).toHaveLength(100);
});

test('every client folds to the state of the driver, however events and sightings are mixed', async () => {
  driver.tell([planned(1), queued(1, 2), opened(1, 2), requested(1, 3), started(1, 4)]);
  const link = await linked();
  const pushes = pushed(link);
  const seen = (at: number, tries?: number): Sighting => ({
    type: 'job.seen',
    jid: jid(1),
    at,
    nextLookAt: at + 9,
    ...(tries && { tries }),
  });
  driver.tell([], [seen(10)]);
  driver.tell([{ type: 'job.fell-silent', at: 11, jid: jid(1), failure: { tag: 'refused', cause: '' } }], [seen(11, 4)]);
  driver.tell([{ type: 'job.answered', at: 12, jid: jid(1) }]);
  driver.tell([{ type: 'job.fell-silent', at: 13, jid: jid(1), failure: { tag: 'refused', cause: '' } }]);
  flush();
  await link.ask({ verb: 'status' });
  const first = pushes[0];
  if (first?.kind !== 'snapshot') throw new Error('no snapshot');
  for (const push of pushes) {
    if (push.kind !== 'events') continue;
    for (const event of push.events) reduce(first.state, event);
    for (const sighting of push.sightings) reduceSighting(first.state, sighting);
  }
  expect(first.state.jobs).toEqual(driver.state().jobs);
});

test('an answer comes after the events that its question caused', async () => {
  const link = await linked();
  const pushes = pushed(link);
  driver.onAsk(async () => {
    driver.tell([planned(1), queued(1, 2)]);
    return ok({ run: runId(1), number: 1, joined: 'no' });
  });
  expect(await link.ask({ verb: 'status' })).toMatchObject({ ok: true, value: { number: 1 } });
  expect(kinds(pushes)).toEqual(['snapshot', 'events']);
});

test('a failure comes back as it is, and answers find their questions in any order', async () => {
  const link = await linked({ wants: 'nothing' });
  const waiting: (() => void)[] = [];
  driver.onAsk(
    ask =>
      new Promise(resolve => {
        waiting.push(() => resolve(ask.verb === 'stop' ? fail({ tag: 'bad-input', cause: 'no' }) : ok({ touched: 7 })));
      }),
  );
  const both = [link.ask({ verb: 'stop' }), link.ask({ verb: 'pause', on: {} })];
  await until(() => waiting.length === 2);
  for (const answer of waiting.reverse()) answer();
  expect(await Promise.all(both)).toEqual([
    { ok: false, failure: { tag: 'bad-input', cause: 'no' } },
    { ok: true, value: { touched: 7 } },
  ]);
});

test('a client that wants nothing is sent nothing but answers', async () => {
  const link = await linked({ wants: 'nothing' });
  const pushes = pushed(link);
  driver.tell([planned(1)]);
  flush();
  await link.ask({ verb: 'status' });
  expect(pushes).toEqual([]);
});

test('a banner is told when it comes, when it goes, and to whoever comes meanwhile', async () => {
  const early = pushed(await linked());
  driver.raise({ tag: 'disk-full-here', cause: 'x' });
  const late = pushed(await linked());
  driver.raise(undefined);
  await until(() => early.length === 3 && late.length === 3);
  for (const pushes of [early, late]) {
    expect(pushes.slice(1)).toEqual([
      { kind: 'banner', failure: { tag: 'disk-full-here', cause: 'x' } },
      { kind: 'banner', failure: undefined },
    ]);
  }
});

test('clients are counted from their hello to their end, once', async () => {
  const link = await linked({ client: 'headless' });
  expect(driver.came.map(({ hello: { client } }) => client)).toEqual(['headless']);
  expect(desk.clients()).toBe(1);
  link.close();
  await until(() => driver.gone.length === 1);
  expect(driver.gone).toEqual(driver.came);
  expect(desk.clients()).toBe(0);
});

test('a question that a closing driver leaves open fails, and the link says once that the driver has gone', async () => {
  const link = await linked();
  const pushes = pushed(link);
  driver.onAsk(() => new Promise(() => {}));
  const open = link.ask({ verb: 'status' });
  await until(() => pushes.length === 1);
  desk.close();
  expect(await open).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
  expect(await link.ask({ verb: 'status' })).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
  expect(kinds(pushes)).toEqual(['snapshot', 'gone']);
});

test('a verb that throws is a bug: told once, and its client dropped', async () => {
  const link = await linked();
  driver.onAsk(() => Promise.reject(new Error('bug')));
  expect(await link.ask({ verb: 'status' })).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
  expect(bugs).toEqual([new Error('bug')]);
});

test('another protocol, a question without a hello and a silent stranger are turned away', async () => {
  const other = await memoryLink(desk, { hello: { ...hello, hello: 99 }, after });
  expect(other).toMatchObject({ ok: false, failure: { why: 'refused', sentence: expect.stringContaining('you speak 99') } });
  for (const first of [{ id: 1, ask: { verb: 'stop' } }, { hello: 1 }, 7, null]) {
    const [ours, theirs] = pipePair();
    desk.join(theirs);
    const lines: unknown[] = [];
    const closed = new Promise<void>(resolve => ours.listen({ line: value => lines.push(value), garbage() {}, closed: resolve }));
    ours.send(encode(first));
    await closed;
    expect(lines).toEqual([{ refused: 'say hello first' }]);
  }
  const [silent, theirs] = pipePair();
  desk.join(theirs);
  const closed = new Promise<void>(resolve => silent.listen({ line() {}, garbage() {}, closed: resolve }));
  for (const timer of armed.filter(each => each.delay === 10_000)) timer.fire();
  await closed;
  expect(driver.came).toEqual([]);
});

/** The same over a real socket, where bytes can be left untaken. */
const served = async (mostPending: number): Promise<{ readonly server: DriverServer; readonly stateDir: string; end(): Promise<void> }> => {
  const folder = tempFolder('desk');
  const server = await serveDriver({
    stateDir: folder.path,
    lease: { held: () => true },
    driver,
    flushEvery: 1,
    mostPending,
    onBug: error => bugs.push(error),
  });
  if (!server.ok) throw new Error(server.failure.cause);
  return {
    server: server.value,
    stateDir: folder.path,
    async end() {
      await server.value.close();
      folder.remove();
    },
  };
};

test('a client that does not read is dropped when it has left too much, and the others are not kept waiting', async () => {
  const { server, stateDir, end } = await served(1024 * 1024);
  const reader = await connectDriver({ stateDir, hello });
  if (!reader.ok) throw new Error(reader.failure.cause);
  const pushes = pushed(reader.value);
  const stuck: Socket = connect(server.socketPath).pause();
  stuck.on('error', () => {});
  stuck.write(encode(hello));
  await until(() => server.clients() === 2);
  driver.tell([planned(1), queued(1, 2)]);
  let sent = 0;
  while (server.clients() === 2) {
    sent += 1;
    driver.tell([note('x'.repeat(100_000))]);
    await until(() => notes(pushes).length === sent);
    expect(sent).toBeLessThan(100);
  }
  expect(sent).toBeGreaterThan(10);
  expect(driver.gone).toHaveLength(1);
  expect(await reader.value.ask({ verb: 'status' })).toMatchObject({ ok: true });
  stuck.destroy();
  reader.value.close();
  await end();
});

test('garbage on the socket is refused with a reason', async () => {
  const { server, end } = await served(1024);
  const socket = connect(server.socketPath);
  let got = '';
  socket.on('data', chunk => {
    got += String(chunk);
  });
  socket.write('GET / HTTP/1.1\r\n\r\n');
  await new Promise(resolve => socket.once('close', resolve));
  expect(got).toBe('{"refused":"a line is not JSON"}\n');
  await end();
});

test('a socket that a dead driver left is taken over by the holder of the lease, and by nobody else', async () => {
  const first = await served(1024);
  const second = serveDriver({ stateDir: first.stateDir, lease: { held: () => false }, driver, onBug() {} });
  await expect(second).rejects.toThrow('lease');
  const taken = await serveDriver({ stateDir: first.stateDir, lease: { held: () => true }, driver, onBug() {} });
  if (!taken.ok) throw new Error(taken.failure.cause);
  expect(taken.value.socketPath).toBe(join(first.stateDir, 'driver.sock'));
  expect(await connectDriver({ stateDir: first.stateDir, hello })).toMatchObject({ ok: true });
  await taken.value.close();
  await first.end();
});
