// The only place that says which hosts and jobs a key is about: the marks, else what is under the cursor.
import type { Jid, Job } from '../domain/job.ts';
import type { Run } from '../domain/run-state.ts';
import { type Console, topMode } from './console-state.ts';
import { type HostView, hostViews, jobsOut, ownRuns } from './host-view.ts';
import { hostsScreen } from './hosts-screen.ts';
import { troubleKey } from './trouble.ts';

/** Marked hosts in inventory order, else the host under the cursor. */
export const targetHosts = (console: Console): readonly string[] => {
  const { view, setting } = console;
  if (view.marks.size > 0) return setting.fleet.hosts.map(host => host.name).filter(name => view.marks.has(name));
  return hostViews(console).byName.has(view.cursor) ? [view.cursor] : [];
};

/** The job of the view or log that is open. */
export const openJid = (console: Console): Jid | undefined =>
  console.view.modes.findLast(mode => mode.kind === 'job' || mode.kind === 'log')?.jid;

/** Jobs that are out there among the targets. */
export const targetJobs = (console: Console): readonly Job[] => {
  const open = openJid(console);
  if (open !== undefined) {
    const job = console.data.state.jobs.get(open);
    return job === undefined || job.state.kind === 'ended' ? [] : [job];
  }
  if (console.view.tab === 'jobs') {
    const run = runUnderCursor(console);
    return run === undefined ? [] : jobsOfRun(console, run).filter(job => job.state.kind !== 'ended');
  }
  const hand = console.view.marks.size > 0 ? undefined : handUnderCursor(console);
  if (hand !== undefined) return hand.job === undefined || hand.job.state.kind === 'ended' ? [] : [hand.job];
  return jobsOut(hostViews(console), targetHosts(console));
};

/** The line of *needs a hand* that `]` went to. */
export const handUnderCursor = (console: Console): HostView | undefined => {
  const { hand, cursor } = console.view;
  return hand === '' ? undefined : hostsScreen(console).trouble.find(view => view.name === cursor && troubleKey(view) === hand);
};

/** What the preview shows: that line, else the host under the cursor as the grid has it. */
export const viewUnderCursor = (console: Console): HostView | undefined =>
  handUnderCursor(console) ?? hostViews(console).byName.get(console.view.cursor);

/** Newest job of each host of a run. */
export const jobsOfRun = ({ data }: Console, run: Run): readonly Job[] =>
  [...run.hosts.values()]
    .map(progress => (progress.jid === undefined ? undefined : data.state.jobs.get(progress.jid)))
    .filter(job => job !== undefined);

/** Runs as the Jobs tab lists them, the newest first. */
export const listedRuns = (console: Console): readonly Run[] => [...ownRuns(console.data, console.setting.fleet)].reverse();

/** The run under the cursor of the Jobs tab. */
export const runUnderCursor = (console: Console): Run | undefined => {
  const runs = listedRuns(console);
  return runs[Math.min(console.view.at.jobs, runs.length - 1)];
};

/** The job that `Enter` and `l` open. */
export const jobUnderCursor = (console: Console): Job | undefined => {
  const open = openJid(console);
  if (open !== undefined) return console.data.state.jobs.get(open);
  const { cursor } = console.view;
  const last = console.data.jobsOf.get(cursor)?.at(-1);
  return viewUnderCursor(console)?.job ?? (last === undefined ? undefined : console.data.state.jobs.get(last));
};

/** Whether a mode that takes text has the keys. */
export const takesText = (console: Console): boolean => {
  const kind = topMode(console.view)?.kind;
  return kind !== undefined && !['job', 'log', 'help'].includes(kind);
};
