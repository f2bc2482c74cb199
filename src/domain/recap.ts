// The only place that counts a run's hosts by how they stand, and turns the counts into an exit code.
// First cause wins: a host that timed out counts as timed out, whatever came after.
import { isOutstanding, type Jid, type Job } from './job.ts';
import { taskAt } from './plan.ts';
import type { HostProgress, Run } from './run-state.ts';
import { isLetGo } from './task.ts';

/** Hosts of a run by how they stand, each in one of them: in the words of the run's last line. */
export type HostCounts = {
  readonly ok: number;
  readonly changed: number;
  readonly failed: number;
  readonly unreachable: number;
  readonly lost: number;
  readonly timedOut: number;
  readonly cancelled: number;
  readonly skipped: number;
  /** Not at their end, with a job on the way or between two. */
  readonly running: number;
  /** Their batch never opened. */
  readonly neverStarted: number;
};

/** Counts every host of the run once. */
export const countHosts = (run: Run, jobs: ReadonlyMap<Jid, Job>): HostCounts => {
  const counts = {
    ok: 0,
    changed: 0,
    failed: 0,
    unreachable: 0,
    lost: 0,
    timedOut: 0,
    cancelled: 0,
    skipped: 0,
    running: 0,
    neverStarted: 0,
  };
  for (const row of run.hosts.values()) counts[standingOf(row, run, jobs)] += 1;
  return counts;
};

/** What put a host out says its last job; a host that is through counts by what its tasks did. */
export const standingOf = (row: HostProgress, run: Run, jobs: ReadonlyMap<Jid, Job>): keyof HostCounts => {
  if (run.origin !== undefined) return standingOfAdopted(row, jobs);
  if (row.out !== undefined) {
    const job = row.jid === undefined ? undefined : jobs.get(row.jid);
    const verdict = job?.taskPath === row.out.path && job.state.kind === 'ended' ? job.state.verdict.kind : undefined;
    if (verdict === 'lost' || verdict === 'cancelled') return verdict;
    if (verdict === 'timed-out') return 'timedOut';
    return row.out.how;
  }
  if (row.dropped !== undefined && !hasEndedLastTask(row, run)) {
    const job = row.jid === undefined ? undefined : jobs.get(row.jid);
    if (job === undefined) return row.tally.ok > 0 ? 'cancelled' : 'skipped';
    return isOutstanding(job) ? 'running' : 'cancelled';
  }
  if (row.batch === 0) return 'neverStarted';
  // The run ended in the middle of its loop.
  if (row.loop !== undefined && run.phase.kind === 'ended') return 'cancelled';
  if (row.at !== 'ended' && run.phase.kind !== 'ended' && !hasEndedLastTask(row, run)) return 'running';
  const late = endOfLetGo(row, run, jobs);
  if (late !== undefined) return late;
  const { ok: done, changed, skipped } = row.tally;
  if (changed > 0) return 'changed';
  if (done === 0 && skipped > 0) return 'skipped';
  return done === 0 ? 'neverStarted' : 'ok';
};

/** By its jobs alone: one that runs, else the one that ended worst. */
const standingOfAdopted = ({ jids = [] }: HostProgress, jobs: ReadonlyMap<Jid, Job>): keyof HostCounts => {
  const standings = new Set(jids.map(jid => standingOfJob(jobs.get(jid))));
  return worstFirst.find(standing => standings.has(standing)) ?? 'changed';
};

const worstFirst = ['running', 'unreachable', 'failed', 'lost', 'timedOut', 'cancelled'] as const;

/** How one job counts by itself. */
export const standingOfJob = (job: Job | undefined): keyof HostCounts => {
  if (job?.state.kind !== 'ended') return 'running';
  const { kind } = job.state.verdict;
  return kind === 'timed-out' ? 'timedOut' : kind === 'ok' ? 'changed' : kind;
};

/** Letting a job go is what its task was to do; how the job itself ends counts once it has come home. */
const endOfLetGo = ({ jid, last }: HostProgress, { plan }: Run, jobs: ReadonlyMap<Jid, Job>): keyof HostCounts | undefined => {
  const job = jid === undefined ? undefined : jobs.get(jid);
  if (job?.state.kind !== 'ended' || last?.path !== job.taskPath) return undefined;
  const task = taskAt(plan, job.taskPath);
  if (task === undefined || !isLetGo(task)) return undefined;
  const { kind } = job.state.verdict;
  return kind === 'ok' ? undefined : kind === 'timed-out' ? 'timedOut' : kind;
};

/** Its batch goes on, but not with this host. */
export const hasEndedLastTask = ({ course, batch, last, out }: HostProgress, { plan }: Run): boolean => {
  if (last === undefined || course?.batch !== batch || course.next !== undefined) return false;
  const play = plan.plays.length - 1;
  return last.path.startsWith(`${play}.`) && (out === undefined || out.path === plan.plays[play]?.tasks.at(-1)?.path);
};

/** The run's last line, the same in every output. */
export const lastLineOf = (run: Run, counts: HostCounts): string =>
  [
    `run ${run.number}: ok ${counts.ok + counts.changed}`,
    `changed ${counts.changed}`,
    `failed ${counts.failed}`,
    `unreachable ${counts.unreachable}`,
    `lost ${counts.lost}`,
    `timed-out ${counts.timedOut}`,
    ...(counts.cancelled > 0 ? [`cancelled ${counts.cancelled}`] : []),
    `skipped ${counts.skipped}`,
    `never-started ${counts.neverStarted}`,
  ].join(' ');

/** 0 all ok; 4 some host unreachable (wins, as in Ansible); 2 some host failed, in whatever way. */
export const exitCodeOf = (counts: HostCounts): 0 | 2 | 4 => {
  if (counts.unreachable > 0) return 4;
  return counts.failed + counts.lost + counts.timedOut + counts.cancelled > 0 ? 2 : 0;
};
