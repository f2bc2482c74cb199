// The only place that measures what the journal costs: its share of a start pass, its size after a working day of looks,
// and how long a new driver takes to bring a thousand running jobs to a client.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Event } from '../src/domain/event.ts';
import { jidOf } from '../src/domain/job.ts';
import { adHocPlan, type Plan } from '../src/domain/plan.ts';
import { emptyState } from '../src/domain/run-state.ts';
import { reachDriver } from '../src/driver/lifecycle.ts';
import { protocolVersion } from '../src/driver/protocol.ts';
import { Engine } from '../src/engine/engine.ts';
import type { Clock } from '../src/engine/ports.ts';
import { Spine } from '../src/engine/spine.ts';
import { openJournal } from '../src/journal/open.ts';
import { openStore } from '../src/journal/store.ts';
import { Walker } from '../src/play/walker.ts';
import { fleetOf, simpleKit, someOptions, someSettings } from '../test/support/rig.ts';
import { until, within } from './measure.ts';
import type { Ours } from './ours.ts';
import { willingHosts } from './waiting-jobs.ts';

const run = '1'.padStart(32, '0');
const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `j${String(i + 1).padStart(4, '0')}`);

/** A command that runs for days on all of them, looked at each 15 s. */
const longRun = (names: readonly string[]): { readonly plan: Plan; readonly options: typeof someOptions & { readonly poll: number } } => {
  const plan = adHocPlan({ pattern: 'all', command: 'sleep 86400', module: 'shell', async: 172_800, poll: 15 });
  return {
    plan: { ...plan, plays: plan.plays.map(play => ({ ...play, hosts: names })) },
    options: { ...someOptions, forks: 100, poll: 15 },
  };
};

/** Part of the CPU of one start on every host that the journal's thread takes; the kernel counts threads in ns. */
export const journalShare = async (ours: Ours): Promise<number> => {
  const tasks = `/proc/${ours.pid}/task`;
  const thread = readdirSync(tasks).find(id => readFileSync(join(tasks, id, 'comm'), 'utf8').trim() === 'journal');
  if (thread === undefined) throw new Error('the kernel does not name the journal’s thread');
  const seconds = (): number => Number(readFileSync(join(tasks, thread, 'schedstat'), 'utf8').split(' ')[0]) / 1e9;
  const before = seconds();
  const { cpu } = await ours.run('sleep 1', { async: 60, poll: 0 });
  return (seconds() - before) / cpu;
};

/** Milliseconds from the start of a driver to its state at a client, with so many jobs that run; 0: an empty journal. */
export const timeToAttach = async (root: string, jobs: number): Promise<number> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'rollcall-bench-attach-'));
  try {
    writeRunningJobs(stateDir, jobs);
    const settings = { ...someSettings, forks: 25, persist: 0 };
    const timeouts = { connect: 10_000, handshake: 15_000, reply: 30_000 };
    const began = performance.now();
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
    const known = await new Promise<number>(resolve => link.onPush(push => push.kind === 'snapshot' && resolve(push.state.jobs.size)));
    const took = performance.now() - began;
    const { pid } = link.status;
    await within('the driver to stop', 10, link.ask({ verb: 'stop' })).catch(() => undefined);
    link.close();
    await until('the driver to end', () => !isThere(pid), 10);
    if (known !== jobs) throw new Error(`${known} jobs were told, not ${jobs}`);
    return took;
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
};

const isThere = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** As the driver left it that was killed a moment ago; nobody answers at the hosts' address. */
const writeRunningJobs = (stateDir: string, jobs: number): void => {
  const opened = openStore(stateDir);
  if (!opened.ok) throw new Error(opened.failure.cause);
  if (jobs > 0) {
    const at = Date.now() - 5000;
    const names = namesOf(jobs);
    const { plan, options } = longRun(names);
    const address = { host: '127.0.0.1', port: 1, user: 'nobody', identityFiles: [], knownHostsFiles: [], strictHostKeyChecking: 'no' };
    const planned = fleetOf(names);
    const fleet = { ...planned, hosts: planned.hosts.map(host => ({ ...host, address: { ...address, name: host.name } })) };
    const events: Event[] = [
      { type: 'fleet.planned', at, fleet },
      { type: 'run.queued', at, run, number: 1, fleet: fleet.id, plan, options },
      { type: 'batch.opened', at, run, play: 0, batch: 1, of: 1, hosts: names, kind: 'first' },
      { type: 'task.opened', at, run, path: '0.0', hosts: names },
    ];
    for (const host of names) {
      const jid = jidOf({ runId: run, taskPath: '0.0', host, item: 0, attempt: 1 });
      const asked = {
        run,
        host,
        path: '0.0',
        attempt: 1,
        command: 'sleep 86400',
        script: 'sleep 86400\n',
        limit: 172_800,
        mode: 'poll',
      } as const;
      events.push({ type: 'job.requested', at, jid, ...asked });
      events.push({ type: 'job.started', at, jid, on: { pid: 7, bootId: 'b', startedThere: 1, startedAt: at, limit: 172_800 } });
    }
    opened.value.write([{ output: [], events, sightings: [], durability: 'intent' }]);
  }
  opened.value.close();
};

/** Most bytes that a journal took while so many quiet jobs were looked at each 15 s for so many simulated hours. */
export const journalAfter = async (
  root: string,
  jobs: number,
  hours: number,
): Promise<{ readonly bytes: number; readonly looks: number }> => {
  const stateDir = mkdtempSync(join(tmpdir(), 'rollcall-bench-journal-'));
  const { clock, tick } = secondsClock();
  let writing = 0;
  let looks = 0;
  try {
    const workerUrl = pathToFileURL(join(root, 'dist/journal-worker.js'));
    const opened = await openJournal({ stateDir, workerUrl, wall: clock.wall });
    if (!opened.ok) throw new Error(opened.failure.cause);
    const journal = opened.value;
    const append: typeof journal.append = async entry => {
      writing += 1;
      const written = await journal.append(entry);
      writing -= 1;
      return written;
    };
    const spine = new Spine({ append }, clock, emptyState());
    spine.subscribe((_, sightings) => {
      looks += sightings.filter(({ type }) => type === 'job.seen').length;
    });
    const settings = { ...someSettings, forks: 100, persist: 0 };
    const engine = new Engine({ spine, jobs: willingHosts, clock, random: Math.random, settings });
    const walker = new Walker({ spine, engine, clock, kit: simpleKit, keptOut: () => undefined });
    const names = namesOf(jobs);
    const fleet = fleetOf(names);
    await spine.emit({
      events: [
        { type: 'fleet.planned', fleet },
        { type: 'run.queued', run, number: 1, fleet: fleet.id, ...longRun(names) },
      ],
    });
    let bytes = 0;
    for (let second = 0; second < hours * 3600; second += 1) {
      await tick();
      while (writing > 0 || engine.open > 0) await new Promise(resolve => setImmediate(resolve));
      if (second % 600 === 0) bytes = Math.max(bytes, sizeOf(stateDir));
    }
    bytes = Math.max(bytes, sizeOf(stateDir));
    walker.stop();
    engine.stop();
    await journal.close();
    if (looks < (jobs * hours * 3600) / 16) throw new Error(`only ${looks} looks`);
    return { bytes, looks };
  } finally {
    rmSync(stateDir, { recursive: true, force: true });
  }
};

const sizeOf = (dir: string): number =>
  readdirSync(dir, { withFileTypes: true }).reduce(
    (sum, entry) => sum + (entry.isDirectory() ? sizeOf(join(dir, entry.name)) : statSync(join(dir, entry.name)).size),
    0,
  );

/** A clock that goes on by whole seconds, each as soon as the one before it is dealt with. */
const secondsClock = (): { readonly clock: Clock; tick(): Promise<void> } => {
  const due = new Map<number, (() => void)[]>();
  let now = 0;
  const clock: Clock = {
    now: () => now,
    wall: () => Date.UTC(2026, 0, 1) + now,
    after: (delay, fire) => {
      let isArmed = true;
      const at = Math.max(now / 1000, Math.ceil((now + delay) / 1000));
      const mates = due.get(at) ?? [];
      due.set(at, mates);
      mates.push(() => isArmed && fire());
      return () => {
        isArmed = false;
      };
    },
  };
  const tick = async (): Promise<void> => {
    for (let fires = due.get(now / 1000); fires !== undefined; fires = due.get(now / 1000)) {
      due.delete(now / 1000);
      for (const fire of fires) fire();
      await new Promise(resolve => setImmediate(resolve));
    }
    now += 1000;
  };
  return { clock, tick };
};
