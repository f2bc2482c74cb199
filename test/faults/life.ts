// The only place for one life of a driver in the fault worlds: a real Driver with real frames over the world's wire, the
// world's time and a state folder; it can be killed at any operation, lose its power, sleep, and find its disk full.
import type { FailureTag } from '../../src/domain/failure.ts';
import type { Jid } from '../../src/domain/job.ts';
import { fail, ok } from '../../src/domain/result.ts';
import { Driver } from '../../src/driver/driver.ts';
import type { Clock, Entry, Journal } from '../../src/engine/ports.ts';
import { nextEpoch } from '../../src/journal/lease.ts';
import { actionOf } from '../../src/modules/catalogue.ts';
import { endResult, lookResult, startResult } from '../../src/modules/job-result.ts';
import { makeKit } from '../../src/play/kit.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { type Runner, runnerOf } from '../../src/remote/runner-text.ts';
import { seeded } from '../support/fake-clock.ts';
import type { ActingHost } from './acting-host.ts';
import type { Fate } from './fate.ts';
import type { Disk } from './memory-disk.ts';
import type { Time } from './time.ts';
import { makeWire, type Process } from './wire.ts';

/** A runner that nobody reads: acting hosts only ask whether it is there. */
const runner: Runner = runnerOf(`${'# a line of a runner that acts\n'.repeat(20)}#EOR`);

export type LifeParts = {
  readonly number: number;
  readonly time: Time;
  readonly fate: Fate;
  readonly hosts: ReadonlyMap<string, ActingHost>;
  readonly disk: Disk;
  readonly seed: number;
  readonly settings: { readonly forks: number; readonly startRate: number; readonly persist: number; readonly lookBytes: number };
  /** Milliseconds that a write takes. */
  readonly writing: number;
  /** Milliseconds that its wall clock is off. */
  readonly skew: number;
  readonly wasReached: (host: string) => boolean;
  /** Told of intents when they are durable. */
  readonly onIntent: (jid: Jid) => void;
  readonly onDeath: (life: Life) => void;
  readonly tell: (line: string) => void;
};

export class Life {
  readonly driver: Driver;
  readonly disk: Disk;
  readonly epoch: number;
  readonly number: number;
  skew: number;
  state: 'awake' | 'asleep' | 'dead' = 'awake';
  open = 0;
  armed = 0;
  /** Its server listens. */
  begun = false;
  readonly #parts: LifeParts;
  readonly #random: () => number;
  readonly #waiting: (() => void)[] = [];
  #fullUntil = 0;
  /** Of what it died, or will in a moment. */
  how = '';
  /** What this life asked for itself; what it took up may only be asked about, again and again. */
  readonly #own = new Set<Jid>();
  /** Starts that ended in a changed host key, by host. */
  readonly #refused = new Map<string, readonly Jid[]>();

  constructor(parts: LifeParts) {
    this.#parts = parts;
    this.number = parts.number;
    this.disk = parts.disk;
    this.skew = parts.skew;
    const { number, time, disk } = parts;
    const heritage = disk.found(this.wall());
    this.epoch = nextEpoch(heritage.lastEpoch, this.wall());
    const random = seeded(parts.seed * 31 + number);
    this.#random = random;
    const hex = (digits: number): string => Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
    const driverId = hex(32);
    const wire = makeWire({ ...parts, process: this.#process(), random });
    const clock: Clock = { now: () => time.now(), wall: () => this.wall(), after: (delay, fire) => this.#after(delay, fire) };
    this.driver = new Driver({
      journal: this.#journal(),
      jobs: makeJobs({
        transport: wire,
        identity: { line: heritage.line, epoch: this.epoch, driverId },
        nonce: () => hex(16),
        addressOf: ({ address }) => address as Address,
        runner,
      }),
      clock,
      random,
      kit: makeKit({
        modules: { actionOf, startResult, lookResult, endResult },
        output: async jid => ({ out: disk.output(jid, 'out'), err: disk.output(jid, 'err') }),
      }),
      settings: { handshakes: 8, linger: 150, ...parts.settings },
      heritage,
      identity: { driver: driverId, epoch: this.epoch, pid: number, version: 'test', stateDir: '/' },
      newRunId: () => hex(32),
      journalled: () => ({ ok: true, value: { jids: new Set(), runs: new Set() } }),
      readOutput: (jid, stream, from, most) => {
        const bytes = disk.output(jid, stream);
        return ok({ from, size: bytes.length, bytes: bytes.subarray(from, from + most) });
      },
      onStop: () => {},
      takeAgent: () => {},
      onBusy: () => {},
    });
  }

  wall(): number {
    return Math.round(this.#parts.time.wall() + this.skew);
  }

  sleep(): void {
    if (this.state === 'awake') this.state = 'asleep';
  }

  wake(): void {
    if (this.state !== 'asleep') return;
    this.state = 'awake';
    for (const act of this.#waiting.splice(0)) this.deliver(act);
  }

  /** kill -9, or the end of the power. */
  die(how: string, phase: string): void {
    if (this.state === 'dead') return;
    this.state = 'dead';
    this.how = how;
    this.open = 0;
    this.armed = 0;
    this.#parts.tell(`driver ${this.number}: ${how}, ${phase}`);
    this.disk.beat(this.wall());
    if (how === 'power lost') this.disk.losePower(this.#random);
    this.#parts.onDeath(this);
  }

  /** Whether a planned death waits for this moment; it dies of it at once. */
  mayDie(phase: string): boolean {
    if (this.state === 'dead' || !this.#willDie(phase)) return false;
    this.die(this.how, phase);
    return true;
  }

  /** Calls into the process: now, when it wakes up, or never. */
  deliver(act: () => void): void {
    if (this.state === 'awake') act();
    if (this.state === 'asleep') this.#waiting.push(act);
  }

  #willDie(phase: string): boolean {
    const struck = this.#parts.fate.reach(['driver killed', 'power lost'], phase);
    if (struck !== undefined) this.how = struck.fault;
    return struck !== undefined;
  }

  #after(delay: number, fire: () => void): () => void {
    if (this.state === 'dead') return () => {};
    this.armed += 1;
    let live = true;
    const over = (): void => {
      if (live && this.state !== 'dead') this.armed -= 1;
      live = false;
    };
    const disarm = this.#parts.time.after(delay, () =>
      this.deliver(() => {
        if (!live) return;
        over();
        fire();
      }),
    );
    return () => {
      over();
      disarm();
    };
  }

  #journal(): Journal {
    const { fate, time, disk, onIntent, writing } = this.#parts;
    let intents: Jid[] = [];
    return {
      append: async (entry: Entry) => {
        const kind = entry.durability === 'intent' ? 'an intent' : 'a fact';
        const counts = entry.events.length > 0;
        if (this.state === 'dead' || (counts && this.mayDie(`before ${kind}`))) return never();
        const full = counts ? fate.reach(['disk here is full'], `at ${kind}`) : undefined;
        if (full !== undefined) this.#fullUntil = time.now() + 500 + full.dice * 20_000;
        if (time.now() < this.#fullUntil) return fail({ tag: 'disk-full-here', cause: 'No space left on device' });
        if (entry.output.length > 0 && this.#willDie('between bytes and their event')) {
          disk.write(entry, 'bytes');
          this.die(this.how, 'between bytes and their event');
          return never();
        }
        disk.write(entry, 'all');
        for (const event of entry.events) if (event.type === 'job.requested') this.#own.add(event.jid);
        intents.push(...entry.events.flatMap(event => (event.type === 'job.requested' ? [event.jid] : [])));
        if (entry.durability === 'intent') {
          for (const jid of intents) onIntent(jid);
          intents = [];
        }
        if (counts && this.mayDie(`after ${kind}`)) return never();
        if (writing > 0) await new Promise<void>(done => time.after(writing, () => this.deliver(done)));
        return ok(undefined);
      },
    };
  }

  #process(): Process {
    const { settings, tell } = this.#parts;
    return {
      isDead: () => this.state === 'dead',
      deliver: act => this.deliver(act),
      mayDie: phase => this.mayDie(phase),
      willDie: phase => this.state !== 'dead' && this.#willDie(phase),
      die: () => this.die(this.how, 'within the reply to a start'),
      opened: () => {
        this.open += 1;
        if (this.open > settings.forks) throw new Error(`law 1: ${this.open} connections, ${settings.forks} forks`);
      },
      closed: () => {
        this.open -= 1;
      },
      onConnect: host => this.#neverAgain(host),
      onConnectFailed: (host, tag) => this.#noteKey(host, tag),
      tell: line => tell(`driver ${this.number}: ${line}`),
    };
  }

  #noteKey(host: string, tag: FailureTag): void {
    if (tag === 'host-key-changed') this.#refused.set(host, this.#starting(host));
  }

  /** A start that met a changed host key has ended; nobody may try it again by himself. */
  #neverAgain(host: string): void {
    const still = new Set(this.#starting(host));
    const again = this.#refused.get(host)?.find(jid => still.has(jid));
    this.#refused.delete(host);
    if (again !== undefined) throw new Error(`${again}: connected again to ${host}, whose host key had changed`);
  }

  #starting(host: string): readonly Jid[] {
    return [...this.driver.state().jobs.values()]
      .filter(job => job.host === host && job.state.kind === 'starting' && this.#own.has(job.jid))
      .map(({ jid }) => jid);
  }
}

const never = (): Promise<never> => new Promise(() => {});
