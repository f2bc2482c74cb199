// The only place that looks up for the engine what the state says of a job or a run.
import type { PlannedHost } from '../domain/event.ts';
import type { Jid, Job } from '../domain/job.ts';
import type { Run, State } from '../domain/run-state.ts';

export class Known {
  readonly #state: State;
  readonly #forks: number;

  /** @param forks of the driver: no run has more */
  constructor(state: State, forks: number) {
    this.#state = state;
    this.#forks = forks;
  }

  job(jid: Jid): Job | undefined {
    return this.#state.jobs.get(jid);
  }

  /** Nobody waits for it. */
  isLetGo(jid: Jid): boolean {
    return this.job(jid)?.state.kind === 'let-go';
  }

  run(id: string): Run | undefined {
    return this.#state.runs.get(id);
  }

  runOf(jid: Jid): Run | undefined {
    return this.run(this.job(jid)?.runId ?? '');
  }

  /** `-P N`, seconds. */
  pollOf(job: Job): number | undefined {
    return this.run(job.runId)?.options.poll;
  }

  forksOf(run: string): number {
    return Math.min(this.#forks, this.run(run)?.options.forks ?? this.#forks);
  }

  /** Hosts to which a run has yet to come, or to come again. */
  *hostsToCome(): Iterable<PlannedHost> {
    for (const run of this.#state.runs.values()) {
      if (run.phase.kind !== 'going' && run.phase.kind !== 'paused') continue;
      const isToCome = (name: string): boolean => (run.hosts.get(name)?.at ?? 'ended') !== 'ended';
      yield* this.#hostsOf(run, isToCome);
    }
  }

  /** As the run planned them; all of them where none is named. */
  hostsOf(id: string, names?: Iterable<string>): readonly PlannedHost[] {
    const run = this.run(id);
    const wanted = new Set(names ?? run?.hosts.keys());
    return run === undefined ? [] : this.#hostsOf(run, name => wanted.has(name));
  }

  #hostsOf({ fleet }: Run, isMeant: (name: string) => boolean): readonly PlannedHost[] {
    return (this.#state.fleets.get(fleet)?.hosts ?? []).filter(({ name }) => isMeant(name));
  }

  /** Nobody has said that it is not to begin any more. */
  isWanted(job: Job): boolean {
    const phase = this.run(job.runId)?.phase.kind;
    return job.cancelAsked === undefined && phase !== 'aborting' && phase !== 'ended';
  }
}
