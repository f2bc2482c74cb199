// The only place for one thing to do: a module with its arguments, when to do it, and how long to let it run.
// Plain JSON, since it goes into the journal. Templates in it are still text; who renders them is play/.
import type { BecomeWords } from './become.ts';
import type { Value, Vars } from './value.ts';

/** Where something was written, for sentences about it. Line and column count from 1. */
export type Position = { readonly file: string; readonly line: number; readonly column: number };

/** `file:line:column`, as compilers have it. */
export const formatPosition = ({ file, line, column }: Position): string => `${file}:${line}:${column}`;

/** What a module takes. `freeForm` is the argument that a bare text stands for. */
type ModuleShape = {
  /** `any`: names of the operator's own. */
  readonly arguments: readonly string[] | 'any';
  readonly required: readonly string[];
  readonly freeForm?: string;
  /** Whether it has work on the host, so that `async` means something. */
  readonly runs: 'there' | 'here';
};

/**
 * The modules there are, by their short names. `command` may be given `argv` instead of `cmd`; the module itself
 * checks that one of them is there.
 */
export const moduleShapes = {
  shell: { arguments: ['cmd', 'chdir'], required: ['cmd'], freeForm: 'cmd', runs: 'there' },
  command: { arguments: ['cmd', 'argv', 'chdir'], required: [], freeForm: 'cmd', runs: 'there' },
  debug: { arguments: ['msg', 'var'], required: [], runs: 'here' },
  fail: { arguments: ['msg'], required: [], runs: 'here' },
  assert: { arguments: ['that', 'fail_msg', 'msg', 'success_msg', 'quiet'], required: ['that'], runs: 'here' },
  set_fact: { arguments: 'any', required: [], runs: 'here' },
  async_status: { arguments: ['jid', 'mode'], required: ['jid'], runs: 'here' },
} as const satisfies Record<string, ModuleShape>;

/** `ansible.builtin.shell` is `shell`, and so are its filters and tests known by. */
export const shortName = (written: string): string => written.replace(/^ansible\.(?:builtin|legacy)\./, '');

/** Short name of a module. */
export type ModuleName = keyof typeof moduleShapes;

/** The shape of a module by its short name, or undefined when there is no such module. */
export const moduleShape = (name: string): ModuleShape | undefined =>
  Object.hasOwn(moduleShapes, name) ? moduleShapes[name as ModuleName] : undefined;

/** A module and what it was told; argument values may hold templates. */
export type ModuleCall = { readonly name: ModuleName; readonly args: Readonly<Record<string, Value>> };

/** The list that a task is done for. */
export type Loop = {
  /** A list, a mapping (of `dict`), or a template that gives one. */
  readonly over: Value;
  /** `items`: lists in the list are taken apart, one level deep; `dict`: items are `key` and `value` of a mapping. */
  readonly as: 'list' | 'items' | 'dict';
  /** Variables that hold the item, and its place from 0. */
  readonly variable: string;
  readonly index?: string;
  /** Seconds between two items. */
  readonly pause?: number;
};

/** One thing to do on each host of a play. */
export type Task = {
  /** Position in the plan, such as `0.2` (play 0, task 2); part of what names a job. */
  readonly path: string;
  readonly name: string;
  readonly module: ModuleCall;
  /** Seconds a job may run, detached; 0 means synchronous. */
  readonly async: number;
  /** Seconds between looks; 0 lets go and nobody waits; absent: nobody said, looks come as the defaults have it. */
  readonly poll?: number;
  /** Conditions that must all hold; the task is repeated until they do. */
  readonly until?: readonly string[];
  /** Repetitions after the first attempt; counts only with `until`. */
  readonly retries: number;
  /** Seconds between attempts. */
  readonly delay: number;
  /** Variable that gets the result. */
  readonly register?: string;
  /** Conditions that must all hold, else the task is skipped on that host. */
  readonly when?: readonly string[];
  readonly vars: Vars;
  /** The role that it comes from, whose variables it sees. */
  readonly role?: string;
  /** The blocks around it, the outermost first, and in which part of each it stands. */
  readonly within?: readonly { readonly block: string; readonly part: 'block' | 'rescue' | 'always' }[];
  /** It is the handler of that number, and runs only where that was notified since it last ran. */
  readonly handler?: number;
  /** Handlers that it notifies when it changed something. */
  readonly notifies?: readonly number[];
  /** Conditions that decide, instead of the module, whether it changed something, and whether it failed. */
  readonly changedWhen?: readonly string[];
  readonly failedWhen?: readonly string[];
  /** It is done once for each item of a list. */
  readonly loop?: Loop;
  /** Where this holds the host goes on after a failure. */
  readonly ignoreErrors?: string;
  /** Where this holds the host goes on although it could not be reached. */
  readonly ignoreUnreachable?: string;
  /** One host does it for all of the batch, who get its result. */
  readonly runOnce?: 'yes';
  /** After a failure of it on some host no host of the batch goes on, and the run ends. */
  readonly fatal?: 'yes';
  /** Environment of its command: mappings, the stronger last, or templates that give one. */
  readonly environment?: readonly Value[];
  /** By which it is chosen with --tags and --skip-tags. */
  readonly tags?: readonly string[];
  /** As whom, as task, play, flags and settings say it; variables of a host win over all of them. */
  readonly become?: BecomeWords;
  /** Absent for a task that was typed. */
  readonly position?: Position;
  /** Command, arguments and output stay out of events, logs, screens and reports. */
  readonly noLog: boolean;
  /** `verbatim` leaves braces alone (`--no-template`). */
  readonly templates: 'render' | 'verbatim';
};

/** What a task has when nothing is said; retries and delay are Ansible's. */
export const taskDefaults = { async: 0, retries: 3, delay: 5, vars: {}, noLog: false, templates: 'render' } as const;

/** True when the task is started and nobody waits for it. */
export const isLetGo = (task: Task): boolean => task.async > 0 && task.poll === 0;
