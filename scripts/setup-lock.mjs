// The only place that keeps two first starts of one clone from installing and building at once.
// The lock is a file that names its owners, one a line; a lock whose owners have all died is taken over.
import { readFileSync, rmSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 100;
const WAIT_AT_MOST_MS = 10 * 60_000;
/** A lock this young may not have been filled yet. */
const NEWBORN_MS = 1_000;
/** Taking over lasts microseconds; a mark older than this was left by somebody who died in between. */
const TAKEOVER_MS = 5_000;

/**
 * Runs `work` while no other process of this clone does.
 * @template T
 * @param {string} root the clone
 * @param {(line: string) => void} say
 * @param {(joinedBy: (pid: number) => void) => Promise<T>} work says which child works for it: a child outlives us if we are killed,
 *   and then holds the lock until it ends
 * @returns {Promise<T>}
 * @throws {Error} when the lock is not free within ten minutes
 */
export async function withLock(root, say, work) {
  const path = join(root, '.setup.lock');
  await take(path, say);
  try {
    return await work(pid => writeFileSync(path, `${identity(process.pid)}\n${identity(pid)}`));
  } finally {
    unlinkSync(path);
  }
}

/**
 * @param {string} path
 * @param {(line: string) => void} say
 */
async function take(path, say) {
  const began = Date.now();
  let told = false;
  while (!createOnce(path, identity(process.pid))) {
    const owners = read(path);
    if (owners !== undefined && !owners.split('\n').some(lives) && age(path) > NEWBORN_MS) {
      takeOver(path, owners);
      continue;
    }
    const pid = owners?.split('\n').find(lives)?.split(' ')[0] ?? '?';
    if (Date.now() - began > WAIT_AT_MOST_MS)
      throw new Error(`process ${pid} has been setting this clone up for ten minutes; if it is not, remove ${path}`);
    if (!told) say(`waiting for process ${pid}, which is setting this clone up`);
    told = true;
    await delay(LOOK_EVERY_MS);
  }
}

/** Removes a dead owner's lock, one process at a time, so that nobody removes the lock of who came next.
 * @param {string} path
 * @param {string} dead */
function takeOver(path, dead) {
  const mark = `${path}.takeover`;
  if (!createOnce(mark, identity(process.pid))) {
    if (age(mark) > TAKEOVER_MS) rmSync(mark, { force: true });
    return;
  }
  try {
    if (read(path) === dead) unlinkSync(path);
  } finally {
    unlinkSync(mark);
  }
}

/** A process is its pid and when it began: pids come again.
 * @param {number} pid */
const identity = pid => `${pid} ${beganAt(pid)}`;

/** @param {string} owner */
function lives(owner) {
  const [pid = '', began] = owner.split(' ');
  try {
    process.kill(Number(pid), 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return beganAt(Number(pid)) === began;
}

/** Field 22 of /proc/PID/stat, counted after the name in brackets; '-' where there is no /proc.
 * @param {number} pid */
function beganAt(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return stat === undefined ? '-' : (stat.slice(stat.lastIndexOf(')')).split(' ')[20] ?? '-');
}

/** Milliseconds since a file was written; 0 when it is gone.
 * @param {string} path */
function age(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

/** @param {string} path
 * @param {string} content */
function createOnce(path, content) {
  try {
    writeFileSync(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path */
function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
