// The only place that says what X is about: one job, hosts with their jobs and the starts that still wait there, or a whole run.
// It names hosts rather than jobs, since a start may get its slot while the dialog is open.
import { isOutstanding, type Job } from '../domain/job.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import type { CancelAbout, Console, Data } from './console-state.ts';
import { hostViews, ownRuns } from './host-view.ts';
import { isOut } from './letters.ts';
import { handUnderCursor, openJid, runUnderCursor, targetHosts } from './targets.ts';

/** What X would cancel now, with the hosts that it names; undefined: nothing runs or waits there. */
export const cancelTargets = (console: Console): { readonly about: CancelAbout; readonly hosts: readonly string[] } | undefined => {
  const { data, view } = console;
  const open = openJid(console);
  if (open !== undefined) return ofJob(data.state.jobs.get(open));
  if (view.tab === 'jobs') {
    const run = runUnderCursor(console);
    if (run === undefined || run.phase.kind === 'ended') return undefined;
    return { about: { kind: 'run', run: run.id }, hosts: unfinished(data, run) };
  }
  const hand = view.marks.size > 0 ? undefined : handUnderCursor(console);
  return hand === undefined ? ofHosts(console, targetHosts(console)) : ofJob(hand.job);
};

const ofJob = (job: Job | undefined): ReturnType<typeof cancelTargets> =>
  job === undefined || job.state.kind === 'ended' ? undefined : { about: { kind: 'job', run: job.runId, jid: job.jid }, hosts: [job.host] };

const ofHosts = (console: Console, names: readonly string[]): ReturnType<typeof cancelTargets> => {
  const { data, setting } = console;
  const views = hostViews(console).byName;
  const going = ownRuns(data, setting.fleet).filter(run => run.open !== undefined && ['going', 'paused'].includes(run.phase.kind));
  const opened = going.map(run => ({ run, hosts: new Set(run.open?.hosts) }));
  const parts = new Map<string, Set<string>>();
  const add = (run: string, host: string): void => void parts.set(run, (parts.get(run) ?? new Set()).add(host));
  for (const name of names) {
    const view = views.get(name);
    if (view?.job !== undefined && (isOut(view.kind) || view.job.state.kind === 'starting')) add(view.job.runId, name);
    for (const { run, hosts } of opened) if (hosts.has(name) && waitsToBegin(data, run, run.hosts.get(name))) add(run.id, name);
  }
  if (parts.size === 0) return undefined;
  const hosts = names.filter(name => [...parts.values()].some(set => set.has(name)));
  return { about: { kind: 'hosts', parts: [...parts].map(([run, set]) => ({ run, hosts: [...set] })) }, hosts };
};

/** In the open task, and nothing of it has been sent to the host: it waits for a slot, or for the run to go on. */
const waitsToBegin = (data: Data, run: Run, row: HostProgress | undefined): boolean =>
  row !== undefined &&
  row.dropped === undefined &&
  row.wait === undefined &&
  !hasJob(data, row) &&
  !(row.last?.path === run.open?.path && row.last?.batch === row.batch) &&
  (row.out === undefined || row.batch !== row.last?.batch);

const hasJob = ({ state }: Data, row: HostProgress): boolean => {
  const job = row.jid === undefined ? undefined : state.jobs.get(row.jid);
  return job !== undefined && isOutstanding(job);
};

const unfinished = (data: Data, run: Run): readonly string[] => {
  const opened = new Set(run.open?.hosts);
  return [...run.hosts.values()]
    .filter(
      row =>
        hasJob(data, row) ||
        (row.at === 'queued' && row.dropped === undefined) ||
        row.wait !== undefined ||
        (opened.has(row.host) && waitsToBegin(data, run, row)),
    )
    .map(row => row.host);
};

/** How many jobs are out, and on how many hosts nothing has begun yet, as it stands in this very frame. */
export const cancelCounts = ({ data }: Console, about: CancelAbout): { readonly jobs: number; readonly notBegun: number } => {
  if (about.kind === 'job') return { jobs: 1, notBegun: 0 };
  const parts = about.kind === 'hosts' ? about.parts : [{ run: about.run, hosts: undefined }];
  let jobs = 0;
  let notBegun = 0;
  for (const part of parts) {
    const run = data.state.runs.get(part.run);
    if (run === undefined) continue;
    for (const host of part.hosts ?? unfinished(data, run)) {
      const row = run.hosts.get(host);
      if (row !== undefined && hasJob(data, row)) jobs += 1;
      else if (part.hosts === undefined || waitsToBegin(data, run, row)) notBegun += 1;
    }
  }
  return { jobs, notBegun };
};

/** The jobs out there that a cancel is about. */
export const cancelJobs = (console: Console, about: CancelAbout): readonly Job[] => {
  const { jobs, runs } = console.data.state;
  if (about.kind === 'job') return [jobs.get(about.jid)].filter(job => job !== undefined);
  const parts = about.kind === 'hosts' ? about.parts : [{ run: about.run, hosts: undefined }];
  return parts.flatMap(({ run, hosts }) => {
    const rows = runs.get(run)?.hosts;
    return [...(hosts ?? rows?.keys() ?? [])].flatMap(host => {
      const row = rows?.get(host);
      const jids = row?.jids ?? (row?.jid === undefined ? [] : [row.jid]);
      return jids.flatMap(jid => jobs.get(jid) ?? []).filter(isOutstanding);
    });
  });
};

/** The runs that a cancel is about. */
export const cancelRuns = ({ data }: Console, about: CancelAbout): readonly Run[] =>
  (about.kind === 'hosts' ? about.parts.map(part => part.run) : [about.run])
    .map(id => data.state.runs.get(id))
    .filter(run => run !== undefined);
