// The only place that reads inventories: Ansible's YAML form (groups with hosts, children and vars) and `h1,h2,` lists.
// It turns text into declarations; who is in which group and what wins is for domain/inventory.
import { createHash } from 'node:crypto';
import type { GroupDeclaration, HostDeclaration, Inventory } from '../domain/inventory.ts';
import { buildInventory } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { layVars } from '../domain/value.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { readHostNames } from './host-range.ts';
import { explainIni } from './inventory-ini.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, parseYaml, varsOf } from './yaml.ts';
import { isNothing } from './yaml-fields.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';

/** A fleet, what to say on stderr about it, and the SHA-256 of what it was read from. */
export type LoadedInventory = { readonly inventory: Inventory; readonly warnings: readonly string[]; readonly hash: string };

/** Reads one or more sources (`-i`, repeated): paths, or lists of hosts with a comma in them. Later variables win. */
export const readInventory = async (sources: readonly string[], disk: Disk): Promise<Result<LoadedInventory>> => {
  const declarations: GroupDeclaration[] = [];
  const warnings: string[] = [];
  const hash = createHash('sha256');
  for (const source of sources) {
    const text = source.includes(',') ? ok(source) : await readText(disk, source, 'inventory');
    if (!text.ok) return text;
    hash.update(`${Buffer.byteLength(text.value)}:${text.value}`);
    const read = source.includes(',') ? readList(source) : parseInventory(source, text.value);
    if (!read.ok) return read;
    declarations.push(...read.value.declarations);
    warnings.push(...read.value.warnings);
  }
  const built = buildInventory(declarations, sources.join(' '));
  if (!built.ok) return built;
  return ok({ inventory: built.value.inventory, warnings: [...warnings, ...built.value.warnings], hash: hash.digest('hex') });
};

type Declared = { readonly declarations: readonly GroupDeclaration[]; readonly warnings: readonly string[] };

const readList = (source: string): Result<Declared> => {
  const members: HostDeclaration[] = [];
  for (const written of source.split(',').map(part => part.trim())) {
    if (written === '') continue;
    const hosts = declareHosts(written, {});
    if (!hosts.ok) return fail({ tag: 'bad-input', cause: `-i ${source}: ${hosts.failure}` });
    members.push(...hosts.value);
  }
  return ok({ declarations: [{ kind: 'group', name: 'all', vars: {}, members }], warnings: [] });
};

/** Reads the text of one inventory file. */
export const parseInventory = (source: string, text: string): Result<Declared> => {
  if (text.startsWith('#!')) {
    return fail({
      tag: 'bad-input',
      cause: `${source}:1:1: this is a script, which is not supported yet; run it and save what it prints as YAML`,
    });
  }
  const parsed = parseYaml(source, text);
  const root = parsed.ok ? parsed.value.root : undefined;
  if (root?.kind !== 'map') {
    const ini = explainIni(text);
    if (ini !== undefined) return fail({ tag: 'bad-input', cause: `${source}:${ini.line}:1: ${ini.cause}` });
  }
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  if (root === undefined)
    return fail({ tag: 'bad-input', cause: `${source}:1:1: this inventory is empty; begin with \`all:\` and, below it, \`hosts:\`` });
  if (root.kind !== 'map') {
    return file.refuse(
      root.at,
      `an inventory is a mapping of groups, found ${describeNode(root)}; begin with \`all:\` and, below it, \`hosts:\``,
    );
  }
  const plugin = root.entries.find(entry => entry.key === 'plugin');
  if (plugin !== undefined)
    return file.refuse(plugin.at, 'inventory plugins are not supported yet; save what `ansible-inventory --list -y` prints');
  const reader = new GroupReader(file);
  const declarations: GroupDeclaration[] = [];
  for (const entry of root.entries) {
    const group = reader.group(entry);
    if (!group.ok) return group;
    declarations.push(group.value);
  }
  return ok({ declarations, warnings: reader.warnings });
};

class GroupReader {
  readonly warnings: string[] = [];
  private readonly file: YamlFile;

  constructor(file: YamlFile) {
    this.file = file;
  }

  group({ key: name, at, value }: YamlEntry): Result<GroupDeclaration> {
    if (name === '') return this.file.refuse(at, 'a group name is empty; write a name before the colon');
    if (value.kind !== 'map' && !isNothing(value)) {
      return this.file.refuse(
        value.at,
        `group ${name} must be a mapping with hosts, children or vars, found ${describeNode(value)}; write \`hosts:\` below it`,
      );
    }
    const members: (GroupDeclaration | HostDeclaration)[] = [];
    let vars = {};
    for (const part of value.kind === 'map' ? value.entries : []) {
      if (part.key === 'hosts') {
        const hosts = this.hosts(part.value);
        if (!hosts.ok) return hosts;
        members.push(...hosts.value);
      } else if (part.key === 'children') {
        const children = this.children(part.value);
        if (!children.ok) return children;
        members.push(...children.value);
      } else if (part.key === 'vars') {
        const read = this.mapping(part.value, 'vars', 'variables', 'name: value');
        if (!read.ok) return read;
        vars = varsOf(read.value);
      } else this.skip(part, name);
    }
    return ok({ kind: 'group', name, vars, members });
  }

  private children(node: YamlNode): Result<readonly GroupDeclaration[]> {
    const entries = this.mapping(node, 'children', 'group names', 'web:');
    if (!entries.ok) return entries;
    const groups: GroupDeclaration[] = [];
    for (const entry of entries.value) {
      const group = this.group(entry);
      if (!group.ok) return group;
      groups.push(group.value);
    }
    return ok(groups);
  }

  private hosts(node: YamlNode): Result<readonly HostDeclaration[]> {
    const entries = this.mapping(node, 'hosts', 'host names', 'web1:');
    if (!entries.ok) return entries;
    const hosts: HostDeclaration[] = [];
    for (const { key, at, value } of entries.value) {
      if (value.kind !== 'map' && !isNothing(value)) {
        return this.file.refuse(
          value.at,
          `${key}: must be a mapping of variables, found ${describeNode(value)}; write \`ansible_host: …\` below it, or nothing`,
        );
      }
      const declared = declareHosts(key, value.kind === 'map' ? varsOf(value.entries) : {});
      if (!declared.ok) return this.file.refuse(at, declared.failure);
      hosts.push(...declared.value);
    }
    return ok(hosts);
  }

  /** As in Ansible a single word stands for a mapping with that key, and nothing for an empty one. */
  private mapping(node: YamlNode, key: string, ofWhat: string, example: string): Result<readonly YamlEntry[]> {
    if (node.kind === 'map') return ok(node.entries);
    if (isNothing(node)) return ok([]);
    if (node.kind === 'scalar' && typeof node.value === 'string' && key !== 'vars') {
      return ok([{ key: node.text, at: node.at, value: { kind: 'scalar', at: node.at, value: null, text: '' } }]);
    }
    return this.file.refuse(node.at, `${key}: must be a mapping of ${ofWhat}, found ${describeNode(node)}; write \`${example}\``);
  }

  /** Ansible skips these with a warning, and so do we; a typing error here costs hosts, so it is never silent. */
  private skip({ key, at }: YamlEntry, group: string): void {
    const { line, column, file } = this.file.where(at);
    this.warnings.push(
      `${file}:${line}:${column}: Skipping unexpected key (${key}) in group (${group}), only "vars", "children" and "hosts" are valid`,
    );
  }
}

const declareHosts = (written: string, vars: HostDeclaration['vars']): Result<readonly HostDeclaration[], string> => {
  const read = readHostNames(written);
  if (!read.ok) return read;
  const { names, port } = read.value;
  const all = port === undefined ? vars : layVars({ ansible_port: port }, vars);
  return ok(names.map(name => ({ kind: 'host', name, vars: all })));
};
