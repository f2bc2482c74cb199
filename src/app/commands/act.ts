// The only place for the commands that change the world: type a task, cancel, retry, pause, more time.
// None of them acts by itself on more than it names: all but pausing open a dialog first.
import { fold } from '../../domain/nodeset.ts';
import type { Run } from '../../domain/run-state.ts';
import type { Console } from '../console-state.ts';
import { ownRuns, runInFocus } from '../host-view.ts';
import { emptyLine, lineOf } from '../line-editor.ts';
import { jobsOfRun, runUnderCursor, targetHosts, targetJobs } from '../targets.ts';
import { counted } from '../words.ts';
import { type Command, onTabs } from './command.ts';

/** The run that R and X on lists are about. */
const actedRun = (console: Console): Run | undefined => (console.view.tab === 'jobs' ? runUnderCursor(console) : runInFocus(console));

const retryable = (console: Console): { readonly run: Run; readonly failed: string[]; readonly unreachable: string[] } | undefined => {
  const run = actedRun(console);
  if (run === undefined) return undefined;
  const { marks } = console.view;
  const failed: string[] = [];
  const unreachable: string[] = [];
  for (const job of jobsOfRun(console, run)) {
    if (job.state.kind !== 'ended' || (marks.size > 0 && !marks.has(job.host))) continue;
    const { kind } = job.state.verdict;
    if (kind === 'unreachable') unreachable.push(job.host);
    else if (kind !== 'ok') failed.push(job.host);
  }
  return { run, failed, unreachable };
};

const openRuns = (console: Console): readonly Run[] => {
  const runs = console.view.tab === 'roll' ? [runInFocus(console)] : ownRuns(console.data, console.setting.fleet);
  return runs.filter(run => run !== undefined && run.phase.kind !== 'ended') as Run[];
};

export const actCommands: readonly Command[] = [
  {
    id: 'run',
    keys: ['n'],
    title: 'new task: type a command for the marked hosts, else for the one under the cursor',
    hint: 'new task',
    group: 'act',
    places: onTabs,
    changes: 'the world',
    when: () => true,
    act: hands => {
      const pattern = lineOf(fold(targetHosts(hands.see())));
      hands.open({
        kind: 'prompt',
        pattern,
        command: emptyLine,
        focus: pattern.text === '' ? 'pattern' : 'command',
        opened: hands.opened(),
        past: 0,
      });
    },
  },
  {
    id: 'retry',
    keys: ['R'],
    title: 'retry hosts of the run: failed ones, those never reached, or both',
    hint: 'retry',
    group: 'act',
    places: [...onTabs, 'job'],
    changes: 'the world',
    when: console => {
      const found = retryable(console);
      if (found === undefined) return 'nothing has run yet';
      return found.failed.length + found.unreachable.length > 0 ? true : `run ${found.run.number}: no host failed or was unreachable`;
    },
    act: hands => {
      const found = retryable(hands.see());
      if (found === undefined) return;
      hands.open({
        kind: 'retry',
        run: found.run.id,
        failed: found.failed,
        unreachable: found.unreachable,
        number: emptyLine,
        opened: hands.opened(),
      });
    },
  },
  {
    id: 'pause',
    keys: ['P'],
    title: 'pause or resume: on Roll this run, elsewhere everything; what runs goes on',
    hint: 'pause',
    group: 'act',
    places: [...onTabs, 'job'],
    changes: 'the world',
    when: console => (openRuns(console).length > 0 ? true : 'nothing is running or queued'),
    act: hands => {
      const runs = openRuns(hands.see());
      const isPaused = runs.every(run => run.phase.kind === 'paused');
      const on = hands.see().view.tab === 'roll' && runs[0] !== undefined ? { run: runs[0].id } : {};
      if (isPaused) hands.ask<'resume'>({ verb: 'resume', on }, answer => `resumed ${counted(answer.touched, 'run')}`);
      else
        hands.ask<'pause'>(
          { verb: 'pause', on },
          answer => `paused ${counted(answer.touched, 'run')}: nothing new starts, what runs goes on`,
        );
    },
  },
  {
    id: 'extend',
    keys: ['T'],
    title: 'more time for running jobs',
    group: 'act',
    places: ['hosts', 'job', 'log'],
    changes: 'the world',
    when: console => (targetJobs(console).length > 0 ? true : 'no job is out there to be given more time'),
    act: hands =>
      hands.open({ kind: 'extend', jids: targetJobs(hands.see()).map(job => job.jid), line: lineOf('30m'), opened: hands.opened() }),
  },
  {
    id: 'cancel',
    keys: ['X'],
    title: 'cancel running jobs: asks first, and says gone only when the host has said so',
    hint: 'cancel',
    group: 'act',
    places: ['hosts', 'jobs', 'job', 'log'],
    changes: 'the world',
    when: console => {
      if (console.view.tab === 'jobs' && console.view.modes.length === 0) {
        const run = runUnderCursor(console);
        return run !== undefined && run.phase.kind !== 'ended' ? true : 'this run has ended';
      }
      return targetJobs(console).length > 0 ? true : 'no job is running there; nothing to cancel';
    },
    act: hands => {
      const console = hands.see();
      const jobs = targetJobs(console);
      const run = console.view.tab === 'jobs' && console.view.modes.length === 0 ? runUnderCursor(console) : undefined;
      hands.open({
        kind: 'cancel',
        jids: jobs.map(job => job.jid),
        hosts: [...new Set(jobs.map(job => job.host))],
        ...(run !== undefined && { run: run.id }),
        on: 'keep',
        number: emptyLine,
        opened: hands.opened(),
      });
    },
  },
];
