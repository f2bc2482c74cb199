// Whether two first starts of one clone keep out of each other's way, and whether the dead keep nobody waiting.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from './setup-lock.mjs';

const MODULE = new URL('./setup-lock.mjs', import.meta.url).href;
let root = '';
let lock = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'rollcall-lock-'));
  lock = join(root, '.setup.lock');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('of five processes at once, one works at a time and all get their turn', async () => {
  const log = join(root, 'log');
  const program = `
    import { appendFileSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    import { withLock } from ${JSON.stringify(MODULE)};
    await withLock(${JSON.stringify(root)}, () => {}, async () => {
      appendFileSync(${JSON.stringify(log)}, 'in ');
      await delay(40);
      appendFileSync(${JSON.stringify(log)}, 'out ');
    });`;
  await Promise.all(Array.from({ length: 5 }, () => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program])));
  expect(readFileSync(log, 'utf8')).toBe('in out '.repeat(5));
  expect(existsSync(lock)).toBe(false);
});

test('the lock of a process that died is taken over', async () => {
  const { pid } = spawnSync('true');
  leave(`${pid} 12345`);
  expect(await withLock(root, fail, async () => 'mine')).toBe('mine');
});

test('a pid that came again is not the owner that died', async () => {
  leave(`${process.pid} 1`);
  expect(await withLock(root, fail, async () => 'mine')).toBe('mine');
});

test('a child that outlives its dead setup holds the lock until it ends', async () => {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { pid } = spawnSync('true');
  leave(`${pid} 12345\n${child.pid} ${beganAt(child.pid ?? 0)}`);
  const said: string[] = [];
  const order: string[] = [];
  child.once('exit', () => order.push('child ended'));
  const turn = withLock(
    root,
    line => {
      said.push(line);
      child.kill();
    },
    async () => order.push('turn'),
  );
  await turn;
  expect(said).toEqual([`waiting for process ${child.pid}, which is setting this clone up`]);
  expect(order).toEqual(['child ended', 'turn']);
});

test('the lock is let go when the work fails', async () => {
  const work = withLock(root, fail, async () => {
    throw new Error('no network');
  });
  await expect(work).rejects.toThrow('no network');
  expect(existsSync(lock)).toBe(false);
});

/** A lock that somebody left a while ago. */
function leave(owners: string): void {
  writeFileSync(lock, owners);
  const then = new Date(Date.now() - 60_000);
  utimesSync(lock, then, then);
}

function beganAt(pid: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '';
}

function fail(line: string): never {
  throw new Error(`waited: ${line}`);
}
