// The only place that says what walking a play needs besides the engine: rendered tasks, conditions, results, output.
import type { PlannedHost, TaskResult } from '../domain/event.ts';
import type { Jid, Job } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';
import type { HostProgress, Run } from '../domain/run-state.ts';
import type { Task } from '../domain/task.ts';

/** One task on one host, with everything its templates may name. */
export type Spot = {
  readonly run: Run;
  readonly task: Task;
  readonly host: PlannedHost;
  readonly row: HostProgress;
  /** Hosts of the play, and of the open batch. */
  readonly playHosts: readonly string[];
  readonly batchHosts: readonly string[];
};

/** What a task turns out to be on one host. Failures are sentences: they become the task's message. */
export type Prepared =
  | { readonly kind: 'job'; readonly script: string; readonly command: string }
  | { readonly kind: 'local'; readonly result: TaskResult }
  /** `async_status`: the job to ask about, as the playbook named it. */
  | { readonly kind: 'wait'; readonly jid: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** Bytes of a job's output, the newest if there is too much. */
export type Output = { readonly out: Uint8Array; readonly err: Uint8Array };

/** Tasks made concrete. */
export type Kit = {
  /** Evaluates `when`, renders the arguments. */
  prepare(spot: Spot): Promise<Result<Prepared, string>>;
  /** Whether every condition holds, with `result` under the task's register name. */
  holds(conditions: readonly string[], spot: Spot, result: ResultValue): Promise<Result<boolean, string>>;
  /** Ansible's result of a job: of its start, of a look at it, or of its end. */
  resultOf(job: Job, task: Task, output: Output, moment: 'start' | 'look' | 'end'): ResultValue;
  /** Reads what is kept here of a job's output. */
  output(jid: Jid): Promise<Output>;
};

export type ResultValue = Readonly<Record<string, unknown>>;
