// The only place where time passes in the fault worlds: one moment after the other, everything of a moment before the next.
// It is cheaper than test/support/fake-clock.ts, since thousands of worlds live on it.

type Moment = { readonly at: number; readonly seq: number; readonly fire: () => void; live: boolean };

/** Wall clock of every world's beginning, ms. */
const epoch = Date.UTC(2026, 0, 1);

export class Time {
  #now = 0;
  #seq = 0;
  /** By moment, then by when it was asked for; the next one last. */
  readonly #moments: Moment[] = [];

  /** Milliseconds since the world began. */
  now(): number {
    return this.#now;
  }

  /** The true wall clock, which nobody sets; ms. */
  wall(): number {
    return epoch + this.#now;
  }

  after(delay: number, fire: () => void): () => void {
    const moment: Moment = { at: this.#now + Math.max(0, delay), seq: this.#seq++, fire, live: true };
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#moments[middle] as Moment).at > moment.at) low = middle + 1;
      else high = middle;
    }
    this.#moments.splice(low, 0, moment);
    return () => {
      moment.live = false;
    };
  }

  /** Resolves so many ms later. */
  pause(ms: number): Promise<void> {
    return new Promise(done => this.after(ms, done));
  }

  /** Lets time pass to `until`, or to the last moment before it that anybody waits for. */
  async pass(until: number): Promise<'quiet' | 'busy'> {
    await settle();
    for (;;) {
      const next = this.#moments.at(-1);
      if (next === undefined) return 'quiet';
      if (!next.live) {
        this.#moments.pop();
        continue;
      }
      if (next.at > until) {
        this.#now = Math.max(this.#now, until);
        return 'busy';
      }
      this.#moments.pop();
      this.#now = Math.max(this.#now, next.at);
      next.live = false;
      next.fire();
      await settle();
    }
  }
}

/** Lets every promise that can go on do so. */
const settle = (): Promise<void> => new Promise(done => setImmediate(done));
