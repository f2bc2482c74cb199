// The lease among real processes: one of twelve gets it, and the kernel takes it from whoever is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nextEpoch, tryLease } from '../../src/journal/lease.ts';
import { tempFolder } from '../support/journal-kit.ts';
import { until } from '../support/links.ts';

// Real processes and threads on a machine that may be busy; every wait inside is bounded by itself.
vi.setConfig({ testTimeout: 90_000 });

let folder: ReturnType<typeof tempFolder>;
let racers: Racer[] = [];
const left: number[] = [];

beforeEach(() => {
  folder = tempFolder('lease');
  racers = [];
});

afterEach(() => {
  for (const { child } of racers) child.kill('SIGKILL');
  for (const pid of left.splice(0)) process.kill(pid, 'SIGKILL');
  folder.remove();
});

type Racer = { readonly child: ChildProcess; tell(line: string): Promise<string> };

const racer = async (...more: readonly string[]): Promise<Racer> => {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../support/racer.ts'), folder.path, ...more], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
  const made = {
    child,
    async tell(line: string) {
      child.stdin!.write(`${line}\n`);
      return String((await lines.next()).value).trim();
    },
  };
  racers.push(made);
  expect(await made.tell('hello')).toBe('ready');
  return made;
};

test('of twelve that race one gets the lease, each time', async () => {
  const all = await Promise.all(Array.from({ length: 12 }, () => racer()));
  for (let round = 0; round < 4; round += 1) {
    const at = String(Date.now() + 30);
    const got = await Promise.all(all.map(({ tell }) => tell(at)));
    expect(got.sort()).toEqual(['held', ...Array.from({ length: 11 }, () => 'taken')]);
    await Promise.all(all.map(({ tell }) => tell('drop')));
  }
});

test('kill -9 frees it at once, even while a detached child of its holder lives', async () => {
  const holder = await racer('child');
  const [got, pid] = (await holder.tell('0')).split(' ');
  expect(got).toBe('held');
  left.push(Number(pid));
  expect(tryLease(folder.path)).toEqual({ ok: true, value: 'taken' });
  holder.child.kill('SIGKILL');
  await until(() => holder.child.exitCode !== null || holder.child.signalCode !== null);
  const lease = tryLease(folder.path);
  expect(existsSync(`/proc/${pid}`)).toBe(true);
  if (!lease.ok || lease.value === 'taken') throw new Error('the lease is still taken');
  lease.value.release();
});

test('a released lease can be taken again, by the same process too', () => {
  const first = tryLease(folder.path);
  if (!first.ok || first.value === 'taken') throw new Error('taken');
  expect(first.value.held()).toBe(true);
  first.value.release();
  expect(first.value.held()).toBe(false);
  const second = tryLease(folder.path);
  if (!second.ok || second.value === 'taken') throw new Error('taken');
  second.value.release();
  expect(statSync(join(folder.path, 'lease.db')).mode & 0o777).toBe(0o600);
});

test('an epoch is later than the last one and never behind the clock', () => {
  expect(nextEpoch(0, 1000)).toBe(1000);
  expect(nextEpoch(5000, 1000)).toBe(5001);
});
