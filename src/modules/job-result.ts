// The only place that says a job in Ansible's result keys: of its start, of a look at it, of its end.
// What Ansible loses is kept (output of a job that timed out); what it does not know stands under `rollcall_`.
import type { Failure } from '../domain/failure.ts';
import type { Job, OnHost, Verdict } from '../domain/job.ts';
import type { Task } from '../domain/task.ts';
import type { Value } from '../domain/value.ts';
import { verdictSentence } from '../domain/verdict.ts';
import type { AnsibleResult } from './module.ts';
import { splitWords } from './words.ts';

/** A job that ended, and what is known of its command and output. */
export type Ended = {
  readonly job: Job;
  /** The task whose result this is: the one that started it, or the async_status that waited for it. */
  readonly task: Pick<Task, 'module' | 'async' | 'poll'>;
  /** Newest bytes if there was too much. */
  readonly output: { readonly out: Uint8Array; readonly err: Uint8Array };
  /** Absent where it is not known any more, or hidden. */
  readonly command?: { readonly module: 'shell' | 'command'; readonly text: string };
  /** Minutes that the host's clock is ahead of UTC; this machine's when it is not said. */
  readonly utcOffset?: number;
};

/** Of a task with `poll: 0`: the job is on its way. Its integers are Ansible's. */
export const startResult = (job: Job): AnsibleResult => ({
  ansible_job_id: job.jid,
  changed: true,
  failed: 0,
  finished: 0,
  results_file: resultsFile(job),
  started: 1,
});

/** Of a look at a job that runs. */
export const lookResult = (job: Job): AnsibleResult => ({ ...asyncKeys(job, 0), changed: false, ...outputKeys('', '') });

/** Of `mode: cleanup`. */
export const cleanedResult = (jid: string): AnsibleResult => ({
  ansible_job_id: jid,
  changed: false,
  erased: `~/.rollcall/jobs/${jid}`,
  failed: false,
  finished: 0,
  started: 0,
  ...outputKeys('', ''),
});

/** Of a job that has ended; a job that has not is said as {@link lookResult} does. */
export const endResult = (ended: Ended): AnsibleResult => {
  const { job, task } = ended;
  if (job.state.kind !== 'ended') return lookResult(job);
  const { verdict, on } = job.state;
  const isAsync = task.async > 0 || task.module.name === 'async_status';
  const known = { ...(isAsync ? asyncKeys(job, 1) : {}), ...outputKeys(textOf(ended.output.out), textOf(ended.output.err)) };
  switch (verdict.kind) {
    case 'ok':
    case 'failed':
      return { ...known, ...exitKeys(verdict), ...timeKeys(verdict.elapsed, on, ended.utcOffset), ...commandKey(ended.command) };
    case 'timed-out':
      return { ...known, ...timedOutKeys(ended, on) };
    case 'unreachable':
      return {
        ...known,
        changed: false,
        unreachable: true,
        msg: causeOf(verdict.failure),
        rollcall_verdict: verdict.kind,
        rollcall_began: verdict.began,
      };
    case 'cancelled':
      return { ...known, changed: verdict.began !== 'never', failed: true, msg: verdictSentence(verdict), rollcall_verdict: verdict.kind };
    case 'lost':
      return {
        ...known,
        changed: true,
        failed: true,
        msg: verdictSentence(verdict),
        rollcall_verdict: verdict.kind,
        rollcall_lost: verdict.why,
      };
  }
};

const asyncKeys = (job: Job, finished: 0 | 1): AnsibleResult => ({
  ansible_job_id: job.jid,
  finished,
  results_file: resultsFile(job),
  started: 1,
});

const resultsFile = (job: Job): string => `~/.rollcall/jobs/${job.jid}`;

const outputKeys = (stdout: string, stderr: string): AnsibleResult => ({
  stderr,
  stderr_lines: linesOf(stderr),
  stdout,
  stdout_lines: linesOf(stdout),
});

const exitKeys = (verdict: Verdict & { readonly kind: 'ok' | 'failed' }): AnsibleResult =>
  verdict.kind === 'ok'
    ? { changed: verdict.changed, failed: false, msg: '', rc: verdict.rc }
    : { changed: true, failed: true, msg: verdict.why ?? 'non-zero return code', rc: verdict.rc };

/** A task that polled its own job words it otherwise than async_status, and counts as unchanged. */
const timedOutKeys = ({ job, task }: Ended, on: OnHost | undefined): AnsibleResult => {
  const common = { failed: true, rollcall_verdict: 'timed-out', ...(on === undefined ? {} : { child_pid: on.pid }) };
  if (task.module.name === 'async_status' || task.async === 0) return { ...common, changed: false, msg: 'Timeout exceeded' };
  const msg = `async task did not complete within the requested time - ${task.async}s`;
  return { ...common, changed: false, msg, async_result: { ...asyncKeys(job, 0), changed: false } };
};

/** Times of the host's clock; a job whose start is not known has only its length. */
const timeKeys = (elapsed: number, on: OnHost | undefined, utcOffset: number | undefined): AnsibleResult => {
  const delta = deltaOf(elapsed);
  if (on === undefined) return { delta };
  const begin = on.startedThere * 1000;
  return { delta, end: stampOf(begin + elapsed * 1000, utcOffset), start: stampOf(begin, utcOffset) };
};

/** A list of words for command, the text for shell. */
const commandKey = (command: Ended['command']): { readonly cmd?: Value } => {
  if (command === undefined) return {};
  const words = command.module === 'command' ? splitWords(command.text) : undefined;
  return { cmd: words?.ok ? words.value : command.text };
};

const causeOf = (failure: Failure): string => verdictSentence({ kind: 'unreachable', failure, began: 'never' });

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is no UTF-8 becomes U+FFFD; line ends at the end go, as Ansible strips them. */
const textOf = (bytes: Uint8Array): string => decoder.decode(bytes).replace(/[\r\n]+$/, '');

/** As Python's `splitlines`. */
const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/));

/** `0:00:04.005644`, without a fraction that is zero; days as Python's timedelta prints them. */
const deltaOf = (seconds: number): string => {
  const micros = Math.round(seconds * 1e6);
  const whole = Math.floor(micros / 1e6);
  const days = Math.floor(whole / 86_400);
  const clock = `${Math.floor((whole % 86_400) / 3600)}:${two(Math.floor((whole % 3600) / 60))}:${two(whole % 60)}`;
  const fraction = micros % 1e6 === 0 ? '' : `.${String(micros % 1e6).padStart(6, '0')}`;
  return `${days === 0 ? '' : `${days} day${days === 1 ? '' : 's'}, `}${clock}${fraction}`;
};

/** `2026-11-24 01:44:29.985692`, without a zone. */
const stampOf = (ms: number, utcOffset = -new Date(ms).getTimezoneOffset()): string => {
  const at = new Date(ms + utcOffset * 60_000).toISOString();
  return `${at.slice(0, 10)} ${at.slice(11, 19)}.${String(Math.round(ms * 1000) % 1e6).padStart(6, '0')}`;
};

const two = (number: number): string => String(number).padStart(2, '0');
