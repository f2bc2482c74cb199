// The only place that says how a job's end counts for its task: status, message, what is registered.
import type { TaskResult } from '../domain/event.ts';
import type { Verdict } from '../domain/job.ts';
import { ok, type Result } from '../domain/result.ts';
import { isMapping, type Vars } from '../domain/value.ts';
import { verdictSentence } from '../domain/verdict.ts';
import type { Kit, Spot } from './ports.ts';

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

/**
 * What changed_when and failed_when make of a result. A job that was lost, or ended by the operator, stays what it is.
 * @failure the condition that cannot be told
 */
export const judged = (kit: Kit, spot: Spot, value: Vars, verdict: TaskResult): Result<{ value: Vars; verdict: TaskResult }, string> => {
  const { changedWhen, failedWhen } = spot.task;
  if (value['rollcall_verdict'] === 'lost' || value['rollcall_verdict'] === 'cancelled') return ok({ value, verdict });
  const changed = changedWhen === undefined ? ok(value['changed'] === true) : kit.holds(changedWhen, spot, value);
  if (!changed.ok) return changed;
  const told = changedWhen === undefined ? value : { ...value, changed: changed.value };
  const well: TaskResult = { ...verdict, status: changed.value ? 'changed' : 'ok' };
  if (failedWhen === undefined)
    return ok({ value: told, verdict: verdict.status === 'failed' || changedWhen === undefined ? verdict : well });
  const failed = kit.holds(failedWhen, spot, told);
  if (!failed.ok) return failed;
  const { message: _, ...silent } = well;
  return ok({
    value: { ...told, failed: failed.value, failed_when_result: failed.value },
    verdict: !failed.value ? silent : verdict.status === 'failed' ? verdict : failedResult('failed_when holds'),
  });
};

/** The result where the host goes on in spite of it. */
export const ignored = (kit: Kit, spot: Spot, result: TaskResult): TaskResult => {
  const { ignoreErrors, ignoreUnreachable } = spot.task;
  const condition = { failed: ignoreErrors, unreachable: ignoreUnreachable }[result.status as string];
  if (condition === undefined) return result;
  const holds = kit.holds([condition], spot, (result.value ?? {}) as Vars);
  return holds.ok && holds.value ? { ...result, status: 'ignored' } : result;
};

/** The result of one item as its task tells it: with the item. */
export const itemResult = ({ item, task: { loop }, run, task }: Spot, result: TaskResult): TaskResult => {
  const isKept = task.register !== undefined || run.options.results === 'all';
  const { register: _, ...told } = result;
  if (item === undefined || loop === undefined || !isKept) return told;
  const named = { ansible_loop_var: loop.variable, [loop.variable]: item.value };
  const skipped = result.status === 'skipped' && { skipped: true, skip_reason: 'Conditional result was False', changed: false };
  return { ...told, value: { ...skipped, failed: result.status === 'failed', ...result.value, ...named } };
};

/** What a loop comes to: it fails with any of its items, and is skipped with all of them. */
export const loopResult = (spot: Spot, results: readonly TaskResult[]): TaskResult => {
  const has = (status: TaskResult['status']): boolean => results.some(result => result.status === status);
  const away = results.find(({ status }) => status === 'unreachable');
  if (away !== undefined) return away;
  const isSkipped = results.every(({ status }) => status === 'skipped');
  const verdict: TaskResult = has('failed')
    ? { status: 'failed', message: 'One or more items failed' }
    : isSkipped
      ? { status: 'skipped', message: results.length === 0 ? 'No items in the list' : 'All items skipped' }
      : { status: has('changed') ? 'changed' : 'ok', message: 'All items completed' };
  const facts = Object.assign({}, ...results.map(result => result.facts ?? {})) as Record<string, unknown>;
  const value: Vars = {
    results: results.map(result => (result.value ?? {}) as Vars),
    changed: results.some(({ status, changed }) => status === 'changed' || changed !== undefined),
    ...(isSkipped && { skipped: true }),
    msg: verdict.message ?? '',
  };
  return { ...taskResult(spot, value, undefined, verdict), ...(Object.keys(facts).length > 0 && { facts }) };
};

/** The result as the task's event carries it; its value only where somebody will read it. */
export const taskResult = (
  { task, run }: Spot,
  value: Vars,
  attempts: number | undefined,
  verdict: TaskResult = { status: value['changed'] === true ? 'changed' : 'ok' },
): TaskResult => {
  const isKept = task.register !== undefined || run.options.results === 'all';
  const facts = value['ansible_facts'];
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
    ...(verdict.status === 'failed' && value['changed'] === true && { changed: 'yes' }),
    ...(isMapping(facts) && { facts }),
  };
};
