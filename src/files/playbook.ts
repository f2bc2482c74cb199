// The only place that reads playbooks in Ansible's format into a plan; nothing of it has run when this says no.
// A first slice: plays with hosts, vars and serial; tasks are playbook-task's. The rest is refused by name.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { type BecomeWords, layBecome } from '../domain/become.ts';
import type { Plan, Play } from '../domain/plan.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Task } from '../domain/task.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { didYouMean, playKeywords } from './keywords.ts';
import { readTask } from './playbook-task.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, parseYaml } from './yaml.ts';
import { Fields, hasTemplate } from './yaml-fields.ts';
import type { YamlNode } from './yaml-node.ts';

/** A plan whose hosts are still to be resolved, what to say on stderr, and the SHA-256 of the file. */
export type LoadedPlaybook = { readonly plan: Plan; readonly warnings: readonly string[]; readonly hash: string };

/** Reads a playbook from disk. */
export const readPlaybook = async (path: string, disk: Disk): Promise<Result<LoadedPlaybook>> => {
  const text = await readText(disk, path, 'playbook');
  if (!text.ok) return text;
  const parsed = parsePlaybook(path, text.value);
  if (!parsed.ok) return parsed;
  return ok({ ...parsed.value, hash: createHash('sha256').update(text.value).digest('hex') });
};

/** Reads the text of a playbook. `path` is for positions and the title. */
export const parsePlaybook = (path: string, text: string): Result<Omit<LoadedPlaybook, 'hash'>> => {
  const parsed = parseYaml(path, text);
  if (!parsed.ok) return parsed;
  const [closed] = parsed.value.sealed;
  if (closed !== undefined) {
    return parsed.value.refuse(
      closed.at,
      'an encrypted value is not supported in a playbook yet; put it into group_vars or host_vars beside it',
    );
  }
  const file = parsed.value;
  const { root } = file;
  if (root === undefined || (root.kind === 'list' && root.items.length === 0)) {
    return fail({ tag: 'bad-input', cause: `${path}:1:1: this playbook has no plays; write for example \`- hosts: all\`` });
  }
  if (root.kind !== 'list') {
    return file.refuse(root.at, `a playbook is a list of plays, found ${describeNode(root)}; begin each play with \`- hosts: …\``);
  }
  const plays: Play[] = [];
  const warnings: string[] = [];
  for (const [index, node] of root.items.entries()) {
    const play = readPlay(file, node, index);
    if (!play.ok) return play;
    plays.push(play.value.play);
    warnings.push(...play.value.warnings);
  }
  return ok({ plan: { title: basename(path).replace(/\.ya?ml$/, ''), plays }, warnings });
};

const spoken = [
  ...['name', 'hosts', 'gather_facts', 'vars', 'serial', 'strategy', 'tasks'],
  ...['become', 'become_user', 'become_method', 'become_flags', 'become_exe'],
];

const readPlay = (file: YamlFile, node: YamlNode, index: number): Result<{ readonly play: Play; readonly warnings: readonly string[] }> => {
  if (node.kind !== 'map')
    return file.refuse(node.at, `a play must be a mapping, found ${describeNode(node)}; write for example \`- hosts: all\``);
  const fields = new Fields(file, node);
  const known = refuseUnspoken(file, fields);
  if (!known.ok) return known;
  const pattern = readPattern(file, fields);
  if (!pattern.ok) return pattern;
  const name = fields.text('name', 'what it is for');
  if (!name.ok) return name;
  const vars = fields.vars('vars');
  if (!vars.ok) return vars;
  const serial = readSerial(file, fields);
  if (!serial.ok) return serial;
  const become = fields.become();
  if (!become.ok) return become;
  const tasks = readTasks(file, fields, index);
  if (!tasks.ok) return tasks;
  const play: Play = {
    name: name.value ?? pattern.value,
    pattern: pattern.value,
    hosts: [],
    vars: vars.value,
    ...(serial.value === undefined ? {} : { serial: serial.value }),
    strategy: 'linear',
    tasks: become.value === undefined ? tasks.value.tasks : tasks.value.tasks.map(task => below(task, become.value)),
  };
  return ok({ play, warnings: tasks.value.warnings });
};

const below = (task: Task, words: BecomeWords | undefined): Task => ({ ...task, become: layBecome(task.become ?? {}, words) });

const refuseUnspoken = (file: YamlFile, fields: Fields): Result<undefined> => {
  for (const { key, at } of fields.entries) {
    if (spoken.includes(key)) continue;
    if (playKeywords.includes(key))
      return file.refuse(at, `${key} is not supported in a play yet; take it out, or run this playbook with ansible-playbook`);
    return file.refuse(at, `${key} is not a keyword of a play${didYouMean(key, playKeywords)}; take it out, or indent it under tasks`);
  }
  const facts = fields.truth('gather_facts');
  if (!facts.ok) return facts;
  if (facts.value === true) {
    return file.refuse(fields.find('gather_facts')?.at ?? fields.at, 'gather_facts: true is not supported yet; write gather_facts: false');
  }
  const strategy = fields.text('strategy', 'linear');
  if (!strategy.ok) return strategy;
  if (strategy.value !== undefined && strategy.value !== 'linear') {
    return file.refuse(
      fields.find('strategy')?.value.at ?? fields.at,
      `strategy ${strategy.value} is not supported yet; write strategy: linear, or leave it out`,
    );
  }
  return ok(undefined);
};

/** A pattern, or a list of patterns, which is their union. */
const readPattern = (file: YamlFile, fields: Fields): Result<string> => {
  const entry = fields.find('hosts');
  if (entry === undefined) return file.refuse(fields.at, 'this play has no hosts; write for example `hosts: all`');
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  const parts: string[] = [];
  for (const node of nodes) {
    if (node.kind !== 'scalar' || node.text === '') return fields.wrong(entry, 'a pattern or a list of patterns', 'all');
    if (hasTemplate(node.text))
      return file.refuse(node.at, 'hosts: a template is not supported here yet; write the pattern itself, and narrow it with --limit');
    parts.push(node.text);
  }
  if (parts.length === 0) return fields.wrong(entry, 'a pattern or a list of patterns', 'all');
  return ok(parts.join(','));
};

const readSerial = (file: YamlFile, fields: Fields): Result<number | undefined> => {
  const entry = fields.find('serial');
  const isLater = entry?.value.kind === 'list' || (entry?.value.kind === 'scalar' && entry.value.text.endsWith('%'));
  if (entry !== undefined && isLater)
    return file.refuse(entry.value.at, 'serial: percentages and lists are not supported yet; write a number of hosts');
  return fields.whole('serial', ' of hosts', 5);
};

const readTasks = (
  file: YamlFile,
  fields: Fields,
  play: number,
): Result<{ readonly tasks: readonly Task[]; readonly warnings: readonly string[] }> => {
  const entry = fields.find('tasks');
  if (entry === undefined) return ok({ tasks: [], warnings: [] });
  if (entry.value.kind !== 'list') {
    return file.refuse(
      entry.value.at,
      `tasks: must be a list of tasks, found ${describeNode(entry.value)}; write for example \`- shell: uptime\``,
    );
  }
  const tasks: Task[] = [];
  const warnings: string[] = [];
  for (const [index, node] of entry.value.items.entries()) {
    const read = readTask(file, node, `${play}.${index}`);
    if (!read.ok) return read;
    tasks.push(read.value.task);
    warnings.push(...read.value.warnings);
  }
  return ok({ tasks, warnings });
};
