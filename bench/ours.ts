// The only place that drives the real driver for a benchmark: its own process, this process as the client.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet, RunOptions } from '../src/domain/event.ts';
import { adHocPlan } from '../src/domain/plan.ts';
import { reduce, reduceSighting } from '../src/domain/reduce.ts';
import { emptyState, type State } from '../src/domain/run-state.ts';
import { reachDriver } from '../src/driver/lifecycle.ts';
import { type Link, protocolVersion } from '../src/driver/protocol.ts';

/** What a piece of work cost. Seconds. */
export type Cost = { readonly wall: number; readonly cpu: number };

/** A driver under measurement. */
export type Ours = {
  /** One run of `command` on all hosts, to its end. */
  run(command: string, wanted: { readonly async: number; readonly poll: number }): Promise<Cost>;
  /** Asks every outstanding job once, and waits for the answers. */
  lookAtAll(): Promise<Cost>;
  /** Seconds of CPU of driver and client per second, over `seconds`. */
  idle(seconds: number): Promise<number>;
  end(): Promise<void>;
};

const options: RunOptions = {
  forks: 25,
  giveUp: 1800,
  grace: 5,
  cap: 8 << 20,
  log: 'yes',
  template: 'yes',
  askedFrom: 'console',
  argv: [],
  results: 'registered',
  extraVars: {},
};

/** Starts a driver of its own, as fast as it may go. */
export const openOurs = async (root: string, fleet: Fleet): Promise<Ours> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'rollcall-bench-'));
  const settings = { forks: 25, handshakes: 100, persist: 0, linger: 0, startRate: 0, lookBytes: 65_536 };
  const timeouts = { connect: 10_000, handshake: 15_000, reply: 30_000 };
  const reached = await reachDriver({
    stateDir,
    hello: { hello: protocolVersion, actor: { user: 'bench', machine: 'bench' }, client: 'console', wants: 'state' },
    spawn: {
      command: [process.execPath, join(root, 'dist/driver.js'), JSON.stringify({ stateDir, settings, timeouts })],
      env: process.env,
    },
  });
  if (!reached.ok) throw new Error(reached.failure.cause);
  const link = reached.value;
  const { pid } = link.status;
  const follower = follow(link);
  const names = fleet.hosts.map(({ name }) => name);

  const measured = async (work: () => Promise<void>): Promise<Cost> => {
    const began = performance.now();
    const before = cpuOf(pid);
    const own = process.cpuUsage();
    await work();
    const used = process.cpuUsage(own);
    return { wall: (performance.now() - began) / 1000, cpu: cpuOf(pid) - before + (used.user + used.system) / 1e6 };
  };

  return {
    run: (command, wanted) =>
      measured(async () => {
        const plan = adHocPlan({ pattern: 'all', command, module: 'shell', ...wanted });
        const poll = wanted.poll > 0 ? { poll: wanted.poll } : {};
        const submitted = await link.ask({
          verb: 'submit',
          fleet,
          options: { ...options, ...poll },
          plan: { ...plan, plays: plan.plays.map(play => ({ ...play, hosts: names })) },
        });
        if (!submitted.ok) throw new Error(submitted.failure.cause);
        await follower.until(state => state.runs.get(submitted.value.run)?.phase.kind === 'ended');
      }),
    lookAtAll: () =>
      measured(async () => {
        const waiting = new Set<string>(
          [...follower.state().jobs.values()].filter(job => job.state.kind !== 'ended').map(({ jid }) => jid),
        );
        const seen = follower.onSeen(jid => waiting.delete(jid));
        await link.ask({ verb: 'ask', on: {} });
        await follower.until(() => waiting.size === 0);
        seen();
      }),
    idle: async seconds => {
      const { cpu } = await measured(() => new Promise(resolve => setTimeout(resolve, seconds * 1000)));
      return cpu / seconds;
    },
    end: async () => {
      await link.ask({ verb: 'stop' });
      link.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

const follow = (link: Link) => {
  let state = emptyState();
  let check = (): void => {};
  let seen: (jid: string) => void = () => {};
  link.onPush(push => {
    if (push.kind === 'snapshot') state = push.state;
    if (push.kind === 'events') {
      for (const event of push.events) {
        reduce(state, event);
        if ('jid' in event) seen(event.jid);
      }
      for (const sighting of push.sightings) {
        reduceSighting(state, sighting);
        if (sighting.type === 'job.seen') seen(sighting.jid);
      }
    }
    check();
  });
  return {
    state: (): State => state,
    onSeen: (listener: (jid: string) => void) => {
      seen = listener;
      return () => {
        seen = () => {};
      };
    },
    until: (holds: (state: State) => boolean) =>
      new Promise<void>(resolve => {
        check = () => {
          if (holds(state)) resolve();
        };
        check();
      }),
  };
};

/** CPU seconds of a process so far, by the kernel. */
export const cpuOf = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11]) + Number(fields[12])) / 100;
};

/** CPU seconds of a process's children that it has waited for. */
export const childrenCpuOf = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[13]) + Number(fields[14])) / 100;
};

const statOf = (pid: number): string[] => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** Milliseconds from start to the first frame of the console, in a terminal of its own. */
export const firstFrame = (root: string, stateDir: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const began = performance.now();
    const child = spawn(
      'script',
      ['-qec', `stty cols 120 rows 40; exec ${process.execPath} ${join(root, 'dist/bin.js')} --practice --state ${stateDir}`, '/dev/null'],
      {
        stdio: ['pipe', 'pipe', 'ignore'],
        env: { ...process.env, TERM: 'xterm-256color' },
      },
    );
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
      if (!said.includes('HOSTS')) return;
      resolve(performance.now() - began);
      child.stdin.write('q');
      child.stdout.removeAllListeners('data').resume();
    });
    child.on('error', reject);
    child.on('exit', () => reject(new Error(`the console ended without a frame: ${said.slice(-200)}`)));
  });
