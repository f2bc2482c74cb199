// The only place that gives tests a practice fleet as users get it: main.ts bundled, started detached in a private
// state folder, spoken to with plain ssh2 clients. It must not know what is behind a host's port.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { Client, type ConnectConfig } from 'ssh2';
import { asNobody } from '../../src/practice/as-nobody.ts';
import { ensurePractice, stopPractice } from '../../src/practice/client.ts';
import type { PracticeFleet } from '../../src/practice/fleet.ts';

/** What one command left behind. */
export type Outcome = {
  readonly out: string;
  readonly err: string;
  readonly code: number | undefined;
  readonly signal: string | undefined;
};

/** A private place for one fleet. */
export type Yard = {
  readonly stateDir: string;
  readonly command: readonly string[];
  readonly ensure: (hosts?: number, linger?: number) => Promise<PracticeFleet>;
  readonly remove: () => Promise<void>;
};

/** Bundles the process and makes a private state folder; `mode` forces the acting form. */
export const makeYard = async (mode: 'best' | 'acting' = 'best'): Promise<Yard> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'rollcall-yard-'));
  const entry = join(stateDir, 'practice-main.mjs');
  bundled ??= bundle();
  writeFileSync(entry, await bundled);
  const forced = mode === 'acting' ? ['env', 'ROLLCALL_PRACTICE_MODE=acting'] : [];
  const command = [...forced, process.execPath, entry];
  return {
    stateDir,
    command,
    ensure: async (hosts, linger) => {
      const wish = { stateDir, command, ...(hosts === undefined ? {} : { hosts }), ...(linger === undefined ? {} : { linger }) };
      const result = await ensurePractice(wish);
      if (!result.ok) throw new Error(result.failure.cause);
      return result.value;
    },
    remove: async () => {
      await stopPractice(stateDir);
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

/** Whether this machine lets us make namespaces; where it doesn't, tests of the real shell are skipped for that reason. */
export const hasNamespaces: boolean =
  spawnSync('unshare', ['--user', '--map-root-user', '--mount', '--pid', '--fork', '--mount-proc', 'true'], { ...asNobody(), cwd: '/' })
    .status === 0;

let bundled: Promise<Uint8Array> | undefined;

const bundle = async (): Promise<Uint8Array> => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, '../../src/practice/main.ts')],
    bundle: true,
    format: 'esm',
    platform: 'node',
    loader: { '.sh': 'text' },
    external: ['*.node', 'cpu-features'],
    banner: {
      js: "import {createRequire as cr} from 'node:module'; const require = cr(import.meta.url); const __dirname = import.meta.dirname;",
    },
    logLevel: 'error',
    write: false,
  });
  return outputFiles[0]!.contents;
};

/** How to reach one host of the fleet. */
export const wayTo = (fleet: PracticeFleet, name: string): ConnectConfig => {
  const host = fleet.hosts.find(one => one.name === name);
  if (host === undefined) throw new Error(`no host ${name}`);
  return {
    host: '127.0.0.1',
    port: host.port,
    username: fleet.user,
    privateKey: readFileSync(fleet.privateKeyPath),
    readyTimeout: 10_000,
  };
};

/** An open connection; rejects with the code of the error where there is none. */
export const connect = (config: ConnectConfig): Promise<Client> =>
  new Promise((resolve, reject) => {
    const client = new Client();
    client.on('ready', () => resolve(client));
    client.on('error', error => reject(error));
    client.on('close', () => reject(new Error('closed')));
    client.connect(config);
  });

/** Runs one command over an open connection; `code` and `signal` are both absent when the link was cut. */
export const execOn = (client: Client, command: string, stdin = ''): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const lost = () => resolve({ out: '', err: '', code: undefined, signal: undefined });
    client.once('close', lost);
    client.exec(command, (error, channel) => {
      if (error !== undefined) return reject(error);
      let [out, err, code, signal] = ['', '', undefined as number | undefined, undefined as string | undefined];
      channel.on('data', (chunk: Buffer) => (out += chunk));
      channel.stderr.on('data', (chunk: Buffer) => (err += chunk));
      channel.on('exit', (...how: unknown[]) => {
        if (typeof how[0] === 'number') code = how[0];
        else signal = String(how[1]);
      });
      channel.on('close', () => {
        client.off('close', lost);
        resolve({ out, err, code, signal });
      });
      channel.end(stdin);
    });
  });

/** Connects, runs one command, leaves. */
export const ssh = async (fleet: PracticeFleet, name: string, command: string, stdin = ''): Promise<Outcome> => {
  const client = await connect(wayTo(fleet, name));
  try {
    return await execOn(client, command, stdin);
  } finally {
    client.end();
  }
};

/** Waits for a fact, looking again and again, for a bounded time. */
export const until = async <T>(
  what: string,
  look: () => T | undefined | false | Promise<T | undefined | false>,
  seconds = 15,
): Promise<T> => {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (Date.now() > deadline) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise(resolve => setTimeout(resolve, 50));
  }
};
