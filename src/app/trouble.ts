// The only place that says which hosts need a hand: what is silent or waits now, and what ended badly in whatever run and was not dealt with.
// Dealt with: tried again (by a retry, or by a later run of the same task), or taken off the list by the operator.
import type { Jid } from '../domain/job.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import type { Console, Data } from './console-state.ts';
import { countKinds, type HostView, hostViews, ownRuns, runInFocus, viewInRun } from './host-view.ts';
import { type CellKind, looks } from './letters.ts';

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

/** What ended badly in any run of this fleet and was not tried again since. */
export const failures = (console: Console): readonly HostView[] => {
  const { data, wall } = console;
  const focus = runInFocus(console);
  const runs = ownRuns(data, console.setting.fleet).toReversed();
  // A host that can't be reached is one trouble, however many runs met it.
  const away = new Set<string>();
  const isNews = ({ kind, name }: HostView): boolean => kind !== 'unreachable' || (!away.has(name) && away.add(name) !== undefined);
  return runs.flatMap((run, at) => {
    if (run !== focus && run.phase.kind === 'ended' && wall - run.phase.at > memory) return [];
    const later = runs.slice(0, at).filter(other => other.plan.title === run.plan.title);
    const isTried = ({ host }: HostProgress): boolean => later.some(other => other.hosts.get(host)?.jid !== undefined);
    return mayHaveFailed(data, run)
      .map(row => viewInRun(data, run, row))
      .filter(({ kind, job, progress }) => looks[kind].hand > 0 && isOver(job) && progress !== undefined && !isTried(progress))
      .filter(isNews);
  });
};

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

/** How many hosts are in each state, and what other runs left behind on them. */
export const countsWithTrouble = (console: Console, trouble: readonly HostView[]): ReadonlyMap<CellKind, number> => {
  const { all, byName } = hostViews(console);
  const counts = new Map(countKinds(all));
  for (const view of trouble) {
    const shown = byName.get(view.name);
    if (shown !== undefined && troubleKey(shown) !== troubleKey(view)) counts.set(view.kind, (counts.get(view.kind) ?? 0) + 1);
  }
  return counts;
};
