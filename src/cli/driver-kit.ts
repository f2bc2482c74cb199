import { ok } from '../domain/result.ts';
import type { Kit } from '../play/ports.ts';
export const makeKit = ({ output }: { output: Kit['output'] }): Kit => ({
  prepare: async ({ task }) => ok({ kind: 'job', script: String(task.module.args['cmd']), command: String(task.module.args['cmd']) }),
  holds: async () => ok(true),
  resultOf: job => ({ ansible_job_id: job.jid, changed: true }),
  output,
});
