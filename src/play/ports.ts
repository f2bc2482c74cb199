// The only place that says what walking a play needs besides the engine: modules, results, output kept here.
// modules/ fits these shapes without knowing them; tests bring simpler ones.
import type { Become } from '../domain/become.ts';
import type { PlannedHost, TaskResult } from '../domain/event.ts';
import type { Jid, Job } from '../domain/job.ts';
import type { Mask } from '../domain/mask.ts';
import type { Result } from '../domain/result.ts';
import type { HostProgress, JobOrder, Run } from '../domain/run-state.ts';
import type { ModuleCall, Task } from '../domain/task.ts';
import type { Value, Vars } from '../domain/value.ts';

/** One item of a loop: its place from 0, of how many, and what it is. */
export type Item = { readonly index: number; readonly of: number; readonly value: Value };

/** One task on one host, with everything its templates may name. */
export type Spot = {
  readonly run: Run;
  readonly task: Task;
  readonly host: PlannedHost;
  readonly row: HostProgress;
  /** Hosts of the play, and of the open batch. */
  readonly playHosts: readonly string[];
  readonly batchHosts: readonly string[];
  /** The item of the task's loop that it is done for now. */
  readonly item?: Item;
  /** Hosts by group, for the magic variable `groups`. */
  readonly groups: () => Vars;
};

/** What a task turns out to be on one host. Failures are sentences: they become the task's message. */
export type Prepared =
  | { readonly kind: 'job'; readonly script: string; readonly command: string; readonly become?: Become }
  | { readonly kind: 'local'; readonly result: TaskResult }
  /** `async_status`: the job to ask about, as the playbook named it. */
  | { readonly kind: 'wait'; readonly jid: string }
  | { readonly kind: 'skipped'; readonly reason: string };

/** Bytes of a job's output, the newest if there is too much. */
export type Output = { readonly out: Uint8Array; readonly err: Uint8Array };

/** A job as results say it. */
export type Told = { readonly job: Job; readonly order: JobOrder | undefined; readonly output: Output };

/** What a run keeps out of the journal; it goes with the driver that was given it. */
export type KeptOut = {
  /** What no-log tasks really call, by path. */
  readonly calls: ReadonlyMap<string, ModuleCall>;
  /** Variables that were encrypted, by host: templates see them, and what they say is blanked in whatever is told. */
  readonly hostVars?: ReadonlyMap<string, Vars>;
  /** The variables given with a no-log run. */
  readonly extraVars?: Run['options']['extraVars'];
  /** The plan of a masked run as it really is, and what blanks it. */
  readonly masked?: { readonly plan: Run['plan']; readonly mask: Mask };
};

/** Tasks made concrete. */
export type Kit = {
  /** What a loop's task is done for. */
  items(spot: Spot): Result<readonly Value[], string>;
  /** Evaluates `when`, renders the arguments. */
  prepare(spot: Spot): Result<Prepared, string>;
  /** Whether every condition holds, with `result` under the task's register name. */
  holds(conditions: readonly string[], spot: Spot, result: Vars): Result<boolean, string>;
  /** Ansible's result of a job: of its start, of a look at it, or of its end. */
  resultOf(told: Told, task: Task, moment: 'start' | 'look' | 'end'): Vars;
  /** Reads what is kept here of a job's output. */
  output(jid: Jid): Promise<Output>;
};

/** What modules must offer. */
export type Modules = {
  actionOf(call: ModuleCall, reader: Reader): Result<Action, string>;
  startResult(job: Job): Vars;
  lookResult(job: Job): Vars;
  endResult(ended: {
    readonly job: Job;
    readonly task: Pick<Task, 'module' | 'async' | 'poll'>;
    readonly output: Output;
    readonly command?: { readonly module: 'shell' | 'command'; readonly text: string };
  }): Vars;
};

/** What a module makes of its arguments. */
export type Action =
  | { readonly kind: 'job'; readonly script: string; readonly command: string }
  | { readonly kind: 'local'; readonly value: Vars }
  | { readonly kind: 'wait'; readonly jid: string }
  | { readonly kind: 'clean'; readonly jid: string };

/** How a module reads what the operator wrote. */
export type Reader = {
  render(value: Value): Result<Value, string>;
  evaluate(expression: string): Result<Value, string>;
  holds(condition: string): Result<boolean, string>;
};
