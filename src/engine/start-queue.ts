// The only place for starts whose turn has not come: first come first served, run by run in the order they were made.
// It knows pauses, limits of sync tasks and the start rate; it knows no connection.
import type { PlannedHost } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import type { JobOrder } from '../domain/run-state.ts';
import type { Clock, MayTry } from './ports.ts';

/** One start that was asked for. */
export type Start = {
  readonly jid: Jid;
  readonly run: string;
  readonly host: PlannedHost;
  readonly path: string;
  readonly attempt: number;
  readonly item?: number;
  /** `secret`: something in the script is for its host only, so the journal gets none of it. */
  readonly order: JobOrder & { readonly secret?: 'yes' };
  /** `requested`: the intent is in the journal, nothing was sent. `sent`: the host may know of it. */
  readonly stage: 'asked' | 'requested' | 'sent';
  /** Tries so far whose failure shows that nothing can have run. */
  readonly tries: number;
  /** The answer that it waited for last. */
  readonly waitsFor?: string;
};

/** The start once its intent is written; what may have been sent stays so. */
export const afterRequest = (start: Start): Start => (start.stage === 'asked' ? { ...start, stage: 'requested' } : start);

/** What the queue asks before it lets a start go. */
export type Gatekeeper = {
  /** Paused, aborted and ended runs start nothing. */
  isGoing(run: string): boolean;
  /** Sync tasks count against forks until they have ended. */
  hasSeat(start: Start): boolean;
  /** The host can be talked to now: an open line, or a slot for one. */
  canTalk(start: Start): boolean;
  /** The answer of a person that it waits for, or has waited for. */
  waitsFor(start: Start): string | undefined;
  mayTry(what: string): MayTry;
};

/** How many starts behind a blocked one are looked at in one go. */
const lookAhead = 64;

export class StartQueue {
  readonly #queues = new Map<string, Start[]>();
  /** Starts that wait for a person, by what they wait for: no turn is theirs, and nobody stands behind them. */
  readonly #parked = new Map<string, Map<Jid, Start>>();
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

  /** Returns whether it is looked at now: nobody's turn changes by one more at the end of a long queue. */
  add(start: Start): boolean {
    const queue = this.#queues.get(start.run);
    if (queue === undefined) this.#queues.set(start.run, [start]);
    else if (start.stage === 'asked') return queue.push(start) <= lookAhead;
    else queue.unshift(start);
    return true;
  }

  /** Takes the first start that may go now, or tells why none can. */
  next(keeper: Gatekeeper): Start | undefined {
    if (this.#rateWait() > 0) return undefined;
    const start = this.#whoTries(keeper) ?? this.#firstOf(keeper);
    if (start !== undefined && this.#rate > 0) this.#credit -= 1;
    return start;
  }

  /** Sets a start aside until a person has answered. */
  park(start: Start, what: string): void {
    const mates = this.#parked.get(what) ?? new Map();
    this.#parked.set(what, mates.set(start.jid, { ...start, waitsFor: what }));
  }

  /** Until a person has answered; without a question it is the next of its run. */
  putAside(start: Start, what: string | undefined): void {
    if (what === undefined) this.add(start);
    else this.park(start, what);
  }

  /** Hosts of starts that wait for a person, by what they wait for. */
  *parked(): Iterable<readonly [what: string, host: string]> {
    for (const [what, starts] of this.#parked) for (const { host } of starts.values()) yield [what, host.name];
  }

  /** Of those set aside: one that tries a fresh answer; once it is known to be right, all have their turn again. */
  #whoTries(keeper: Gatekeeper): Start | undefined {
    for (const [what, starts] of this.#parked) {
      const may = keeper.mayTry(what);
      if (may === 'all') {
        this.#parked.delete(what);
        for (const start of [...starts.values()].reverse()) this.#putBack(start);
      }
      if (may !== 'one') continue;
      for (const start of starts.values()) {
        if (!keeper.isGoing(start.run) || !mayBegin(start, keeper) || !keeper.canTalk(start)) continue;
        this.#unpark(what, starts, start.jid);
        return start;
      }
    }
    return undefined;
  }

  #firstOf(keeper: Gatekeeper): Start | undefined {
    for (const [run, queue] of this.#queues) {
      if (!keeper.isGoing(run)) continue;
      for (let i = 0; i < Math.min(queue.length, lookAhead); i += 1) {
        const start = queue[i] as Start;
        const what = keeper.waitsFor(start);
        const isAside = what !== undefined && keeper.mayTry(what) === 'nobody';
        if (!isAside && !(mayBegin(start, keeper) && keeper.canTalk(start))) continue;
        queue.splice(i, 1);
        if (queue.length === 0) this.#queues.delete(run);
        if (!isAside) return start;
        this.park(start, what);
        i -= 1;
      }
    }
    return undefined;
  }

  #putBack(start: Start): void {
    const queue = this.#queues.get(start.run);
    if (queue === undefined) this.#queues.set(start.run, [start]);
    else queue.unshift(start);
  }

  #unpark(what: string, starts: Map<Jid, Start>, jid: Jid): void {
    starts.delete(jid);
    if (starts.size === 0) this.#parked.delete(what);
  }

  /** Runs with a start that lacks nothing but a slot. */
  *waitingRuns(keeper: Pick<Gatekeeper, 'isGoing' | 'hasSeat'>, mayTry: Gatekeeper['mayTry']): Iterable<string> {
    if (this.#rateWait() > 0) return;
    for (const [run, queue] of this.#queues) {
      const first = queue[0];
      if (first === undefined || !keeper.isGoing(run)) continue;
      if (mayBegin(first, keeper)) yield run;
    }
    for (const [what, starts] of this.#parked) {
      if (mayTry(what) === 'nobody') continue;
      for (const start of starts.values()) if (keeper.isGoing(start.run) && mayBegin(start, keeper)) yield start.run;
    }
  }

  /** Milliseconds until the start rate allows another; 0 when it does. */
  rateDelay(): number {
    return this.#rateWait();
  }

  /** Takes out what the predicate names; used by abort and cancel. */
  drop(run: string, isMeant: (start: Start) => boolean): readonly Start[] {
    const aside = this.takeParked((_, start) => start.run === run && isMeant(start));
    const queue = this.#queues.get(run) ?? [];
    const dropped = queue.filter(isMeant);
    const kept = queue.filter(start => !isMeant(start));
    if (kept.length === 0) this.#queues.delete(run);
    else this.#queues.set(run, kept);
    return [...dropped, ...aside];
  }

  /** Takes those out that wait for anything that is meant, on a host that is meant. */
  takeParked(isMeant: (what: string, start: Start) => boolean): readonly Start[] {
    const taken: Start[] = [];
    for (const [what, starts] of this.#parked) {
      for (const start of starts.values()) {
        if (!isMeant(what, start)) continue;
        taken.push(start);
        this.#unpark(what, starts, start.jid);
      }
    }
    return taken;
  }

  /** What any start waits for. */
  awaited(): Iterable<string> {
    return this.#parked.keys();
  }

  /** The job is over: it need not wait any more. */
  forget(jid: Jid): void {
    for (const [what, starts] of this.#parked) if (starts.has(jid)) this.#unpark(what, starts, jid);
  }

  /** Starts whose turn would come; those that wait for a person are not among them. */
  get size(): number {
    let size = 0;
    for (const queue of this.#queues.values()) size += queue.length;
    return size;
  }

  /** Whether anybody would go if the start rate let him. */
  wantsTurn(mayTry: Gatekeeper['mayTry']): boolean {
    return this.#queues.size > 0 || [...this.#parked.keys()].some(what => mayTry(what) !== 'nobody');
  }

  #rateWait(): number {
    if (this.#rate <= 0) return 0;
    const now = this.#clock.now();
    this.#credit = Math.min(this.#rate, this.#credit + ((now - this.#creditAt) / 1000) * this.#rate);
    this.#creditAt = now;
    return this.#credit >= 1 ? 0 : Math.ceil(((1 - this.#credit) / this.#rate) * 1000);
  }
}

/** A sync start that the host may know of has its seat; one that waited for a person gave it up. */
const mayBegin = (start: Start, keeper: Pick<Gatekeeper, 'hasSeat'>): boolean =>
  start.order.mode !== 'sync' || start.stage === 'sent' || keeper.hasSeat(start);
