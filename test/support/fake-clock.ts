// The clock of the tests: time passes only when a test says so, and everything that can happen at a moment happens.
import type { Clock } from '../../src/engine/ports.ts';

type Timer = { at: number; seq: number; fire: () => void };

export class FakeClock implements Clock {
  #now = 0;
  #seq = 0;
  #timers: Timer[] = [];
  #epoch: number;

  constructor(epoch = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  after(delay: number, fire: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), seq: this.#seq++, fire };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer);
    };
  }

  /** As SIGSTOP and SIGCONT, or a lid that is closed and opened: time goes by, and nothing happens. */
  standStill(ms: number): void {
    this.#now += ms;
  }

  /** Somebody sets the wall clock. */
  set(by: number): void {
    this.#epoch += by;
  }

  /** Timers that are armed. */
  get armed(): number {
    return this.#timers.length;
  }

  /** Lets everything that is due now happen, promises included. */
  async settle(): Promise<void> {
    await new Promise<void>(done => setImmediate(done));
  }

  /** Goes to the next armed moment, if it is not later than `until`; false when there is none. */
  async step(until: number): Promise<boolean> {
    await this.settle();
    const next = this.#timers.reduce<Timer | undefined>(
      (first, timer) => (first === undefined || timer.at < first.at || (timer.at === first.at && timer.seq < first.seq) ? timer : first),
      undefined,
    );
    if (next === undefined || next.at > until) return false;
    this.#timers = this.#timers.filter(timer => timer !== next);
    this.#now = Math.max(this.#now, next.at);
    next.fire();
    await this.settle();
    return true;
  }

  /** Lets `ms` pass. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    while (await this.step(until));
    this.#now = until;
    await this.settle();
  }
}

/** A seeded generator (mulberry32): the same seed gives the same run. */
export const seeded = (seed: number): (() => number) => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
};
