// The only place that decides who gets a connection. A slot is held while talking, never while waiting.
// The whole rule is a few counters and one predicate; every release lets the dispatcher try the next.
import type { Failure } from '../domain/failure.ts';
import type { HostRef } from './ports.ts';

/** Limits of a driver; runs may ask for fewer forks. */
export type SlotLimits = {
  readonly forks: number;
  /** Handshakes at once per gate (address or jump host). */
  readonly handshakes: number;
};

/** Forks that a line to this host takes: its own connection, and one for each jump host on the way. */
export const sizeOf = (host: HostRef): number => 1 + (host.hops ?? 0);

/** Why a line to this host can never be had with so many forks. */
export const chainTooLong = (host: HostRef, forks: number): Failure | undefined => {
  const size = sizeOf(host);
  if (size <= forks) return undefined;
  const cause = `with its ${size === 2 ? 'jump host' : `${size - 1} jump hosts`} it takes ${size} connections, and forks is ${forks}`;
  return { tag: 'chain-too-long', host: host.name, cause };
};

/** Forks taken for a host: a chain is taken whole or not at all. */
export type Slot = {
  readonly host: string;
  readonly gate: string;
  readonly run: string;
  readonly size: number;
  phase: 'handshake' | 'open';
  /** First contact, or no answer last time. */
  readonly silent: 'yes' | 'no';
};

export class Slots {
  readonly limits: SlotLimits;
  readonly #taken = new Set<Slot>();
  readonly #byRun = new Map<string, number>();
  readonly #shaking = new Map<string, number>();
  #silent = 0;
  #open = 0;

  constructor(limits: SlotLimits) {
    this.limits = limits;
  }

  get open(): number {
    return this.#open;
  }

  get free(): number {
    return this.limits.forks - this.#open;
  }

  /** Whether a connection to this host may be opened now, for a run that may hold `forks` of them. */
  canTake(host: HostRef, run: string, forks: number, silent: Slot['silent']): boolean {
    const size = sizeOf(host);
    return (
      this.free >= size &&
      this.heldBy(run) + size <= forks &&
      (this.#shaking.get(host.gate) ?? 0) < this.limits.handshakes &&
      (silent === 'no' || this.limits.forks < 4 || this.#silent === 0 || this.#silent + size <= Math.floor(this.limits.forks / 2))
    );
  }

  take(host: HostRef, run: string, silent: Slot['silent']): Slot {
    const slot: Slot = { host: host.name, gate: host.gate, run, size: sizeOf(host), phase: 'handshake', silent };
    this.#taken.add(slot);
    this.#open += slot.size;
    count(this.#byRun, run, slot.size);
    count(this.#shaking, host.gate, 1);
    if (silent === 'yes') this.#silent += slot.size;
    return slot;
  }

  /** The host answered: its handshake is over. */
  shaken(slot: Slot): void {
    if (slot.phase === 'open') return;
    slot.phase = 'open';
    count(this.#shaking, slot.gate, -1);
    if (slot.silent === 'yes') this.#silent -= slot.size;
  }

  /** The socket has closed. */
  release(slot: Slot): void {
    if (!this.#taken.delete(slot)) return;
    this.shaken(slot);
    this.#open -= slot.size;
    count(this.#byRun, slot.run, -slot.size);
  }

  /** Connections that a run holds. */
  heldBy(run: string): number {
    return this.#byRun.get(run) ?? 0;
  }
}

const count = (counts: Map<string, number>, key: string, by: number): void => {
  const now = (counts.get(key) ?? 0) + by;
  if (now === 0) counts.delete(key);
  else counts.set(key, now);
};
