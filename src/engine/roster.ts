// The only place that knows which jobs are being followed on which host, and how many seats of a run they take.
import type { PlannedHost } from '../domain/event.ts';
import type { Jid, Job } from '../domain/job.ts';

/** Least ms between two looks that the operator asks for, per host. */
const askEvery = 1000;

export class Roster {
  /** As the job's own run planned it: an inventory edited meanwhile may reach the same name elsewhere. */
  readonly #hosts = new Map<Jid, PlannedHost>();
  readonly #byHost = new Map<string, Set<Jid>>();
  /** Sync jobs that have begun and not ended, by run. */
  readonly #seats = new Map<string, Set<Jid>>();
  readonly #askedAt = new Map<string, number>();

  hostOf({ jid }: Job): PlannedHost | undefined {
    return this.#hosts.get(jid);
  }

  follow({ jid }: Pick<Job, 'jid'>, host: PlannedHost): void {
    this.#hosts.set(jid, host);
    const mates = this.#byHost.get(host.name) ?? new Set();
    this.#byHost.set(host.name, mates.add(jid));
  }

  sit(run: string, jid: Jid): void {
    const seats = this.#seats.get(run) ?? new Set();
    this.#seats.set(run, seats.add(jid));
  }

  /** It counts against forks no more, though it may come home yet. */
  stand({ jid, runId }: Pick<Job, 'jid' | 'runId'>): void {
    const seats = this.#seats.get(runId);
    seats?.delete(jid);
    if (seats?.size === 0) this.#seats.delete(runId);
  }

  /** Whether it has a seat of its run, or could have one of so many. */
  hasSeat({ jid, run }: { readonly jid: Jid; readonly run: string }, seats: number): boolean {
    const taken = this.#seats.get(run);
    return taken?.has(jid) === true || (taken?.size ?? 0) < seats;
  }

  jobsOn(host: string): Iterable<Jid> {
    return this.#byHost.get(host) ?? [];
  }

  /** Of each job that is followed and meant. */
  *hosts(isMeant: (jid: Jid) => boolean): Iterable<PlannedHost> {
    for (const [jid, host] of this.#hosts) if (isMeant(jid)) yield host;
  }

  /** Whether the operator may have the host asked at `now`; jobs asked in the same moment go together. */
  mayAsk(host: string, now: number): boolean {
    const last = this.#askedAt.get(host);
    if (last !== undefined && now - last < askEvery && now !== last) return false;
    this.#askedAt.set(host, now);
    return true;
  }

  leave(job: Job): void {
    const { jid, host } = job;
    this.#hosts.delete(jid);
    this.stand(job);
    const mates = this.#byHost.get(host);
    mates?.delete(jid);
    if (mates?.size !== 0) return;
    this.#byHost.delete(host);
    this.#askedAt.delete(host);
  }
}
