import { expect, test } from 'vitest';
import type { Job, JobState, OnHost, Verdict } from '../domain/job.ts';
import { jidOf } from '../domain/job.ts';
import type { Task } from '../domain/task.ts';
import type { Ended } from './job-result.ts';
import { cleanedResult, endResult, lookResult, startResult } from './job-result.ts';

const jid = jidOf({ runId: 'r', taskPath: '0.0', host: 'h', item: 0, attempt: 1 });
const on: OnHost = { pid: 4711, bootId: 'b', startedThere: Date.UTC(2026, 10, 24, 1, 44, 29) / 1000, startedAt: 0, limit: 60 };
const jobIn = (state: JobState): Job => ({
  jid,
  runId: 'r',
  host: 'h',
  taskPath: '0.0',
  attempt: 1,
  state,
  output: { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 },
  lastLine: '',
});
const ended = (verdict: Verdict): Job => jobIn({ kind: 'ended', verdict, at: 0, on });
const bytes = (text: string) => new TextEncoder().encode(text);
const sync: Ended['task'] = { module: { name: 'shell', args: {} }, async: 0 };
const polled: Ended['task'] = { ...sync, async: 4, poll: 2 };
const status: Ended['task'] = { module: { name: 'async_status', args: {} }, async: 0 };
const of = (verdict: Verdict, task: Pick<Task, 'module' | 'async' | 'poll'> = sync, out = 'out\n', err = '') =>
  endResult({
    job: ended(verdict),
    task,
    output: { out: bytes(out), err: bytes(err) },
    command: { module: 'shell', text: 'ls -l' },
    utcOffset: 0,
  });
const keys = (result: object) => Object.keys(result).sort();

const okVerdict: Verdict = { kind: 'ok', rc: 0, changed: true, elapsed: 4.005644 };

test('a start has the six keys of Ansible, integers as it has them', () => {
  expect(startResult(jobIn({ kind: 'let-go', on, seenAt: 0 }))).toEqual({
    ansible_job_id: jid,
    changed: true,
    failed: 0,
    finished: 0,
    results_file: `~/.rollcall/jobs/${jid}`,
    started: 1,
  });
});

test('a look at a running job has empty output and is unchanged', () => {
  const running = jobIn({ kind: 'running', on, seenAt: 0 });
  const look = {
    ansible_job_id: jid,
    changed: false,
    finished: 0,
    results_file: `~/.rollcall/jobs/${jid}`,
    started: 1,
    stdout: '',
    stderr: '',
    stdout_lines: [],
    stderr_lines: [],
  };
  expect(lookResult(running)).toEqual(look);
  expect(endResult({ job: running, task: status, output: { out: bytes('x'), err: bytes('') } })).toEqual(look);
});

test('a synchronous end is a module result without async keys', () => {
  expect(of(okVerdict)).toEqual({
    changed: true,
    cmd: 'ls -l',
    delta: '0:00:04.005644',
    end: '2026-11-24 01:44:33.005644',
    failed: false,
    msg: '',
    rc: 0,
    start: '2026-11-24 01:44:29.000000',
    stderr: '',
    stderr_lines: [],
    stdout: 'out',
    stdout_lines: ['out'],
  });
});

test('an async end adds who it was', () => {
  for (const task of [polled, status]) {
    expect(of(okVerdict, task)).toMatchObject({ ansible_job_id: jid, finished: 1, started: 1, rc: 0, changed: true, failed: false });
  }
});

test('a failure is in the words of Ansible, or says why it never ran', () => {
  expect(of({ kind: 'failed', rc: 3, elapsed: 1 }, status, 'partial\n', 'oops\n')).toMatchObject({
    failed: true,
    changed: true,
    rc: 3,
    msg: 'non-zero return code',
    stdout: 'partial',
    stderr: 'oops',
    delta: '0:00:01',
    finished: 1,
  });
  expect(of({ kind: 'failed', rc: 0, elapsed: 0, why: 'it never began' })).toMatchObject({ failed: true, msg: 'it never began' });
});

test('a time-out keeps its output, and is worded by who waited', () => {
  const verdict: Verdict = { kind: 'timed-out', rc: 143, elapsed: 4 };
  const asked = of(verdict, status, 'so far\n');
  expect(asked).toMatchObject({ failed: true, finished: 1, msg: 'Timeout exceeded', child_pid: 4711, stdout: 'so far' });
  expect('rc' in asked || 'start' in asked || 'delta' in asked).toBe(false);
  expect(of(verdict, polled, 'so far\n')).toMatchObject({
    failed: true,
    changed: false,
    msg: 'async task did not complete within the requested time - 4s',
    async_result: { ansible_job_id: jid, finished: 0, started: 1, changed: false },
    stdout: 'so far',
  });
});

test('what Ansible does not know is told under rollcall_', () => {
  expect(of({ kind: 'cancelled', elapsed: 1 })).toMatchObject({ failed: true, rollcall_verdict: 'cancelled' });
  expect(of({ kind: 'lost', why: 'reboot', elapsed: 1 }, status)).toMatchObject({
    failed: true,
    finished: 1,
    rollcall_verdict: 'lost',
    rollcall_lost: 'reboot',
  });
  expect(of({ kind: 'unreachable', began: 'maybe', failure: { tag: 'refused', cause: 'no' } })).toMatchObject({
    unreachable: true,
    changed: false,
    rollcall_began: 'maybe',
  });
});

test.each([
  ['a\nb\r\nc\n\n', 'a\nb\r\nc', ['a', 'b', 'c']],
  ['', '', []],
  ['\n\n', '', []],
  ['  a  \n', '  a  ', ['  a  ']],
  ['a\n\nb', 'a\n\nb', ['a', '', 'b']],
  ['a\fb\u2028c', 'a\fb\u2028c', ['a', 'b', 'c']],
  ['{{ 1 + 1 }}', '{{ 1 + 1 }}', ['{{ 1 + 1 }}']],
])('output %j is %j in lines %j', (out, stdout, lines) => {
  expect(of(okVerdict, sync, out)).toMatchObject({ stdout, stdout_lines: lines });
});

test('bytes that are no text become marks, and a byte order mark stays', () => {
  const result = endResult({
    job: ended(okVerdict),
    task: sync,
    output: { out: Uint8Array.from([0xef, 0xbb, 0xbf, 0x61, 0xff]), err: bytes('') },
  });
  expect(result['stdout']).toBe('\uFEFFa\uFFFD');
});

test('the command is a list of words for command, and absent when it is not known', () => {
  const result = (command?: Ended['command']) =>
    endResult({ job: ended(okVerdict), task: sync, output: { out: bytes(''), err: bytes('') }, ...(command && { command }) });
  expect(result({ module: 'command', text: 'ls "a b"' })['cmd']).toEqual(['ls', 'a b']);
  expect('cmd' in result()).toBe(false);
});

test.each([
  [0, '0:00:00'],
  [59.9, '0:00:59.900000'],
  [3661, '1:01:01'],
  [93_784.000005, '1 day, 2:03:04.000005'],
  [180_000, '2 days, 2:00:00'],
])('%d seconds are %s as a delta', (elapsed, delta) => {
  expect(of({ ...okVerdict, elapsed })['delta']).toBe(delta);
});

test('a start that is not known leaves only the length', () => {
  const job = jobIn({ kind: 'ended', verdict: okVerdict, at: 0 });
  expect(keys(endResult({ job, task: sync, output: { out: bytes(''), err: bytes('') } }))).toEqual([
    'changed',
    'delta',
    'failed',
    'msg',
    'rc',
    'stderr',
    'stderr_lines',
    'stdout',
    'stdout_lines',
  ]);
});

test('stamps are in the zone of the host', () => {
  const result = endResult({ job: ended(okVerdict), task: sync, output: { out: bytes(''), err: bytes('') }, utcOffset: 330 });
  expect(result['start']).toBe('2026-11-24 07:14:29.000000');
});

test('a cleaned job says what was erased', () => {
  expect(cleanedResult(jid)).toMatchObject({
    ansible_job_id: jid,
    erased: `~/.rollcall/jobs/${jid}`,
    started: 0,
    finished: 0,
    changed: false,
  });
});
