// The only place for the commands that change the world: type a task, cancel, retry, pause, more time.
// None of them acts by itself on more than it names: all but pausing open a dialog first.

import { isOutstanding } from '../../domain/job.ts';
import { fold } from '../../domain/nodeset.ts';
import type { Run } from '../../domain/run-state.ts';
import { cancelTargets } from '../cancel-targets.ts';
import type { Console } from '../console-state.ts';
import { openQuestion } from '../dialogs/answer.ts';
import { endedBadly, ownRuns, runInFocus, viewInRun } from '../host-view.ts';
import { emptyLine, lineOf } from '../line-editor.ts';
import { handUnderCursor, openJid, runUnderCursor, targetHosts, targetJobs } from '../targets.ts';
import { counted } from '../words.ts';
import { type Command, onTabs } from './command.ts';

/** The run that R is about: the one under the cursor of a list, of the job that is open, or of the trouble that `]` went to. */
const actedRun = (console: Console): Run | undefined => {
  if (console.view.tab === 'jobs' && openJid(console) === undefined) return runUnderCursor(console);
  const jid = openJid(console);
  const job = jid === undefined ? undefined : console.data.state.jobs.get(jid);
  if (job !== undefined) return console.data.state.runs.get(job.runId);
  return handUnderCursor(console)?.run ?? runInFocus(console);
};

type Retryable = { readonly run: Run; readonly failed: string[]; readonly unreachable: string[]; readonly silent: string[] };

/** Hosts that are out of the run by how they went out; on those that fell silent the job may still run. */
const retryable = (console: Console): Retryable | undefined => {
  const run = actedRun(console);
  if (run === undefined) return undefined;
  const { marks } = console.view;
  const found: Retryable = { run, failed: [], unreachable: [], silent: [] };
  for (const row of run.hosts.values()) {
    if (row.out === undefined || (marks.size > 0 && !marks.has(row.host))) continue;
    const { kind, job } = viewInRun(console.data, run, row);
    if (!endedBadly.has(kind)) continue;
    const list = job !== undefined && isOutstanding(job) ? found.silent : row.out.how === 'unreachable' ? found.unreachable : found.failed;
    list.push(row.host);
  }
  return found;
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
      const { run, failed, unreachable, silent } = found;
      if (failed.length + unreachable.length > 0) return true;
      if (silent.length > 0) return `run ${run.number}: ${fold(silent)} fell silent and may still run; only what has ended is tried again`;
      return `run ${run.number}: no host failed or was unreachable`;
    },
    act: hands => {
      const found = retryable(hands.see());
      if (found === undefined) return;
      hands.open({
        kind: 'retry',
        ...found,
        run: found.run.id,
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
    id: 'answer',
    keys: ['p'],
    title: 'answer what hosts want to be told: a password, a passphrase, a code, whether a key is theirs',
    hint: 'answer',
    group: 'act',
    places: [...onTabs, 'job', 'log'],
    when: console => (console.data.questions.length > 0 ? true : 'no host waits for an answer'),
    act: openQuestion,
  },
  {
    id: 'note',
    keys: ['#'],
    title: 'note something on the run: it stands in its history, with your name',
    group: 'act',
    places: [...onTabs, 'job'],
    when: console => (actedRun(console) === undefined ? 'nothing has run yet' : true),
    act: hands => {
      const run = actedRun(hands.see());
      if (run !== undefined) hands.open({ kind: 'note', run: run.id, line: emptyLine, opened: hands.opened() });
    },
  },
  {
    id: 'adopt',
    keys: ['J'],
    title: 'find jobs begun elsewhere, on the marked hosts or on all',
    group: 'act',
    places: onTabs,
    changes: 'the world',
    when: () => true,
    act: hands => {
      const { view, setting } = hands.see();
      const hosts = view.marks.size > 0 ? targetHosts(hands.see()) : setting.fleet.hosts.map(({ name }) => name);
      hands.open({ kind: 'adopt', hosts, become: 'no', opened: hands.opened() });
    },
  },
  {
    id: 'abort',
    keys: ['A'],
    hint: 'abort',
    title: 'abort the run: what has not begun is dropped, what runs goes on; asks first',
    group: 'act',
    places: ['jobs', 'roll'],
    changes: 'the world',
    when: console => {
      const run = actedRun(console);
      return run !== undefined && ['going', 'paused'].includes(run.phase.kind) ? true : 'no run here still has something to begin';
    },
    act: hands => {
      const run = actedRun(hands.see());
      if (run === undefined) return;
      const about = { kind: 'rest', run: run.id } as const;
      hands.open({ kind: 'cancel', about, hosts: [], on: 'keep', number: emptyLine, opened: hands.opened() });
    },
  },
  {
    id: 'cancel',
    keys: ['X'],
    title: 'cancel running jobs and starts that wait there: asks first, and says gone only when the host has said so',
    hint: 'cancel',
    group: 'act',
    places: ['hosts', 'jobs', 'job', 'log'],
    changes: 'the world',
    when: console => {
      if (cancelTargets(console) !== undefined) return true;
      return console.view.tab === 'jobs' ? 'this run has ended' : 'no job is running there; nothing to cancel';
    },
    act: hands => {
      const targets = cancelTargets(hands.see());
      if (targets !== undefined) hands.open({ kind: 'cancel', ...targets, on: 'keep', number: emptyLine, opened: hands.opened() });
    },
  },
];
