// The only place that says how a job's end counts for its task: status, message, what is registered.
import type { TaskResult } from '../domain/event.ts';
import type { Verdict } from '../domain/job.ts';
import type { Vars } from '../domain/value.ts';
import { verdictSentence } from '../domain/verdict.ts';
import type { Spot } from './ports.ts';

/** The status that a verdict gives a task, before `until` and conditions. */
export const endedResult = (verdict: Verdict): TaskResult => {
  switch (verdict.kind) {
    case 'ok':
      return { status: verdict.changed ? 'changed' : 'ok' };
    case 'unreachable':
      return { status: 'unreachable', message: verdictSentence(verdict) };
    default:
      return { status: 'failed', message: verdictSentence(verdict) };
  }
};

/** A task that failed without a job's verdict. */
export const failedResult = (message: string): TaskResult => ({ status: 'failed', message });

/** Ansible's answer when a jid names no job. */
export const couldNotFind = (jid: string): TaskResult => ({
  status: 'failed',
  message: `could not find job ${jid}`,
  value: { ansible_job_id: jid, failed: true, finished: 1, started: 1, msg: 'could not find job' },
});

/** The result as the task's event carries it; its value only where somebody will read it. */
export const taskResult = (
  { task, run }: Spot,
  value: Vars,
  attempts: number | undefined,
  verdict: TaskResult = { status: value['changed'] === true ? 'changed' : 'ok' },
): TaskResult => {
  const isKept = task.register !== undefined || run.options.results === 'all';
  const full: Vars = {
    ...value,
    ...(attempts !== undefined && { attempts }),
    ...(verdict.status === 'failed' && { failed: true }),
  };
  return {
    ...verdict,
    ...(verdict.message === '' && { message: 'the condition of until did not hold in time' }),
    ...(isKept && { value: full }),
    ...(task.register !== undefined && { register: task.register }),
    ...(attempts !== undefined && { attempts }),
  };
};
