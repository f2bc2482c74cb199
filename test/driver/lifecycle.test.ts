// Drivers as real processes: one for many clients, replaced when killed, gone when idle, and plain about why one cannot start.
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { keepLink } from '../../src/driver/keep-link.ts';
import { type ReachSetting, reachDriver } from '../../src/driver/lifecycle.ts';
import { connectDriver } from '../../src/driver/link.ts';
import { type Hello, type Link, type Push, protocolVersion } from '../../src/driver/protocol.ts';
import { tempFolder } from '../support/journal-kit.ts';
import { endDriver, notes, pushed, until } from '../support/links.ts';

const hello: Hello = { hello: protocolVersion, actor: { user: 'ops1', machine: 'bastion1' }, client: 'console', wants: 'state' };

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;
let links: Link[] = [];
let pids: Set<number>;

beforeEach(() => {
  folder = tempFolder('driver');
  links = [];
  pids = new Set();
});

afterEach(async () => {
  for (const link of links) link.close();
  for (const pid of pids) await endDriver(pid);
  folder.remove();
});

const setting = (more: { readonly idle?: number; readonly env?: NodeJS.ProcessEnv; readonly stateDir?: string } = {}): ReachSetting => {
  const stateDir = more.stateDir ?? folder.path;
  const script = join(import.meta.dirname, '../support/tiny-driver.ts');
  return {
    stateDir,
    hello,
    spawn: { command: [process.execPath, script, stateDir, String(more.idle ?? 20_000)], env: { ...process.env, ...more.env } },
    wait: 60_000,
  };
};

const reached = async (more: Parameters<typeof setting>[0] = {}): Promise<Link> => {
  const link = await reachDriver(setting(more));
  if (!link.ok) throw new Error(link.failure.cause);
  pids.add(link.value.status.pid);
  links.push(link.value);
  return link.value;
};

test('the first client starts a driver in a session of its own, the second one finds it', async () => {
  const first = await reached();
  const second = await reached();
  expect(second.status.pid).toBe(first.status.pid);
  const session = readFileSync(`/proc/${first.status.pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[3];
  expect(Number(session)).toBe(first.status.pid);
  expect(statSync(join(folder.path, 'driver.sock')).mode & 0o777).toBe(0o600);
});

test('eight clients at once end up with one driver', async () => {
  const all = await Promise.all(Array.from({ length: 8 }, () => reached()));
  expect(new Set(all.map(link => link.status.pid)).size).toBe(1);
  expect(new Set(all.map(link => link.status.epoch)).size).toBe(1);
});

test('every client gets a snapshot and then each event once, in order', async () => {
  const first = await reached();
  const second = await reached();
  const seen = [pushed(first), pushed(second)];
  for (let n = 0; n < 50; n += 1) expect(await first.ask({ verb: 'note', on: {}, text: `n${n}` })).toMatchObject({ ok: true });
  const third = await reached();
  seen.push(pushed(third));
  await second.ask({ verb: 'note', on: {}, text: 'last' });
  const wanted = [...Array.from({ length: 50 }, (_, n) => `n${n}`), 'last'];
  for (const pushes of seen) await until(() => notes(pushes).length >= wanted.length);
  for (const pushes of seen) expect(notes(pushes)).toEqual(wanted);
});

test('a driver that is killed before it answers is followed by another', async () => {
  const { spawn, ...rest } = setting();
  const dead = join(folder.path, 'was-here');
  const once = ['/bin/sh', '-c', `[ -e '${dead}' ] && exec "$0" "$@"; : >'${dead}'; kill -9 $$`, ...spawn.command] as const;
  const link = await reachDriver({ ...rest, spawn: { ...spawn, command: [...once] } });
  if (!link.ok) throw new Error(link.failure.cause);
  pids.add(link.value.status.pid);
  links.push(link.value);
  expect(existsSync(dead)).toBe(true);
});

test('a killed driver is replaced at once by a client that is connected, and nothing noted is lost', async () => {
  const kept = await keepLink({ reach: () => reachDriver(setting()) });
  if (!kept.ok) throw new Error(kept.failure.cause);
  links.push(kept.value);
  const pushes: Push[] = pushed(kept.value);
  let epoch = 0;
  for (const round of [1, 2, 3]) {
    const { pid } = kept.value.status;
    pids.add(pid);
    expect(kept.value.status.epoch).toBeGreaterThan(epoch);
    epoch = kept.value.status.epoch;
    expect(await kept.value.ask({ verb: 'note', on: {}, text: `round ${round}` })).toMatchObject({ ok: true });
    process.kill(pid, 'SIGKILL');
    await until(() => pushes.filter(push => push.kind === 'gone').length === round);
    expect(await kept.value.ask({ verb: 'status' })).toMatchObject({ ok: true });
    expect(kept.value.status.pid).not.toBe(pid);
  }
  pids.add(kept.value.status.pid);
  await until(() => pushes.filter(push => push.kind === 'snapshot').length === 4);
  expect(notes(pushes)).toEqual(['round 1', 'round 2', 'round 3']);
});

test('a driver that nobody looks at and that has nothing to do ends by itself, and takes its socket with it', async () => {
  const link = await reached({ idle: 100 });
  const { pid } = link.status;
  link.close();
  await until(() => !existsSync(`/proc/${pid}`));
  expect(existsSync(join(folder.path, 'driver.sock'))).toBe(false);
});

test('a driver that cannot start says why', async () => {
  const link = await reachDriver(setting({ env: { TINY_DRIVER_FAILS: 'no such thing' } }));
  expect(link).toEqual({ ok: false, failure: { tag: 'bad-input', cause: 'no such thing' } });
});

test('a driver that dies at once is told with its last words, one that cannot be run with the reason', async () => {
  const base = setting();
  const dies = await reachDriver({
    ...base,
    spawn: { ...base.spawn, command: [process.execPath, '-e', 'console.error("oh no"); process.exit(3)'] },
  });
  expect(dies).toMatchObject({
    ok: false,
    failure: { tag: 'driver-gone', cause: expect.stringMatching(/\(3\): oh no; see .*driver\.log/) },
  });
  const missing = await reachDriver({ ...base, spawn: { ...base.spawn, command: [join(folder.path, 'none')] } });
  expect(missing).toMatchObject({ ok: false, failure: { tag: 'driver-gone', cause: expect.stringContaining('ENOENT') } });
});

test('without a driver a command that starts none says so', async () => {
  expect(await connectDriver({ stateDir: folder.path, hello })).toMatchObject({ ok: false, failure: { tag: 'driver-gone' } });
});

test('where the path of the socket would be too long it lies in a folder of our own elsewhere', async () => {
  const stateDir = join(folder.path, 'a'.repeat(60), 'b'.repeat(60));
  mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  const first = await reached({ stateDir });
  expect((await reached({ stateDir })).status.pid).toBe(first.status.pid);
  const elsewhere = readFileSync(join(stateDir, 'driver.sock.path'), 'utf8').trim();
  expect(lstatSync(elsewhere).mode & 0o777).toBe(0o600);
  expect(lstatSync(join(elsewhere, '..')).mode & 0o777).toBe(0o700);
  await first.ask({ verb: 'stop' });
  await until(() => !existsSync(`/proc/${first.status.pid}`));
  expect(existsSync(join(elsewhere, '..'))).toBe(false);
});
