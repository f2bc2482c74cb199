// The only place that turns a selection (run, hosts, jids) into the runs and jobs it means.
import { isOutstanding, type Job } from '../domain/job.ts';
import type { Run, State } from '../domain/run-state.ts';
import type { Selection } from './protocol.ts';

/** Runs that have not ended, or the one that is named whatever its phase. */
export const runsOf = (state: State, { run }: Selection): readonly Run[] => {
  if (run === undefined) return [...state.runs.values()].filter(({ phase }) => phase.kind !== 'ended');
  const named = state.runs.get(run);
  return named === undefined ? [] : [named];
};

/** A run by its number, `last`, or its id. */
export const runNamed = (state: State, named: string): Run | undefined => {
  const runs = [...state.runs.values()];
  if (named === 'last') return runs.sort((a, b) => a.number - b.number).at(-1);
  return runs.find(({ number, id }) => String(number) === named || id === named);
};

/** Outstanding jobs that the selection means. */
export const jobsOf = (state: State, { run, hosts, jids }: Selection): readonly Job[] => {
  const wantedHosts = hosts === undefined ? undefined : new Set(hosts);
  const wantedJids = jids === undefined ? undefined : new Set(jids);
  return [...state.jobs.values()].filter(
    job =>
      isOutstanding(job) &&
      (run === undefined || job.runId === run) &&
      (wantedHosts?.has(job.host) ?? true) &&
      (wantedJids?.has(job.jid) ?? true),
  );
};

/** Hosts of a run that a retry may give another attempt: out, and their last attempt has ended for good. */
export const hostsToRetry = (
  state: State,
  run: Run,
  which: 'failed' | 'unreachable' | 'both',
  hosts: readonly string[] | undefined,
): { readonly ready: readonly string[]; readonly mayRun: readonly string[] } => {
  const wanted = hosts === undefined ? undefined : new Set(hosts);
  const ready: string[] = [];
  const mayRun: string[] = [];
  for (const row of run.hosts.values()) {
    if (row.out === undefined || run.retry.includes(row.host) || !(wanted?.has(row.host) ?? true)) continue;
    if (which !== 'both' && row.out.how !== which) continue;
    const job = row.jid === undefined ? undefined : state.jobs.get(row.jid);
    (job !== undefined && isOutstanding(job) ? mayRun : ready).push(row.host);
  }
  return { ready, mayRun };
};
