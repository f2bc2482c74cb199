// The only place that reads playbooks in Ansible's format into a plan; nothing of it has run when this says no.
// Lists of tasks are playbook-list's, one task is playbook-task's. What is not supported yet is refused by name.
import { createHash } from 'node:crypto';
import { basename, dirname, resolve } from 'node:path';
import type { Plan, Play } from '../domain/plan.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { shortName } from '../domain/task.ts';
import type { Vars } from '../domain/value.ts';
import type { Disk, Found } from './disk.ts';
import { readText } from './disk.ts';
import { didYouMean, playKeywords } from './keywords.ts';
import { type Gathered, TaskList } from './playbook-list.ts';
import { type Around, nothingAround, readAround, sharedWords } from './playbook-words.ts';
import { refuseSealed, Shelf } from './shelf.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, parseYaml } from './yaml.ts';
import { Fields, hasTemplate } from './yaml-fields.ts';
import type { YamlEntry } from './yaml-node.ts';

/** A plan whose hosts are still to be resolved, what to say on stderr, and the SHA-256 of the file. */
export type LoadedPlaybook = { readonly plan: Plan; readonly warnings: readonly string[]; readonly hash: string };

/** Reads a playbook, and what it names, from disk. */
export const readPlaybook = async (path: string, disk: Disk): Promise<Result<LoadedPlaybook>> => {
  const text = await readText(disk, path, 'playbook');
  if (!text.ok) return text;
  const found = new Map<string, Found>();
  const hash = createHash('sha256').update(text.value);
  for (;;) {
    const shelf = new Shelf(found);
    const parsed = parsePlaybook(path, text.value, shelf);
    if (shelf.wanted.size === 0) return parsed.ok ? ok({ ...parsed.value, hash: hash.digest('hex') }) : parsed;
    for (const wanted of shelf.wanted) {
      const file = await disk(wanted);
      found.set(wanted, file);
      if (file.kind === 'file') hash.update(`\0${wanted}\0${file.text}`);
    }
  }
};

/** Reads the text of a playbook. `path` is for positions and the title; `shelf` has the files that it names. */
export const parsePlaybook = (path: string, text: string, shelf = new Shelf()): Result<Omit<LoadedPlaybook, 'hash'>> => {
  const parsed = parseYaml(path, text);
  if (!parsed.ok) return parsed;
  const [closed] = parsed.value.sealed;
  if (closed !== undefined) return refuseSealed(parsed.value, closed.at);
  const into: Into = { plays: [], warnings: [], shelf };
  const read = readPlays({ file: parsed.value, path, trail: [path] }, into);
  if (!read.ok) return read;
  return ok({ plan: { title: basename(path).replace(/\.ya?ml$/, ''), plays: into.plays }, warnings: into.warnings });
};

/** A file of plays, and the files by way of which it is imported, itself the last. */
type Source = { readonly file: YamlFile; readonly path: string; readonly trail: readonly string[] };

type Into = { readonly plays: Play[]; readonly warnings: string[]; readonly shelf: Shelf };

/** Reads the plays of a file and of those that it imports. */
const readPlays = (source: Source, into: Into): Result<undefined> => {
  const { file, path } = source;
  const { root } = file;
  if (root === undefined || (root.kind === 'list' && root.items.length === 0)) {
    return fail({ tag: 'bad-input', cause: `${path}:1:1: this playbook has no plays; write for example \`- hosts: all\`` });
  }
  if (root.kind !== 'list') {
    return file.refuse(root.at, `a playbook is a list of plays, found ${describeNode(root)}; begin each play with \`- hosts: …\``);
  }
  for (const node of root.items) {
    if (node.kind !== 'map') {
      return file.refuse(node.at, `a play must be a mapping, found ${describeNode(node)}; write for example \`- hosts: all\``);
    }
    const fields = new Fields(file, node);
    const imported = fields.entries.find(({ key }) => shortName(key) === 'import_playbook');
    const read = imported === undefined ? readPlay(source, fields, into) : importPlays(source, fields, imported, into);
    if (!read.ok) return read;
  }
  return ok(undefined);
};

const importPlays = ({ file, path, trail }: Source, fields: Fields, { key, value }: YamlEntry, into: Into): Result<undefined> => {
  const other = fields.entries.find(entry => entry.key !== key && entry.key !== 'name');
  if (other !== undefined) return file.refuse(other.at, `${other.key} is not supported with import_playbook yet; take it out`);
  if (value.kind !== 'scalar' || value.text === '' || hasTemplate(value.text)) {
    return file.refuse(value.at, 'import_playbook: must be the path of a playbook; write for example import_playbook: web.yml');
  }
  const wanted = resolve(dirname(path), value.text.trim());
  if (trail.includes(wanted)) return file.refuse(value.at, `${wanted} imports itself, by way of ${path}; take one import out`);
  const opened = into.shelf.open(wanted, { file, at: value.at });
  if (!opened.ok) return opened;
  return opened.value === undefined ? ok(undefined) : readPlays({ file: opened.value, path: wanted, trail: [...trail, wanted] }, into);
};

const spoken = [
  ...['name', 'hosts', 'gather_facts', 'serial', 'strategy', 'max_fail_percentage', 'order'],
  ...['pre_tasks', 'roles', 'tasks', 'post_tasks', 'handlers', 'vars_files'],
  ...sharedWords,
];

const readPlay = ({ file, path }: Source, fields: Fields, { plays, warnings, shelf }: Into): Result<undefined> => {
  const known = refuseUnspoken(file, fields);
  if (!known.ok) return known;
  const pattern = readPattern(file, fields);
  if (!pattern.ok) return pattern;
  const name = fields.text('name', 'what it is for');
  if (!name.ok) return name;
  const vars = fields.vars('vars');
  if (!vars.ok) return vars;
  const more = readVarsFiles(file, path, fields, shelf);
  if (!more.ok) return more;
  const serial = readSerial(fields);
  if (!serial.ok) return serial;
  const most = fields.whole('max_fail_percentage', ' of percent', 30, 0);
  if (!most.ok) return most;
  const order = readOrder(file, fields);
  if (!order.ok) return order;
  const around = readAround(file, fields, nothingAround, 'play');
  if (!around.ok) return around;
  const list = new TaskList(file, path, plays.length, shelf);
  const read = readSections(list, fields, around.value);
  if (!read.ok) return read;
  const { tasks, roles } = read.value;
  plays.push({
    name: name.value ?? pattern.value,
    pattern: pattern.value,
    hosts: [],
    vars: { ...vars.value, ...more.value },
    ...(serial.value !== undefined && { serial: serial.value }),
    ...(most.value !== undefined && { maxFailPercentage: most.value }),
    ...(order.value !== undefined && { order: order.value }),
    strategy: 'linear',
    tasks,
    ...(Object.keys(roles).length > 0 && { roles }),
  });
  warnings.push(...list.warnings);
  return ok(undefined);
};

/** The sections in the order in which they run; behind each the handlers that it notified. */
const readSections = (list: TaskList, fields: Fields, around: Around): Result<Gathered> => {
  for (const sections of [['pre_tasks'], ['roles', 'tasks'], ['post_tasks']]) {
    for (const section of sections) {
      const read = section === 'roles' ? list.readRoles(fields, around) : list.read(fields, section, around);
      if (!read.ok) return read;
    }
    if (sections.some(section => fields.find(section) !== undefined)) list.flush();
  }
  const handlers = list.readHandlers(fields, around);
  return handlers.ok ? list.gathered() : handlers;
};

/** Files of variables, the later ones stronger. */
const readVarsFiles = (file: YamlFile, path: string, fields: Fields, shelf: Shelf): Result<Vars> => {
  const entry = fields.find('vars_files');
  if (entry === undefined) return ok({});
  const vars: Vars[] = [];
  for (const node of entry.value.kind === 'list' ? entry.value.items : [entry.value]) {
    if (node.kind !== 'scalar' || node.text === '')
      return file.refuse(node.at, `vars_files: must be a list of paths, found ${describeNode(node)}`);
    if (hasTemplate(node.text)) return file.refuse(node.at, 'vars_files: a template is not supported here yet; write the path itself');
    const read = shelf.vars(resolve(dirname(path), node.text), { file, at: node.at });
    if (!read.ok) return read;
    vars.push(read.value);
  }
  return ok(Object.assign({}, ...vars) as Vars);
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
