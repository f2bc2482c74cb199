// The only place that knows what a job file of Ansible's (~/.ansible_async/JID) means: running, done, timed out or dead.
// The file was written by whoever owns the account: it is bounded before it comes here, and believed in no more than its shape.
// A file says nothing while its job runs, so a living async_wrapper.py of that name is what tells a running job from a dead one.
import type { Jid } from '../domain/job.ts';
import { safeText } from '../domain/safe-line.ts';
import type { HostState, JobReport } from '../engine/ports.ts';

/** What the survey saw of one job file. Times in seconds since 1970, on the host's clock. */
export type AnsibleFile = {
  readonly jid: Jid;
  /** Size of the file; more than there are bytes where it was too large to bring along. */
  readonly size: number;
  readonly bytes: Uint8Array;
  readonly changedAt: number;
  /** Limit in the argv of its living wrapper; absent: no such process. */
  readonly wrapper?: { readonly limit: number };
};

/** The host's clock and its last boot; 0 where it does not tell. */
export type HostTimes = { readonly now: number; readonly booted: number };

/** What a job file means; `kind: none` is one that nobody can say anything about. */
export type AnsibleJob = { readonly kind: 'job'; readonly report: JobReport; readonly command: string } | { readonly kind: 'none' };

/**
 * Whether its end was not brought along. A result may have taken the file's place between the question for its size and
 * the reading; what is whole as JSON is whole.
 */
export const isCut = ({ size, bytes }: AnsibleFile): boolean => size > bytes.length && parsed(bytes) === undefined;

/** A file younger than this may be of a job whose wrapper we have just missed, s. */
const young = 10;

/** @see https://github.com/ansible/ansible/blob/devel/lib/ansible/modules/async_wrapper.py */
export const readAnsibleJob = (file: AnsibleFile, times: HostTimes): AnsibleJob => {
  if (isCut(file)) return { kind: 'none' };
  const result = parsed(file.bytes);
  const age = times.now - file.changedAt;
  if (result === undefined) {
    return file.wrapper === undefined ? { kind: 'none' } : job(file, { kind: 'running' }, { elapsed: age });
  }
  if (isRunningMark(result)) {
    const isAlive = file.wrapper !== undefined || (age >= 0 && age < young);
    if (isAlive) return job(file, { kind: 'running' }, { elapsed: age });
    const isFromBefore = times.booted > 0 && file.changedAt > 0 && file.changedAt < times.booted;
    return job(file, { kind: 'lost', why: isFromBefore ? 'reboot' : 'killed' }, {});
  }
  const told = { ...outputOf(result), elapsed: secondsOf(result['delta']), command: commandOf(result) };
  if (result['msg'] === 'Timeout exceeded' && typeof result['child_pid'] === 'number' && result['rc'] === undefined) {
    return job(file, { kind: 'timed-out', rc: 137 }, told);
  }
  return job(file, { kind: 'done', rc: rcOf(result) }, told);
};

/** The answer for a job whose file has gone, or whose result is too large: nobody knows how it ended. */
export const unknownAnsibleJob = (jid: Jid, state: HostState, said: string): JobReport =>
  reportOf({ jid, size: 0, bytes: none, changedAt: 0 }, state, { err: Buffer.from(said) });

type Fields = Readonly<Record<string, unknown>>;
type Told = { readonly out?: Uint8Array; readonly err?: Uint8Array; readonly elapsed?: number; readonly command?: string };

const none = new Uint8Array(0);

const job = (file: AnsibleFile, state: HostState, told: Told): AnsibleJob => ({
  kind: 'job',
  report: reportOf(file, state, told),
  command: told.command ?? '',
});

const reportOf = (file: AnsibleFile, state: HostState, { out = none, err = none, elapsed = 0 }: Told): JobReport => ({
  jid: file.jid,
  state,
  startedAt: Math.max(0, state.kind === 'running' || state.kind === 'lost' ? file.changedAt : Math.floor(file.changedAt - elapsed)),
  elapsed: Math.max(0, elapsed),
  limit: file.wrapper?.limit ?? 0,
  pid: 0,
  bootId: '',
  out: { size: out.length, from: 0, bytes: out },
  err: { size: err.length, from: 0, bytes: err },
  dropped: 0,
  left: false,
});

/** An object, its fields its own; nested deeper than the parser goes it is none. */
const parsed = (bytes: Uint8Array): Fields | undefined => {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
};

/** What the launcher writes. A module's own result may have a `started`, but then it has more to say as well. */
const isRunningMark = (result: Fields): boolean =>
  Object.hasOwn(result, 'started') &&
  !isTrue(result['finished']) &&
  Object.keys(result).every(key => key === 'started' || key === 'finished' || key === 'ansible_job_id' || key.startsWith('_ansible_'));

const isTrue = (value: unknown): boolean => value === true || value === 1;

/** As Ansible judges: `failed` wins, a missing rc is 0 and any other that is no number is a failure. */
const rcOf = (result: Fields): number => {
  const { rc } = result;
  const number = typeof rc === 'string' && /^-?\d{1,9}$/.test(rc) ? Number(rc) : rc === undefined ? 0 : rc;
  const told = typeof number === 'number' && Number.isSafeInteger(number) ? number : 1;
  return told === 0 && isTrue(result['failed']) ? 1 : told;
};

/** What the module printed; of one that prints nothing, what it answered. */
const outputOf = (result: Fields): { readonly out: Uint8Array; readonly err: Uint8Array } => {
  const { stdout, stderr, data, msg } = result;
  const said = typeof stdout === 'string' ? stdout : typeof data === 'string' ? data : undefined;
  const complaint = typeof stderr === 'string' ? stderr : '';
  const isTold = typeof msg !== 'string' || msg === '' || complaint.includes(msg) || result['rc'] !== undefined;
  return {
    out: said === undefined ? answerOf(result) : bytesOf(said),
    err: bytesOf(isTold ? complaint : complaint === '' ? msg : `${complaint}\n${msg}`),
  };
};

const answerOf = ({ invocation: _, msg, ...rest }: Fields): Uint8Array => {
  const told = Object.keys(rest).filter(key => key !== 'failed' && key !== 'changed' && key !== 'child_pid' && key !== 'stderr');
  if (told.length === 0 && typeof msg === 'string') return none;
  try {
    return Buffer.from(JSON.stringify({ ...rest, ...(msg !== undefined && { msg }) }, undefined, 2));
  } catch {
    return none;
  }
};

/** Python keeps a byte that is no UTF-8 as a lone surrogate: it becomes that byte again. */
const bytesOf = (text: string): Uint8Array =>
  /[\udc80-\udcff]/.test(text)
    ? Buffer.concat(
        text
          .split(/(?<![\ud800-\udbff])([\udc80-\udcff])/)
          .map((part, at) => (at % 2 === 1 ? Buffer.from([part.charCodeAt(0) - 0xdc00]) : Buffer.from(part))),
      )
    : Buffer.from(text);

const commandOf = (result: Fields): string => {
  const { cmd } = result;
  if (typeof cmd === 'string') return safeText(cmd, 500);
  if (Array.isArray(cmd)) return safeText(cmd.slice(0, 200).join(' '), 500);
  return '';
};

/** Python's `1 day, 2:03:04.000005`. */
const secondsOf = (delta: unknown): number => {
  const match = typeof delta === 'string' ? /^(?:(\d{1,5}) days?, )?(\d{1,2}):(\d\d):(\d\d(?:\.\d+)?)$/.exec(delta) : null;
  if (match === null) return 0;
  const [, days = '0', hours, minutes, seconds] = match;
  return Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
};
