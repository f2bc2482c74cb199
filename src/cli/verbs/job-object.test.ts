// What programs read of a job: flat, with what means nothing left out.
import { expect, test } from 'vitest';
import type { Jid, Job } from '../../domain/job.ts';
import { jobObject } from './job-object.ts';

const on = { pid: 77, bootId: 'b', startedThere: 1, startedAt: 10_000, limit: 600 };
const job: Job = {
  jid: `j${'1'.repeat(25)}.2` as Jid,
  runId: 'r',
  host: 'web1',
  taskPath: '0.1',
  attempt: 2,
  state: { kind: 'running', on, seenAt: 60_000 },
  output: { out: 5, err: 6, outThere: 7, errThere: 8, dropped: 9 },
  lastLine: '',
  nextLookAt: 75_000,
  cancelAsked: { at: 61_000, by: 'ops1' },
};
const entry = { job, run: 12, title: 't', fleet: 'PROD', requestedAt: 9000, command: 'uptime', by: { user: 'ops1', machine: 'b1' } };

test('a running job: when it was asked for, begun, seen and is asked next; what is here and there', () => {
  expect(jobObject(entry, 70_000)).toEqual({
    jid: job.jid,
    attempt: 2,
    run: 12,
    run_id: 'r',
    host: 'web1',
    task: '0.1',
    state: 'running',
    requested_at: 9000,
    started_at: 10_000,
    pid: 77,
    limit: 600,
    ran: 60,
    seen_at: 60_000,
    age: 10,
    next_look_at: 75_000,
    cancel_asked_at: 61_000,
    out_bytes: 5,
    err_bytes: 6,
    out_bytes_there: 7,
    err_bytes_there: 8,
    dropped_bytes: 9,
    title: 't',
    fleet: 'PROD',
    command: 'uptime',
    by: 'ops1@b1',
  });
});

test('one that has ended tells how and when; one that has not begun tells no start', () => {
  const failed = { ...job, state: { kind: 'ended', at: 65_000, on, verdict: { kind: 'failed', rc: 3, elapsed: 55 } } } as const;
  expect(jobObject({ ...entry, job: failed }, 70_000)).toMatchObject({
    state: 'ended',
    verdict: 'failed',
    rc: 3,
    ended_at: 65_000,
    ran: 55,
    age: 5,
  });
  const starting = jobObject({ ...entry, job: { ...job, state: { kind: 'starting', at: 9000 } } }, 70_000);
  for (const field of ['started_at', 'ended_at', 'ran', 'rc', 'verdict', 'pid']) expect(starting).not.toHaveProperty(field);
});
