// The only place that says which hosts need a hand: what is silent or waits now, and what ended badly in whatever run and was not dealt with.
// Dealt with: made good (by a retry, a later run of the same task, a later answer), or taken off the list by the operator.
import type { Jid, Job } from '../domain/job.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import type { Console, Data } from './console-state.ts';
import { countKinds, endedBadly, type HostView, hostViews, ownRuns, runInFocus, viewInRun } from './host-view.ts';
import { type CellKind, isOut, looks } from './letters.ts';

/** A host that has just fallen silent is given half a minute. */
const patience = 30_000;
/** Failures of earlier runs than a day ago are history. */
const memory = 86_400_000;

/** Names one line of *needs a hand*: the job, or the host in its run where no job was begun. */
export const troubleKey = ({ job, run, name }: HostView): string => job?.jid ?? `${run?.id} ${name}`;

/** What needs a hand, the worst first, then the newest run, then in inventory order. */
export const troubled = (console: Console): readonly HostView[] => {
  const silent = hostViews(console).all.filter(
    ({ kind, job }) =>
      looks[kind].hand > 0 &&
      job !== undefined &&
      job.state.kind !== 'ended' &&
      !(job.state.kind === 'stale' && console.wall - job.state.since < patience),
  );
  const ended = failures(console).filter(view => !console.view.dealt.has(troubleKey(view)));
  return [...silent, ...ended].sort((a, b) => looks[a.kind].hand - looks[b.kind].hand);
};

/** Hosts that need a hand, each once: list, counters, filter and farewell all count these. */
export const hostsInTrouble = (trouble: readonly HostView[]): number => new Set(trouble.map(view => view.name)).size;

/**
 * What ended badly in any run of this fleet and was not made good since: one line for a host and a title, the newest.
 * A failure is made good by a later ok of the same title there, an unreachable host by any later answer of it.
 */
export const failures = (console: Console): readonly HostView[] => {
  const { data, wall } = console;
  const focus = runInFocus(console);
  const runs = ownRuns(data, console.setting.fleet).toReversed();
  // A host that can't be reached is one trouble, however many runs met it.
  const told = new Set<string>();
  const isNews = (view: HostView): boolean => {
    const keys = [`${view.name} ${view.run?.plan.title}`, ...(view.kind === 'unreachable' ? [view.name] : [])];
    const isKnown = keys.some(key => told.has(key));
    for (const key of keys) told.add(key);
    return !isKnown;
  };
  return runs.flatMap((run, at) => {
    if (run !== focus && run.phase.kind === 'ended' && wall - run.phase.at > memory) return [];
    const later = runs.slice(0, at);
    return mayHaveFailed(data, run)
      .map(row => viewInRun(data, run, row))
      .filter(({ kind, job }) => looks[kind].hand > 0 && isOver(job))
      .filter(view => !isMadeGood(data, view, later))
      .filter(isNews);
  });
};

/** `later`: the runs after the view's own. What is under way counts as good until it says otherwise. */
const isMadeGood = (data: Data, { name, kind, run }: HostView, later: readonly Run[]): boolean =>
  later.some(other => {
    const row = other.hosts.get(name);
    if (row?.jid === undefined) return false;
    const job = data.state.jobs.get(row.jid);
    if (kind === 'unreachable' && job !== undefined && hasAnswered(job)) return true;
    if (other.plan.title !== run?.plan.title) return false;
    const now = viewInRun(data, other, row).kind;
    return now === 'ok' || now === 'between' || isOut(now);
  });

const hasAnswered = (job: Job): boolean =>
  job.state.kind === 'ended' ? !['unreachable', 'cancelled'].includes(job.state.verdict.kind) : job.state.kind !== 'starting';

const isOver = (job: HostView['job']): boolean => job === undefined || job.state.kind === 'ended';

const candidates = new WeakMap<Run, readonly HostProgress[]>();

/** Hosts that are out of their run, and those let go, whose end changes nothing in the run; kept, since an old run's row is never replaced. */
const mayHaveFailed = ({ state }: Data, run: Run): readonly HostProgress[] => {
  const known = candidates.get(run);
  if (known !== undefined) return known;
  const isLetGo = (jid: Jid | undefined): boolean => jid !== undefined && state.orders.get(jid)?.mode === 'let-go';
  const found = [...run.hosts.values()].filter(row => row.out !== undefined || isLetGo(row.jid));
  candidates.set(run, found);
  return found;
};

/** How many hosts are in each state; what ended badly is counted by host as the list has it, and a host in the list is not done. */
export const countsWithTrouble = (console: Console, trouble: readonly HostView[]): ReadonlyMap<CellKind, number> => {
  const kinds = troubleKinds(trouble);
  // A cancelled host has ended badly, but needs no hand: it is counted as it stands.
  const isCounted = ({ name, kind }: HostView): boolean =>
    kind === 'cancelled' || !endedBadly.has(kind) ? !(isAtRest.has(kind) && kinds.has(name)) : false;
  const calm = hostViews(console).all.filter(isCounted);
  const counts = new Map(countKinds(calm));
  for (const of of kinds.values()) for (const kind of of) if (endedBadly.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
};

const isAtRest: ReadonlySet<CellKind> = new Set(['ok', 'skipped', 'idle', 'cancelled']);

/** In which ways each host needs a hand. */
export const troubleKinds = (trouble: readonly HostView[]): ReadonlyMap<string, ReadonlySet<CellKind>> => {
  const kinds = new Map<string, Set<CellKind>>();
  for (const { name, kind } of trouble) kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
  return kinds;
};
