// The only place that knows on the clock that nobody can set how long a job has run and how long its host has been silent,
// and from both when it is given up. Time in which nobody asked is no silence of a host.
import type { Jid, Job } from '../domain/job.ts';
import type { Run } from '../domain/run-state.ts';
import { elapsedOf, type Input } from './job-machine.ts';
import type { Clock } from './ports.ts';
import { giveUpOf, graceOf } from './requests.ts';

/** A host is asked for so long at least before its job is given up, ms: an earlier driver's time alone decides nothing. */
const leastSilence = 60_000;

/** Past limit and grace, ms: how late the host may be to tell its end. */
const lateness = 60_000;

/** What is known of the driver before this one, on our wall clock, ms: by how much it was set since, and when that one last lived. */
export type Earlier = { readonly clockSet: number; readonly lastAlive: number };

type Age = {
  /** When it began; undefined while that is not known. */
  readonly began: number | undefined;
  /** Since when its host is silent to this driver. */
  readonly silentSince: number | undefined;
  /** Silence that an earlier driver met, or this one before it stood still, ms. */
  readonly silentBefore: number;
};

const none: Age = { began: undefined, silentSince: undefined, silentBefore: 0 };

export class Ages {
  readonly #clock: Clock;
  readonly #ages = new Map<Jid, Age>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Takes up a job of an earlier driver.
   * @param wall our wall clock as that driver would read it now, ms
   * @param lastAlive that driver's last sign of life on the same clock, ms
   */
  takeUp({ jid, state }: Job, wall: number, lastAlive: number): void {
    const now = this.#clock.now();
    const startedAt = state.kind === 'starting' ? undefined : state.on?.startedAt;
    this.#ages.set(jid, {
      began: startedAt === undefined ? undefined : now - Math.max(0, wall - startedAt),
      silentSince: state.kind === 'stale' ? now : undefined,
      silentBefore: state.kind === 'stale' ? Math.max(0, lastAlive - state.since) : 0,
    });
  }

  /** Takes in what an input has just brought about for a job. */
  note(jid: Jid, events: readonly { readonly type: string }[], input: Input): void {
    const now = this.#clock.now();
    for (const { type } of events) {
      const began = type === 'job.started' ? now - elapsedOf(input) * 1000 : this.#ages.get(jid)?.began;
      const silentSince = type === 'job.fell-silent' ? now : undefined;
      if (type === 'job.started' || type === 'job.answered' || type === 'job.fell-silent')
        this.#ages.set(jid, { began, silentSince, silentBefore: 0 });
    }
  }

  /** This driver itself stood still for so many ms: as with a new driver, hosts are asked for a while before it gives up. */
  gap(ms: number): void {
    this.unasked(this.#ages.keys(), ms);
  }

  /** Nobody could ask for these jobs for so many ms. */
  unasked(jids: Iterable<Jid>, ms: number): void {
    const now = this.#clock.now();
    for (const jid of jids) {
      const { began, silentSince, silentBefore } = this.#ages.get(jid) ?? none;
      if (silentSince === undefined) continue;
      this.#ages.set(jid, { began, silentSince: now, silentBefore: silentBefore + Math.max(0, now - ms - silentSince) });
    }
  }

  forget(jid: Jid): void {
    this.#ages.delete(jid);
  }

  /** Silent for `--give-up`, or past limit, grace and a minute, whichever comes first. */
  isToBeGivenUp(run: Run | undefined, { jid, state }: Job): boolean {
    const age = this.#ages.get(jid);
    if (state.kind !== 'stale' || age?.silentSince === undefined) return false;
    const now = this.#clock.now();
    const silent = now - age.silentSince;
    const patience = giveUpOf(run) * 1000;
    if (silent < Math.min(leastSilence, patience)) return false;
    if (silent + age.silentBefore >= patience) return true;
    const limit = state.on?.limit ?? 0;
    return limit > 0 && age.began !== undefined && now - age.began >= (limit + graceOf(run)) * 1000 + lateness;
  }
}
