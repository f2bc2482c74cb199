// The only place that decides who gets a connection. A slot is held while talking, never while waiting.
// The whole rule is a few counters and one predicate; every release lets the dispatcher try the next.
import type { Failure } from '../domain/failure.ts';
import type { GateLimits, Gates } from './gates.ts';
import type { Hops, HostRef } from './ports.ts';

/** Limits of a driver; runs may ask for fewer forks. */
export type SlotLimits = GateLimits & { readonly forks: number };

/** Forks that a line to this host takes: its own connection, and one for each jump host on the way. */
export const sizeOf = (host: HostRef): number => 1 + (host.hops ?? 0);

/** Why a line to this host can never be had with so many forks. */
export const chainTooLong = (host: HostRef, forks: number): Failure | undefined => {
  const size = sizeOf(host);
  if (size <= forks) return undefined;
  const cause = `with its ${size === 2 ? 'jump host' : `${size - 1} jump hosts`} it takes ${size} connections, and forks is ${forks}`;
  return { tag: 'chain-too-long', host: host.name, cause };
};

/** What there is to hope for: it answered last time, nobody has tried it, or it did not answer (or a jump host before it did not). */
export type Hope = 'heard' | 'untried' | 'suspect';

/** Forks taken for a host: a chain is taken whole or not at all. */
export type Slot = {
  readonly host: string;
  readonly gate: string;
  readonly run: string;
  /** Connections of its own: its line, and jump hosts that it shares with nobody. */
  readonly own: number;
  /** The shared connections that it is behind. */
  readonly way: readonly string[];
  hope: Hope;
  /** Forks that it takes of those for hosts that may not answer, until it has. */
  readonly silent: number;
  phase: 'handshake' | 'open';
};

export class Slots {
  readonly limits: SlotLimits;
  readonly gates: Gates;
  readonly #hops: Hops | undefined;
  readonly #taken = new Set<Slot>();
  /** Shared connections that are counted, and how many slots are behind each; 0: open still, with nobody behind it. */
  readonly #behind = new Map<string, number>();
  readonly #byRun = new Map<string, number>();
  /** Slots of those who may not answer, those of one fork among them, and the forks of all. */
  readonly #silent = { untried: { slots: 0, single: 0, forks: 0 }, suspect: { slots: 0, single: 0, forks: 0 } };
  #own = 0;

  constructor(limits: SlotLimits, gates: Gates, hops?: Hops) {
    this.limits = limits;
    this.gates = gates;
    this.#hops = hops;
  }

  get open(): number {
    return this.#own + this.#behind.size;
  }

  get free(): number {
    return this.limits.forks - this.open;
  }

  /** What is open are shared connections with nobody behind them. */
  get nobodyTalks(): boolean {
    return this.#taken.size === 0;
  }

  /** Forks that a line to this host would take now: what is open and shared is counted once. */
  costOf(host: HostRef): number {
    const { own, way } = this.#partsOf(host);
    return own + way.filter(hop => !this.#behind.has(hop)).length;
  }

  /** A shared connection that is being opened, or is going with whoever is behind it. */
  isAwaited(hop: string): boolean {
    return this.#behind.has(hop) && this.#hops?.stateOf(hop) !== 'open';
  }

  /** Whether a connection to this host may be opened now, for a run that may hold `forks` of them. */
  canTake(host: HostRef, run: string, forks: number, hope: Hope): boolean {
    const cost = this.costOf(host);
    return (
      this.free >= cost &&
      this.heldBy(run) + this.#costFor(host, run) <= forks &&
      this.gates.mayShake(host.gate) &&
      !(this.#hops?.of(host) ?? []).some(hop => this.isAwaited(hop)) &&
      this.#mayHope(hope, cost)
    );
  }

  /** Whether a host that did not answer could have its share of the forks now. */
  mayTrySuspect(): boolean {
    return this.#mayHope('suspect', 1);
  }

  /**
   * Who may not answer shares half of the forks, whatever else there is; suspects leave something of that to those whom nobody has tried.
   * However many of them chains take, one host elsewhere is tried as long as a fork is left.
   */
  #mayHope(hope: Hope, cost: number): boolean {
    const { untried, suspect } = this.#silent;
    if (hope === 'heard' || this.limits.forks < 4 || untried.slots + suspect.slots === 0) return true;
    const half = Math.floor(this.limits.forks / 2);
    const forks = untried.forks + suspect.forks + cost;
    if (hope === 'suspect') return forks <= half && (suspect.slots === 0 || suspect.forks + cost <= half - 1);
    return forks <= half || (cost === 1 && untried.single === 0 && forks < this.limits.forks);
  }

  take(host: HostRef, run: string, hope: Hope): Slot {
    const parts = this.#partsOf(host);
    const slot: Slot = {
      host: host.name,
      gate: host.gate,
      run,
      ...parts,
      hope,
      silent: this.costOf(host),
      phase: 'handshake',
    };
    this.#taken.add(slot);
    this.#own += slot.own;
    count(this.#byRun, run, slot.own);
    for (const hop of slot.way) {
      this.#behind.set(hop, (this.#behind.get(hop) ?? 0) + 1);
      if (count(this.#byRun, behindFor(run, hop), 1) === 1) count(this.#byRun, run, 1);
    }
    this.gates.begin(slot.gate);
    this.#countSilent(slot, 1);
    return slot;
  }

  /** The host answered, or did not: its handshake is over. */
  shaken(slot: Slot, failure?: Failure): void {
    if (slot.phase === 'open') return;
    slot.phase = 'open';
    this.gates.end(slot.gate, slot.host, failure);
    this.#countSilent(slot, -1);
    slot.hope = 'heard';
  }

  #countSilent({ hope, silent }: Slot, by: 1 | -1): void {
    if (hope === 'heard') return;
    this.#silent[hope].slots += by;
    if (silent === 1) this.#silent[hope].single += by;
    this.#silent[hope].forks += by * silent;
  }

  /** The socket has closed; what it shared is given back when that has closed too. */
  release(slot: Slot): void {
    if (!this.#taken.delete(slot)) return;
    this.shaken(slot);
    this.#own -= slot.own;
    count(this.#byRun, slot.run, -slot.own);
    for (const hop of slot.way) {
      this.#behind.set(hop, (this.#behind.get(hop) ?? 1) - 1);
      if (count(this.#byRun, behindFor(slot.run, hop), -1) === 0) count(this.#byRun, slot.run, -1);
      this.hopChanged(hop);
    }
  }

  /** A shared connection may have closed. */
  hopChanged(hop: string): void {
    if (this.#behind.get(hop) === 0 && this.#hops?.stateOf(hop) === 'none') this.#behind.delete(hop);
  }

  /** Shared connections that are open with nobody behind them. */
  *idleHops(): Iterable<string> {
    for (const [hop, behind] of this.#behind) if (behind === 0 && this.#hops?.stateOf(hop) === 'open') yield hop;
  }

  /** Connections that a run holds; what it shares with other runs is counted for each. */
  heldBy(run: string): number {
    return this.#byRun.get(run) ?? 0;
  }

  #costFor(host: HostRef, run: string): number {
    const { own, way } = this.#partsOf(host);
    return own + way.filter(hop => !this.#byRun.has(behindFor(run, hop))).length;
  }

  #partsOf(host: HostRef): { readonly own: number; readonly way: readonly string[] } {
    const way = this.#hops?.of(host) ?? [];
    return { own: sizeOf(host) - way.length, way };
  }
}

const behindFor = (run: string, hop: string): string => `${run} ${hop}`;

const count = (counts: Map<string, number>, key: string, by: number): number => {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
  return now;
};
