// The only door to the practice fleet for the rest of the program: finds the living one of a state folder or starts
// one, and stops it. It must not know what a practice host is made of.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync } from 'node:fs';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { smallestFleet } from './cast.ts';
import { askPractice, controlPath } from './control.ts';
import { fleetFiles, type PracticeFleet, practiceFolder } from './fleet.ts';

/** What is needed to have a practice fleet. */
export type PracticeWish = {
  readonly stateDir: string;
  /** How many hosts at least; a fleet never shrinks and never has less than twelve. */
  readonly hosts?: number;
  /** Program and arguments that run main.ts: the built file, or the source under a Node that can read it. */
  readonly command: readonly string[];
  /** Seconds the fleet stays after its last job and connection; 60 when absent. */
  readonly linger?: number;
};

/** Milliseconds until a fleet that was started must have answered. */
const patience = 20_000;

/**
 * Gives the living practice fleet of the state folder with at least so many hosts, starting it when there is none.
 * The fleet is a process of its own: it outlives the caller.
 * @failure practice-failed when the folder or the process can't be had; the cause has the last line of its log
 */
export const ensurePractice = async ({
  stateDir,
  hosts = smallestFleet,
  command,
  linger,
}: PracticeWish): Promise<Result<PracticeFleet>> => {
  const failed = (cause: string): { ok: false; failure: Failure } => fail({ tag: 'practice-failed', cause });
  const deadline = Date.now() + patience;
  let started: Attempt | undefined;
  try {
    mkdirSync(practiceFolder(stateDir), { recursive: true, mode: 0o700 });
    const folder = realpathSync(practiceFolder(stateDir));
    while (Date.now() < deadline) {
      const reply = await askPractice(folder, { verb: 'ensure', hosts });
      if (reply?.reply === 'fleet') return ok(reply.fleet);
      if (started?.ended === 'failed') return failed(`the practice fleet did not start: ${lastLine(fleetFiles(folder).logPath)}`);
      // It found another one that was just coming up or going down.
      if (started?.ended === 'in vain') started = undefined;
      if (started === undefined && reply === undefined) started = start(folder, stateDir, command, hosts, linger);
      await pause(20);
    }
    return failed(`the practice fleet did not answer within ${patience / 1000} s: ${lastLine(fleetFiles(folder).logPath)}`);
  } catch (error) {
    return failed((error as Error).message);
  }
};

/** Keeps a living fleet from ending for want of work, for a console that shows it; the returned function lets it go. */
export const holdPractice = (stateDir: string): (() => void) => {
  const socket = net.connect(controlPath(realpathSync(practiceFolder(stateDir))).socket);
  socket.on('error', () => {}); // it went meanwhile: there is nothing to hold
  return () => socket.destroy();
};

/** Ends the practice fleet of a state folder with everything it made. `false`: there was none. */
export const stopPractice = async (stateDir: string): Promise<boolean> => {
  try {
    const reply = await askPractice(realpathSync(practiceFolder(stateDir)), { verb: 'stop' });
    return reply?.reply === 'stopping';
  } catch {
    return false;
  }
};

/** What became of a process that we started. */
type Attempt = { ended: 'not yet' | 'in vain' | 'failed' };

const start = (folder: string, stateDir: string, command: readonly string[], hosts: number, linger = 60): Attempt => {
  const [program, ...first] = command;
  const log = openLog(folder);
  const child = spawn(program!, [...first, '--state', stateDir, '--hosts', String(hosts), '--linger', String(linger)], {
    detached: true,
    cwd: '/',
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  const attempt: Attempt = { ended: 'not yet' };
  child.on('error', () => {
    attempt.ended = 'failed';
  });
  child.on('exit', code => {
    attempt.ended = code === 0 ? 'in vain' : 'failed';
  });
  child.unref();
  return attempt;
};

/** A fleet that is just ending may take the folder away between our making it and our using it. */
const openLog = (folder: string): number => {
  for (let attempt = 1; ; attempt += 1) {
    try {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return openSync(fleetFiles(folder).logPath, 'a', 0o600);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || attempt > 5) throw error;
    }
  }
};

const lastLine = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
};
