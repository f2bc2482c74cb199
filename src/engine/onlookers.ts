// The only place that knows at which jobs people look now: those are asked at once, and hosts no more often than that is good for them.
import type { PlannedHost } from '../domain/event.ts';
import { isOutstanding, type Jid } from '../domain/job.ts';
import type { Known } from './known.ts';
import type { Clock } from './ports.ts';
import type { Roster } from './roster.ts';

export type OnlookersParts = {
  readonly known: Known;
  readonly roster: Roster;
  readonly clock: Clock;
  /** The host is tried at once, also when it is away. */
  readonly urge: (host: PlannedHost) => void;
  readonly look: (jid: Jid) => void;
};

export class Onlookers {
  readonly #parts: OnlookersParts;
  readonly #watched = new Set<Jid>();

  constructor(parts: OnlookersParts) {
    this.#parts = parts;
  }

  /** Its tail is on somebody's screen. */
  see(jid: Jid): boolean {
    return this.#watched.has(jid);
  }

  /** Looks now, once a second per host at most. Returns whether a look is on its way. */
  ask(jid: Jid): boolean {
    const { known, roster, clock, urge, look } = this.#parts;
    const job = known.job(jid);
    if (job === undefined || !isOutstanding(job)) return false;
    if (!roster.mayAsk(job.host, clock.now())) return false;
    const host = roster.hostOf(job);
    if (host !== undefined) urge(host);
    look(jid);
    return true;
  }

  /** Replaces the jobs that are watched; those that were not are asked at once, unless `-P` was given. */
  watch(jids: ReadonlySet<Jid>): void {
    const { known } = this.#parts;
    const fresh = [...jids].filter(jid => !this.#watched.has(jid));
    this.#watched.clear();
    for (const jid of jids) this.#watched.add(jid);
    for (const jid of fresh) {
      const job = known.job(jid);
      if (job !== undefined && known.pollOf(job) === undefined && job.state.kind !== 'starting') this.ask(jid);
    }
  }

  /** The job is over. */
  leave(jid: Jid): void {
    this.#watched.delete(jid);
  }
}
