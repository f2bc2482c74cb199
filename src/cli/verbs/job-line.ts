// The only place for what `rollcall jobs` prints of a job as a line, and why one keeps its reader waiting.
import { formatAge, formatDuration } from '../../domain/duration.ts';
import { describeFailure } from '../../domain/failure.ts';
import { isUnsent, type Job, shortJid } from '../../domain/job.ts';
import { safeText } from '../../domain/safe-line.ts';
import type { JobEntry } from '../../journal/read.ts';

/** `j0123456  run 3  web1  running  as of 4s ago  uptime`. */
export const jobLine = ({ job, run, title }: JobEntry, wall: number): string => {
  const { state } = job;
  const age =
    state.kind === 'ended' || state.kind === 'starting' ? formatAge((wall - state.at) / 1000) : formatAge((wall - state.seenAt) / 1000);
  return `${shortJid(job.jid)}  run ${run}  ${job.host}  ${stateWords(job)}  as of ${age} ago  ${safeText(title)}`;
};

const stateWords = (job: Job): string => {
  const { state } = job;
  if (state.kind === 'ended') return `${state.verdict.kind}${'rc' in state.verdict ? ` rc ${state.verdict.rc}` : ''}`;
  return [...(isUnsent(job) ? [] : [state.kind]), ...pendingWords(job)].join(', ');
};

/** Why it is silent or has not begun, and what its host is still to be told. */
export const pendingWords = (job: Job): readonly string[] => {
  const { state, cancelAsked, extendAsked } = job;
  if (state.kind === 'ended') return [];
  return [
    ...(isUnsent(job) ? [state.kind === 'starting' && state.sent === 'no' ? 'not started' : 'not started: no login yet'] : []),
    ...(state.kind === 'stale' ? [describeFailure({ ...state.failure, host: '' }).what.replace(/^: /, '')] : []),
    ...(cancelAsked === undefined ? [] : ['cancel pending']),
    ...(extendAsked === undefined ? [] : [`limit ${formatDuration(extendAsked.limit)} pending`]),
  ];
};
