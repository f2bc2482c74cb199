// The only place that decides who gets a connection. A slot is held while talking, never while waiting.
// The whole rule is a few counters and one predicate; every release lets the dispatcher try the next.
import type { HostRef } from './ports.ts';

/** Limits of a driver; runs may ask for fewer forks. */
export type SlotLimits = {
  readonly forks: number;
  /** Handshakes at once per gate (address or jump host). */
  readonly handshakes: number;
};

/** One of the forks, taken for a host. */
export type Slot = {
  readonly host: string;
  readonly gate: string;
  readonly run: string;
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

  constructor(limits: SlotLimits) {
    this.limits = limits;
  }

  get open(): number {
    return this.#taken.size;
  }

  get free(): number {
    return this.limits.forks - this.#taken.size;
  }

  /** Whether a connection to this host may be opened now, for a run that may hold `forks` of them. */
  canTake(host: HostRef, run: string, forks: number, silent: Slot['silent']): boolean {
    return (
      this.free > 0 &&
      (this.#byRun.get(run) ?? 0) < forks &&
      (this.#shaking.get(host.gate) ?? 0) < this.limits.handshakes &&
      (silent === 'no' || this.limits.forks < 4 || this.#silent < Math.floor(this.limits.forks / 2))
    );
  }

  take(host: HostRef, run: string, silent: Slot['silent']): Slot {
    const slot: Slot = { host: host.name, gate: host.gate, run, phase: 'handshake', silent };
    this.#taken.add(slot);
    count(this.#byRun, run, 1);
    count(this.#shaking, host.gate, 1);
    if (silent === 'yes') this.#silent += 1;
    return slot;
  }

  /** The host answered: its handshake is over. */
  shaken(slot: Slot): void {
    if (slot.phase === 'open') return;
    slot.phase = 'open';
    count(this.#shaking, slot.gate, -1);
    if (slot.silent === 'yes') this.#silent -= 1;
  }

  /** The socket has closed. */
  release(slot: Slot): void {
    if (!this.#taken.delete(slot)) return;
    this.shaken(slot);
    count(this.#byRun, slot.run, -1);
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
