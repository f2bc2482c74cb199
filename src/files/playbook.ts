// The only place that reads playbooks in Ansible's format into a plan; nothing of it has run when this says no.
// Lists of tasks are playbook-list's, one task is playbook-task's. What is not supported yet is refused by name.
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Plan, Play } from '../domain/plan.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { didYouMean, playKeywords } from './keywords.ts';
import { readHandlers, TaskList } from './playbook-list.ts';
import { nothingAround, readAround, sharedWords } from './playbook-words.ts';
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
  ...['name', 'hosts', 'gather_facts', 'serial', 'strategy', 'max_fail_percentage', 'order'],
  ...['pre_tasks', 'tasks', 'post_tasks', 'handlers'],
  ...sharedWords,
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
  const serial = readSerial(fields);
  if (!serial.ok) return serial;
  const most = fields.whole('max_fail_percentage', ' of percent', 30, 0);
  if (!most.ok) return most;
  const order = readOrder(file, fields);
  if (!order.ok) return order;
  const around = readAround(file, fields, nothingAround, 'play');
  if (!around.ok) return around;
  const handlers = readHandlers(file, fields, around.value);
  if (!handlers.ok) return handlers;
  const list = new TaskList(file, index, handlers.value);
  for (const section of ['pre_tasks', 'tasks', 'post_tasks']) {
    const read = list.read(fields, section, around.value);
    if (!read.ok) return read;
    if (fields.find(section) !== undefined) list.flush(nothingAround);
  }
  const play: Play = {
    name: name.value ?? pattern.value,
    pattern: pattern.value,
    hosts: [],
    vars: vars.value,
    ...(serial.value !== undefined && { serial: serial.value }),
    ...(most.value !== undefined && { maxFailPercentage: most.value }),
    ...(order.value !== undefined && { order: order.value }),
    strategy: 'linear',
    tasks: list.tasks,
  };
  return ok({ play, warnings: list.warnings });
};

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

/** One size or a list of them: a number of hosts, or a percentage of the play's. */
const readSerial = (fields: Fields): Result<Play['serial']> => {
  const entry = fields.find('serial');
  if (entry === undefined) return ok(undefined);
  const sizes: (number | `${number}%`)[] = [];
  const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
  for (const node of nodes) {
    const text = node.kind === 'scalar' ? node.text.trim() : '';
    if (/^\d+(?:\.\d+)?%$/.test(text)) sizes.push(text as `${number}%`);
    else if (/^[-+]?\d+$/.test(text)) sizes.push(Number(text));
    else return fields.wrong(entry, 'a whole number of hosts, a percentage or a list of them', '5');
  }
  const [only] = sizes;
  return ok(sizes.length === 1 && typeof only === 'number' ? only : sizes);
};

const orders = ['inventory', 'reverse_inventory', 'sorted', 'reverse_sorted', 'shuffle'] as const;

const readOrder = (file: YamlFile, fields: Fields): Result<Play['order']> => {
  const order = fields.text('order', 'sorted');
  if (!order.ok || order.value === undefined) return order as Result<undefined>;
  const found = orders.find(one => one === order.value);
  const at = fields.find('order')?.value.at ?? fields.at;
  if (found === undefined) return file.refuse(at, `order: must be one of ${orders.join(', ')}, found "${order.value}"`);
  if (found === 'shuffle')
    return file.refuse(at, 'order: shuffle is not supported yet; a run that goes on later has to take the same order');
  return ok(found);
};
