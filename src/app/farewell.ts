// The only place that says what goes on when an operator leaves. It is printed on the main screen after the console has gone.

import { isUnsent } from '../domain/job.ts';
import type { Console } from './console-state.ts';
import { ownRuns, runCounts } from './host-view.ts';
import { hostsScreen } from './hosts-screen.ts';
import { hostsInTrouble } from './trouble.ts';
import { counted } from './words.ts';

/** `3 jobs go on, and 1 queued run with 40 hosts (driver 4711). "rollcall" comes back here.` */
export const farewellOf = (console: Console): string => {
  const { data, setting } = console;
  const runs = ownRuns(data, setting.fleet).filter(run => run.phase.kind !== 'ended');
  const jobs = [...data.state.jobs.values()].filter(job => job.state.kind !== 'ended');
  // What waits for a login has its turn yet.
  const unsent = jobs.filter(isUnsent);
  const out = jobs.length - unsent.length;
  const begun = runs.map(run => runCounts(data, run)).reduce((sum, counts) => sum + counts.hosts - counts.done - counts.out, 0);
  const waiting = begun + unsent.filter(job => runs.some(({ id }) => id === job.runId)).length;
  const paused = runs.filter(run => run.phase.kind === 'paused').length;
  const back = `"${setting.comeBack}" comes back here.`;
  if (out === 0 && runs.length === 0) return `${pastWords(console)}${back}`;
  const going = out === 0 ? 'No job is out now' : `${counted(out, 'job')} ${out === 1 ? 'goes' : 'go'} on`;
  const rest =
    waiting <= 0
      ? ''
      : `, and ${counted(waiting, 'host')} of ${counted(runs.length, 'run')} still ${waiting === 1 ? 'has its' : 'have their'} turn`;
  const stopped = paused === 0 ? '' : ` ${counted(paused, 'run')} ${paused === 1 ? 'is' : 'are'} paused and will start nothing new.`;
  return `${going}${rest} (driver ${setting.driverPid}).${stopped} ${back}`;
};

const pastWords = (console: Console): string => {
  const bad = hostsInTrouble(hostsScreen(console).trouble);
  return bad === 0 ? 'Nothing is running. ' : `Nothing is running; ${counted(bad, 'host')} ${bad === 1 ? 'needs' : 'need'} a hand. `;
};
