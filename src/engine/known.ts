// The only place that looks up for the engine what the state says of a job or a run.
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

  /** Nobody has said that it is not to begin any more. */
  isWanted(job: Job): boolean {
    const phase = this.run(job.runId)?.phase.kind;
    return job.cancelAsked === undefined && phase !== 'aborting' && phase !== 'ended';
  }
}
