// The only place that puts a job's facts into the words of a screen: state, age, next look, what it waits for.
// Pure text in and out; columns and tones are the business of rows/.
import { formatAge, formatDuration } from '../domain/duration.ts';
import { describeFailure } from '../domain/failure.ts';
import { type Job, type LostWhy, outputRemovedWords } from '../domain/job.ts';
import { onHostOf } from '../domain/reduce-job.ts';
import type { Run } from '../domain/run-state.ts';
import { killedBy } from '../domain/verdict.ts';
import { endedBadly, type HostView, type RunCounts } from './host-view.ts';
import { looks } from './letters.ts';

/** How long ago, from our wall clock. */
export const since = (wall: number, then: number): string => formatAge((wall - then) / 1000);

/** `in 8s`, or `now` when it is due. */
export const until = (wall: number, then: number): string => (then - wall < 1000 ? 'now' : `in ${formatDuration((then - wall) / 1000)}`);

/** The state in one or two words: `running`, `failed rc 2`. */
export const stateWord = (view: HostView): string => {
  const { job, kind, progress } = view;
  if (kind === 'between' && progress?.wait !== undefined) return `${progress.wait.retriesLeft} tries left`;
  if (job === undefined) return looks[kind].word;
  // Its host does not answer: the cancel is carried out when it does.
  if (job.state.kind === 'stale' && job.cancelAsked !== undefined) return 'cancel due';
  if (job.state.kind !== 'ended') return job.cancelAsked === undefined ? looks[kind].word : 'cancelling';
  return job.state.verdict.kind === 'failed' && kind === 'failed' ? `failed rc ${job.state.verdict.rc}` : looks[kind].word;
};

/** How long it has run, or ran; empty when it has not begun. */
export const ranFor = (job: Job, wall: number): string => {
  const { state } = job;
  if (state.kind === 'ended') return 'elapsed' in state.verdict ? formatDuration(state.verdict.elapsed) : '';
  const on = onHostOf(state);
  return on === undefined ? '' : formatDuration((wall - on.startedAt) / 1000);
};

/** When the host is asked next, or how old the verdict is. */
export const nextLook = (view: HostView, wall: number): string => {
  const { job, kind, progress } = view;
  if (kind === 'between' && progress?.wait !== undefined) return until(wall, progress.wait.nextAt);
  if (job === undefined || kind === 'queued' || kind === 'held') return '';
  if (job.state.kind === 'ended') return `${since(wall, job.state.at)} ago`;
  return job.nextLookAt === undefined ? '' : until(wall, job.nextLookAt);
};

/** When its host last answered, our wall clock in ms. */
export const seenAt = (job: Job): number => (job.state.kind === 'starting' || job.state.kind === 'ended' ? job.state.at : job.state.seenAt);

/** Why a host needs a hand: what it is, and what a person wants to know next. */
export const handWords = (view: HostView, wall: number): { readonly what: string; readonly more: string } => {
  const state = view.job?.state;
  const out = view.progress?.out;
  if (out !== undefined && (state === undefined || state.kind === 'ended') && out.path !== view.job?.taskPath)
    return {
      what: `${looks[view.kind].word}${endedAgo(view, wall)}`,
      more: view.progress?.last?.result.message ?? 'the task failed before a command was sent',
    };
  if (view.job === undefined || state === undefined) return { what: looks[view.kind].word, more: '' };
  if (state.kind === 'stale') {
    const { what, why } = describeFailure({ ...state.failure, cause: state.failure.cause });
    const silent = `silent ${since(wall, state.seenAt)}`;
    return { what: silent, more: `${withoutHost(what, state.failure.host)}${why === '' ? '' : `: ${why}`}${asks(view.job, wall)}` };
  }
  if (state.kind === 'waiting') return { what: `waits ${since(wall, state.since)}`, more: `for ${state.for}${asks(view.job, wall)}` };
  if (state.kind !== 'ended') return { what: looks[view.kind].word, more: '' };
  const { verdict } = state;
  const ago = since(wall, state.at);
  const last = view.job.lastLine === '' ? 'no output' : view.job.lastLine;
  switch (verdict.kind) {
    case 'failed':
      return { what: `failed ${ago}`, more: `rc ${verdict.rc}${signalOf(verdict.rc)}: ${verdict.why ?? last}` };
    case 'timed-out':
      return { what: `timed out ${ago}`, more: `ran ${formatDuration(verdict.elapsed)}; last: ${last}` };
    case 'lost':
      return { what: `lost ${ago}`, more: lostWords[verdict.why] };
    case 'unreachable': {
      const { what, why } = describeFailure(verdict.failure);
      const began = verdict.began === 'maybe' ? 'it may still run: ' : '';
      return { what: `unreachable ${ago}`, more: `${began}${withoutHost(what, verdict.failure.host)}${why === '' ? '' : `: ${why}`}` };
    }
    default:
      return { what: looks[view.kind].word, more: last };
  }
};

const signalOf = (rc: number): string => {
  const signal = killedBy(rc);
  return signal === undefined ? '' : ` (killed by ${signal})`;
};

/** Where no job tells when: the end of the run. */
const endedAgo = ({ run }: HostView, wall: number): string => (run?.phase.kind === 'ended' ? ` ${since(wall, run.phase.at)}` : '');

const asks = (job: Job, wall: number): string => (job.nextLookAt === undefined ? '' : `; asked again ${until(wall, job.nextLookAt)}`);

/** The row names the host already. */
const withoutHost = (text: string, host: string | undefined): string =>
  host !== undefined && text.startsWith(`${host}: `) ? text.slice(host.length + 2) : text;

/** Why there is no exit status. */
export const lostWords: Readonly<Record<LostWhy, string>> = {
  reboot: 'the host rebooted while it ran',
  killed: 'somebody or the kernel killed it there',
  vanished: 'it vanished there without an exit status',
  session: 'it ended with its login session (KillUserProcesses); loginctl enable-linger helps',
  broken: 'its folder there makes no sense',
};

/** Time left of its limit: `50m left`, or empty without a limit. */
export const limitLeft = (job: Job, wall: number): string => {
  const on = onHostOf(job.state);
  if (on === undefined || on.limit === 0 || job.state.kind === 'ended') return '';
  const asked = job.extendAsked === undefined ? '' : `, ${formatDuration(job.extendAsked.limit)} in all asked for`;
  return `limit ${formatDuration(Math.max(0, on.limit - (wall - on.startedAt) / 1000))} left${asked}`;
};

/** Where a run stands, in a word or two; one that ended without all of its hosts does not say so plainly. */
export const phaseWord = (run: Run, counts: RunCounts): string => {
  switch (run.phase.kind) {
    case 'paused':
      return 'paused';
    case 'aborting':
      return 'ending';
    case 'ended':
      return counts.out > 0 ? 'let go' : counts.never === 0 ? 'ended' : counts.never === counts.hosts ? 'dropped' : 'cut short';
    case 'going':
      return run.batches.length === 0 ? 'queued' : 'running';
  }
};

/** What is not well in a run that has ended: `2 failed 1 lost`, `2 let go`, `5 never begun`; empty when all is well. */
export const notWell = ({ kinds, out, never }: RunCounts): string =>
  [
    ...[...kinds].filter(([kind]) => endedBadly.has(kind)).map(([kind, count]) => `${count} ${looks[kind].word}`),
    ...(out > 0 ? [`${out} let go`] : []),
    ...(never > 0 ? [`${never} never begun`] : []),
  ].join(', ');

/** `1 host`, `3 hosts`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;

/** What is told where a job's output would be and there is none. */
export const silenceWords = (job: Job): string =>
  outputRemovedWords(job) ?? (job.state.kind === 'ended' ? 'it said nothing' : 'it has said nothing yet');
