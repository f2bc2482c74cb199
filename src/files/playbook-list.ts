// The only place that reads lists of tasks, with blocks in them, into the one list that a play is walked by.
// Tasks of a block, its rescue and its always follow each other; handlers stand wherever they fall due.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import { didYouMean, taskKeywords } from './keywords.ts';
import { type NamedAt, readTask } from './playbook-task.ts';
import { type Around, readAround, sharedWords } from './playbook-words.ts';
import { describeNode, type YamlFile } from './yaml.ts';
import { Fields, hasTemplate } from './yaml-fields.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';

/** A handler: its name and the topics it listens to, by which it is notified, and what it does. */
type Handler = { readonly name: string | undefined; readonly topics: readonly string[]; readonly task: Task };

/** Gathers the tasks of one play. */
export class TaskList {
  readonly tasks: Task[] = [];
  readonly warnings: string[] = [];
  readonly #file: YamlFile;
  readonly #play: number;
  readonly #handlers: readonly Handler[];
  #blocks = 0;

  /** @param handlers of the play, in the order in which they run */
  constructor(file: YamlFile, play: number, handlers: readonly Handler[] = []) {
    this.#file = file;
    this.#play = play;
    this.#handlers = handlers;
  }

  /** Reads the list under a keyword, such as `tasks`. */
  read(fields: Fields, key: string, around: Around): Result<undefined> {
    const entry = fields.find(key);
    return entry === undefined ? ok(undefined) : this.#list(entry, around);
  }

  /** Puts the handlers here: whoever was notified runs them now. */
  flush(around: Around): void {
    for (const [number, { task }] of this.#handlers.entries()) {
      const within = [...around.within, ...(task.within ?? [])];
      this.#add({ ...task, handler: number, ...(within.length > 0 && { within }) });
    }
  }

  #list(entry: YamlEntry, around: Around): Result<undefined> {
    if (entry.value.kind !== 'list') {
      return this.#file.refuse(
        entry.value.at,
        `${entry.key}: must be a list of tasks, found ${describeNode(entry.value)}; write for example \`- shell: uptime\``,
      );
    }
    for (const node of entry.value.items) {
      const read = this.#one(node, around);
      if (!read.ok) return read;
    }
    return ok(undefined);
  }

  #one(node: YamlNode, around: Around): Result<undefined> {
    const fields = node.kind === 'map' ? new Fields(this.#file, node) : undefined;
    if (fields?.entries.some(({ key }) => key === 'block')) return this.#block(fields, around);
    if (fields !== undefined && isFlush(fields)) {
      this.flush(around);
      return ok(undefined);
    }
    const read = readTask(this.#file, node, around, 'task');
    if (!read.ok) return read;
    this.warnings.push(...read.value.warnings);
    const notified = notifiedBy(this.#file, this.#handlers, read.value.notify);
    if (!notified.ok) return notified;
    this.#add(withNotified(read.value.task, notified.value));
    return ok(undefined);
  }

  #add(task: Task): void {
    this.tasks.push({ ...task, path: `${this.#play}.${this.tasks.length}` });
  }

  #block(fields: Fields, around: Around): Result<undefined> {
    for (const { key, at } of fields.entries) {
      if (blockWords.includes(key)) continue;
      return this.#file.refuse(
        at,
        taskKeywords.includes(key)
          ? `${key} is not supported in a block yet; take it out, or run this playbook with ansible-playbook`
          : `${key} is not a keyword of a block${didYouMean(key, blockWords)}; take it out`,
      );
    }
    const inside = readAround(this.#file, fields, around, 'block');
    if (!inside.ok) return inside;
    const block = `${this.#play}.b${this.#blocks}`;
    this.#blocks += 1;
    for (const part of ['block', 'rescue', 'always'] as const) {
      const read = this.read(fields, part, { ...inside.value, within: [...around.within, { block, part }] });
      if (!read.ok) return read;
    }
    return ok(undefined);
  }
}

/** Reads the handlers of a play, in the order in which they run. A handler may notify others. */
export const readHandlers = (file: YamlFile, fields: Fields, around: Around): Result<readonly Handler[]> => {
  const entry = fields.find('handlers');
  if (entry === undefined) return ok([]);
  if (entry.value.kind !== 'list') return fields.wrong(entry, 'a list of tasks', '[]');
  const handlers: Handler[] = [];
  const notify: (readonly NamedAt[])[] = [];
  for (const node of entry.value.items) {
    const read = readTask(file, node, around, 'handler');
    if (!read.ok) return read;
    handlers.push({ name: read.value.name, topics: read.value.listen.map(({ name }) => name), task: read.value.task });
    notify.push(read.value.notify);
  }
  const told: Handler[] = [];
  for (const [number, handler] of handlers.entries()) {
    const notified = notifiedBy(file, handlers, notify[number] ?? []);
    if (!notified.ok) return notified;
    told.push({ ...handler, task: withNotified(handler.task, notified.value) });
  }
  return ok(told);
};

/** Numbers of the handlers that these names notify: all that listen, and the last that is called so. */
const notifiedBy = (file: YamlFile, handlers: readonly Handler[], names: readonly NamedAt[]): Result<readonly number[]> => {
  const found = new Set<number>();
  for (const { name, at } of names) {
    if (hasTemplate(name)) return file.refuse(at, 'notify: a template is not supported here yet; write the name of the handler');
    const numbers = handlers.flatMap(({ topics }, number) => (topics.includes(name) ? [number] : []));
    const called = handlers.findLastIndex(handler => handler.name === name);
    if (called !== -1) numbers.push(called);
    if (numbers.length === 0) {
      const known = handlers.flatMap(handler => [...handler.topics, handler.name ?? '']).filter(word => word !== '');
      return file.refuse(at, `no handler of this play is called "${name}"${didYouMean(name, known)}; add it under handlers`);
    }
    for (const number of numbers) found.add(number);
  }
  return ok([...found]);
};

const withNotified = (task: Task, notifies: readonly number[]): Task => ({ ...task, ...(notifies.length > 0 && { notifies }) });

const blockWords: readonly string[] = ['name', 'block', 'rescue', 'always', 'when', ...sharedWords];

/** `meta: flush_handlers`. */
const isFlush = (fields: Fields): boolean =>
  fields.entries.some(
    ({ key, value }) =>
      /^(?:ansible\.(?:builtin|legacy)\.)?meta$/.test(key) && value.kind === 'scalar' && value.text.trim() === 'flush_handlers',
  );
