// The only place that weighs a job that waits: a whole driver's engine and state over hosts that answer at once, without processes.
import type { Fleet } from '../src/domain/event.ts';
import { adHocPlan } from '../src/domain/plan.ts';
import { ok } from '../src/domain/result.ts';
import { emptyState } from '../src/domain/run-state.ts';
import { Engine } from '../src/engine/engine.ts';
import type { Clock, JobReport, Jobs } from '../src/engine/ports.ts';
import { Spine } from '../src/engine/spine.ts';
import { Walker } from '../src/play/walker.ts';
import { fleetOf, simpleKit, someOptions, someSettings } from '../test/support/rig.ts';
import { pause, until } from './measure.ts';

/** What waiting takes. */
export type Weight = { readonly kilobytesEach: number; readonly open: number; readonly timers: number; readonly jobs: number };

/** Starts `jobs` jobs with a poll that is far off, and weighs them when nothing happens any more. Needs `--expose-gc`. */
export const weighWaitingJobs = async (jobs: number): Promise<Weight> => {
  const names = Array.from({ length: jobs }, (_, i) => `m${i}`);
  const { clock, armed } = countingClock();
  const spine = new Spine({ append: async () => ok(undefined) }, clock, emptyState());
  const engine = new Engine({
    spine,
    jobs: willingHosts,
    clock,
    random: Math.random,
    settings: { ...someSettings, forks: 100, persist: 0 },
  });
  const walker = new Walker({ spine, engine, clock, kit: simpleKit, keptOut: () => undefined });
  const fleet: Fleet = fleetOf(names);
  await spine.emit({ events: [{ type: 'fleet.planned', fleet }] });
  const before = await heap();
  const plan = adHocPlan({ pattern: 'all', command: 'sleep 86400', module: 'shell', async: 172_800, poll: 3600 });
  const plays = plan.plays.map(play => ({ ...play, hosts: names }));
  const options = { ...someOptions, forks: 100, poll: 3600 };
  await spine.emit({
    events: [{ type: 'run.queued', run: '1'.padStart(32, '0'), number: 1, fleet: fleet.id, plan: { ...plan, plays }, options }],
  });
  const running = (): number => [...spine.state.jobs.values()].filter(({ state }) => state.kind === 'running').length;
  await until(`${jobs} waiting jobs`, () => running() === jobs && engine.open === 0, 60);
  await pause(0.5);
  const weight = { kilobytesEach: ((await heap()) - before) / jobs / 1024, open: engine.open, timers: armed(), jobs };
  engine.stop();
  walker.stop();
  return weight;
};

const heap = async (): Promise<number> => {
  // Twice, with a turn of the loop between: what a promise held goes with the second.
  globalThis.gc?.();
  await pause(0.05);
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
};

const countingClock = () => {
  let armed = 0;
  const clock: Clock = {
    now: () => performance.now(),
    wall: () => Date.now(),
    after: (delay, fire) => {
      armed += 1;
      let isArmed = true;
      const disarm = (): void => {
        if (isArmed) armed -= 1;
        isArmed = false;
        clearTimeout(timer);
      };
      const timer = setTimeout(() => {
        disarm();
        fire();
      }, delay);
      return disarm;
    },
  };
  return { clock, armed: () => armed };
};

const report = (jid: JobReport['jid']): JobReport => ({
  jid,
  state: { kind: 'running' },
  startedAt: Math.floor(Date.now() / 1000),
  elapsed: 0,
  limit: 172_800,
  pid: 4242,
  bootId: 'b0',
  out: { size: 0, from: 0, bytes: new Uint8Array(0) },
  err: { size: 0, from: 0, bytes: new Uint8Array(0) },
  dropped: 0,
  left: false,
});

/** They answer at once, always the same: it runs. */
export const willingHosts: Jobs = {
  connect: async () => {
    let close = (): void => {};
    const closed = new Promise<void>(resolve => {
      close = resolve;
    });
    return ok({
      start: async ({ jid }) => ok({ kind: 'started', report: report(jid) }),
      look: async jobs => ok(jobs.map(({ jid }) => report(jid))),
      cancel: async () => ok({ kind: 'running' }),
      extend: async (_jid, limit) => ok(limit),
      survey: async () => ({ ok: true, value: { looked: [], found: [], skipped: 0 } }),
      clean: async jids => ok(jids),
      close,
      closed,
    });
  },
};
