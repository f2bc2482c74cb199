// The only place for the request that stands for work: a start whose job only sleeps.
import { type Jid, jidOf } from '../src/domain/job.ts';
import type { Request } from '../src/remote/frames.ts';

type StartRequest = Extract<Request, { readonly kind: 'start' }>;

/** The job of a host in a run of the benchmark. */
export const jidIn = (run: string, host: string): Jid => jidOf({ runId: run, taskPath: '0.0', host, item: 0, attempt: 1 });

export const startIn = (run: string, host: string, script: string, by: StartRequest['by']): StartRequest => ({
  kind: 'start',
  by,
  most: 65_536,
  start: {
    jid: jidIn(run, host),
    script,
    limit: 60,
    grace: 5,
    cap: 8 << 20,
    linger: 0,
    about: {
      runId: run,
      runNumber: 1,
      title: 'bench',
      operator: 'bench',
      machine: 'bench',
      host,
      task: '0.0',
      batch: '1/1',
      command: script,
    },
  },
});
