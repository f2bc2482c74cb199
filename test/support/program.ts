// The only place that runs the built program for tests: real binary, private state folder, its driver ended afterwards.
// It ends only drivers whose pid the state folder's own driver told.
import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connectDriver } from '../../src/driver/link.ts';
import { type Link, protocolVersion } from '../../src/driver/protocol.ts';
import { waitFor } from './wait-for.ts';

/** The built program. */
export const binary = fileURLToPath(new URL('../../dist/bin.js', import.meta.url));

/** What a run of the program left behind. */
export type Finished = { readonly code: number | null; readonly out: string; readonly err: string };

/** A program on its way. */
export type Running = {
  readonly child: ChildProcess;
  /** Standard output so far. */
  out(): string;
  err(): string;
  readonly finished: Promise<Finished>;
};

/** A place with a state folder of its own. */
export type Place = {
  readonly dir: string;
  readonly stateDir: string;
  start(args: readonly string[], options?: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv }): Running;
  run(args: readonly string[], options?: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv }): Promise<Finished>;
  /** A link to the living driver. */
  link(): Promise<Link>;
  /** Ends the driver, if one lives, and removes the folder. */
  end(): Promise<void>;
};

export const programIsBuilt = (): boolean => existsSync(binary);

/** Runs it without a terminal. */
export const startProgram = (args: readonly string[], options: SpawnOptions): Running => {
  const child = spawn(process.execPath, [binary, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const finished = new Promise<Finished>(resolve => child.on('close', code => resolve({ code, out, err })));
  return { child, out: () => out, err: () => err, finished };
};

export const makePlace = (): Place => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  const stateDir = join(dir, 'state');
  const inPlace = ([verb = '', ...rest]: readonly string[]): string[] => [verb, '--state', stateDir, ...rest];
  const start: Place['start'] = (args, { cwd = dir, env = {} } = {}) =>
    startProgram(args, { cwd, env: { PATH: process.env['PATH'], HOME: dir, XDG_STATE_HOME: dir, ...env } });
  const link: Place['link'] = async () => {
    const reached = await connectDriver({
      stateDir,
      hello: { hello: protocolVersion, actor: { user: 'test', machine: 'test' }, client: 'command', wants: 'nothing' },
    });
    if (!reached.ok) throw new Error(reached.failure.cause);
    return reached.value;
  };
  return {
    dir,
    stateDir,
    start: (args, options) => start(inPlace(args), options),
    run: (args, options) => start(inPlace(args), options).finished,
    link,
    end: async () => {
      const driver = await link().catch(() => undefined);
      if (driver !== undefined) {
        const { pid } = driver.status;
        await driver.ask({ verb: 'stop' });
        driver.close();
        await waitFor('the driver to end', () => (isAlive(pid) ? undefined : true));
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
};

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
