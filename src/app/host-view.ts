// The only place that tells, from the driver's state, what each host of the fleet is up to, and which run is in focus.
// Pure reading; results are kept per version of the data, since 5,000 hosts must not be walked at every key.
import type { Fleet } from '../domain/event.ts';
import type { Jid, Job } from '../domain/job.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import type { Console, Data } from './console-state.ts';
import { type CellKind, isOut } from './letters.ts';

/** One host as the grid shows it. */
export type HostView = {
  readonly name: string;
  /** The group it is shown under. */
  readonly group: string;
  readonly kind: CellKind;
  /** Its job that matters most: the one out there, else the last one. */
  readonly job?: Job;
  readonly run?: Run;
  readonly progress?: HostProgress;
};

/** All hosts of the fleet, in inventory order, and by name. */
export type HostViews = { readonly all: readonly HostView[]; readonly byName: ReadonlyMap<string, HostView> };

/** What each host is up to. */
export const hostViews = (console: Console): HostViews => {
  const { data, setting } = console;
  const focus = runInFocus(console);
  return remember(data, 'hosts', focus?.id ?? '', () => {
    const ours = ownRuns(data, setting.fleet);
    const coming = new Map<string, Run>();
    for (const run of ours) {
      if (run.phase.kind === 'ended') continue;
      for (const progress of run.hosts.values()) if (progress.at !== 'ended' && !coming.has(progress.host)) coming.set(progress.host, run);
    }
    const known = new Set(ours.map(run => run.id));
    const all = groupNames(setting.fleet).map(([name, group]) =>
      viewOf(data, known, name, group, focus?.hosts.has(name) === true ? focus : coming.get(name)),
    );
    return { all, byName: new Map(all.map(view => [view.name, view])) };
  });
};

/** Runs over this fleet, oldest first. Another inventory's hosts may have the same names. */
export const ownRuns = (data: Data, fleet: Fleet): readonly Run[] =>
  remember(data, 'runs', fleet.id, () =>
    [...data.state.runs.values()].filter(run => isOwn(data, fleet, run)).sort((a, b) => a.queuedAt - b.queuedAt),
  );

const isOwn = (data: Data, fleet: Fleet, run: Run): boolean => {
  if (run.fleet === fleet.id) return true;
  const other = data.state.fleets.get(run.fleet);
  return other !== undefined && (other.practice === 'no' ? other.source === fleet.source : fleet.practice !== 'no');
};

/** The run that the screen is about: the chosen one, else the oldest that goes on, else the last. */
export const runInFocus = ({ data, setting, view }: Pick<Console, 'data' | 'setting' | 'view'>): Run | undefined => {
  const chosen = view.focus === undefined ? undefined : data.state.runs.get(view.focus);
  if (chosen !== undefined) return chosen;
  const runs = ownRuns(data, setting.fleet);
  return runs.find(run => run.phase.kind !== 'ended' && run.batches.length > 0) ?? runs.findLast(() => true);
};

/** `run`: the one in focus where the host is in it, else the first that will come to it. */
const viewOf = (data: Data, known: ReadonlySet<string>, name: string, group: string, run: Run | undefined): HostView => {
  const { out, last } = newestJobs(data, known, name);
  const job = out ?? (run === undefined ? last : undefined);
  const shown = job === undefined ? run : data.state.runs.get(job.runId);
  const row = shown?.hosts.get(name);
  if (shown === undefined || row === undefined) return { name, group, kind: 'idle' };
  return viewInRun(data, shown, out === undefined ? row : { ...row, jid: out.jid }, group);
};

/** A host as it stands in one run, whatever else goes on there. */
export const viewInRun = (data: Data, run: Run, row: HostProgress, group = ''): HostView => {
  const job = row.jid === undefined ? undefined : data.state.jobs.get(row.jid);
  const isHeld = job?.state.kind === 'starting' && hostsAsking(data).has(row.host);
  return { name: row.host, group, kind: isHeld ? 'held' : kindInRun(run, row, job), ...(job && { job }), run, progress: row };
};

/** Hosts that want a person's answer before they go on. */
const hostsAsking = (data: Data): ReadonlySet<string> =>
  remember(data, 'asking', '', () => new Set(data.questions.flatMap(({ hosts }) => hosts)));

const kindInRun = (run: Run, row: HostProgress, job: Job | undefined): CellKind => {
  if (job !== undefined && job.state.kind !== 'ended') return job.state.kind;
  const verdict = job?.state.kind === 'ended' ? job.state.verdict.kind : undefined;
  if (row.out !== undefined) {
    if (isTriedAgain(run, row)) return notBegun(run);
    // A task may fail without a job of its own, or by its own condition although its command ended with 0.
    return verdict === undefined || verdict === 'ok' || job?.taskPath !== row.out.path ? row.out.how : verdict;
  }
  if (run.phase.kind !== 'ended' && row.at === 'open' && row.wait !== undefined) return 'between';
  if (verdict !== undefined) return verdict;
  if (row.tally.ok > 0 && row.at === 'ended') return 'ok';
  return row.at === 'ended' || run.phase.kind === 'ended' || row.dropped !== undefined ? 'skipped' : notBegun(run);
};

/** Its failure has been answered by a retry whose job has not been asked for yet. */
const isTriedAgain = (run: Run, row: HostProgress): boolean =>
  run.phase.kind !== 'ended' && (row.batch !== row.last?.batch || run.retry.includes(row.host));

const notBegun = ({ phase }: Run): CellKind => (phase.kind === 'paused' ? 'held' : phase.kind === 'going' ? 'queued' : 'skipped');

/** The newest job that is out there, and the newest of all; a host has one job a run, so the last few tell. */
const newestJobs = (data: Data, known: ReadonlySet<string>, name: string): { readonly out?: Job; readonly last?: Job } => {
  const jids = data.jobsOf.get(name);
  let last: Job | undefined;
  if (jids === undefined) return {};
  for (let at = jids.length - 1; at >= 0 && at >= jids.length - 20; at -= 1) {
    const job = data.state.jobs.get(jids[at] as Jid);
    if (job === undefined || !known.has(job.runId)) continue;
    last ??= job;
    if (job.state.kind !== 'ended') return { out: job, last };
  }
  return last === undefined ? {} : { last };
};

/** How many hosts are in each state. */
export const countKinds = (views: readonly HostView[]): ReadonlyMap<CellKind, number> => {
  const counts = new Map<CellKind, number>();
  for (const view of views) counts.set(view.kind, (counts.get(view.kind) ?? 0) + 1);
  return counts;
};

/** What a run's hosts have come to. `out`: on a host now, what was let go included; `never`: the run ended before their turn. */
export type RunCounts = {
  readonly hosts: number;
  readonly done: number;
  readonly out: number;
  readonly bad: number;
  readonly never: number;
  readonly kinds: ReadonlyMap<CellKind, number>;
};

/** Counts of one run, from its own jobs. */
export const runCounts = (data: Data, run: Run): RunCounts => remember(data, `counts ${run.id}`, '', () => countRun(data, run));

const countRun = (data: Data, run: Run): RunCounts => {
  const isOneTask = run.plan.plays.length === 1 && run.plan.plays[0]?.tasks.length === 1;
  const hasEnded = run.phase.kind === 'ended';
  const views = [...run.hosts.values()].map(row => ({ row, ...viewInRun(data, run, row) }));
  let done = 0;
  let out = 0;
  let bad = 0;
  for (const { row, kind, job } of views) {
    if (endedBadly.has(kind)) bad += 1;
    if (isOut(kind)) out += 1;
    else if (endedBadly.has(kind) || row.at === 'ended' || (job !== undefined && (hasEnded || (isOneTask && kind === 'ok')))) done += 1;
  }
  const never = hasEnded ? views.filter(({ row }) => row.batch === 0).length : 0;
  return { hosts: views.length, done, out, bad, never, kinds: countKinds(views) };
};

/** How a host may go out of a run. */
export const endedBadly: ReadonlySet<CellKind> = new Set(['failed', 'timed-out', 'cancelled', 'unreachable', 'lost']);

/** Jobs that are out there on these hosts. */
export const jobsOut = (views: HostViews, names: readonly string[]): readonly Job[] =>
  names.flatMap(name => {
    const view = views.byName.get(name);
    return view?.job !== undefined && isOut(view.kind) ? [view.job] : [];
  });

const namesOf = new WeakMap<Fleet, readonly (readonly [name: string, group: string])[]>();

/** Each host with the group it is shown under: the one that its name begins with, else its smallest. */
const groupNames = (fleet: Fleet): readonly (readonly [name: string, group: string])[] => {
  const known = namesOf.get(fleet);
  if (known !== undefined) return known;
  const sizes = new Map<string, number>();
  for (const host of fleet.hosts) for (const group of host.groups) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const bySize = (a: string, b: string): number => (sizes.get(a) ?? 0) - (sizes.get(b) ?? 0);
  const named = fleet.hosts.map(host => {
    const own = host.groups.filter(group => host.name.startsWith(group)).sort((a, b) => b.length - a.length)[0];
    return [host.name, own ?? [...host.groups].sort(bySize)[0] ?? 'ungrouped'] as const;
  });
  namesOf.set(fleet, named);
  return named;
};

type Memory = { readonly version: number; readonly key: string; readonly value: unknown };
const memory = new WeakMap<Data, Map<string, Memory>>();

/** The value made for this version of the data and this key; made anew when either has changed. */
const remember = <T>(data: Data, name: string, key: string, make: () => T): T => {
  const kept = memory.get(data) ?? new Map<string, Memory>();
  memory.set(data, kept);
  const known = kept.get(name);
  if (known?.version === data.version && known.key === key) return known.value as T;
  const value = make();
  kept.set(name, { version: data.version, key, value });
  return value;
};
