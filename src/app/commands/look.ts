// The only place for the commands that look closer and change nothing but what is asked and shown.
import type { Console, Mode } from '../console-state.ts';
import { lineOf } from '../line-editor.ts';
import { logHeight, logLines } from '../log-lines.ts';
import { outputFolds } from '../output-folds.ts';
import { jobUnderCursor, runUnderCursor, targetJobs } from '../targets.ts';
import { counted } from '../words.ts';
import { always, type Command, type Place } from './command.ts';

const hasJob = (console: Console): true | string =>
  jobUnderCursor(console) === undefined ? `no task has run on ${console.view.cursor || 'this host'} yet; n types one` : true;

const logMode = (console: Console): Mode & { kind: 'log' } => {
  const mode = console.view.modes.at(-1);
  return mode?.kind === 'log' ? mode : { kind: 'log', jid: jobUnderCursor(console)?.jid as never, at: 'end', wrap: 'cut', search: '' };
};

const enterHint = (console: Console): true | string => {
  switch (console.view.tab) {
    case 'jobs':
      return runUnderCursor(console) === undefined ? 'no run to open yet; n types a task' : true;
    case 'output':
      return outputFolds(console).length === 0 ? 'no output yet' : true;
    case 'hosts':
      return hasJob(console);
    default:
      return 'nothing to open here; 1 goes to the hosts';
  }
};

const inLog: readonly Place[] = ['log'];

export const lookCommands: readonly Command[] = [
  {
    id: 'open',
    keys: ['enter'],
    title: 'open: the job of a host, the run of a list',
    hint: 'open',
    group: 'look',
    places: ['hosts', 'jobs', 'output'],
    when: enterHint,
    act: hands => {
      const console = hands.see();
      const { tab } = console.view;
      if (tab === 'jobs') {
        const run = runUnderCursor(console);
        if (run !== undefined) hands.set({ focus: run.id, tab: 'roll' });
      } else if (tab === 'output') {
        const host = outputFolds(console)[console.view.at.output]?.hosts[0];
        if (host !== undefined) hands.set({ cursor: host, tab: 'hosts' });
      } else {
        const job = jobUnderCursor(console);
        if (job !== undefined) hands.open({ kind: 'job', jid: job.jid });
      }
    },
  },
  {
    id: 'log',
    keys: ['l'],
    title: 'the log of the job, following',
    hint: 'log',
    group: 'look',
    places: ['hosts', 'job'],
    when: hasJob,
    act: hands => {
      hands.loadEnd();
      hands.open({ ...logMode(hands.see()), at: 'end' });
    },
  },
  {
    id: 'ask-now',
    keys: ['r'],
    title: 'ask the host now, without waiting for the timer',
    hint: 'ask now',
    group: 'look',
    places: ['hosts', 'jobs', 'job', 'log'],
    when: console => (targetJobs(console).length > 0 ? true : 'no job is out there to be asked about'),
    act: hands => {
      const jids = targetJobs(hands.see()).map(job => job.jid);
      hands.ask<'ask'>({ verb: 'ask', on: { jids } }, answer => `asked about ${counted(answer.touched, 'job')}`);
    },
  },
  {
    id: 'follow',
    keys: ['F'],
    title: 'in a log: follow its end',
    hint: 'follow',
    group: 'look',
    places: inLog,
    when: always,
    act: hands => {
      hands.loadEnd();
      hands.swap({ ...logMode(hands.see()), at: 'end' });
    },
  },
  {
    id: 'wrap',
    keys: ['w'],
    title: 'in a log: wrap long lines, and back',
    hint: 'wrap',
    group: 'look',
    places: inLog,
    when: always,
    act: hands => hands.swap({ ...logMode(hands.see()), wrap: logMode(hands.see()).wrap === 'cut' ? 'wrap' : 'cut' }),
  },
  {
    id: 'whole-log',
    keys: ['L'],
    title: 'the whole log, from its first line; a very long one part by part',
    hint: 'whole',
    group: 'look',
    places: ['log', 'job'],
    when: hasJob,
    act: hands => {
      const mode = logMode(hands.see());
      if (hands.see().view.modes.at(-1)?.kind === 'log') hands.swap({ ...mode, at: 0 });
      else hands.open({ ...mode, at: 0 });
      hands.loadWhole();
    },
  },
  {
    id: 'search',
    keys: ['/'],
    title: 'in a log: search; n and N go to the next and previous hit',
    hint: 'search',
    group: 'look',
    places: inLog,
    when: always,
    act: hands => hands.open({ kind: 'search', line: lineOf(logMode(hands.see()).search) }),
  },
  { id: 'next-hit', keys: ['n'], title: 'in a log: next hit', group: 'look', places: inLog, when: hasSearch, act: hands => hit(hands, 1) },
  {
    id: 'previous-hit',
    keys: ['N'],
    title: 'in a log: previous hit',
    group: 'look',
    places: inLog,
    when: hasSearch,
    act: hands => hit(hands, -1),
  },
  {
    id: 'shell',
    keys: ['s'],
    title: 'a shell on the host (comes with a later release)',
    group: 'look',
    places: ['hosts', 'job'],
    when: () => 'a shell from here comes with a later release; use ssh in another window',
    act: () => {},
  },
  {
    id: 'copy',
    keys: ['y'],
    title: 'copy menu (comes with a later release)',
    group: 'look',
    places: ['hosts', 'job', 'log'],
    when: () => 'copying from here comes with a later release',
    act: () => {},
  },
];

function hasSearch(console: Console): true | string {
  return logMode(console).search === '' ? 'nothing is searched for; / searches' : true;
}

/** Puts the next or previous line with the searched text on top. */
function hit(hands: Parameters<Command['act']>[0], by: number): void {
  const console = hands.see();
  const mode = logMode(console);
  const lines = logLines(console, mode);
  const last = Math.max(0, lines.length - logHeight(console));
  const from = mode.at === 'end' ? last : mode.at;
  const wanted = mode.search.toLowerCase();
  for (let step = 1; step <= lines.length; step += 1) {
    const at = (((from + step * by) % lines.length) + lines.length) % lines.length;
    if (lines[at]?.text.toLowerCase().includes(wanted) === true) {
      hands.swap({ ...mode, at });
      return;
    }
  }
  const tail = console.data.tails.get(mode.jid);
  const isWhole = tail?.before === 'nothing' && tail.after === 'nothing';
  const next =
    tail?.after === 'coming' ? 'the rest is being loaded' : tail?.after === 'more' ? 'L loads what follows' : 'L loads the whole log';
  hands.toast(isWhole ? `"${mode.search}" is not in this log` : `"${mode.search}" is not in what is loaded; ${next}`);
}
