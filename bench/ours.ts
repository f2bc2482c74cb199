// The only place that drives the real driver for a benchmark: its own process, this process as the client.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Fleet, RunOptions } from '../src/domain/event.ts';
import { isOutstanding } from '../src/domain/job.ts';
import { adHocPlan } from '../src/domain/plan.ts';
import { reduce, reduceSighting } from '../src/domain/reduce.ts';
import { emptyState, type State } from '../src/domain/run-state.ts';
import { reachDriver } from '../src/driver/lifecycle.ts';
import { type Link, protocolVersion } from '../src/driver/protocol.ts';
import { type Cost, cpuOf, endAll, until, within } from './measure.ts';

/** A driver under measurement. */
export type Ours = {
  readonly stateDir: string;
  readonly pid: number;
  /** One run of `command` on all hosts, until it has ended: with `poll: 0` when all have started, else when all are home. */
  run(command: string, wanted: { readonly async: number; readonly poll: number }): Promise<Cost>;
  /** Queues a run and comes back when all its jobs are confirmed to run. */
  launch(command: string, wanted: { readonly async: number; readonly poll: number }): Promise<void>;
  /** Waits until the first look after letting go has been at every job of the last run. */
  firstLooks(): Promise<void>;
  /** Asks every job of the last run once, and waits for the answers. */
  lookAtAll(): Promise<Cost>;
  end(): Promise<void>;
};

export const options: RunOptions = {
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

/** No wait of ours is longer, seconds. */
const patience = 90;

/** Starts a driver of its own, as fast as it may go, letting go of each connection at once. */
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
  let last = '';

  const measured = async (work: () => Promise<unknown>): Promise<Cost> => {
    const began = performance.now();
    const before = cpuOf(pid);
    const own = process.cpuUsage();
    await work();
    const used = process.cpuUsage(own);
    return { wall: (performance.now() - began) / 1000, cpu: cpuOf(pid) - before + (used.user + used.system) / 1e6 };
  };

  const submit = async (command: string, wanted: { readonly async: number; readonly poll: number }): Promise<void> => {
    const plan = adHocPlan({ pattern: 'all', command, module: 'shell', ...wanted });
    const submitted = await link.ask({
      verb: 'submit',
      fleet,
      options: { ...options, ...(wanted.poll > 0 && { poll: wanted.poll }) },
      plan: { ...plan, plays: plan.plays.map(play => ({ ...play, hosts: names })) },
    });
    if (!submitted.ok) throw new Error(submitted.failure.cause);
    last = submitted.value.run;
  };
  const ofLast = (state: State) => [...state.jobs.values()].filter(job => job.runId === last);

  return {
    stateDir,
    pid,
    run: (command, wanted) =>
      measured(async () => {
        await submit(command, wanted);
        await follower.until(`the end of ${command}`, state => state.runs.get(last)?.phase.kind === 'ended');
      }),
    launch: async (command, wanted) => {
      await submit(command, wanted);
      const isUnderWay = (state: State): boolean => {
        const jobs = ofLast(state);
        return jobs.length === names.length && jobs.every(job => job.state.kind === 'running');
      };
      await follower.until(`all running: ${command}`, isUnderWay);
    },
    firstLooks: async () => {
      // Of a job that was let go, the reader's `seen` counts the look; the answer to the start was counted as well, earlier.
      await follower.until('the first looks', state => ofLast(state).every(job => follower.seen(job.jid) >= 2 || !isOutstanding(job)));
    },
    lookAtAll: () =>
      measured(async () => {
        const jobs = ofLast(follower.state()).filter(isOutstanding);
        const before = new Map(jobs.map(({ jid }) => [jid, follower.seen(jid)]));
        if (jobs.length < names.length) throw new Error(`only ${jobs.length} jobs are left to look at`);
        await link.ask({ verb: 'ask', on: { run: last } });
        await follower.until('a look at all', () => jobs.every(({ jid }) => follower.seen(jid) > (before.get(jid) ?? 0)));
      }),
    end: async () => {
      await within('the driver to stop', 10, link.ask({ verb: 'stop' })).catch(() => undefined);
      link.close();
      await until('the driver to end', () => !isAlive(pid), 10).catch(() => endAll([pid]));
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** The client: it keeps the state as a console does, and counts what was told of each job. */
const follow = (link: Link) => {
  let state = emptyState();
  let check = (): void => {};
  const seen = new Map<string, number>();
  const count = (jid: string): void => void seen.set(jid, (seen.get(jid) ?? 0) + 1);
  link.onPush(push => {
    if (push.kind === 'snapshot') state = push.state;
    if (push.kind === 'events') {
      for (const event of push.events) {
        reduce(state, event);
        if (event.type === 'job.ended') count(event.jid);
      }
      for (const sighting of push.sightings) {
        reduceSighting(state, sighting);
        if (sighting.type === 'job.seen') count(sighting.jid);
      }
    }
    check();
  });
  return {
    state: (): State => state,
    seen: (jid: string): number => seen.get(jid) ?? 0,
    until: (what: string, holds: (state: State) => boolean) =>
      within(
        what,
        patience,
        new Promise<void>(resolve => {
          check = () => {
            if (!holds(state)) return;
            check = () => {};
            resolve();
          };
          check();
        }),
      ),
  };
};
