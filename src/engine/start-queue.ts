// The only place for starts whose turn has not come: first come first served, run by run in the order they were made.
// It knows pauses, limits of sync tasks and the start rate; it knows no connection.
import type { PlannedHost } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import type { JobOrder } from '../domain/run-state.ts';
import type { Clock } from './ports.ts';

/** One start that was asked for. */
export type Start = {
  readonly jid: Jid;
  readonly run: string;
  readonly host: PlannedHost;
  readonly path: string;
  readonly attempt: number;
  readonly order: JobOrder;
  /** `requested`: the intent is in the journal, nothing was sent. `sent`: the host may know of it. */
  readonly stage: 'asked' | 'requested' | 'sent';
  /** Tries so far whose failure shows that nothing can have run. */
  readonly tries: number;
};

/** The start once its intent is written; what may have been sent stays so. */
export const afterRequest = (start: Start): Start => (start.stage === 'asked' ? { ...start, stage: 'requested' } : start);

/** What the queue asks before it lets a start go. */
export type Gatekeeper = {
  /** Paused, aborted and ended runs start nothing. */
  isGoing(run: string): boolean;
  /** Sync tasks count against forks until they have ended. */
  hasSeat(run: string): boolean;
  /** The host can be talked to now: an open line, or a slot for one. */
  canTalk(start: Start): boolean;
};

/** How many starts behind a blocked one are looked at in one go. */
const lookAhead = 64;

export class StartQueue {
  readonly #queues = new Map<string, Start[]>();
  readonly #clock: Clock;
  readonly #rate: number;
  #credit: number;
  #creditAt: number;

  /** `rate`: starts a second, 0 for no limit. */
  constructor(clock: Clock, rate: number) {
    this.#clock = clock;
    this.#rate = rate;
    this.#credit = rate;
    this.#creditAt = clock.now();
  }

  add(start: Start): void {
    const queue = this.#queues.get(start.run);
    if (queue === undefined) this.#queues.set(start.run, [start]);
    else if (start.stage === 'asked') queue.push(start);
    else queue.unshift(start);
  }

  /** Takes the first start that may go now, or tells why none can. */
  next(keeper: Gatekeeper): Start | undefined {
    if (this.#rateWait() > 0) return undefined;
    for (const [run, queue] of this.#queues) {
      if (!keeper.isGoing(run)) continue;
      const i = queue.findIndex(
        (start, at) =>
          at < lookAhead && (start.order.mode !== 'sync' || start.stage !== 'asked' || keeper.hasSeat(run)) && keeper.canTalk(start),
      );
      if (i < 0) continue;
      const [start] = queue.splice(i, 1);
      if (queue.length === 0) this.#queues.delete(run);
      if (this.#rate > 0) this.#credit -= 1;
      return start;
    }
    return undefined;
  }

  /** Runs with a start that lacks nothing but a slot. */
  *waitingRuns(keeper: Pick<Gatekeeper, 'isGoing' | 'hasSeat'>): Iterable<string> {
    if (this.#rateWait() > 0) return;
    for (const [run, queue] of this.#queues) {
      const first = queue[0];
      if (first === undefined || !keeper.isGoing(run)) continue;
      if (first.order.mode !== 'sync' || first.stage !== 'asked' || keeper.hasSeat(run)) yield run;
    }
  }

  /** Milliseconds until the start rate allows another; 0 when it does. */
  rateDelay(): number {
    return this.#rateWait();
  }

  /** Takes out what the predicate names; used by abort and cancel. */
  drop(run: string, isMeant: (start: Start) => boolean): readonly Start[] {
    const queue = this.#queues.get(run) ?? [];
    const dropped = queue.filter(isMeant);
    const kept = queue.filter(start => !isMeant(start));
    if (kept.length === 0) this.#queues.delete(run);
    else this.#queues.set(run, kept);
    return dropped;
  }

  get size(): number {
    let size = 0;
    for (const queue of this.#queues.values()) size += queue.length;
    return size;
  }

  #rateWait(): number {
    if (this.#rate <= 0) return 0;
    const now = this.#clock.now();
    this.#credit = Math.min(this.#rate, this.#credit + ((now - this.#creditAt) / 1000) * this.#rate);
    this.#creditAt = now;
    return this.#credit >= 1 ? 0 : Math.ceil(((1 - this.#credit) / this.#rate) * 1000);
  }
}
