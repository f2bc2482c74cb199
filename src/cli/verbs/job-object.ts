// The only place for what `rollcall jobs --json` prints of a job: one flat object, its fields in docs/jobs.md.
import { actorName } from '../../domain/event.ts';
import { isUnsent } from '../../domain/job.ts';
import { verdictSentence } from '../../domain/verdict.ts';
import type { JobEntry } from '../../journal/read.ts';

/** Times are our wall clock, ms since 1970; spans are seconds; a field that means nothing for the job is left out. */
export const jobObject = (
  { job, run, title, fleet, command, by, requestedAt }: JobEntry,
  wall: number,
): Readonly<Record<string, unknown>> => {
  const { state } = job;
  const isDated = state.kind === 'ended' || state.kind === 'starting';
  const seenAt = isDated ? state.at : state.seenAt;
  const on = state.kind === 'starting' ? undefined : state.on;
  const verdict = state.kind === 'ended' ? state.verdict : undefined;
  const ran = verdict !== undefined && 'elapsed' in verdict ? verdict.elapsed : on && Math.round((wall - on.startedAt) / 1000);
  return {
    jid: job.jid,
    run,
    run_id: job.runId,
    host: job.host,
    task: job.taskPath,
    attempt: job.attempt,
    state: state.kind,
    ...(state.kind === 'starting' && { sent: isUnsent(job) ? 'no' : 'maybe' }),
    ...(verdict !== undefined && { verdict: verdict.kind, why: verdictSentence(verdict) }),
    ...(verdict !== undefined && 'rc' in verdict && { rc: verdict.rc }),
    requested_at: requestedAt,
    ...(on !== undefined && { started_at: on.startedAt, pid: on.pid, limit: on.limit }),
    ...(state.kind === 'ended' && { ended_at: state.at }),
    ...(ran !== undefined && { ran }),
    seen_at: seenAt,
    age: Math.round((wall - seenAt) / 1000),
    ...(job.nextLookAt !== undefined && { next_look_at: job.nextLookAt }),
    ...(job.cancelAsked !== undefined && { cancel_asked_at: job.cancelAsked.at }),
    ...(job.extendAsked !== undefined && { extend_asked_at: job.extendAsked.at }),
    out_bytes: job.output.out,
    err_bytes: job.output.err,
    out_bytes_there: job.output.outThere,
    err_bytes_there: job.output.errThere,
    dropped_bytes: job.output.dropped,
    ...(job.outputRemovedAt !== undefined && { output_removed_at: job.outputRemovedAt }),
    title,
    fleet,
    ...(command !== undefined && { command }),
    ...(by !== undefined && { by: actorName(by) }),
  };
};
