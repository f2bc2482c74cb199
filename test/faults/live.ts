// The only place that lives through a world: drivers are born, killed and taken over, operators press keys, faults come at
// their moments; then it is calm, everything comes home, and the oracles judge.
import type { Event } from '../../src/domain/event.ts';
import { isOutstanding, type Jid, type Verdict } from '../../src/domain/job.ts';
import { seeded } from '../support/fake-clock.ts';
import { ActingHost, Ledger } from './acting-host.ts';
import type { Hits } from './cells.ts';
import { Clients } from './clients.ts';
import { Fate } from './fate.ts';
import { Life } from './life.ts';
import { type Disk, MemoryDisk } from './memory-disk.ts';
import { brokenLaws, isNever, otherBytes, otherwise, untrue } from './oracles.ts';
import type { Scene } from './scene.ts';
import { SqliteDisk } from './sqlite-disk.ts';
import { Time } from './time.ts';
import { strikeAt } from './timed.ts';
import type { World } from './world.ts';

/** What is left of a world. */
export type Lived = {
  readonly seed: number;
  readonly hits: Hits;
  /** Broken promises; none in a good world. */
  readonly wrong: readonly string[];
  readonly jobs: number;
  readonly executions: number;
  readonly drivers: number;
  readonly verdicts: ReadonlyMap<string, number>;
};

const hour = 3_600_000;

/** A world on its way. */
export class Living implements Scene {
  readonly world: World;
  readonly time = new Time();
  readonly ledger = new Ledger();
  readonly fate: Fate;
  readonly hosts: ReadonlyMap<string, ActingHost>;
  readonly clients: Clients;
  readonly lives: Life[] = [];
  current: Life;
  skew = 0;
  power: 'kept' | 'lost' = 'kept';
  readonly tell: (line: string) => void;
  readonly random: () => number;
  readonly #wrong = new Set<string>();
  readonly #intents = new Set<string>();
  readonly #lastEpochs = new Map<string, number>();
  #rebirth: (() => void) | undefined;
  #dieWhileTakingUp: { readonly dice: number; readonly how: string } | undefined;

  constructor(world: World, tell: (line: string) => void) {
    this.world = world;
    this.tell = line => tell(`${(this.time.now() / 1000).toFixed(3).padStart(10)} ${line}`);
    this.random = seeded(world.seed * 104_729 + 7);
    this.fate = new Fate(world.planned, world.storm, seeded(world.seed * 15_485_863 + 3));
    this.hosts = new Map(world.hosts.map(name => [name, new ActingHost(name, this.time, this.ledger)]));
    this.clients = new Clients(this);
    this.ledger.onStart = ({ start, by }, host) => {
      if (!this.#intents.has(start.jid)) this.blame(`law 2: ${start.jid} came to ${host} before its intent was durable`);
      const key = `${host} ${this.hosts.get(host)?.reinstalled} ${by.line}`;
      if (by.epoch < (this.#lastEpochs.get(key) ?? 0)) this.blame(`law 2: ${host} took a start from a driver that was replaced`);
      this.#lastEpochs.set(key, by.epoch);
    };
    this.ledger.onExecution = ({ jid, host, job, epoch }) => {
      job.byReplaced = this.lives.find(life => life.epoch === epoch)?.disk !== this.current.disk;
      this.tell(`${host}: runs ${jid.slice(0, 8)}${jid.slice(26)}: ${JSON.stringify(job.work)}`);
      const others = (this.ledger.jobs.get(jid) ?? []).filter(other => other !== job && other.claim !== 'nobody');
      const isKnown = this.lives.some(({ driver, state }) => state !== 'dead' && hasBegun(driver.state().jobs.get(jid)?.state));
      if (others.some(({ reinstalledAt }) => reinstalledAt === undefined)) this.blame(`law 2: ${jid} ran twice on ${host}`);
      else if (isKnown) this.blame(`law 2: ${jid} was sent again to ${host}, though it had been acknowledged`);
    };
    this.current = this.#bear(world.disk === 'sqlite' ? new SqliteDisk() : new MemoryDisk());
  }

  blame(sentence: string): void {
    this.tell(`WRONG ${sentence}`);
    this.#wrong.add(sentence);
  }

  takeOver(disk: Disk): void {
    this.#rebirth?.();
    this.current = this.#bear(disk);
  }

  killNext(how: string, dice: number): void {
    this.#dieWhileTakingUp = { how, dice };
  }

  async live(): Promise<Lived> {
    const { world, time } = this;
    const onBug = (error: unknown): void => this.blame(`a bug: ${error instanceof Error ? error.message : String(error)}`);
    process.on('unhandledRejection', onBug);
    try {
      for (const submission of world.submissions) time.after(submission.at, () => this.clients.submit(submission));
      for (const key of world.keys) time.after(key.at, () => this.clients.press(key));
      for (const timed of world.timed) time.after(timed.at, () => strikeAt(this, timed));
      const last = Math.max(
        ...world.submissions.map(({ at }) => at),
        ...world.keys.map(({ at }) => at),
        ...world.timed.map(({ at }) => at),
      );
      await time.pass(last + 120_000);
      await this.#comeHome();
      this.#judge();
    } catch (error) {
      onBug(error);
    } finally {
      process.off('unhandledRejection', onBug);
      for (const disk of new Set(this.lives.map(life => life.disk))) disk.end();
    }
    return this.#outcome();
  }

  #bear(disk: Disk): Life {
    const life = new Life({
      ...this,
      number: this.lives.length + 1,
      disk,
      seed: this.world.seed,
      settings: this.world.settings,
      writing: this.world.writing,
      wasReached: host => this.ledger.wasReached(host),
      onIntent: jid => this.#intents.add(jid),
      onDeath: dead => this.#onDeath(dead),
    });
    this.lives.push(life);
    this.tell(`driver ${life.number} begins, epoch ${life.epoch}`);
    life.driver.subscribe(news => news.kind === 'events' && this.#read(life, news.events));
    void life.driver.begin().then(() => {
      life.begun = true;
      this.clients.greet(life);
    });
    const dies = this.#dieWhileTakingUp;
    if (dies !== undefined && this.lives.length > 1) {
      this.#dieWhileTakingUp = undefined;
      this.time.after(dies.dice * 40, () => {
        if (this.fate.calm) return;
        this.fate.hit({ fault: dies.how, phase: 'while taking up' });
        life.die(dies.how, 'while taking up');
      });
    }
    return life;
  }

  #onDeath(dead: Life): void {
    if (dead.how === 'power lost') this.power = 'lost';
    if (dead !== this.current) return;
    const dice = this.random();
    const away = dice < 0.7 ? 100 + dice * 6000 : dice < 0.9 ? 30_000 + dice * 200_000 : 16 * 60_000 + dice * 600_000;
    this.#rebirth = this.time.after(away, () => {
      this.current = this.#bear(dead.disk);
    });
  }

  #read(life: Life, events: readonly Event[]): void {
    for (const event of events) {
      this.tell(`driver ${life.number}: ${told(event)}`);
      if (event.type !== 'job.ended') continue;
      const wrong = this.#untrue(life, event.jid, event.verdict);
      if (wrong !== undefined) this.blame(wrong);
    }
  }

  /** That a driver which was replaced has started nothing does not bind the one that replaced it. */
  #untrue(life: Life, jid: Jid, verdict: Verdict): string | undefined {
    if (life.disk !== this.current.disk && isNever(verdict)) return undefined;
    return untrue(jid, verdict, hasBegun(life.driver.state().jobs.get(jid)?.state), this.ledger, this.time.now());
  }

  /** Nothing goes wrong any more, and the operator brings everything home. */
  async #comeHome(): Promise<void> {
    const { time, fate } = this;
    this.tell('it is calm from now on');
    fate.calm = true;
    for (const host of this.hosts.values()) {
      host.downUntil = 0;
      host.disk = 'ok';
    }
    for (const life of this.lives) life.wake();
    await time.pass(time.now() + hour);
    if (this.current.state === 'dead') throw new Error('nobody brought the driver back');
    await this.#untilQuiet();
    await this.clients.bringHome('resume');
    await this.#untilQuiet();
    await this.clients.bringHome('retry');
    // What was let go has ended by now.
    time.after(2 * hour, () => {});
    await this.#untilQuiet();
    await this.clients.bringHome('ask');
    await this.#untilQuiet();
  }

  async #untilQuiet(): Promise<void> {
    if ((await this.time.pass(this.time.now() + 12 * hour)) === 'busy')
      this.blame('law 3: something is still armed after twelve quiet hours');
  }

  #judge(): void {
    const { ledger, time, current } = this;
    const now = time.now();
    for (const life of this.lives) {
      if (life.state === 'dead') continue;
      if (life.open !== 0) this.blame(`law 3: driver ${life.number} holds ${life.open} connections at the end`);
      if (life.armed !== 0) this.blame(`law 3: driver ${life.number} has ${life.armed} timers armed at the end`);
      const events = life.disk.events();
      const state = life.driver.state();
      for (const wrong of brokenLaws(events)) this.blame(wrong);
      const unlike = otherwise(events, state);
      if (unlike !== undefined) this.blame(unlike);
      for (const job of state.jobs.values()) {
        const wrong = job.state.kind === 'ended' ? this.#untrue(life, job.jid, job.state.verdict) : undefined;
        const bytes = otherBytes(job, life.disk, ledger, now, this.power);
        for (const sentence of [wrong, bytes]) if (sentence !== undefined) this.blame(sentence);
      }
    }
    const state = current.driver.state();
    for (const run of state.runs.values()) if (run.phase.kind !== 'ended') this.blame(`run ${run.number} is ${run.phase.kind} at the end`);
    for (const job of state.jobs.values()) if (isOutstanding(job)) this.blame(`lost: ${job.jid} is ${job.state.kind} at the end`);
    for (const { jid, host } of ledger.executions) {
      // What a machine began after its mirror's last line died with it, until somebody adopts it.
      const isKnown = this.lives.some(life => (life.state !== 'dead' || life.disk !== current.disk) && life.driver.state().jobs.has(jid));
      if (!isKnown) this.blame(`lost: nobody knows of ${jid} on ${host}`);
    }
    for (const sentence of this.clients.judge()) this.blame(sentence);
  }

  #outcome(): Lived {
    const verdicts = new Map<string, number>();
    const jobs = [...this.current.driver.state().jobs.values()];
    for (const { state } of jobs) {
      const kind = state.kind === 'ended' ? state.verdict.kind : state.kind;
      verdicts.set(kind, (verdicts.get(kind) ?? 0) + 1);
    }
    return {
      seed: this.world.seed,
      hits: this.fate.hits,
      wrong: [...this.#wrong],
      jobs: jobs.length,
      executions: this.ledger.executions.length,
      drivers: this.lives.length,
      verdicts,
    };
  }
}

const hasBegun = (state: { readonly kind: string; readonly on?: unknown } | undefined): boolean =>
  state !== undefined && state.on !== undefined;

const told = (event: Event): string => {
  const { type, at: _, by: __, ...facts } = event as Event & Record<string, unknown>;
  const short = JSON.stringify(facts, (key, value: unknown) =>
    key === 'plan' || key === 'fleet' || key === 'options' ? undefined : value,
  );
  return `${type} ${short.length > 260 ? `${short.slice(0, 260)}…` : short}`;
};
