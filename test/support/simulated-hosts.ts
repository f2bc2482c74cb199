// Hosts without processes, directly behind the Jobs port, on the fake clock: faults by seed, runs counted per jid.
import type { Failure } from '../../src/domain/failure.ts';
import type { Jid } from '../../src/domain/job.ts';
import { accountOf, type Need, type Secrets } from '../../src/domain/need.ts';
import { fail, ok, type Result } from '../../src/domain/result.ts';
import type {
  Answering,
  Clock,
  Found,
  HostRef,
  HostState,
  JobReport,
  Jobs,
  Line,
  LookRequest,
  Random,
  StartReply,
  StartRequest,
} from '../../src/engine/ports.ts';
import { sizeOf } from '../../src/engine/slots.ts';
import { SimulatedHops } from './simulated-hops.ts';

/** Chances between 0 and 1 that something goes wrong, each time it could. */
export type Chances = {
  readonly refuse: number;
  readonly drop: number;
  /** The request is lost on its way. */
  readonly lostBefore: number;
  /** The host did it; the answer is lost. */
  readonly lostAfter: number;
  /** The host reboots when it is next talked to. */
  readonly reboot: number;
};

export const noChances: Chances = { refuse: 0, drop: 0, lostBefore: 0, lostAfter: 0, reboot: 0 };

type SimulatedJob = {
  readonly request: StartRequest;
  readonly startedAt: number;
  readonly seconds: number;
  readonly rc: number;
  limit: number;
  bootId: string;
  cancelledAt: number | undefined;
};

/** What a host wants to be told before it lets anybody in, or before it lets a job start. */
export type Lock = { readonly kind: 'password' | 'become'; readonly right: string };

/** `claimed`: jids that were cancelled before their start came; they never run. */
type SimulatedHost = { readonly jobs: Map<Jid, SimulatedJob>; readonly claimed: Set<Jid>; boot: number };

export class SimulatedHosts implements Jobs {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #hosts = new Map<string, SimulatedHost>();
  chances: Chances;
  /** Hosts that want a password, and where it is taken from. */
  readonly locks = new Map<string, Lock>();
  keeper: (Secrets & Answering) | undefined;
  /** Wrong passwords that were sent, by host. */
  readonly wrong = new Map<string, number>();
  /** Hosts that answer nothing. */
  readonly dead = new Set<string>();
  /** Gates that let only so many log in at once, as sshd's MaxStartups does, and drop the others. */
  readonly startups = new Map<string, number>();
  /** Handshakes now and at most at once, by gate. */
  readonly shaking = new Map<string, { now: number; most: number }>();
  /** Handshakes that a gate dropped. */
  turnedAway = 0;
  /** How often each job really ran. */
  readonly ran = new Map<string, number>();
  /** What surveys of a host find besides its jobs. */
  readonly planted = new Map<string, readonly Found[]>();
  /** Moments of each look, by jid. */
  readonly looks = new Map<Jid, number[]>();
  /** Shared connections to jump hosts; undefined: each host has its own. */
  hops: SimulatedHops | undefined;
  open = 0;
  mostOpen = 0;
  onOpen: (open: number) => void = () => {};
  /** Starts arrive so many ms after their link has died; undefined: at once, over a living link. */
  lateBy: number | undefined;
  /** Called when a start arrives at a host. */
  onStart: (jid: Jid) => void = () => {};
  /** Jobs whose folders were removed, in order. */
  readonly cleaned: Jid[] = [];
  /** Drivers so far: what an earlier one had open closed when it was killed, and it hears nothing any more. */
  #driver = 0;

  constructor(clock: Clock, random: Random, chances: Chances = noChances) {
    this.#clock = clock;
    this.#random = random;
    this.chances = chances;
  }

  /** From now on, connections to jump hosts are shared. */
  share(): SimulatedHops {
    this.hops = new SimulatedHops(this.#clock, this.#random, by => this.#count(by));
    return this.hops;
  }

  get answering(): Answering | undefined {
    return this.keeper;
  }

  /** Undefined when the host has what it wants. */
  async #unlock(name: string, kind: Lock['kind']): Promise<Failure | undefined> {
    const lock = this.locks.get(name);
    if (lock?.kind !== kind || this.keeper === undefined) return undefined;
    const account = accountOf({ name, user: 'ops', host: name, port: 22 });
    const need: Need = kind === 'password' ? { kind, account } : { kind, account, method: 'sudo', user: 'root' };
    const taken = this.keeper.take(need);
    if (taken.kind === 'not-now') return taken.failure;
    await this.#pause(3);
    if (this.#happens(this.chances.drop)) {
      taken.settle('unknown');
      return failure('connection-lost', name);
    }
    if (taken.values[0] === lock.right) {
      taken.settle('accepted');
      return undefined;
    }
    this.wrong.set(name, (this.wrong.get(name) ?? 0) + 1);
    taken.settle('refused');
    const again = this.keeper.take(need);
    if (again.kind === 'not-now') return again.failure;
    again.settle('unknown');
    return failure('connection-lost', name);
  }

  /** kill -9 of the driver: its sockets close; what was on its way to a host arrives. */
  driverKilled(): void {
    this.#driver += 1;
    this.open = 0;
    this.hops?.forgetAll();
  }

  async connect(host: HostRef): Promise<Result<Line>> {
    const driver = this.#driver;
    const answer = await this.#connect(host, driver);
    return driver === this.#driver ? answer : new Promise(() => {});
  }

  async #connect(host: HostRef, driver: number): Promise<Result<Line>> {
    let isCut = false;
    let cut = (): void => {
      isCut = true;
    };
    const way = await this.hops?.through(host, () => cut());
    // Whoever wanted it was killed meanwhile, and its sockets have closed.
    if (driver !== this.#driver) return new Promise(() => {});
    if (way?.ok === false) return way;
    const leave = (): void => way?.value();
    this.#count(this.#own(host));
    const isTurnedAway = await this.#shakeHands(host);
    if (isTurnedAway) return this.#closed(failure('dropped-in-handshake', host.name), host, driver, leave);
    if (this.dead.has(host.name)) {
      await this.#pause(10_000);
      return this.#closed(failure('connect-timeout', host.name), host, driver, leave);
    }
    if (this.#happens(this.chances.refuse)) return this.#closed(failure('refused', host.name), host, driver, leave);
    if (this.#happens(this.chances.drop)) return this.#closed(failure('dropped-in-handshake', host.name), host, driver, leave);
    const locked = await this.#unlock(host.name, 'password');
    if (locked !== undefined) return this.#closed(locked, host, driver, leave);
    if (isCut) return this.#closed(failure('connection-lost', host.name), host, driver, leave);
    const line = this.#line(host, driver, leave);
    cut = line.cut;
    return ok(line);
  }

  async #shakeHands({ gate }: HostRef): Promise<boolean> {
    const { now, most } = this.shaking.get(gate) ?? { now: 0, most: 0 };
    const gateNow = { now: now + 1, most: Math.max(most, now + 1) };
    this.shaking.set(gate, gateNow);
    const isTurnedAway = now >= (this.startups.get(gate) ?? Number.POSITIVE_INFINITY);
    if (isTurnedAway) this.turnedAway += 1;
    await this.#pause(5 + this.#random() * 20);
    const after = this.shaking.get(gate) ?? gateNow;
    this.shaking.set(gate, { ...after, now: after.now - 1 });
    return isTurnedAway;
  }

  /** Connections of its own: what it shares is counted by those. */
  #own(host: HostRef): number {
    return sizeOf(host) - (this.hops?.of(host).length ?? 0);
  }

  #count(by: number): void {
    this.open += by;
    this.mostOpen = Math.max(this.mostOpen, this.open);
    if (by > 0) this.onOpen(this.open);
  }

  #closed(why: Failure, host: HostRef, driver: number, leave: () => void): Result<Line> {
    if (driver === this.#driver) {
      this.open -= this.#own(host);
      leave();
    }
    return fail(why);
  }

  #line(ref: HostRef, driver: number, leave: () => void): Line & { readonly cut: () => void } {
    const { name } = ref;
    let close: () => void = () => {};
    let isOpen = true;
    let isCut = false;
    const closed = new Promise<void>(done => {
      close = () => {
        if (!isOpen) return;
        isOpen = false;
        this.#clock.after(3, () => {
          if (driver === this.#driver) {
            this.open -= this.#own(ref);
            leave();
          }
          done();
        });
      };
    });
    const talk = async <T>(act: (host: SimulatedHost) => T): Promise<Result<T>> => {
      if (!isOpen && !isCut) throw new Error('a closed line was used');
      await this.#pause(2 + this.#random() * 10);
      const host = this.#host(name);
      if (this.#happens(this.chances.reboot)) host.boot += 1;
      if (isCut || this.dead.has(name) || this.#happens(this.chances.lostBefore)) return fail(failure('connection-lost', name));
      const value = act(host);
      if (driver !== this.#driver) return new Promise(() => {});
      if (this.#happens(this.chances.lostAfter)) return fail(failure('connection-lost', name));
      return ok(value);
    };
    return {
      start: async request => {
        const locked = await this.#unlock(name, 'become');
        if (locked !== undefined) return driver === this.#driver ? fail(locked) : new Promise(() => {});
        if (this.lateBy !== undefined) {
          this.#clock.after(this.lateBy, () => this.#start(this.#host(name), request));
          return fail(failure('connection-lost', name));
        }
        const reply = await talk(host => this.#start(host, request));
        if (!reply.ok || request.linger === 0) return reply;
        await this.#pause(request.linger);
        return ok({
          ...reply.value,
          report: this.#report(this.#host(name), { jid: request.jid, outFrom: 0, errFrom: 0, most: 65536 }),
        } as StartReply);
      },
      look: requests =>
        talk(host => {
          for (const { jid } of requests) this.looks.set(jid, [...(this.looks.get(jid) ?? []), this.#clock.now()]);
          return requests.map(request => this.#report(host, request));
        }),
      cancel: (jid, _grace) =>
        talk((host): HostState => {
          const job = host.jobs.get(jid);
          if (job === undefined) {
            host.claimed.add(jid);
            return { kind: 'cancelled', rc: 0 };
          }
          job.cancelledAt ??= this.#clock.now();
          return { kind: 'stopping' };
        }),
      extend: (jid, limit) =>
        talk(host => {
          const job = host.jobs.get(jid);
          if (job !== undefined) job.limit = limit;
          return limit;
        }),
      survey: () =>
        talk(host => {
          const found = [...host.jobs.values()].map(({ request: { jid, about } }): Found => {
            return { jid, at: { kind: 'rollcall' }, about, report: this.#report(host, { jid, outFrom: 0, errFrom: 0, most: 0 }) };
          });
          return { looked: [{ account: 'ops', home: '/home/ops' }], found: [...found, ...(this.planted.get(name) ?? [])], skipped: 0 };
        }),
      clean: jids =>
        talk(host => {
          const gone = jids.filter(jid => {
            const job = host.jobs.get(jid);
            return (
              job !== undefined &&
              !['running', 'stopping'].includes(this.#state(host, job, (this.#clock.now() - job.startedAt) / 1000).kind)
            );
          });
          this.cleaned.push(...gone);
          return gone;
        }),
      close: () => close(),
      closed,
      cut: () => {
        isCut = true;
        close();
      },
    };
  }

  #start(host: SimulatedHost, request: StartRequest): StartReply {
    this.onStart(request.jid);
    const known = host.jobs.get(request.jid);
    const isClaimed = host.claimed.has(request.jid);
    if (known === undefined && !isClaimed) {
      this.ran.set(request.jid, (this.ran.get(request.jid) ?? 0) + 1);
      const [seconds, rc] = request.script.split(' ').map(Number) as [number, number];
      host.jobs.set(request.jid, {
        request,
        startedAt: this.#clock.now(),
        seconds,
        rc,
        limit: request.limit,
        bootId: String(host.boot),
        cancelledAt: undefined,
      });
    }
    const report = this.#report(host, { jid: request.jid, outFrom: 0, errFrom: 0, most: 65536 });
    return { kind: known === undefined && !isClaimed ? 'started' : 'exists', report };
  }

  #report(host: SimulatedHost, request: LookRequest): JobReport {
    const job = host.jobs.get(request.jid);
    const elapsed = job === undefined ? 0 : (this.#clock.now() - job.startedAt) / 1000;
    const printed = job === undefined ? 0 : Math.floor(Math.min(elapsed, job.seconds)) * 10;
    const bytes = new TextEncoder().encode('line text\n'.repeat(printed / 10)).subarray(request.outFrom, request.outFrom + request.most);
    return {
      jid: request.jid,
      state:
        job !== undefined
          ? this.#state(host, job, elapsed)
          : host.claimed.has(request.jid)
            ? { kind: 'cancelled', rc: 0 }
            : { kind: 'unknown' },
      startedAt: job === undefined ? 0 : 1_000_000,
      elapsed: Math.floor(elapsed),
      limit: job?.limit ?? 0,
      pid: job === undefined ? 0 : 100,
      bootId: String(host.boot),
      out: { size: printed, from: request.outFrom, bytes },
      err: { size: 0, from: request.errFrom, bytes: new Uint8Array(0) },
      dropped: 0,
      left: false,
    };
  }

  #state(host: SimulatedHost, job: SimulatedJob, elapsed: number): HostState {
    const endsAt = Math.min(job.seconds, job.limit > 0 ? job.limit : Number.POSITIVE_INFINITY);
    if (job.cancelledAt !== undefined && (job.cancelledAt - job.startedAt) / 1000 < endsAt) {
      return this.#clock.now() - job.cancelledAt > 1500 ? { kind: 'cancelled', rc: 143 } : { kind: 'stopping' };
    }
    if (elapsed >= endsAt) return job.seconds <= endsAt ? { kind: 'done', rc: job.rc } : { kind: 'timed-out', rc: 143 };
    return job.bootId === String(host.boot) ? { kind: 'running' } : { kind: 'lost', why: 'reboot' };
  }

  #host(name: string): SimulatedHost {
    const known = this.#hosts.get(name) ?? { jobs: new Map(), claimed: new Set<Jid>(), boot: 1 };
    this.#hosts.set(name, known);
    return known;
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random() < chance;
  }

  #pause(ms: number): Promise<void> {
    return new Promise(done => this.#clock.after(ms, done));
  }
}

const failure = (tag: Failure['tag'], host: string): Failure => ({ tag, host, cause: 'simulated' });
