// The only place that wakes somebody at the soonest of the moments that were named since he was woken last.
import type { Clock } from './ports.ts';

export class Alarm {
  readonly #clock: Clock;
  readonly #wake: () => void;
  #set: { readonly at: number; readonly disarm: () => void } | undefined;

  constructor(clock: Clock, wake: () => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** In so many ms, unless it rings sooner anyway; never, where that is endless. */
  ring(after: number): void {
    const at = this.#clock.now() + after;
    if (after === Number.POSITIVE_INFINITY || (this.#set !== undefined && this.#set.at <= at)) return;
    this.disarm();
    const disarm = this.#clock.after(after, () => {
      this.#set = undefined;
      this.#wake();
    });
    this.#set = { at, disarm };
  }

  disarm(): void {
    this.#set?.disarm();
    this.#set = undefined;
  }
}
