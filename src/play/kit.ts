// The only place where a task's templates meet a host's variables: conditions, arguments, results.
// Precedence is Ansible's: inventory < play < task < registered < extra; what hosts said is data and never rendered.
import { becomeOf } from '../domain/become.ts';
import { actorName, type TaskResult } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import { playWith } from '../domain/plan.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import { isMapping, type Value, type Vars } from '../domain/value.ts';
import { pythonText, shellQuote } from '../template/python-text.ts';
import { evaluate, holdsAll, renderValue } from '../template/render.ts';
import type { Scope } from '../template/scope.ts';
import type { Kit, Modules, Output, Prepared, Reader, Spot } from './ports.ts';

/** What a kit is made of. */
export type KitParts = {
  readonly modules: Modules;
  readonly output: (jid: Jid) => Promise<Output>;
};

/** Tasks made concrete with real modules and templates. */
export const makeKit = ({ modules, output }: KitParts): Kit => ({
  output,
  items,
  prepare: spot => prepare(modules, spot),
  holds: (conditions, spot, result) => {
    const name = spot.task.register;
    return holdsAll(conditions, scopeOf(spot, name === undefined ? {} : { [name]: result as Value }));
  },
  resultOf: ({ job, order, output: bytes }, task, moment) => {
    if (moment === 'start') return modules.startResult(job);
    if (moment === 'look') return modules.lookResult(job);
    const module = task.module.name === 'command' ? 'command' : 'shell';
    return modules.endResult({
      job,
      task,
      output: bytes,
      ...(order !== undefined && order.command !== '' && { command: { module, text: order.command } }),
    });
  },
});

const items = (spot: Spot): Result<readonly Value[], string> => {
  const { loop } = spot.task;
  if (loop === undefined) return ok([]);
  const over = renderValue(loop.over, scopeOf(spot, {}));
  if (!over.ok) return over;
  const { value } = over;
  if (loop.as === 'dict') {
    if (!isMapping(value)) return fail(`with_dict needs a mapping, found ${JSON.stringify(value)}`);
    return ok(Object.entries(value).map(([key, one]) => ({ key, value: one })));
  }
  if (loop.as === 'items') return ok(Array.isArray(value) ? value.flat() : [value]);
  if (!Array.isArray(value)) return fail(`loop needs a list, found ${JSON.stringify(value)}`);
  return ok(value);
};

const prepare = (modules: Modules, spot: Spot): Result<Prepared, string> => {
  const { task } = spot;
  const scope = scopeOf(spot, {});
  if (task.when !== undefined) {
    const holds = holdsAll(task.when, scope);
    if (!holds.ok) return holds;
    if (!holds.value) return ok({ kind: 'skipped', reason: 'Conditional result was False' });
  }
  const action = modules.actionOf(task.module, readerOf(task, scope));
  if (!action.ok) return action;
  switch (action.value.kind) {
    case 'local':
      return ok({ kind: 'local', result: localResult(action.value.value) });
    case 'clean':
      return fail('async_status with mode: cleanup is not supported yet; host folders are removed by themselves after their days');
    case 'job': {
      const become = becomeOf(task.become, becomeVars(scope), value => renderValue(value, scope));
      if (!become.ok) return become;
      const exports = exportsOf(task, scope);
      if (!exports.ok) return exports;
      const script = exports.value + action.value.script;
      return ok({ ...action.value, script, ...(become.value !== undefined && { become: become.value }) });
    }
    default:
      return ok(action.value);
  }
};

/** Lines that put the task's environment before its script. */
const exportsOf = (task: Task, scope: Scope): Result<string, string> => {
  const exported = new Map<string, string>();
  for (const layer of task.environment ?? []) {
    const value = renderValue(layer, scope);
    if (!value.ok) return value;
    if (!isMapping(value.value)) return fail(`environment must be a mapping of names to texts, found ${JSON.stringify(value.value)}`);
    for (const [name, text] of Object.entries(value.value)) {
      if (!/^[A-Za-z_]\w*$/.test(name)) return fail(`"${name}" cannot name a variable of the environment`);
      if (typeof text === 'string' && text.includes('\0')) return fail(`${name} of the environment holds a NUL byte; take it out`);
      exported.set(name, typeof text === 'string' ? text : pythonText(text));
    }
  }
  return ok([...exported].map(([name, text]) => `export ${name}=${shellQuote(text)}\n`).join(''));
};

/** Of the variables that somebody wrote only those; what hosts said decides nothing here. */
const becomeVars = (scope: Scope): Vars => {
  const found: Record<string, Value> = {};
  for (const { vars, holds } of scope) {
    if (holds === 'data') continue;
    for (const [name, value] of Object.entries(vars)) if (/^ansible_(?:become|sudo|su|doas)(?:_|$)/.test(name)) found[name] = value;
  }
  return found;
};

const readerOf = (task: Task, scope: Scope): Reader => ({
  render: value => (task.templates === 'verbatim' ? ok(value) : renderValue(value, scope)),
  evaluate: expression => evaluate(expression, scope),
  holds: condition => holdsAll([condition], scope),
});

/** The variables that a task sees on a host, weakest first. */
export const scopeOf = (spot: Spot, result: Vars): Scope => {
  const { run, task, host, row, playHosts, batchHosts } = spot;
  const play = playWith(run.plan, task.path);
  const isIn = (name: string): boolean => run.hosts.get(name)?.out === undefined;
  // Every role of a play is seen by all of it; a task's own wins over the others.
  const own = task.role === undefined ? undefined : play?.roles?.[task.role];
  const roles = [...Object.values(play?.roles ?? {}), ...(own === undefined ? [] : [own])];
  return [
    ...roles.map(({ defaults }) => ({ vars: defaults, holds: 'templates' as const })),
    { vars: host.vars as Vars, holds: 'templates' },
    { vars: play?.vars ?? {}, holds: 'templates' },
    ...roles.map(({ vars }) => ({ vars, holds: 'templates' as const })),
    { vars: task.vars, holds: 'templates' },
    { vars: row.registered as Vars, holds: 'data' },
    { vars: itemVars(spot), holds: 'data' },
    { vars: result, holds: 'data' },
    {
      holds: 'data',
      vars: {
        inventory_hostname: host.name,
        group_names: host.groups,
        get groups() {
          return spot.groups();
        },
        ansible_play_name: play?.name ?? '',
        get ansible_play_hosts() {
          return playHosts.filter(isIn);
        },
        ansible_play_hosts_all: playHosts,
        get ansible_play_batch() {
          return batchHosts.filter(isIn);
        },
        rollcall_run: run.number,
        rollcall_operator: run.by === undefined ? '' : actorName(run.by),
      },
    },
    { vars: run.options.extraVars as Vars, holds: 'templates' },
  ];
};

const itemVars = ({ item, task: { loop } }: Spot): Vars => {
  if (item === undefined || loop === undefined) return {};
  return { [loop.variable]: item.value, ansible_loop_var: loop.variable, ...(loop.index !== undefined && { [loop.index]: item.index }) };
};

const localResult = (value: Vars): TaskResult => ({
  status: value['failed'] === true ? 'failed' : value['changed'] === true ? 'changed' : 'ok',
  value,
  message: messageOf(value),
});

const messageOf = (value: Vars): string => {
  const said = value['msg'] ?? Object.entries(value).find(([key]) => key !== 'changed')?.[1];
  return typeof said === 'string' ? said : JSON.stringify(said);
};
