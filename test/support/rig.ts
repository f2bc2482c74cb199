// Spine, engine and walker over simulated hosts and a journal in memory: a whole driver without processes.
import type { Event, Fleet, RunOptions } from '../../src/domain/event.ts';
import { isOutstanding, type Jid } from '../../src/domain/job.ts';
import { adHocPlan, type Plan } from '../../src/domain/plan.ts';
import { reduce } from '../../src/domain/reduce.ts';
import { ok, type Result } from '../../src/domain/result.ts';
import { emptyState, type State } from '../../src/domain/run-state.ts';
import { Keeper } from '../../src/driver/secrets.ts';
import { hostsToRetry } from '../../src/driver/selection.ts';
import type { EngineSettings } from '../../src/engine/desk.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Entry, Journal, Random } from '../../src/engine/ports.ts';
import { Spine } from '../../src/engine/spine.ts';
import type { Kit } from '../../src/play/ports.ts';
import { Walker } from '../../src/play/walker.ts';
import { FakeClock, seeded } from './fake-clock.ts';
import { resultOfJob } from './plain-results.ts';
import { type Chances, noChances, SimulatedHosts } from './simulated-hosts.ts';

export const someSettings: EngineSettings = {
  forks: 5,
  handshakes: 8,
  persist: 20_000,
  linger: 150,
  startRate: 0,
  lookBytes: 65_536,
};

export const someOptions: RunOptions = {
  forks: 25,
  giveUp: 1800,
  grace: 30,
  cap: 8 << 20,
  log: 'yes',
  template: 'yes',
  askedFrom: 'console',
  argv: [],
  results: 'registered',
  extraVars: {},
};

/** How a driver ends: with its power the disk loses what came after the last intent. */
export type End = 'killed' | 'power lost';

/** Keeps entries as a disk does: all of them outlive the process, intents and what came before them outlive the power. */
export class MemoryJournal implements Journal {
  readonly events: Event[] = [];
  readonly bytes = new Map<string, number>();
  #durable: { readonly events: number; readonly bytes: ReadonlyMap<string, number> } = { events: 0, bytes: new Map() };
  onAppend: (entry: Entry) => void = () => {};

  constructor(before?: MemoryJournal, end: End = 'killed') {
    if (before === undefined) return;
    const kept = end === 'killed' ? { events: before.events.length, bytes: before.bytes } : before.#durable;
    this.events.push(...before.events.slice(0, kept.events));
    for (const [key, size] of kept.bytes) this.bytes.set(key, size);
    this.#durable = before.#durable;
  }

  async append(entry: Entry): Promise<Result<void>> {
    for (const { jid, stream, offset, bytes } of entry.output) {
      const key = `${jid} ${stream}`;
      if (offset !== (this.bytes.get(key) ?? 0)) throw new Error(`output of ${key} has a gap: ${offset}`);
      this.bytes.set(key, offset + bytes.length);
    }
    this.events.push(...(JSON.parse(JSON.stringify(entry.events)) as Event[]));
    if (entry.durability === 'intent') this.#durable = { events: this.events.length, bytes: new Map(this.bytes) };
    this.onAppend(entry);
    return ok(undefined);
  }
}

/** `command` is `SECONDS RC`; what a simulated host understands. */
export const simpleKit: Kit = {
  items: ({ task }) => ok(Array.isArray(task.loop?.over) ? task.loop.over : []),
  prepare: ({ task, row }) => {
    const { name, args } = task.module;
    const begun = row.registered[String(args['of'])] as { readonly ansible_job_id?: unknown } | undefined;
    if (name === 'async_status') return ok({ kind: 'wait', jid: String(args['jid'] ?? begun?.ansible_job_id) });
    if (name === 'debug') return ok({ kind: 'local', result: { status: 'ok' } });
    return ok({ kind: 'job', script: String(args['cmd']), command: String(args['cmd']) });
  },
  holds: (conditions, _spot, result) => ok(conditions.every(name => Boolean(result[name]))),
  resultOf: ({ job }) => resultOfJob(job),
  output: async () => ({ out: new Uint8Array(0), err: new Uint8Array(0) }),
};

/** Every third host is behind jump hosts: `hops` of its own, or those that all share which are behind one of `jumps`. */
export const fleetOf = (names: readonly string[], where = '', hops = 0, jumps: readonly string[] = []): Fleet => ({
  id: `fleet${where}`,
  label: 'TEST',
  source: 'test',
  practice: 'no',
  hosts: names.map((name, at) => {
    const isBehind = at % 3 === 0 && hops > 0;
    const gate = (isBehind && jumps[(at / 3) % jumps.length]) || name;
    return { name, address: name + where, gate, ...(isBehind && { hops }), groups: [], vars: {} };
  }),
});

export const hostNames = (count: number): string[] => Array.from({ length: count }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);

export type RigParts = {
  settings?: Partial<EngineSettings>;
  seed?: number;
  chances?: Chances;
  hops?: number;
  /** Their connections are shared by all hosts behind them. */
  jumps?: readonly string[];
  before?: { clock: FakeClock; hosts: SimulatedHosts; journal: MemoryJournal; number: number };
};

export class Rig {
  readonly clock: FakeClock;
  readonly hosts: SimulatedHosts;
  readonly journal: MemoryJournal;
  readonly spine: Spine;
  readonly engine: Engine;
  readonly walker: Walker;
  /** Somebody can always be asked; what was given dies with the driver. */
  readonly keeper = new Keeper({ realmOf: () => 'fleet', canAsk: () => this.canAsk });
  canAsk = true;
  readonly #parts: RigParts;
  #number: number;

  constructor(parts: RigParts) {
    this.#parts = parts;
    this.#number = parts.before?.number ?? 0;
    const random: Random = seeded(parts.seed ?? 1);
    this.clock = parts.before?.clock ?? new FakeClock();
    this.hosts = parts.before?.hosts ?? new SimulatedHosts(this.clock, seeded((parts.seed ?? 1) + 1), parts.chances ?? noChances);
    this.journal = parts.before?.journal ?? new MemoryJournal();
    this.hosts.keeper = this.keeper;
    if (parts.jumps !== undefined && this.hosts.hops === undefined) this.hosts.share();
    this.spine = new Spine(this.journal, this.clock, this.journal.events.reduce(reduce, emptyState()));
    this.engine = new Engine({
      spine: this.spine,
      jobs: this.hosts,
      clock: this.clock,
      random,
      settings: { ...someSettings, ...parts.settings },
    });
    this.walker = new Walker({
      spine: this.spine,
      engine: this.engine,
      clock: this.clock,
      kit: simpleKit,
      keptOut: () => undefined,
    });
  }

  get state(): State {
    return this.spine.state;
  }

  get events(): readonly Event[] {
    return this.journal.events;
  }

  /** Queues a run of one command; returns its id. */
  async run(
    names: readonly string[],
    wanted: {
      command: string;
      async?: number;
      poll?: number;
      serial?: number | readonly number[];
      options?: Partial<RunOptions>;
      plan?: Plan;
      addresses?: string;
      fleet?: readonly string[];
    },
  ): Promise<string> {
    this.#number += 1;
    const id = String(this.#number).padStart(32, '0');
    const adHoc = adHocPlan({
      pattern: 'all',
      command: wanted.command,
      module: 'shell',
      async: wanted.async ?? 0,
      ...(wanted.poll !== undefined && { poll: wanted.poll }),
    });
    const plan = wanted.plan ?? adHoc;
    const plays = plan.plays.map(play => ({
      ...play,
      hosts: names,
      ...(wanted.serial !== undefined && { serial: wanted.serial as number }),
    }));
    await this.#emit([
      { type: 'fleet.planned', fleet: fleetOf(wanted.fleet ?? hostNames(60), wanted.addresses, this.#parts.hops, this.#parts.jumps) },
      {
        type: 'run.queued',
        run: id,
        number: this.#number,
        fleet: `fleet${wanted.addresses ?? ''}`,
        plan: { ...plan, plays },
        options: { ...someOptions, ...(wanted.poll !== undefined && wanted.poll > 0 && { poll: wanted.poll }), ...wanted.options },
      },
    ]);
    return id;
  }

  /** Somebody types this wherever something is asked for; returns how many questions that answered. */
  async type(text: string): Promise<number> {
    const questions = this.keeper.questions(this.engine.waiting());
    const answered = this.keeper.answer(
      questions.map(({ id }) => id),
      [text],
    );
    await this.clock.settle();
    return answered;
  }

  async pause(run: string): Promise<void> {
    this.engine.hold(run);
    await this.#emit([{ type: 'run.paused', run, why: 'operator' }]);
  }

  async abort(run: string): Promise<void> {
    this.engine.hold(run);
    this.engine.drop(run, () => true);
    await this.#emit([{ type: 'run.aborted', run }]);
  }

  async resume(run: string): Promise<void> {
    await this.#emit([{ type: 'run.resumed', run }]);
    this.engine.release(run);
  }

  /** Another attempt for every host that is out and whose last attempt has ended. */
  async retry(run: string): Promise<void> {
    const known = this.state.runs.get(run);
    if (known === undefined || known.phase.kind === 'aborting') return;
    const { ready } = hostsToRetry(this.state, known, 'both', undefined);
    if (ready.length > 0) await this.#emit([{ type: 'run.retried', run, hosts: ready }]);
    if (known.phase.kind === 'ended') this.engine.release(run);
  }

  async #emit(events: Parameters<Spine['emit']>[0]['events']): Promise<void> {
    const done = this.spine.emit({ events, durability: 'intent' });
    await this.clock.settle();
    await done;
  }

  /** kill -9 and a new driver on what the journal holds; what was on its way to the hosts happens or not. */
  async killed(end: End = 'killed'): Promise<Rig> {
    this.hosts.driverKilled();
    this.engine.stop();
    this.walker.stop();
    this.journal.append = () => new Promise(() => {});
    const journal = new MemoryJournal(this.journal, end);
    const next = new Rig({ ...this.#parts, before: { clock: this.clock, hosts: this.hosts, journal, number: this.#number } });
    next.resumeAll();
    await this.clock.settle();
    return next;
  }

  resumeAll(): void {
    const hosts = new Map(fleetOf(hostNames(60), '', this.#parts.hops, this.#parts.jumps).hosts.map(host => [host.name, host]));
    const left = [...this.state.jobs.values()].filter(isOutstanding).flatMap(job => {
      const host = hosts.get(job.host);
      return host === undefined ? [] : [{ job, host }];
    });
    this.engine.takeUp(left, { clockSet: 0, lastAlive: this.clock.wall() });
    this.walker.resume();
  }

  jobsOf(run: string): readonly { jid: Jid; kind: string; verdict: string }[] {
    return [...this.state.jobs.values()]
      .filter(job => job.runId === run)
      .map(job => ({ jid: job.jid, kind: job.state.kind, verdict: job.state.kind === 'ended' ? job.state.verdict.kind : '' }));
  }

  /** Lets time pass until nothing is left to happen, at most `hours`. */
  async untilQuiet(hours = 6): Promise<void> {
    const until = this.clock.now() + hours * 3_600_000;
    while (await this.clock.step(until));
  }
}
