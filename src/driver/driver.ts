// The driving process's middle: it takes up what the journal holds, does what clients ask, and says when it is idle.
// It composes engine and play; sockets, leases and processes are its edges' affair.
import type { Actor, Event, PlannedHost } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { isOutstanding, type Jid, type Job } from '../domain/job.ts';
import type { Account, Question } from '../domain/need.ts';
import { reduce, reduceSighting } from '../domain/reduce.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { emptyState, type Run, type State } from '../domain/run-state.ts';
import type { EngineSettings } from '../engine/desk.ts';
import { Engine } from '../engine/engine.ts';
import type { Clock, Jobs, Journal, Random } from '../engine/ports.ts';
import { chainTooLong } from '../engine/slots.ts';
import { type Draft, Spine } from '../engine/spine.ts';
import type { KeptOut, Kit } from '../play/ports.ts';
import { Walker } from '../play/walker.ts';
import { absenceOf, type LastSigns, type Uptime } from './absence.ts';
import { Adopter, type Journalled } from './adopt.ts';
import { Asking } from './asking.ts';
import { Cleaning, type Keeping } from './clean.ts';
import { keptOutOf } from './kept-out.ts';
import type { ClientInfo, DriverNews, DriverPort } from './ports.ts';
import type { Answers, Ask, DriverStatus } from './protocol.ts';
import type { Keeper } from './secrets.ts';
import { jobsOf, runNamed, runsOf } from './selection.ts';
import { Steering, touched } from './steering.ts';

/** What an earlier driver left in the journal. */
export type Heritage = {
  readonly events: readonly Event[];
  readonly sightings: readonly Parameters<typeof reduceSighting>[1][];
  readonly nextRunNumber: number;
} & LastSigns;

/** A wish that must be known before runs are taken up. `run`: its number, `last` or its id. */
export type Hold = { readonly by: Actor; readonly run?: string };

/** The world of a driver. */
export type DriverParts = {
  readonly journal: Journal;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly kit: Kit;
  readonly settings: EngineSettings;
  readonly heritage: Heritage;
  /** Undefined where the machine does not tell. */
  readonly uptime?: () => Uptime | undefined;
  readonly identity: {
    readonly driver: string;
    readonly epoch: number;
    readonly pid: number;
    readonly version: string;
    readonly stateDir: string;
    /** The account and machine that it runs as. */
    readonly actor?: Actor;
  };
  /** 128 random bits, hexadecimal. */
  readonly newRunId: () => string;
  readonly readOutput: (
    jid: Jid,
    stream: 'out' | 'err',
    from: number,
    most: number,
  ) => Result<{ from: number; size: number; bytes: Uint8Array }>;
  /** Whoever had this driver started wants nothing new to start, of this run or (none named) of any. */
  readonly hold?: Hold;
  /** What is kept, and what goes; without it nothing ever goes by itself. */
  readonly keeping?: Keeping;
  /** Looks jobs and runs up in the whole journal. */
  readonly journalled: Journalled;
  /** Told to every client until the driver ends, such as that a damaged journal was set aside. */
  readonly notice?: string;
  /** What people have given, for the connections and the jobs that need it. */
  readonly secrets?: Keeper;
  readonly onStop: () => void;
  /** Another driver of this line took over: what is kept for it elsewhere is that one's affair from now on. */
  readonly onFenced?: () => void;
  /** The agent that the newest submission brought along; lives in memory only. */
  readonly takeAgent: (socket: string) => void;
  /** Keeps a mirror there, or none any more; the driver is told of its troubles by {@link Driver.mirrorTrouble}. @failure bad-input */
  readonly keepMirror?: (to: string | undefined) => Result<void>;
  /** Told whenever the answer to "is anything to be done" may have changed. */
  readonly onBusy: (isBusy: boolean) => void;
};

/** A driver that vanished for longer than this begins nothing new by itself, ms. */
const goesOnWithin = 15 * 60_000;

export class Driver implements DriverPort {
  readonly #parts: DriverParts;
  readonly #spine: Spine;
  readonly #engine: Engine;
  readonly #walker: Walker;
  readonly #steering: Steering;
  readonly #cleaning: Cleaning | undefined;
  readonly #listeners = new Set<(news: DriverNews) => void>();
  readonly #watches = new Map<number, readonly Jid[]>();
  readonly #owners = new Map<string, number>();
  /** What is kept out of the journal, by run: in memory only. */
  readonly #kept = new Map<string, KeptOut>();
  readonly #adopter: Adopter;
  readonly #asking: Asking;
  #clients = 0;
  #nextNumber: number;
  #mirrorTrouble: string | undefined;

  constructor(parts: DriverParts) {
    this.#parts = parts;
    const state = parts.heritage.events.reduce(reduce, emptyState());
    for (const sighting of parts.heritage.sightings) reduceSighting(state, sighting);
    this.#spine = new Spine(parts.journal, parts.clock, state);
    const { jobs, clock, random, settings } = parts;
    const onFenced = (): void => {
      this.#tell({ kind: 'banner', failure: this.banner() });
      parts.onFenced?.();
      parts.onBusy(this.isBusy());
    };
    this.#engine = new Engine({ spine: this.#spine, jobs, clock, random, settings, onFenced });
    this.#walker = new Walker({
      spine: this.#spine,
      engine: this.#engine,
      clock: parts.clock,
      kit: parts.kit,
      keptOut: run => this.#kept.get(run),
    });
    this.#nextNumber = parts.heritage.nextRunNumber;
    this.#steering = new Steering(this.#spine, this.#engine);
    const isBusy = (): boolean => this.isBusy();
    this.#cleaning = parts.keeping && new Cleaning({ ...parts, keeping: parts.keeping, spine: this.#spine, engine: this.#engine, isBusy });
    this.#adopter = new Adopter({
      ...parts,
      spine: this.#spine,
      engine: this.#engine,
      nextNumber: () => this.#takeNumber(),
      forks: settings.forks,
    });
    this.#asking = new Asking({
      ...parts,
      spine: this.#spine,
      engine: this.#engine,
      tell: news => this.#tell(news),
    });
    this.#spine.subscribe((events, sightings) => {
      this.#tell({ kind: 'events', events, sightings });
      this.#asking.soon();
      // What is only seen may be the last that was waited for: a job that was let go has outlived its connection.
      if (events.length === 0 && sightings.every(({ type }) => type !== 'job.seen')) return;
      parts.onBusy(this.isBusy());
      this.#letGoOfSecrets();
    });
    this.#spine.onTrouble(() => this.#tell({ kind: 'banner', failure: this.banner() }));
  }

  /** Writes that it is here, then takes up what was left: jobs are asked, runs go on or come back paused. */
  async begin(): Promise<void> {
    const { identity, heritage, clock, hold, uptime } = this.#parts;
    const { driver, epoch, pid, version, actor } = identity;
    const only = hold?.run === undefined ? undefined : runNamed(this.state(), hold.run)?.id;
    const { away, clockSet } = absenceOf(heritage, clock.wall(), uptime?.());
    const wasAway = away > goesOnWithin;
    const events: Draft[] = [{ type: 'driver.started', driver, epoch, pid, version, ...(actor && { by: actor }) }];
    for (const run of this.state().runs.values()) {
      const isHeld = hold !== undefined && (hold.run === undefined || run.id === only);
      if (run.phase.kind !== 'going' || !(wasAway || isHeld) || run.origin !== undefined) continue;
      this.#engine.hold(run.id);
      events.push({ type: 'run.paused', run: run.id, why: 'driver-away', ...(isHeld && { by: hold.by }) });
    }
    await this.#spine.emit({ events, durability: 'intent' });
    this.#engine.takeUp(this.#leftJobs(), { clockSet, lastAlive: heritage.lastEventAt });
    this.#walker.resume();
    this.#cleaning?.begin();
    this.#parts.onBusy(this.isBusy());
  }

  /** Outstanding jobs, with their hosts as their own runs planned them. */
  #leftJobs(): readonly { readonly job: Job; readonly host: PlannedHost }[] {
    const { runs, fleets, jobs } = this.state();
    const hosts = new Map([...fleets.values()].map(fleet => [fleet.id, new Map(fleet.hosts.map(host => [host.name, host]))]));
    return [...jobs.values()].filter(isOutstanding).flatMap(job => {
      const host = hosts.get(runs.get(job.runId)?.fleet ?? '')?.get(job.host);
      return host === undefined ? [] : [{ job, host }];
    });
  }

  /** Lets go of everything here; jobs on hosts go on. */
  end(): void {
    this.#asking.stop();
    this.#cleaning?.stop();
    this.#walker.stop();
    this.#engine.stop();
  }

  state(): State {
    return this.#spine.state;
  }

  /** @see Asking.canAsk */
  canAsk(): boolean {
    return this.#asking.canAsk();
  }

  /** @see Asking.realmOf */
  realmOf(account: Account): string {
    return this.#asking.realmOf(account);
  }

  questions(): readonly Question[] {
    return this.#asking.questions;
  }

  /** True while a run is not over or a job of an ended run is still to be looked at. */
  isBusy(): boolean {
    // A watcher has nothing to do by itself; consoles keep it as long as they look.
    if (this.#engine.fenced !== undefined) return false;
    for (const { phase } of this.state().runs.values()) if (phase.kind !== 'ended') return true;
    for (const { state } of this.state().jobs.values()) {
      if (state.kind === 'starting' || state.kind === 'running' || state.kind === 'waiting' || state.kind === 'stale') return true;
      if (state.kind === 'let-go' && state.seenAt - state.on.startedAt < 2000 && this.#engine.armed > 0) return true;
    }
    return false;
  }

  status(): DriverStatus {
    const { identity, settings } = this.#parts;
    return {
      pid: identity.pid,
      driver: identity.driver,
      epoch: identity.epoch,
      version: identity.version,
      ...(identity.actor !== undefined && { user: identity.actor.user }),
      stateDir: identity.stateDir,
      forks: settings.forks,
      open: this.#engine.open,
      running: [...this.state().jobs.values()].filter(({ state }) => state.kind !== 'ended').length,
    };
  }

  banner(): Failure | undefined {
    const { notice } = this.#parts;
    const behind = this.#mirrorTrouble;
    if (behind !== undefined) return this.#engine.fenced ?? this.#spine.trouble ?? { tag: 'mirror-behind', cause: behind };
    return this.#engine.fenced ?? this.#spine.trouble ?? (notice === undefined ? undefined : { tag: 'state-folder', cause: notice });
  }

  /** Why the mirror is behind, or that it is not any more. */
  mirrorTrouble(trouble: string | undefined): void {
    if (this.#mirrorTrouble === trouble) return;
    this.#mirrorTrouble = trouble;
    this.#tell({ kind: 'banner', failure: this.banner() });
  }

  subscribe(listener: (news: DriverNews) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A headless client that comes back after its driver was killed owns its runs as before. */
  clientCame(client: ClientInfo): void {
    for (const run of client.hello.owns ?? []) this.#owners.set(run, client.id);
    this.#clients += 1;
    if (client.hello.client === 'console' || client.hello.asks === 'yes') this.#asking.came(client.id);
  }

  /** A console that leaves leaves its runs driving; a headless client that vanishes holds what had not begun. */
  clientGone(client: ClientInfo): void {
    this.#watches.delete(client.id);
    this.#applyWatches();
    this.#asking.gone(client.id);
    this.#clients -= 1;
    this.#letGoOfSecrets();
    for (const [run, owner] of this.#owners) {
      if (owner !== client.id) continue;
      this.#owners.delete(run);
      if (this.state().runs.get(run)?.phase.kind !== 'going') continue;
      this.#engine.hold(run);
      void this.#spine.emit({ events: [{ type: 'run.paused', run, why: 'client-vanished' }], durability: 'intent' });
    }
  }

  async handle(ask: Ask, client: ClientInfo): Promise<Result<unknown>> {
    const by = client.hello.actor;
    switch (ask.verb) {
      case 'submit':
        return this.#submit(ask, client);
      case 'pause':
        return this.#steering.pause(ask.on, by);
      case 'resume':
        return this.#steering.resume(ask.on, by);
      case 'abort':
        return this.#steering.abort(runsOf(this.state(), ask.on), by);
      case 'cancel':
        return this.#steering.cancel(ask.on, by, ask.confirmed);
      case 'retry':
        this.#parts.secrets?.reconsider();
        return this.#steering.retry(ask.on, ask.which, by);
      case 'ask':
        return touched(jobsOf(this.state(), ask.on).filter(({ jid }) => this.#engine.ask(jid)).length);
      case 'extend':
        return this.#steering.extend(ask.on, ask.by, by);
      case 'note':
        return this.#steering.note(ask.on, ask.text, by);
      case 'watch':
        this.#watches.set(client.id, ask.jids);
        this.#applyWatches();
        return touched(ask.jids.length);
      case 'output': {
        const piece = this.#parts.readOutput(ask.jid, ask.stream, ask.from, ask.most);
        if (!piece.ok) return piece;
        const { from, size, bytes } = piece.value;
        return ok({ from, size, base64: Buffer.from(bytes).toString('base64') } satisfies Answers['output']);
      }
      case 'clean':
        return this.#cleaning?.clean(ask, by) ?? fail({ tag: 'bad-input', cause: 'this driver keeps nothing that could go' });
      case 'mirror': {
        const kept = this.#parts.keepMirror?.(ask.to ?? undefined);
        return kept?.ok === false ? kept : touched(kept === undefined ? 0 : 1);
      }
      case 'adopt':
        if (this.#engine.fenced !== undefined) return fail(this.#engine.fenced);
        this.#takeAgentOf(client);
        this.#asking.meet(ask.fleet);
        return this.#adopter.adopt(ask, by);
      case 'entrust':
      case 'answer':
        return this.#asking.handle(ask, by);
      case 'status':
        return ok(this.status());
      case 'stop':
        this.#parts.onStop();
        return touched(1);
    }
  }

  async #submit(ask: Extract<Ask, { verb: 'submit' }>, client: ClientInfo): Promise<Result<Answers['submit']>> {
    const hindered = this.#engine.fenced ?? this.#spine.trouble;
    if (hindered !== undefined) return fail(hindered);
    const { fleet } = ask;
    const kept = keptOutOf(ask);
    if (!kept.ok) return kept;
    const { plan, options, keptOut } = kept.value;
    const forks = Math.min(this.#parts.settings.forks, options.forks);
    const meant = new Set(plan.plays.flatMap(({ hosts }) => hosts));
    const tooLong = fleet.hosts.flatMap(host => (meant.has(host.name) ? (chainTooLong(host, forks) ?? []) : []))[0];
    if (tooLong !== undefined) return fail(tooLong);
    const running = [...this.state().runs.values()].find(
      run => options.once !== undefined && run.options.once === options.once && run.phase.kind !== 'ended',
    );
    if (running !== undefined) return ok({ run: running.id, number: running.number, joined: 'yes' });
    const queued = this.#submitted(options.submission);
    if (queued !== undefined) {
      if (options.askedFrom === 'headless') this.#owners.set(queued.id, client.id);
      return ok({ run: queued.id, number: queued.number, joined: 'no' });
    }
    this.#parts.secrets?.reconsider();
    this.#takeAgentOf(client);
    const run = this.#parts.newRunId();
    const number = this.#takeNumber();
    if (keptOut !== undefined) this.#kept.set(run, keptOut);
    if (options.askedFrom === 'headless') this.#owners.set(run, client.id);
    const isNew = !this.state().fleets.has(fleet.id);
    const paused = this.#steering.pausedAll;
    if (paused !== undefined) this.#engine.hold(run);
    await this.#spine.emit({
      durability: 'intent',
      events: [
        ...(isNew ? [{ type: 'fleet.planned', fleet } as const] : []),
        { type: 'run.queued', run, number, fleet: fleet.id, plan, options, by: client.hello.actor },
        ...(paused !== undefined ? [{ type: 'run.paused', run, why: 'operator', by: paused } as const] : []),
      ],
    });
    return ok({ run, number, joined: 'no' });
  }

  #takeAgentOf({ hello }: ClientInfo): void {
    if (hello.agentSocket !== undefined) this.#parts.takeAgent(hello.agentSocket);
  }

  #takeNumber(): number {
    this.#nextNumber += 1;
    return this.#nextNumber - 1;
  }

  #submitted(submission: string | undefined): Run | undefined {
    return submission === undefined ? undefined : [...this.state().runs.values()].find(({ options }) => options.submission === submission);
  }

  /** Nobody is here and nothing is to be done: whoever comes gives it anew. */
  #letGoOfSecrets(): void {
    if (this.#clients === 0 && !this.isBusy()) this.#parts.secrets?.wipe();
  }

  #applyWatches(): void {
    this.#engine.watch(new Set([...this.#watches.values()].flat()));
  }

  #tell(news: DriverNews): void {
    for (const listener of this.#listeners) listener(news);
  }
}
