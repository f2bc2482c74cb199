// The only place for the async_status module: asks how a job is that an earlier task started, or forgets it.
import { ok } from '../domain/result.ts';
import { textArgument } from './arguments.ts';
import type { Module } from './module.ts';
import { refuse } from './module.ts';

/** `jid`, `mode` (status or cleanup). A jid becomes part of paths on the host, so its shape is checked. */
export const asyncStatus: Module = (args, reader) => {
  const jid = textArgument(args, 'jid', reader);
  if (!jid.ok) return jid;
  if (jid.value === undefined || jid.value === '') return refuse('async_status needs jid; register the task that starts the job');
  if (!/^[\w-][\w.-]*$/.test(jid.value)) return refuse(`"${jid.value}" is no job id; use the ansible_job_id of the task that started it`);
  const mode = textArgument(args, 'mode', reader);
  if (!mode.ok) return mode;
  if (mode.value === undefined || mode.value === 'status') return ok({ kind: 'wait', jid: jid.value });
  if (mode.value === 'cleanup') return ok({ kind: 'clean', jid: jid.value });
  return refuse(`value of mode must be one of: status, cleanup, got: ${mode.value}`);
};
