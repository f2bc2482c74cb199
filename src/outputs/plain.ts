// The only place for a run told in lines: one stable line a fact with its time, a folded recap, the last line.
// Host output is sanitised before it is written; equal outputs are told once, with their nodeset.
import { formatDuration } from '../domain/duration.ts';
import { actorName, type Event, originName, type TaskResult } from '../domain/event.ts';
import { describeFailure, failureSentence } from '../domain/failure.ts';
import { isOutstanding, type Jid, type Job, outputRemovedWords, shortJid, type Verdict } from '../domain/job.ts';
import { fold } from '../domain/nodeset.ts';
import { type Plan, taskAt } from '../domain/plan.ts';
import { countHosts, lastLineOf, standingOf, standingOfJob } from '../domain/recap.ts';
import type { HostProgress, Run, State } from '../domain/run-state.ts';
import { makeSanitiser, type SafeLine, safeText, withoutColours } from '../domain/safe-line.ts';
import { verdictSentence } from '../domain/verdict.ts';
import { waysChanged, waysOf, whyAway } from '../domain/ways.ts';
import { isAbout, type Output, type OutputParts } from './output.ts';

/** Most lines of one output in the recap; the rest is counted. */
const mostLines = 200;

/** Tells a run in plain lines. */
export const plainOutput = ({ write, bytesOf, command, run }: OutputParts): Output => ({
  news(events, state) {
    for (const event of events) {
      if (!isAbout(event, run, state)) continue;
      const text = sentenceOf(event, state);
      if (text !== undefined) write(`${timeOf(event.at)} ${text}\n`);
    }
  },
  heartbeat(state, wall) {
    const known = state.runs.get(run);
    if (known === undefined) return;
    const counts = countHosts(known, state.jobs);
    const done = counts.ok + counts.changed;
    const paused = known.phase.kind === 'paused' ? 'paused, ' : '';
    write(`${timeOf(wall)} run ${known.number}: ${paused}${counts.running} running, ${done} of ${known.hosts.size} ok\n`);
  },
  ways(before, state, wall) {
    const known = state.runs.get(run);
    const hosts = state.fleets.get(known?.fleet ?? '')?.hosts.filter(({ name }) => known?.hosts.has(name)) ?? [];
    const { gone, back, slower, asBefore } = waysChanged(waysOf(before, hosts), waysOf(state.ways, hosts));
    const lines = [
      ...gone.map(
        away =>
          `jump host ${safeText(away.name)} is away: ${whyAway(away)}, ${away.tries} times; whoever is behind it waits for the next try at ${timeOf(away.nextTryAt)}`,
      ),
      ...back.map(({ name }) => `jump host ${safeText(name)} answers again`),
      ...slower.map(({ gate, handshakes }) => `${safeText(gate)} drops handshakes: ${handshakes} at once for now`),
      ...asBefore.map(({ gate }) => `${safeText(gate)} takes handshakes as before`),
    ];
    for (const line of lines) write(`${timeOf(wall)} ${line}\n`);
  },
  async ended(state) {
    const known = state.runs.get(run);
    if (known === undefined) return;
    write('\n');
    for (const part of await recapOf(known, state, bytesOf)) write(part);
    if (known.phase.kind === 'ended' && known.phase.message !== undefined) write(`${known.phase.message}\n`);
    const out = [...state.jobs.values()].filter(job => job.runId === run && isOutstanding(job));
    if (out.length > 0) {
      const where = fold(out.map(({ host }) => host));
      write(
        `${count(out.length, 'job')} may still run on ${where}: ${command(`attach ${known.number}`)} waits for ${out.length === 1 ? 'it' : 'them'}\n`,
      );
    }
    write(`${lastLineOf(known, countHosts(known, state.jobs))}\n`);
  },
});

/** `22:47:09`, in local time. */
export const timeOf = (wall: number): string => {
  const date = new Date(wall);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(part => String(part).padStart(2, '0')).join(':');
};

/** As whom all tasks run, as far as it is said for all hosts. */
const asPlanned = (plan: Plan): string => {
  const users = new Set(
    plan.plays.flatMap(play => play.tasks.map(({ become }) => (become?.become === true ? (become.user ?? 'root') : ''))),
  );
  const [user = ''] = users;
  return users.size === 1 && user !== '' ? ` as ${safeText(user)}` : '';
};

const sentenceOf = (event: Event, state: State): string | undefined => {
  switch (event.type) {
    case 'run.queued': {
      const known = state.runs.get(event.run);
      const hosts = [...(known?.hosts.keys() ?? [])];
      const label = state.fleets.get(event.fleet)?.label ?? '';
      return `run ${event.number} ${safeText(event.plan.title)}${asPlanned(event.plan)}: ${count(hosts.length, 'host')} of ${label} ${fold(hosts)}`;
    }
    case 'run.adopted':
      return `run ${event.number} (${originName(event.origin)}) adopted ${byWhom(event)}: ${safeText(event.plan.title)}`.replace(' :', ':');
    case 'run.paused':
      return `run ${numberOf(state, event.run)} paused ${byWhom(event)}(${event.why}): what runs goes on, nothing new starts`;
    case 'run.resumed':
      return `run ${numberOf(state, event.run)} resumed ${byWhom(event)}`.trimEnd();
    case 'run.aborted':
      return `run ${numberOf(state, event.run)} aborted ${byWhom(event)}`.trimEnd();
    case 'run.retried':
      return `run ${numberOf(state, event.run)}: ${count(event.hosts.length, 'host')} again: ${fold(event.hosts)}`;
    case 'run.hosts-dropped':
      return `run ${numberOf(state, event.run)} takes no further task to ${fold(event.hosts)} ${byWhom(event)}`.trimEnd();
    case 'question.answered':
      return `${safeText(event.about)} was ${event.answer} ${byWhom(event)}for ${count(event.hosts.length, 'host')}: ${fold(event.hosts)}`;
    case 'batch.opened':
      return event.of > 1 ? `batch ${event.batch}/${event.of} open: ${fold(event.hosts)}` : undefined;
    case 'batch.ended': {
      const of = state.runs.get(event.run)?.batches.find(({ number }) => number === event.batch)?.of ?? 1;
      return of > 1 ? `batch ${event.batch}/${of} ended` : undefined;
    }
    case 'task.opened': {
      const known = state.runs.get(event.run);
      return known !== undefined && countTasks(known) > 1 ? `task ${taskName(known, event.path)}` : undefined;
    }
    case 'task.waiting':
      return `${event.host} asked again at ${timeOf(event.nextAt)} (${event.retriesLeft} retries left)`;
    case 'task.item-ended':
      return taskSentence(`${event.host} item ${event.item + 1}`, event.result, isPartOfJob(event, state));
    case 'task.ended':
      return taskSentence(event.host, event.result, isPartOfJob(event, state));
    case 'job.started':
      return jobLine(state, event.jid, job => `started ${shortJid(job.jid)} pid ${event.on.pid}`);
    case 'job.joined':
      return jobLine(state, event.jid, () =>
        event.other === event.jid ? 'has the name now' : `follows ${event.other}, which holds the name already`,
      );
    case 'job.waiting':
      return jobLine(state, event.jid, () => `waits: ${safeText(event.for)}`);
    case 'job.answered':
      return jobLine(state, event.jid, () => 'answers again');
    case 'job.fell-silent':
      return jobLine(
        state,
        event.jid,
        () => `stale: ${describeFailure({ ...event.failure, host: '' }).what.replace(/^: /, '')}; asked again by itself`,
      );
    case 'job.cancel-asked':
      return jobLine(state, event.jid, () => `cancel asked ${byWhom(event)}`.trimEnd());
    case 'job.extended':
      return jobLine(state, event.jid, () => `limit now ${formatDuration(event.limit)}`);
    case 'job.ended':
      return jobLine(state, event.jid, () => verdictWords(event.verdict));
    default:
      return undefined;
  }
};

const verdictWords = (verdict: Verdict): string => {
  switch (verdict.kind) {
    case 'ok':
      return `ok rc 0 after ${formatDuration(verdict.elapsed)}`;
    case 'failed':
      return `FAILED rc ${verdict.rc} after ${formatDuration(verdict.elapsed)}`;
    case 'unreachable':
      return `UNREACHABLE${verdict.began === 'maybe' ? ' (it may still run)' : ', nothing was started'}: ${safeText(verdictSentence(verdict))}`;
    default:
      return `${verdict.kind.toUpperCase()} after ${formatDuration('elapsed' in verdict ? verdict.elapsed : 0)}: ${verdictSentence(verdict)}`;
  }
};

/** A task that was a job has been told by the job's own line, unless its conditions made something else of it. */
const isPartOfJob = (event: Event & { readonly type: 'task.ended' | 'task.item-ended' }, state: State): boolean => {
  const row = state.runs.get(event.run)?.hosts.get(event.host);
  const job = row?.jid === undefined ? undefined : state.jobs.get(row.jid);
  if (job === undefined || job.taskPath !== event.path) return false;
  const isWell = job.state.kind !== 'ended' || job.state.verdict.kind === 'ok';
  return (isWell ? ['ok', 'changed'] : ['failed', 'unreachable']).includes(event.result.status);
};

const taskSentence = (host: string, result: TaskResult, isTold: boolean): string | undefined => {
  if (isTold && result.attempts === undefined) return undefined;
  const message = result.message === undefined || result.message === '' ? '' : `: ${safeText(result.message)}`;
  return `${host} ${result.status}${message}`;
};

const jobLine = (state: State, jid: Jid, words: (job: Job) => string): string | undefined => {
  const job = state.jobs.get(jid);
  return job === undefined ? undefined : `${job.host} ${words(job)}`;
};

/** Equal outputs once, with their hosts; the ones in trouble last, where the eye rests. */
const recapOf = async (run: Run, state: State, bytesOf: OutputParts['bytesOf']): Promise<readonly string[]> => {
  const groups = new Map<string, string[]>();
  for (const row of run.hosts.values()) {
    // Of an adopted run every job is told: they need not be of one task.
    for (const job of run.origin === undefined ? [jobToShow(row, state)] : jobsOf(row, state)) {
      const standing = run.origin === undefined ? standingOf(row, run, state.jobs) : standingOfJob(job);
      if (standing === 'neverStarted') continue;
      const why = run.origin === undefined ? reasonOf(row, job) : undefined;
      const isOfAnother = why !== undefined && job?.taskPath !== row.out?.path;
      const said = job === undefined || isOfAnother ? '' : await bodyOf(job, bytesOf);
      const body = [said, why === undefined ? '' : safeText(why)].filter(part => part !== '').join('\n');
      const key = `${standing}\n${body}`;
      groups.set(key, [...(groups.get(key) ?? []), row.host]);
    }
  }
  const isTrouble = (key: string): boolean => !/^(ok|changed|skipped)\n/.test(key);
  return [...groups]
    .sort(([a], [b]) => Number(isTrouble(a)) - Number(isTrouble(b)))
    .map(([key, hosts]) => {
      const [standing = '', ...lines] = key.split('\n');
      const words = { timedOut: 'timed out', running: 'still running' }[standing] ?? standing;
      return `--- ${fold(hosts)} (${count(hosts.length, 'host')}) ${words}\n${lines.join('\n')}${lines.join('') === '' ? '' : '\n'}`;
    });
};

/** Why a host failed, where its job does not tell: by a condition, or in a task that was none. */
const reasonOf = ({ out, last }: HostProgress, job: Job | undefined): string | undefined => {
  if (out?.how !== 'failed' || last?.path !== out.path) return undefined;
  const isOfTask = job !== undefined && (job.taskPath === out.path || last.result.value?.['ansible_job_id'] === job.jid);
  const isToldByJob = isOfTask && job.state.kind === 'ended' && job.state.verdict.kind !== 'ok';
  return isToldByJob ? undefined : last.result.message;
};

/** What `async_status` waited for says more than a task that ran meanwhile. */
const jobToShow = ({ jid, last }: HostProgress, { jobs }: State): Job | undefined => {
  const named = last?.result.value?.['ansible_job_id'];
  const waitedFor = typeof named === 'string' ? jobs.get(named as Jid) : undefined;
  return waitedFor ?? (jid === undefined ? undefined : jobs.get(jid));
};

const jobsOf = ({ jids = [] }: HostProgress, { jobs }: State): readonly Job[] => jids.flatMap(jid => jobs.get(jid) ?? []);

const bodyOf = async (job: Job, bytesOf: OutputParts['bytesOf']): Promise<string> => {
  const lines: SafeLine[] = [];
  for (const stream of ['out', 'err'] as const) {
    const sanitiser = makeSanitiser();
    // One by one: a call takes only so many arguments, and a stream may have more lines than that.
    for (const line of sanitiser.push(await bytesOf(job.jid, stream))) lines.push(line);
    for (const line of sanitiser.flush()) lines.push(line);
  }
  const shown: string[] = lines.slice(-mostLines).map(line => withoutColours(line));
  if (lines.length > mostLines) shown.unshift(`… ${lines.length - mostLines} lines before these`);
  const removed = outputRemovedWords(job);
  if (removed !== undefined) shown.push(`… ${removed}`);
  if (job.output.dropped > 0) shown.push(`… ${job.output.dropped} bytes dropped by the cap on the host`);
  if (job.state.kind === 'ended' && job.state.verdict.kind !== 'ok') {
    const { verdict } = job.state;
    if (verdict.kind === 'unreachable') {
      const { host: _, ...failure } = verdict.failure;
      shown.push(safeText(failureSentence(failure)));
    } else shown.push(verdictSentence(verdict));
  }
  return shown.join('\n');
};

const byWhom = ({ by }: Event): string => (by === undefined ? '' : `by ${actorName(by)} `);

const numberOf = (state: State, run: string): number => state.runs.get(run)?.number ?? 0;

const countTasks = (run: Run): number => run.plan.plays.reduce((sum, play) => sum + play.tasks.length, 0);

const taskName = ({ plan }: Run, path: string): string => {
  const task = taskAt(plan, path);
  return task === undefined ? path : safeText(task.name);
};

const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
