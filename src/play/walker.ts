// The only place that makes runs advance: it performs the steps of walk.ts, attends to each host of the open task,
// and writes down how tasks came out. It asks the engine for jobs and knows no wire; it holds no truth of its own.
import type { Event, Sighting, TaskResult } from '../domain/event.ts';
import { type Jid, type Job, jidOf, parseJid } from '../domain/job.ts';
import { type Mask, maskValue } from '../domain/mask.ts';
import { countHosts } from '../domain/recap.ts';
import { onHostOf } from '../domain/reduce-job.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import { isLetGo } from '../domain/task.ts';
import type { Value, Vars } from '../domain/value.ts';
import type { Engine } from '../engine/engine.ts';
import { spread } from '../engine/gaps.ts';
import type { Clock } from '../engine/ports.ts';
import type { Draft, Spine } from '../engine/spine.ts';
import { Timers } from '../engine/timers.ts';
import { Turns } from '../engine/turns.ts';
import { type Attempt, afterAttempt } from './attempts.ts';
import type { Item, KeptOut, Kit, Output, Prepared, Spot } from './ports.ts';
import { couldNotFind, endedResult, failedResult, ignored, itemResult, judged, loopResult, taskResult } from './results.ts';
import { maskOf } from './secret-vars.ts';
import { Spots } from './spots.ts';
import { nextStep } from './walk.ts';

/** Seconds a task that was typed may run when nobody said. */
const noLimit = 0;

export type WalkerParts = {
  readonly spine: Spine;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly kit: Kit;
  /** What the state does not hold of a run; undefined when the driver that knew it has gone. */
  readonly keptOut: (run: string) => KeptOut | undefined;
};

export class Walker {
  readonly #parts: WalkerParts;
  readonly #timers: Timers;
  /** Runs whose next step is being taken. */
  readonly #stepping = new Set<string>();
  /** Who waits for news of a job: `run host` of an async_status task. */
  readonly #askers = new Map<Jid, Set<string>>();
  readonly #turns = new Turns<string>();
  readonly #spots: Spots;
  /** Items of the loops that are under way, by run, host and task. */
  readonly #items = new Map<string, ReturnType<Kit['items']>>();
  readonly #unsubscribe: () => void;

  constructor(parts: WalkerParts) {
    this.#parts = parts;
    this.#timers = new Timers(parts.clock);
    this.#spots = new Spots(parts.spine, parts.keptOut);
    this.#unsubscribe = parts.spine.subscribe((events, sightings) => this.#read(events, sightings));
  }

  /** Takes up the runs that an earlier driver left open. */
  resume(): void {
    for (const run of this.#parts.spine.state.runs.values()) {
      if (run.phase.kind === 'ended') continue;
      if (run.open !== undefined) for (const host of run.open.hosts) void this.#attend(run.id, host);
      void this.#step(run.id);
    }
  }

  stop(): void {
    this.#unsubscribe();
    this.#timers.stop();
  }

  #read(events: readonly Event[], sightings: readonly Sighting[]): void {
    const touched = new Set<string>();
    for (const event of events) {
      if ('run' in event) touched.add(event.run);
      if ('jid' in event) this.#readJob(event, touched);
      if (event.type === 'run.hosts-dropped') for (const host of event.hosts) void this.#attend(event.run, host);
      // Whoever asks for it does not want to wait until a silent host's time has come.
      if (event.type === 'run.queued') this.#parts.engine.urge(event.run);
      if (event.type === 'run.retried') this.#parts.engine.urge(event.run, event.hosts);
      if (event.type === 'run.resumed') this.#parts.engine.pump();
      if (event.type === 'run.ended') {
        this.#parts.engine.drop(event.run, () => true);
        for (const key of this.#items.keys()) if (key.startsWith(`${event.run} `)) this.#items.delete(key);
      }
    }
    for (const sighting of sightings) {
      if (sighting.type === 'job.seen') this.#wake(sighting.jid);
    }
    for (const run of touched) void this.#step(run);
  }

  #readJob(event: Event & { readonly jid: Jid }, touched: Set<string>): void {
    const job = this.#parts.spine.state.jobs.get(event.jid);
    if (job === undefined) return;
    const isNews = event.type === 'job.ended' || event.type === 'job.started' || event.type === 'job.fell-silent';
    if (!isNews) return;
    touched.add(job.runId);
    const row = this.#run(job.runId)?.hosts.get(job.host);
    if (row?.jid === job.jid && event.type !== 'job.fell-silent') void this.#attend(job.runId, job.host);
    this.#wake(event.jid);
  }

  /** Lets those look again who wait for this job. */
  #wake(jid: Jid): void {
    const askers = this.#askers.get(jid);
    if (askers === undefined) return;
    this.#askers.delete(jid);
    for (const asker of askers) {
      const [run, host] = asker.split(' ') as [string, string];
      void this.#turns.take(asker, () => this.#judgeWait(run, host, jid));
    }
  }

  async #step(id: string): Promise<void> {
    if (this.#stepping.has(id)) return;
    this.#stepping.add(id);
    try {
      for (;;) {
        const run = this.#run(id);
        if (run === undefined) return;
        const step = nextStep(run, this.#active(run));
        if (step.kind === 'wait') return;
        await this.#parts.spine.emit({ events: [draftOf(run, step)], durability: 'intent' });
        if (step.kind === 'open-task') await Promise.all(step.hosts.map(host => this.#attend(id, host)));
        if (step.kind === 'end-run') return;
      }
    } finally {
      this.#stepping.delete(id);
      const run = this.#run(id);
      // Something may have happened between the last look at the run and now.
      if (run !== undefined && nextStep(run, this.#active(run)).kind !== 'wait') void this.#step(id);
    }
  }

  /** Hosts of an aborting run whose job the open task has still to take in; of an adopted one, those whose jobs run. */
  #active(run: Run): number {
    if (run.origin !== undefined) return countHosts(run, this.#parts.spine.state.jobs).running;
    if (run.phase.kind !== 'aborting') return 0;
    let active = 0;
    for (const host of run.open?.hosts ?? []) {
      const spot = this.#at(run.id, host);
      if (spot !== undefined && spot.row.wait === undefined && this.#jobOf(spot) !== undefined) active += 1;
    }
    return active;
  }

  /** Does what the open task needs on one host now, from what the state says: begin, judge, wait or nothing. */
  #attend(id: string, host: string): Promise<void> {
    return this.#turns.take(`${id} ${host}`, () => this.#attendNow(id, host));
  }

  async #attendNow(id: string, host: string): Promise<void> {
    const spot = this.#at(id, host);
    if (spot === undefined) return;
    const { run, task, row } = spot;
    const job = this.#jobOf(spot);
    if (row.dropped !== undefined && (job === undefined || row.wait?.path === task.path))
      return this.#end(spot, { status: 'skipped', message: 'its host was cancelled' });
    if (row.wait?.path === task.path) return this.#waitOn(spot, row.wait);
    if (job !== undefined && isLetGo(task) && onHostOf(job.state) !== undefined) return this.#endLetGo(spot, job.jid);
    if (job?.state.kind === 'ended') return this.#judgeJob(spot, job.jid);
    if (job === undefined && run.phase.kind !== 'aborting') await this.#begin(spot);
  }

  /** The task's job on the host. One from before its batch, as in a retry, is another's. */
  #jobOf({ task, row, item }: Spot): Job | undefined {
    const job = row.jid === undefined ? undefined : this.#parts.spine.state.jobs.get(row.jid);
    return job?.taskPath === task.path && job.item === item?.index && job.jid !== row.before ? job : undefined;
  }

  async #begin(spot: Spot): Promise<void> {
    const kept = this.#parts.keptOut(spot.run.id);
    const mask = maskOf(kept, spot.host.name);
    if (spot.run.options.masked === 'yes' && kept?.masked === undefined)
      return this.#end(spot, failedResult('its command was not kept (--mask), and the driver that knew it has gone: run it again'));
    const call = spot.task.noLog ? kept?.calls.get(spot.task.path) : spot.task.module;
    if (call === undefined)
      return this.#end(spot, failedResult('its command was not kept (no-log), and the driver that knew it has gone: run it again'));
    if (spot.task.loop !== undefined && spot.item === undefined) {
      const items = this.#itemsOf(spot);
      return this.#end(spot, items.ok ? loopResult(spot, spot.row.loop?.results ?? []) : failedResult(items.failure));
    }
    const prepared = this.#parts.kit.prepare({ ...spot, task: { ...spot.task, module: call } });
    if (!prepared.ok) return this.#end(spot, failedResult(mask === undefined ? prepared.failure : mask(prepared.failure)));
    const what = prepared.value;
    if (what.kind === 'skipped') return this.#end(spot, { status: 'skipped', message: what.reason });
    if (what.kind === 'local') {
      const result = mask === undefined ? what.result : maskValue(mask, what.result);
      return this.#judge(spot, (result.value ?? {}) as Vars, result);
    }
    if (what.kind === 'wait') return this.#ask(spot, what.jid);
    this.#startJob(spot, what, mask);
  }

  #startJob(spot: Spot, what: Prepared & { readonly kind: 'job' }, mask: Mask = text => text): void {
    const { run, task, host, item } = spot;
    const key = { runId: run.id, taskPath: task.path, host: host.name, item: item?.index ?? 0 };
    let attempt = 1;
    // In a retry other tasks may have come after the one that is done again, and some of them come again too.
    while (this.#parts.spine.state.jobs.has(jidOf({ ...key, attempt }))) attempt += 1;
    this.#parts.engine.start({
      jid: jidOf({ ...key, attempt }),
      run: run.id,
      host,
      path: task.path,
      attempt,
      ...(item !== undefined && { item: item.index }),
      order: {
        command: mask(what.command),
        script: what.script,
        ...(mask(what.script) !== what.script && { secret: 'yes' as const }),
        limit: task.async > 0 ? task.async : noLimit,
        mode: task.async <= 0 ? 'sync' : isLetGo(task) ? 'let-go' : 'poll',
        ...(what.become !== undefined && { become: what.become }),
      },
    });
  }

  /** A job that was let go counts as done for its task once the host has it. */
  async #endLetGo(spot: Spot, jid: Jid): Promise<void> {
    const job = this.#parts.spine.state.jobs.get(jid);
    if (job === undefined) return;
    const value = this.#resultOf(job, spot, noOutput, 'start');
    await this.#end(spot, taskResult(spot, value, undefined));
  }

  async #judgeJob(spot: Spot, jid: Jid): Promise<void> {
    const job = this.#parts.spine.state.jobs.get(jid);
    if (job === undefined || job.state.kind !== 'ended') return;
    const { verdict } = job.state;
    if (verdict.kind === 'unreachable') return this.#end(spot, endedResult(verdict));
    const { register, until, changedWhen, failedWhen } = spot.task;
    const needsOutput = (register ?? until ?? changedWhen ?? failedWhen) !== undefined || spot.run.options.results === 'all';
    const output = needsOutput ? await this.#parts.kit.output(jid) : noOutput;
    const value = this.#resultOf(job, spot, output, 'end');
    const result = endedResult(verdict);
    // What an operator has ended is not tried again.
    const isOver = verdict.kind === 'cancelled' || spot.row.dropped !== undefined;
    await (isOver ? this.#end(spot, taskResult(spot, value, undefined, result)) : this.#judge(spot, value, result));
  }

  /** Applies the task's conditions: ends it, or arranges for the next attempt. */
  async #judge(spot: Spot, value: Vars, verdict: TaskResult): Promise<void> {
    const { task, row, run } = spot;
    const attempt: Attempt = { number: row.wait?.attempt ?? row.attempt ?? 1, retries: task.retries, delay: task.delay };
    const told = judged(this.#parts.kit, spot, task.until === undefined ? value : { ...value, attempts: attempt.number }, verdict);
    if (!told.ok) return this.#end(spot, failedResult(told.failure));
    if (task.until === undefined) return this.#end(spot, taskResult(spot, told.value.value, undefined, told.value.verdict));
    const holds = this.#parts.kit.holds(task.until, spot, told.value.value);
    if (!holds.ok) return this.#end(spot, failedResult(holds.failure));
    const next = afterAttempt(attempt, holds.value);
    if (next.kind === 'done')
      return this.#end(spot, taskResult(spot, told.value.value, next.attempts, next.failed ? failedResult('') : told.value.verdict));
    await this.#parts.spine.emit({
      events: [
        {
          type: 'task.waiting',
          run: run.id,
          path: task.path,
          host: row.host,
          attempt: next.number,
          retriesLeft: next.retriesLeft,
          nextAt: this.#parts.clock.wall() + next.delay * 1000,
        },
      ],
    });
    const now = this.#at(run.id, row.host);
    if (now?.row.wait !== undefined) this.#waitOn(now, now.row.wait);
  }

  #waitOn(spot: Spot, wait: NonNullable<HostProgress['wait']>): void {
    const key = `${spot.run.id} ${spot.row.host}`;
    const delay = Math.max(1, spot.task.delay) * 1000;
    // No clock that was set makes it wait for longer; what fell due while no driver was there is spread.
    const due = Math.min(wait.nextAt - this.#parts.clock.wall(), delay);
    const open = spot.run.open?.hosts ?? [];
    const after = due >= 0 ? due : spread(delay, open.indexOf(spot.row.host), open.length);
    this.#timers.arm(key, after, () => {
      void this.#turns.take(key, async () => {
        const now = this.#at(spot.run.id, spot.row.host);
        if (now !== undefined) await this.#begin(now);
      });
    });
  }

  /** async_status: one look at the job; what it brings is judged when it comes. */
  async #ask(spot: Spot, named: string): Promise<void> {
    const jid = parseJid(named);
    const job = jid === undefined ? undefined : this.#parts.spine.state.jobs.get(jid);
    if (jid === undefined || job === undefined || job.host !== spot.row.host) {
      return this.#judge(spot, couldNotFind(named).value as Vars, couldNotFind(named));
    }
    if (job.state.kind === 'ended') return this.#judgeLook(spot, jid);
    const askers = this.#askers.get(jid) ?? new Set<string>();
    this.#askers.set(jid, askers.add(`${spot.run.id} ${spot.row.host}`));
    this.#parts.engine.look(jid);
  }

  async #judgeWait(id: string, host: string, jid: Jid): Promise<void> {
    const spot = this.#at(id, host);
    if (spot !== undefined) await this.#judgeLook(spot, jid);
  }

  async #judgeLook(spot: Spot, jid: Jid): Promise<void> {
    const job = this.#parts.spine.state.jobs.get(jid);
    if (job === undefined) return;
    const hasEnded = job.state.kind === 'ended';
    const output = hasEnded ? await this.#parts.kit.output(jid) : noOutput;
    const value = this.#resultOf(job, spot, output, hasEnded ? 'end' : 'look');
    const verdict: TaskResult = job.state.kind === 'ended' ? endedResult(job.state.verdict) : { status: 'ok' };
    await this.#judge(spot, value, verdict);
  }

  #resultOf(job: Job, { task }: Spot, output: Output, moment: 'start' | 'look' | 'end'): Vars {
    return this.#parts.kit.resultOf({ job, order: this.#parts.spine.state.orders.get(job.jid), output }, task, moment);
  }

  async #end(spot: Spot, result: TaskResult): Promise<void> {
    const key = `${spot.run.id} ${spot.row.host}`;
    this.#timers.disarm(key);
    if (spot.item !== undefined && spot.row.dropped === undefined) return this.#endItem(spot, spot.item, itemResult(spot, result));
    this.#items.delete(`${key} ${spot.task.path}`);
    await this.#parts.spine.emit({
      events: [
        {
          type: 'task.ended',
          run: spot.run.id,
          path: spot.task.path,
          host: spot.row.host,
          result: ignored(this.#parts.kit, spot, result),
        },
      ],
    });
  }

  async #endItem({ run, task, row }: Spot, { index, of }: Item, result: TaskResult): Promise<void> {
    await this.#parts.spine.emit({
      events: [{ type: 'task.item-ended', run: run.id, path: task.path, host: row.host, item: index, result }],
    });
    const spot = this.#at(run.id, row.host);
    if (spot === undefined) return;
    if (index + 1 >= of || result.status === 'unreachable') {
      const { item: _, ...whole } = spot;
      return this.#end(whole, loopResult(whole, spot.row.loop?.results ?? []));
    }
    const key = `${run.id} ${row.host}`;
    this.#timers.arm(key, (task.loop?.pause ?? 0) * 1000, () => void this.#attend(run.id, row.host));
  }

  /** The open task on a host, for the item of its loop whose turn it is. */
  #at(id: string, host: string): Spot | undefined {
    const spot = this.#spots.at(id, host);
    if (spot?.task.loop === undefined) return spot;
    const items = this.#itemsOf(spot);
    const index = spot.row.loop?.path === spot.task.path ? spot.row.loop.results.length : 0;
    if (!items.ok || index >= items.value.length) return spot;
    return { ...spot, item: { index, of: items.value.length, value: items.value[index] as Value } };
  }

  #itemsOf(spot: Spot): ReturnType<Kit['items']> {
    const key = `${spot.run.id} ${spot.row.host} ${spot.task.path}`;
    const items = this.#items.get(key) ?? this.#parts.kit.items(spot);
    this.#items.set(key, items);
    return items;
  }

  #run(id: string): Run | undefined {
    return this.#parts.spine.state.runs.get(id);
  }
}

const noOutput = { out: new Uint8Array(0), err: new Uint8Array(0) };

const draftOf = (run: Run, step: Exclude<ReturnType<typeof nextStep>, { kind: 'wait' }>): Draft => {
  switch (step.kind) {
    case 'open-batch':
      return { type: 'batch.opened', run: run.id, play: step.play, batch: step.batch, of: step.of, hosts: step.hosts, kind: step.as };
    case 'open-task':
      return { type: 'task.opened', run: run.id, path: step.task.path, hosts: step.hosts };
    case 'end-batch':
      return { type: 'batch.ended', run: run.id, batch: step.batch };
    case 'end-run':
      return { type: 'run.ended', run: run.id, ...(step.message !== undefined && { message: step.message }) };
  }
};
