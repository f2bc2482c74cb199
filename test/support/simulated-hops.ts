// Shared connections to jump hosts without processes, for the simulated hosts: opened once, counted once, cut, dead and slow on demand.
import type { Failure } from '../../src/domain/failure.ts';
import { fail, ok, type Result } from '../../src/domain/result.ts';
import type { Clock, HopState, Hops, HostRef, Random } from '../../src/engine/ports.ts';

type Hop = {
  state: HopState;
  behind: number;
  opened: Promise<Failure | undefined>;
  readonly onCut: Set<() => void>;
  leaves: () => void;
  leaveBefore: () => void;
};

/** Told of every connection that opens (1) or has closed (-1). */
export type Count = (by: 1 | -1) => void;

export class SimulatedHops implements Hops {
  /** Jump hosts that answer nothing, by name. */
  readonly dead = new Set<string>();
  /** Those for which a person typed a code. */
  readonly dear = new Set<string>();
  /** Connects so far, by jump host. */
  readonly tried = new Map<string, number>();
  /** ms more that each takes to open. */
  slow = 0;
  /** How long one is kept with nobody behind it, ms. */
  persist = 5000;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #count: Count;
  #hops = new Map<string, Hop>();
  #listeners = new Set<(hop: string) => void>();

  constructor(clock: Clock, random: Random, count: Count) {
    this.#clock = clock;
    this.#random = random;
    this.#count = count;
  }

  /** `jump1`, `jump1>jump2` …: the gate of a host is its first jump host. */
  of({ gate, hops = 0 }: HostRef): readonly string[] {
    return Array.from({ length: hops }, (_, at) => [gate, ...Array.from({ length: at }, (__, more) => `${gate}-${more + 2}`)].join('>'));
  }

  stateOf(hop: string): HopState {
    return this.#hops.get(hop)?.state ?? 'none';
  }

  isDear(hop: string): boolean {
    return this.dear.has(hop);
  }

  close(hop: string): void {
    const known = this.#hops.get(hop);
    if (known?.behind === 0 && known.state === 'open') this.#end(hop, known);
  }

  onChange(listener: (hop: string) => void): void {
    this.#listeners.add(listener);
  }

  /** The driver is gone, and its sockets with it. */
  forgetAll(): void {
    this.#hops = new Map();
    this.#listeners = new Set();
  }

  /** The link to a jump host breaks, and everything behind it. */
  cut(hop: string): void {
    const known = this.#hops.get(hop);
    if (known?.state !== 'open') return;
    for (const broken of [...known.onCut]) broken();
    this.#end(hop, known);
  }

  /** Goes through the jump hosts of a host; what is returned is to be called when it has closed. `onCut`: one of them broke. */
  async through(host: HostRef, onCut: () => void): Promise<Result<() => void>> {
    return this.#go(this.of(host), onCut, host.name);
  }

  async #go(way: readonly string[], onCut: () => void, host: string): Promise<Result<() => void>> {
    const name = way.at(-1);
    if (name === undefined) return ok(() => {});
    if (this.#hops.get(name)?.state === 'closing') throw new Error(`${name} was wanted while it closed`);
    const hop = this.#hops.get(name) ?? this.#begin(name, way, host);
    hop.behind += 1;
    hop.leaves();
    const hops = this.#hops;
    const failure = await hop.opened;
    if (failure !== undefined) return fail({ ...failure, host });
    hop.onCut.add(onCut);
    let isDone = false;
    return ok(() => {
      if (isDone || hops !== this.#hops) return;
      isDone = true;
      hop.onCut.delete(onCut);
      hop.behind -= 1;
      if (hop.behind > 0 || hop.state !== 'open' || this.dear.has(name)) return;
      hop.leaves = this.#clock.after(this.persist, () => this.close(name));
    });
  }

  #begin(name: string, way: readonly string[], host: string): Hop {
    const hops = this.#hops;
    const hop: Hop = {
      state: 'opening',
      behind: 0,
      opened: Promise.resolve(undefined),
      onCut: new Set(),
      leaves: () => {},
      leaveBefore: () => {},
    };
    this.#hops.set(name, hop);
    hop.opened = Promise.resolve().then(async () => {
      const before = await this.#go(way.slice(0, -1), () => this.cut(name), host);
      // Killed while the one before it was opened: nothing more of it happens.
      if (hops !== this.#hops) return new Promise<never>(() => {});
      const failure = before.ok ? await this.#open(name, way.length - 1) : before.failure;
      if (hops !== this.#hops) return failure;
      if (before.ok) hop.leaveBefore = before.value;
      if (failure === undefined) hop.state = 'open';
      else {
        this.#hops.delete(name);
        hop.leaveBefore();
      }
      this.#tell(name);
      return failure;
    });
    return hop;
  }

  async #open(name: string, passed: number): Promise<Failure | undefined> {
    const hops = this.#hops;
    const own = name.split('>').at(-1) as string;
    this.tried.set(own, (this.tried.get(own) ?? 0) + 1);
    this.#count(1);
    const isDead = this.dead.has(own);
    await new Promise<void>(done => this.#clock.after(isDead ? 10_000 : 5 + this.#random() * 20 + this.slow, done));
    if (!isDead) return undefined;
    if (hops === this.#hops) this.#count(-1);
    return { tag: 'connect-timeout', host: own, cause: `jump host ${own}: simulated`, facts: { hop: own, passed } };
  }

  #end(name: string, hop: Hop): void {
    const hops = this.#hops;
    hop.state = 'closing';
    hop.leaves();
    this.#clock.after(3, () => {
      if (hops !== this.#hops) return;
      this.#count(-1);
      this.#hops.delete(name);
      hop.leaveBefore();
      this.#tell(name);
    });
  }

  #tell(hop: string): void {
    for (const listener of this.#listeners) listener(hop);
  }
}
