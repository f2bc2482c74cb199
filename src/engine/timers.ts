// The only place that keeps time for jobs: one heap of due moments, one timer of the clock.
// A waiting job costs one small entry here and no timer of its own in the event loop.
// It notices when the process stood still: whatever fell due meanwhile happens once, spread over its interval.
import { spread } from './gaps.ts';
import type { Clock } from './ports.ts';

type Entry = { readonly at: number; readonly after: number; readonly key: string; readonly fire: () => void; live: boolean };

/** The loop comes back so often at least, ms: its own timers stand still while the machine sleeps. */
const longestNap = 30_000;

/** Whoever comes back this late was stopped or slept, ms. */
const leastGap = 5000;

/** Due moments by key; arming a key again moves it. */
export class Timers {
  readonly #clock: Clock;
  readonly #heap: Entry[] = [];
  readonly #byKey = new Map<string, Entry>();
  #disarm: (() => void) | undefined;
  #armedFor = Number.POSITIVE_INFINITY;

  readonly #onGap: (ms: number) => void;

  /** @param onGap told how long nothing could happen, ms, before what is overdue is put off */
  constructor(clock: Clock, onGap: (ms: number) => void = () => {}) {
    this.#clock = clock;
    this.#onGap = onGap;
  }

  /** Calls `fire` once, `after` ms from now. */
  arm(key: string, after: number, fire: () => void): void {
    this.disarm(key);
    this.#add({ at: this.#clock.now() + Math.max(0, after), after, key, fire, live: true });
    this.#arm();
  }

  disarm(key: string): void {
    const entry = this.#byKey.get(key);
    if (entry === undefined) return;
    entry.live = false;
    this.#byKey.delete(key);
    if (this.#byKey.size === 0) this.stop();
  }

  /** Milliseconds until the key is due; undefined when it is not armed. */
  dueIn(key: string): number | undefined {
    const entry = this.#byKey.get(key);
    return entry === undefined ? undefined : entry.at - this.#clock.now();
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** Forgets every key and leaves nothing armed in the clock. */
  stop(): void {
    for (const entry of this.#byKey.values()) entry.live = false;
    this.#byKey.clear();
    this.#heap.length = 0;
    this.#disarm?.();
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  #add(entry: Entry): void {
    this.#byKey.set(entry.key, entry);
    this.#push(entry);
  }

  #arm(): void {
    while (this.#heap[0] !== undefined && !this.#heap[0].live) this.#pop();
    const first = this.#heap[0];
    if (first === undefined || first.at >= this.#armedFor) return;
    this.#disarm?.();
    const now = this.#clock.now();
    this.#armedFor = Math.min(first.at, now + longestNap);
    this.#disarm = this.#clock.after(Math.max(0, this.#armedFor - now), () => this.#fire());
  }

  #fire(): void {
    const now = this.#clock.now();
    const late = now - this.#armedFor;
    this.#disarm = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const due: Entry[] = [];
    while (this.#heap[0] !== undefined && (this.#heap[0].at <= now || !this.#heap[0].live)) {
      const entry = this.#pop();
      if (entry.live) due.push(entry);
    }
    if (late >= leastGap) {
      this.#onGap(late);
      for (const [i, { after, key, fire }] of due.entries()) {
        this.#add({ at: now + spread(after, i, due.length), after, key, fire, live: true });
      }
      due.length = 0;
    }
    for (const entry of due) {
      // A handler before this one may have disarmed or moved it.
      if (!entry.live) continue;
      this.#byKey.delete(entry.key);
      entry.fire();
    }
    this.#arm();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let i = heap.length - 1;
    while (i > 0) {
      const up = (i - 1) >> 1;
      if ((heap[up] as Entry).at <= entry.at) break;
      heap[i] = heap[up] as Entry;
      i = up;
    }
    heap[i] = entry;
  }

  #pop(): Entry {
    const heap = this.#heap;
    const first = heap[0] as Entry;
    const last = heap.pop() as Entry;
    if (heap.length === 0) return first;
    let i = 0;
    for (;;) {
      let down = 2 * i + 1;
      if (down >= heap.length) break;
      if (down + 1 < heap.length && (heap[down + 1] as Entry).at < (heap[down] as Entry).at) down += 1;
      if ((heap[down] as Entry).at >= last.at) break;
      heap[i] = heap[down] as Entry;
      i = down;
    }
    heap[i] = last;
    return first;
  }
}
