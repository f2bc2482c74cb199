// Results without a module: what a test's conditions need to know of a job.
import type { Job } from '../../src/domain/job.ts';
import type { Vars } from '../../src/domain/value.ts';

export const resultOfJob = (job: Job): Vars => ({
  ansible_job_id: job.jid,
  finished: job.state.kind === 'ended' ? 1 : 0,
  rc: job.state.kind === 'ended' && 'rc' in job.state.verdict ? job.state.verdict.rc : null,
  changed: true,
});
