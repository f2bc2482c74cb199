// The only place that tells an event in one sentence for the Events tab; what says nothing to a person is left out.
import { formatDuration } from '../domain/duration.ts';
import { actorName, type Event, originName } from '../domain/event.ts';
import { describeFailure } from '../domain/failure.ts';
import { shortJid, type Verdict } from '../domain/job.ts';
import { fold } from '../domain/nodeset.ts';
import type { State } from '../domain/run-state.ts';
import { lostWords } from './words.ts';

/** The sentence, or undefined for an event that is only bookkeeping. `state` is the one after the event. */
export const eventWords = (event: Event, state: State): string | undefined => {
  const said = sentence(event, state);
  return said === undefined ? undefined : event.by === undefined ? said : `${said}  by ${actorName(event.by)}`;
};

const sentence = (event: Event, state: State): string | undefined => {
  switch (event.type) {
    case 'driver.started':
      return `driver ${event.pid} started`;
    case 'run.queued':
      return `run ${event.number} queued: ${event.plan.title}`;
    case 'run.adopted':
      return `run ${event.number} adopted (${originName(event.origin)}): ${event.plan.title}`;
    case 'run.paused':
      return `${runName(event.run, state)} paused (${event.why})`;
    case 'run.resumed':
      return `${runName(event.run, state)} resumed`;
    case 'run.aborted':
      return `${runName(event.run, state)} ends early: nothing new starts`;
    case 'run.retried':
      return `${runName(event.run, state)} retries ${fold(event.hosts)}`;
    case 'run.login-changed':
      return `${runName(event.run, state)} logs in otherwise from now on: it was taken over`;
    case 'run.hosts-dropped':
      return `${runName(event.run, state)} takes no further task to ${fold(event.hosts)}`;
    case 'run.ended':
      return `${runName(event.run, state)} ended${event.message === undefined ? '' : `: ${event.message}`}`;
    case 'run.noted':
      return `${runName(event.run, state)} note: ${event.text}`;
    case 'question.asked':
      return `${fold(event.hosts)} ${event.hosts.length === 1 ? 'waits' : 'wait'} for ${event.about}`;
    case 'question.answered':
      return `${event.about} was ${event.answer}${event.by === undefined ? '' : ` by ${actorName(event.by)}`}: ${fold(event.hosts)}`;
    case 'batch.opened':
      return event.of === 1 && event.kind === 'first'
        ? undefined
        : `${runName(event.run, state)} batch ${event.batch}/${event.of} opened: ${fold(event.hosts)}`;
    case 'batch.ended':
      return `${runName(event.run, state)} batch ${event.batch} ended`;
    case 'job.adopted':
      return `${event.host} found ${shortJid(event.jid)}${event.adopted.operator === '' ? '' : ` of ${event.adopted.operator}@${event.adopted.machine}`}`;
    case 'job.started':
      return `${hostOf(event.jid, state)} started, pid ${event.on.pid}`;
    case 'job.waiting':
      return `${hostOf(event.jid, state)} waits for ${event.for}`;
    case 'job.answered':
      return `${hostOf(event.jid, state)} answers again`;
    case 'job.fell-silent': {
      const { what, why } = describeFailure(event.failure);
      return `${event.failure.host === undefined ? `${hostOf(event.jid, state)}: ` : ''}${what}${why === '' ? '' : `: ${why}`}; it is asked again`;
    }
    case 'job.cancel-asked':
      return `${hostOf(event.jid, state)} asked to end`;
    case 'job.extended':
      return `${hostOf(event.jid, state)} limit is now ${formatDuration(event.limit)}`;
    case 'job.ended':
      return `${hostOf(event.jid, state)} ${verdictWords(event.verdict)}`;
    case 'host.cleaned':
      return `${event.host} removed ${event.jids.length} job ${event.jids.length === 1 ? 'folder' : 'folders'}`;
    case 'output.removed':
      return `${runName(event.run, state)}: output of ${event.jids.length} ${event.jids.length === 1 ? 'job' : 'jobs'} removed here`;
    default:
      return undefined;
  }
};

const runName = (id: string, state: State): string => `run ${state.runs.get(id)?.number ?? '?'}`;

const hostOf = (jid: string, state: State): string => state.jobs.get(jid as never)?.host ?? jid.slice(0, 8);

/** How it ended, in words. */
export const verdictWords = (verdict: Verdict): string => {
  switch (verdict.kind) {
    case 'ok':
      return `${verdict.changed ? 'changed' : 'ok'} after ${formatDuration(verdict.elapsed)}`;
    case 'failed':
      return `failed with rc ${verdict.rc} after ${formatDuration(verdict.elapsed)}${verdict.why === undefined ? '' : `: ${verdict.why}`}`;
    case 'timed-out':
      return `timed out after ${formatDuration(verdict.elapsed)}`;
    case 'cancelled':
      return 'cancelled; the host says it is gone';
    case 'unreachable': {
      const { what, why } = describeFailure(verdict.failure);
      return `unreachable${verdict.began === 'maybe' ? ' (it may still run)' : ''}: ${what}${why === '' ? '' : `: ${why}`}`;
    }
    case 'lost':
      return `lost: ${lostWords[verdict.why]}`;
  }
};
