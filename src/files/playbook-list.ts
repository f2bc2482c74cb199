// The only place that reads lists of tasks, with blocks, imported files and roles in them, into the one list that a play is
// walked by. Tasks of a block, its rescue and its always follow each other; handlers stand wherever they fall due.
import { dirname, resolve } from 'node:path';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { shortName, type Task } from '../domain/task.ts';
import type { Vars } from '../domain/value.ts';
import { didYouMean, taskKeywords } from './keywords.ts';
import { type NamedAt, readTask } from './playbook-task.ts';
import { type Around, readAround, sharedWords } from './playbook-words.ts';
import { dependenciesOf, findRole, mainOf, type Role, type RoleCall, readRoles } from './role.ts';
import type { NamedIn, Shelf } from './shelf.ts';
import { describeNode, type YamlFile } from './yaml.ts';
import { Fields, hasTemplate, isNothing } from './yaml-fields.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';

/** A handler: its name and the topics it listens to, by which it is notified, and what it does. */
type Handler = { readonly names: readonly string[]; readonly topics: readonly string[]; readonly task: Task; readonly notify: Notify };

/** Names that a task notifies, and the file they stand in. */
type Notify = { readonly file: YamlFile; readonly names: readonly NamedAt[] };

type Item = { readonly task: Task; readonly notify: Notify } | { readonly flush: Around['within'] };

/** A file that tasks are read from, and how deep in others it is named. */
type Source = { readonly file: YamlFile; readonly path: string; readonly role?: Role; readonly trail: readonly string[] };

/** What a play's tasks come to. */
export type Gathered = { readonly tasks: readonly Task[]; readonly roles: Readonly<Record<string, { defaults: Vars; vars: Vars }>> };

/** Gathers the tasks of one play. */
export class TaskList {
  readonly warnings: string[] = [];
  readonly #play: number;
  readonly #shelf: Shelf;
  readonly #source: Source;
  readonly #items: Item[] = [];
  readonly #handlers: Handler[] = [];
  readonly #roles = new Map<string, Role>();
  #blocks = 0;

  constructor(file: YamlFile, path: string, play: number, shelf: Shelf) {
    this.#play = play;
    this.#shelf = shelf;
    this.#source = { file, path, trail: [path] };
  }

  /** Reads the list under a keyword of the play, such as `tasks`. */
  read(fields: Fields, key: string, around: Around): Result<undefined> {
    return this.#part(this.#source, fields, key, around);
  }

  /** Reads the roles of the play. */
  readRoles(fields: Fields, around: Around): Result<undefined> {
    const entry = fields.find('roles');
    const calls = entry === undefined ? ok([]) : readRoles(this.#source.file, entry.value);
    if (!calls.ok) return calls;
    return this.#each(calls.value, call => this.#role(this.#source, call, around));
  }

  /** Reads the play's own handlers; those of its roles come before them. */
  readHandlers(fields: Fields, around: Around): Result<undefined> {
    const entry = fields.find('handlers');
    return entry === undefined ? ok(undefined) : this.#handlersIn(this.#source, entry.value, around);
  }

  /** Puts the handlers here: whoever was notified runs them now. */
  flush(within: Around['within'] = []): void {
    this.#items.push({ flush: within });
  }

  /** All of it in one list, each task with its place in it. */
  gathered(): Result<Gathered> {
    const tasks: Task[] = [];
    const add = (task: Task): void => void tasks.push({ ...task, path: `${this.#play}.${tasks.length}` });
    const handlers: Task[] = [];
    for (const { task, notify } of this.#handlers) {
      const told = this.#notifying(task, notify);
      if (!told.ok) return told;
      handlers.push(told.value);
    }
    for (const item of this.#items) {
      if ('flush' in item) {
        for (const [number, task] of handlers.entries()) {
          const within = [...item.flush, ...(task.within ?? [])];
          add({ ...task, handler: number, ...(within.length > 0 && { within }) });
        }
        continue;
      }
      const told = this.#notifying(item.task, item.notify);
      if (!told.ok) return told;
      add(told.value);
    }
    const roles = Object.fromEntries([...this.#roles].map(([name, { defaults, vars }]) => [name, { defaults, vars }]));
    return ok({ tasks, roles });
  }

  #each<T>(parts: readonly T[], read: (part: T) => Result<undefined>): Result<undefined> {
    for (const part of parts) {
      const done = read(part);
      if (!done.ok) return done;
    }
    return ok(undefined);
  }

  #part(source: Source, fields: Fields, key: string, around: Around): Result<undefined> {
    const entry = fields.find(key);
    return entry === undefined ? ok(undefined) : this.#list(source, entry.value, key, around);
  }

  #list(source: Source, node: YamlNode, key: string, around: Around): Result<undefined> {
    if (node.kind !== 'list') {
      return source.file.refuse(
        node.at,
        `${key}: must be a list of tasks, found ${describeNode(node)}; write for example \`- shell: uptime\``,
      );
    }
    return this.#each(node.items, item => this.#one(source, item, around));
  }

  #one(source: Source, node: YamlNode, around: Around): Result<undefined> {
    const { file } = source;
    const fields = node.kind === 'map' ? new Fields(file, node) : undefined;
    if (fields?.entries.some(({ key }) => key === 'block')) return this.#block(source, fields, around);
    const named = fields?.entries.find(({ key }) => importing.test(shortName(key)));
    if (fields !== undefined && named !== undefined) return this.#import(source, fields, named, around);
    if (fields !== undefined && isFlush(fields)) {
      this.flush(around.within);
      return ok(undefined);
    }
    const read = readTask(file, node, around, 'task');
    if (!read.ok) return read;
    this.warnings.push(...read.value.warnings);
    this.#items.push({ task: ofRole(read.value.task, source.role), notify: { file, names: read.value.notify } });
    return ok(undefined);
  }

  #block(source: Source, fields: Fields, around: Around): Result<undefined> {
    const known = onlyWords(source.file, fields, ['block', 'rescue', 'always'], 'a block');
    if (!known.ok) return known;
    const inside = readAround(source.file, fields, around, 'block');
    if (!inside.ok) return inside;
    const block = `${this.#play}.b${this.#blocks}`;
    this.#blocks += 1;
    return this.#each(['block', 'rescue', 'always'] as const, part =>
      this.#part(source, fields, part, { ...inside.value, within: [...around.within, { block, part }] }),
    );
  }

  /** import_tasks, import_role and, where they name a file or a role outright, their including kin. */
  #import(source: Source, fields: Fields, entry: YamlEntry, around: Around): Result<undefined> {
    const { file } = source;
    const known = onlyWords(file, fields, [entry.key], entry.key);
    if (!known.ok) return known;
    const inside = readAround(file, fields, around, 'block');
    if (!inside.ok) return inside;
    const isRole = entry.key.endsWith('role');
    const named = readNamed(file, entry, isRole ? 'name' : 'file');
    if (!named.ok) return named;
    const { word, at, tasksFrom } = named.value;
    if (isRole) return this.#role(source, { name: word, tasksFrom, params: {}, named: { file, at } }, inside.value);
    return this.#file(source, resolve(dirname(source.path), word), { file, at }, inside.value);
  }

  #file(source: Source, path: string, named: NamedIn, around: Around): Result<undefined> {
    if (source.trail.includes(path))
      return named.file.refuse(named.at, `${path} imports itself, by way of ${source.trail.at(-1)}; take one import out`);
    const opened = this.#shelf.open(path, named);
    if (!opened.ok) return opened;
    const { value: file } = opened;
    if (file?.root === undefined || isNothing(file.root)) return ok(undefined);
    return this.#list({ ...source, file, path, trail: [...source.trail, path] }, file.root, path, around);
  }

  #role(source: Source, call: RoleCall, outer: Around): Result<undefined> {
    const found = findRole(this.#shelf, dirname(this.#source.path), call);
    if (!found.ok || found.value === undefined) return found as Result<undefined>;
    const { value: role } = found;
    const around = call.fields === undefined ? ok(outer) : readAround(call.named.file, call.fields, outer, 'block');
    if (!around.ok) return around;
    const inside = { ...around.value, vars: { ...around.value.vars, ...call.params } };
    const isNew = !this.#roles.has(role.name);
    if (isNew) {
      this.#roles.set(role.name, role);
      const before = dependenciesOf(this.#shelf, role, call.named);
      if (!before.ok) return before;
      const done = this.#each(before.value, needed => (this.#roles.has(needed.name) ? ok(undefined) : this.#role(source, needed, inside)));
      if (!done.ok) return done;
      const handlers = mainOf(this.#shelf, role.folder, 'handlers');
      const opened = handlers === undefined ? ok(undefined) : this.#shelf.open(handlers, call.named);
      if (!opened.ok) return opened;
      const { value: file } = opened;
      if (file?.root !== undefined && !isNothing(file.root)) {
        const read = this.#handlersIn({ ...source, file, path: handlers ?? '', role }, file.root, inside);
        if (!read.ok) return read;
      }
    }
    const tasks = mainOf(this.#shelf, role.folder, 'tasks', call.tasksFrom.replace(/\.ya?ml$/, ''));
    return tasks === undefined ? ok(undefined) : this.#file({ ...source, role }, tasks, call.named, inside);
  }

  #handlersIn(source: Source, node: YamlNode, around: Around): Result<undefined> {
    const { file, role } = source;
    if (node.kind !== 'list')
      return file.refuse(node.at, `handlers: must be a list of tasks, found ${describeNode(node)}; write for example []`);
    return this.#each(node.items, item => {
      const read = readTask(file, item, around, 'handler');
      if (!read.ok) return read;
      const { name, listen, notify, task } = read.value;
      const names = name === undefined ? [] : role === undefined ? [name] : [name, `${role.name} : ${name}`];
      this.#handlers.push({ names, topics: listen.map(topic => topic.name), task: ofRole(task, role), notify: { file, names: notify } });
      return ok(undefined);
    });
  }

  /** The task with the handlers that it notifies: all that listen, and the last that is called so. */
  #notifying(task: Task, { file, names }: Notify): Result<Task> {
    const found = new Set<number>();
    for (const { name, at } of names) {
      if (hasTemplate(name)) return file.refuse(at, 'notify: a template is not supported here yet; write the name of the handler');
      const numbers = this.#handlers.flatMap(({ topics }, number) => (topics.includes(name) ? [number] : []));
      const called = this.#handlers.findLastIndex(handler => handler.names.includes(name));
      if (called !== -1) numbers.push(called);
      if (numbers.length === 0 && this.#shelf.wanted.size === 0) {
        const known = this.#handlers.flatMap(handler => [...handler.topics, ...handler.names]);
        return file.refuse(at, `no handler of this play is called "${name}"${didYouMean(name, known)}; add it under handlers`);
      }
      for (const number of numbers) found.add(number);
    }
    return ok({ ...task, ...(found.size > 0 && { notifies: [...found] }) });
  }
}

const importing = /^(?:import|include)_(?:tasks|role)$/;

/** Named as Ansible names it. */
const ofRole = (task: Task, role: Role | undefined): Task =>
  role === undefined ? task : { ...task, role: role.name, name: `${role.name} : ${task.name}` };

/** `import_tasks: FILE`, `{file: FILE}`, `{name: ROLE, tasks_from: FILE}`. */
const readNamed = (
  file: YamlFile,
  { key, value, at }: YamlEntry,
  name: 'file' | 'name',
): Result<{ readonly word: string; readonly at: number; readonly tasksFrom: string }> => {
  const fields = value.kind === 'map' ? new Fields(file, value) : undefined;
  const stranger = fields?.entries.find(entry => ![name, 'tasks_from'].includes(entry.key));
  if (stranger !== undefined) return file.refuse(stranger.at, `${stranger.key} is not supported for ${key} yet; take it out`);
  const node = fields === undefined ? value : fields.find(name)?.value;
  if (node?.kind !== 'scalar' || node.text === '')
    return file.refuse(node?.at ?? at, `${key} needs a ${name}; write \`${key}: {${name}: …}\``);
  const from = fields?.text('tasks_from', 'install') ?? ok(undefined);
  if (!from.ok) return from;
  const words = [node.text, from.value ?? 'main'];
  if (words.some(hasTemplate)) {
    return file.refuse(node.at, `${key} of a name that is a template is not supported yet; write the name itself`);
  }
  return ok({ word: node.text.trim(), at: node.at, tasksFrom: words[1] ?? 'main' });
};

const onlyWords = (file: YamlFile, fields: Fields, own: readonly string[], where: string): Result<undefined> => {
  const words = ['name', 'when', ...own, ...sharedWords];
  for (const { key, at } of fields.entries) {
    if (words.includes(key)) continue;
    return file.refuse(
      at,
      taskKeywords.includes(key)
        ? `${key} is not supported in ${where} yet; take it out, or run this playbook with ansible-playbook`
        : `${key} is not a keyword of ${where}${didYouMean(key, words)}; take it out`,
    );
  }
  return ok(undefined);
};

/** `meta: flush_handlers`. */
const isFlush = (fields: Fields): boolean =>
  fields.entries.some(({ key, value }) => shortName(key) === 'meta' && value.kind === 'scalar' && value.text.trim() === 'flush_handlers');
