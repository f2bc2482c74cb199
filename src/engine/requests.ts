// The only place that puts into words what a host is asked: pure, from a run, a job and what is known of both.
import { isOutstanding, type Job, type JobAbout } from '../domain/job.ts';
import { taskAt } from '../domain/plan.ts';
import type { Run } from '../domain/run-state.ts';
import type { LookRequest, StartRequest } from './ports.ts';
import type { Start } from './start-queue.ts';

/** Seconds between TERM and KILL where no run says otherwise. */
const usualGrace = 30;

/** Seconds that a silent host has where no run says otherwise. */
const usualGiveUp = 1800;

export const graceOf = (run: Run | undefined): number => run?.options.grace ?? usualGrace;

export const giveUpOf = (run: Run | undefined): number => run?.options.giveUp ?? usualGiveUp;

/** Nothing is told of what it does, and its output is not fetched. */
export const isHidden = (run: Run | undefined, path: string): boolean =>
  run !== undefined && (run.options.log === 'no' || taskAt(run.plan, path)?.noLog === true);

/** The start as the host gets it. Whoever is let go is not lingered for. */
export const startRequestOf = (run: Run | undefined, start: Start, linger: number): StartRequest => ({
  jid: start.jid,
  script: start.order.script ?? '',
  limit: start.order.limit,
  grace: graceOf(run),
  cap: run?.options.cap ?? 0,
  linger: start.order.mode === 'let-go' ? 0 : linger,
  ...(isHidden(run, start.path) && { most: 0 }),
  ...(run?.options.once !== undefined && { once: run.options.once }),
  ...(run?.options.ansibleAsync === 'yes' && { ansibleAsync: 'yes' }),
  ...(start.order.become !== undefined && { become: start.order.become }),
  about: aboutOf(run, start),
});

const aboutOf = (run: Run | undefined, start: Start): JobAbout => {
  const batch = run?.batches.at(-1);
  return {
    runId: start.run,
    runNumber: run?.number ?? 0,
    title: run?.plan.title ?? '',
    operator: run?.by?.sudoUser ?? run?.by?.user ?? '',
    machine: run?.by?.machine ?? '',
    host: start.host.name,
    task: start.path,
    batch: batch === undefined ? '1/1' : `${batch.number}/${batch.of}`,
    command: isHidden(run, start.path) ? '' : start.order.command,
    ...(start.order.become !== undefined && { become: start.order.become.user }),
  };
};

/** What is asked about a job; nothing of one that is over. Output of a no-log task is not fetched. */
export const lookRequestOf = (run: Run | undefined, job: Job | undefined, most: number): LookRequest | undefined =>
  job === undefined || !isOutstanding(job)
    ? undefined
    : {
        jid: job.follows ?? job.jid,
        outFrom: job.output.out,
        errFrom: job.output.err,
        most: isHidden(run, job.taskPath) ? 0 : most,
        ...(job.adopted && { at: job.adopted.at }),
      };

/** Most bytes that one answer brings, all jobs and both streams together; a wire takes twice as many. */
const mostTogether = 8 * 1024 * 1024;

/** Jobs of one host are asked together, so they share what one answer may bring; the rest comes with the next. */
export const sharedOut = (requests: readonly LookRequest[]): readonly LookRequest[] => {
  const share = Math.max(1, Math.floor(mostTogether / (2 * requests.length)));
  return requests.map(request => (request.most <= share ? request : { ...request, most: share }));
};
