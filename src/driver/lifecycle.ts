// The only place that brings a driver about: connects to the one there is, or starts one and waits until it answers.
// Many may start one at the same time; the lease decides, and the losers go quietly. It knows how to start a process, not what it does.
import { spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fchmodSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { type LinkSetting, tryDriver } from './link.ts';
import { afterByTimer, type Sharing } from './ports.ts';
import type { Link } from './protocol.ts';

/** How a driver is started: its command line and environment. It exits 0 when another one holds the lease. */
export type DriverCommand = { readonly command: readonly [string, ...string[]]; readonly env: NodeJS.ProcessEnv };

export type ReachSetting = LinkSetting & {
  readonly stateDir: string;
  /** The group whose folder it is. */
  readonly shared?: Sharing;
  readonly spawn: DriverCommand;
  /** How long a driver may take until it answers, ms; one that fails is told at once. */
  readonly wait?: number;
};

/** A driver that lost the lease to one that does not answer is followed by another try after so long, ms; doubled each time. */
const startAgainAfter = 500;

/** The log is begun anew, the old one kept beside it, from this size, bytes. */
const longestLog = 1024 * 1024;

/**
 * A link to the folder's driver, started if there is none. The folder must have been checked to be ours.
 * @failure driver-gone, driver-refused, state-folder, and whatever kept the driver from starting
 */
export const reachDriver = async (setting: ReachSetting): Promise<Result<Link>> => {
  const { stateDir, wait = 30_000, after = afterByTimer } = setting;
  const deadline = Date.now() + wait;
  let begun: Started | undefined;
  let again = startAgainAfter;
  for (let pause = 10; ; pause = Math.min(pause * 1.5, 100)) {
    const link = await tryDriver(stateDir, setting);
    if (link.ok) return link;
    if (link.failure.why === 'refused') return fail({ tag: 'driver-refused', cause: link.failure.sentence });
    if (begun === undefined || (begun.over?.how === 'lost' && Date.now() - begun.over.at > again)) {
      if (begun !== undefined) again *= 2;
      const started = startDriver(stateDir, setting);
      if (!started.ok) return started;
      begun = started.value;
    } else if (begun.over?.how === 'failed') return fail(begun.over.failure);
    if (Date.now() > deadline) return fail(gone(`no driver answered within ${wait / 1000} s; see ${logPath(stateDir)}`));
    await new Promise<void>(resolve => after(pause, resolve));
  }
};

/** A driver on its way. `lost`: another one holds the lease, or somebody killed it; `failed`: it cannot start. */
type Started = {
  over?: { readonly how: 'lost'; readonly at: number } | { readonly how: 'failed'; readonly failure: Failure };
};

/** In a session of its own, so that no terminal's end reaches it, and out of the way of folders that somebody may unmount. */
const startDriver = (stateDir: string, { spawn: { command, env }, shared }: ReachSetting): Result<Started> => {
  const [program, ...args] = command;
  const begun: Started = {};
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    const log = openLog(stateDir, shared);
    const from = fstatSync(log).size;
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log, log], cwd: '/', env });
    closeSync(log);
    child.once('error', error => {
      begun.over = { how: 'failed', failure: gone(`the driver could not be started: ${error.message}`) };
    });
    child.once('exit', code => {
      const failed = (): Failure =>
        startFailure(stateDir, child.pid) ?? (code === fullExit ? full(stateDir) : gone(lastWords(stateDir, from, code)));
      begun.over = code === 0 || code === null ? { how: 'lost', at: Date.now() } : { how: 'failed', failure: failed() };
    });
    child.unref();
    return ok(begun);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return fail({ tag: code === 'ENOSPC' ? 'disk-full-here' : 'state-folder', cause: message });
  }
};

/** How a driver ends that found the disk full: then no file can say so. */
export const fullExit = 28;

const full = (stateDir: string): Failure => ({
  tag: 'disk-full-here',
  cause: `nothing can be written in ${stateDir}, so no driver starts`,
});

/** Says, before it ends, why this driver cannot start; whoever started it passes it on. */
export const tellStartFailure = (stateDir: string, failure: Failure): void => {
  try {
    // A colleague's cannot be written over.
    rmSync(failurePath(stateDir), { force: true });
    writeFileSync(failurePath(stateDir), JSON.stringify({ pid: process.pid, failure }), { mode: 0o600 });
  } catch {
    // A folder that cannot be written is told by the exit alone.
  }
};

const startFailure = (stateDir: string, pid: number | undefined): Failure | undefined => {
  try {
    const told = JSON.parse(readFileSync(failurePath(stateDir), 'utf8')) as { readonly pid: number; readonly failure: Failure };
    return told.pid === pid ? told.failure : undefined;
  } catch {
    return undefined;
  }
};

const failurePath = (stateDir: string): string => join(stateDir, 'driver.failed');

const logPath = (stateDir: string): string => join(stateDir, 'driver.log');

const openLog = (stateDir: string, shared: Sharing | undefined): number => {
  const path = logPath(stateDir);
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > longestLog) renameSync(path, `${path}.1`);
  const isNew = !existsSync(path);
  const log = openSync(path, 'a', 0o600);
  if (isNew && shared !== undefined) fchmodSync(log, 0o660);
  return log;
};

const lastWords = (stateDir: string, from: number, how: number | null): string => {
  const said = logFrom(stateDir, from).trim().split('\n').at(-1) ?? '';
  return `the driver ended at once (${how})${said === '' ? '' : `: ${said}`}; see ${logPath(stateDir)}`;
};

const logFrom = (stateDir: string, from: number): string => {
  try {
    return readFileSync(logPath(stateDir)).subarray(from).toString('utf8');
  } catch {
    return '';
  }
};

const gone = (cause: string): Failure => ({ tag: 'driver-gone', cause });
