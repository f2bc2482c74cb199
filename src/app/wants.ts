// The only place that says what the present screen needs from outside: which tails, which ages, how often it must count down.
// Pure; the session acts on it.
import type { Jid } from '../domain/job.ts';
import type { Console } from './console-state.ts';
import { type HostView, hostViews, ownRuns, runInFocus } from './host-view.ts';
import { hostsScreen } from './hosts-screen.ts';
import { isOut } from './letters.ts';
import { jobsOfRun, jobUnderCursor, openJid } from './targets.ts';
import { nextTryHere } from './ways.ts';

/** Jobs whose tails are on the screen, and those to fetch once because their outputs are folded there. */
export const wantedTails = (console: Console): { readonly watch: readonly Jid[]; readonly glance: readonly Jid[] } => {
  const { view } = console;
  const job = openJid(console) !== undefined || view.tab === 'hosts' ? jobUnderCursor(console) : undefined;
  const hasOutput = job !== undefined && (job.output.out + job.output.err > 0 || job.state.kind !== 'ended');
  const run = view.tab === 'output' ? runInFocus(console) : undefined;
  const ended =
    run === undefined
      ? []
      : jobsOfRun(console, run).filter(other => other.state.kind === 'ended' && other.output.out + other.output.err > 0);
  return { watch: job !== undefined && hasOutput ? [job.jid] : [], glance: ended.slice(0, 200).map(other => other.jid) };
};

/** Tells whether the age of a job's last look is on the screen. */
export const visibleLooks = (console: Console): ((jid: Jid) => boolean) => {
  const { view } = console;
  if (view.modes.length === 0 && view.tab !== 'hosts') return () => false;
  const here = jobUnderCursor(console)?.jid;
  if (openJid(console) !== undefined) return jid => jid === here;
  const { grid } = hostsScreen(console);
  return grid.form === 'list' || grid.form === 'medium' ? () => true : jid => jid === here;
};

/**
 * Milliseconds between two frames that only count; undefined when nothing moves by itself.
 * Each second while a countdown under a minute is on the screen, else each five seconds while a job is out.
 */
export const tickEvery = (console: Console): number | undefined => {
  const views = hostViews(console).all;
  const out = views.filter(view => isOut(view.kind) || view.kind === 'between');
  const paused = ownRuns(console.data, console.setting.fleet).some(run => run.phase.kind === 'paused');
  // Ages are shown at rest as well: those in seconds for a minute, then a frame each half minute, which costs nothing that can be measured.
  const isFresh = ({ job }: HostView): boolean => job?.state.kind === 'ended' && console.wall - job.state.at < 60_000;
  if (out.length === 0) return paused || views.some(isFresh) ? 5000 : views.some(view => view.job !== undefined) ? 30_000 : undefined;
  const visible = visibleLooks(console);
  const isSoon = (at: number | undefined): boolean => at !== undefined && at - console.wall < 60_000;
  if (isSoon(nextTryHere(console))) return 1000;
  return out.some(view => view.job !== undefined && visible(view.job.jid) && isSoon(view.progress?.wait?.nextAt ?? view.job.nextLookAt))
    ? 1000
    : 5000;
};

/** Commands typed here and those of earlier runs, the newest first, each once. */
export const typedCommands = (console: Console, typed: readonly string[]): readonly string[] => {
  const earlier = ownRuns(console.data, console.setting.fleet)
    .toReversed()
    .flatMap(run => run.plan.plays.flatMap(play => play.tasks.map(task => task.module.args['cmd'])))
    .filter(command => typeof command === 'string');
  return [...new Set([...typed, ...earlier])].slice(0, 100);
};
