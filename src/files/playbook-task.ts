// The only place that reads one task of a playbook. What it cannot do faithfully it refuses, with place and cure.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import { moduleShape, taskDefaults } from '../domain/task.ts';
import { didYouMean, taskKeywords } from './keywords.ts';
import { readModuleCall } from './module-call.ts';
import { loopWords, readLoop } from './playbook-loop.ts';
import { type Around, readAround, sharedWords, wordsOf } from './playbook-words.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode } from './yaml.ts';
import { Fields, isVariableName } from './yaml-fields.ts';
import type { YamlNode } from './yaml-node.ts';

const spoken = [
  ...['name', 'register', 'when', 'async', 'poll', 'until', 'retries', 'delay', 'args', 'notify', 'changed_when', 'failed_when'],
  ...loopWords,
  ...sharedWords,
];

/** A name and where it stands. */
export type NamedAt = { readonly name: string; readonly at: number };

/** A task that has no place in a plan yet, and what is odd about it without being wrong. */
export type ReadTask = {
  readonly task: Task;
  readonly warnings: readonly string[];
  /** As it was written. */
  readonly name: string | undefined;
  /** Handlers and topics that it notifies; those that a handler listens to. */
  readonly notify: readonly NamedAt[];
  readonly listen: readonly NamedAt[];
};

/** Reads a task, or a handler, for which holds what is around it. */
export const readTask = (file: YamlFile, node: YamlNode, outer: Around, as: 'task' | 'handler'): Result<ReadTask> => {
  if (node.kind !== 'map') {
    return file.refuse(node.at, `a task must be a mapping, found ${describeNode(node)}; write for example \`- shell: uptime\``);
  }
  const fields = new Fields(file, node);
  const module = readModule(file, fields, as === 'handler' ? [...spoken, 'listen'] : spoken);
  if (!module.ok) return module;
  const times = readTimes(file, fields, module.value.name);
  if (!times.ok) return times;
  const name = fields.text('name', 'what it does');
  if (!name.ok) return name;
  const register = fields.text('register', 'result');
  if (!register.ok) return register;
  if (register.value !== undefined && !isVariableName(register.value)) {
    return file.refuse(
      fields.find('register')?.value.at ?? node.at,
      `"${register.value}" cannot name a variable; use letters, digits and _, not beginning with a digit`,
    );
  }
  const around = readAround(file, fields, outer, 'task');
  if (!around.ok) return around;
  const loop = readLoop(file, fields);
  if (!loop.ok) return loop;
  const changedWhen = fields.conditions('changed_when');
  if (!changedWhen.ok) return changedWhen;
  const failedWhen = fields.conditions('failed_when');
  if (!failedWhen.ok) return failedWhen;
  const notify = namesUnder(file, fields, 'notify');
  if (!notify.ok) return notify;
  const listen = namesUnder(file, fields, 'listen');
  if (!listen.ok) return listen;
  const position = file.where(node.at);
  const { until, retries, ...rest } = times.value;
  const idle = until === undefined && retries !== undefined;
  return ok({
    task: {
      ...taskDefaults,
      path: '',
      name: name.value ?? module.value.name,
      module: module.value,
      ...rest,
      retries: retries ?? taskDefaults.retries,
      ...(until === undefined ? {} : { until }),
      ...(register.value === undefined ? {} : { register: register.value }),
      ...(loop.value !== undefined && { loop: loop.value }),
      ...(changedWhen.value !== undefined && { changedWhen: changedWhen.value }),
      ...(failedWhen.value !== undefined && { failedWhen: failedWhen.value }),
      ...wordsOf(around.value),
      position,
    },
    name: name.value,
    notify: notify.value,
    listen: listen.value,
    warnings: idle ? [`${position.file}:${position.line}:${position.column}: retries does nothing without until; say until what`] : [],
  });
};

/** One name or a list of them. */
const namesUnder = (file: YamlFile, fields: Fields, key: string): Result<readonly NamedAt[]> => {
  const entry = fields.find(key);
  if (entry === undefined) return ok([]);
  const names: NamedAt[] = [];
  for (const node of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
    if (node.kind !== 'scalar') return file.refuse(node.at, `${key}: must be a name or a list of them, found ${describeNode(node)}`);
    names.push({ name: node.text, at: node.at });
  }
  return ok(names);
};

const readModule = (file: YamlFile, fields: Fields, spoken: readonly string[]) => {
  for (const { key, at } of fields.entries) {
    if (taskKeywords.includes(key) && !spoken.includes(key)) {
      return file.refuse(at, `${key} is not supported in a task yet; take it out, or run this playbook with ansible-playbook`);
    }
  }
  const [entry, second] = fields.entries.filter(({ key }) => !spoken.includes(key));
  if (entry === undefined) return file.refuse(fields.at, 'this task does nothing; give it a module, for example `shell: uptime`');
  if (second !== undefined) {
    const stranger = moduleShape(entry.key.split('.').at(-1) ?? '') === undefined ? entry : second;
    return file.refuse(
      stranger.at,
      `${stranger.key} is neither a keyword of a task nor its one module${didYouMean(stranger.key, taskKeywords)}; take it out`,
    );
  }
  return readModuleCall(file, entry, fields.find('args'));
};

type Times = Pick<Task, 'async' | 'poll' | 'until' | 'delay'> & { readonly retries?: number };

const readTimes = (file: YamlFile, fields: Fields, module: string): Result<Times> => {
  const limit = fields.whole('async', ' of seconds', 1920, 0);
  if (!limit.ok) return limit;
  const poll = fields.whole('poll', ' of seconds', 0, 0);
  if (!poll.ok) return poll;
  const retries = fields.whole('retries', '', 60);
  if (!retries.ok) return retries;
  const delay = fields.whole('delay', ' of seconds', 30);
  if (!delay.ok) return delay;
  const until = fields.conditions('until');
  if (!until.ok) return until;
  const async = limit.value ?? 0;
  if (async > 0 && moduleShape(module)?.runs === 'here') {
    return file.refuse(
      fields.find('async')?.at ?? fields.at,
      `async is not supported for ${module}, which starts nothing on the host; take async and poll out`,
    );
  }
  if (async > 0 && poll.value === 0 && until.value !== undefined) {
    return file.refuse(
      fields.find('until')?.at ?? fields.at,
      'until on a task with poll: 0 would start the job anew at each attempt; register this task, and put until on an async_status task that waits for it',
    );
  }
  return ok({
    async,
    ...(poll.value === undefined ? {} : { poll: poll.value }),
    ...(until.value === undefined ? {} : { until: until.value }),
    ...(retries.value === undefined ? {} : { retries: retries.value }),
    delay: delay.value ?? taskDefaults.delay,
  });
};
