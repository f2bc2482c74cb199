// The only place that reads inventories: which sources there are, in which form each is, and the YAML form itself.
// It turns text into declarations; who is in which group and what wins is for domain/inventory.
import { createHash } from 'node:crypto';
import { dirname, extname, join } from 'node:path';
import type { GroupDeclaration, HostDeclaration, Inventory, VarsBeside } from '../domain/inventory.ts';
import { badPriority, buildInventory, namesIn } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { ClosedValues } from './closed-values.ts';
import type { Disk } from './disk.ts';
import { readText } from './disk.ts';
import { declareHosts } from './host-range.ts';
import { hasSection, looksLikeIni, parseIniInventory } from './inventory-ini.ts';
import { type RunScript, readScript } from './inventory-script.ts';
import { readVarsBeside } from './vars-beside.ts';
import { isVault, type Vault } from './vault.ts';
import type { YamlFile } from './yaml.ts';
import { describeNode, parseYaml, varsOf } from './yaml.ts';
import { isNothing } from './yaml-fields.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';
import { resolvePlain } from './yaml-scalar.ts';

/** A fleet, what to say on stderr about it, and the SHA-256 of what it was read from. */
export type LoadedInventory = {
  readonly inventory: Inventory;
  readonly warnings: readonly string[];
  readonly hash: string;
  /** What of it is encrypted. */
  readonly closed: ClosedValues;
};

/** What reading needs besides the sources: the folder of the playbook, and somebody who runs scripts. */
export type Readings = {
  readonly playbookFolder?: string;
  readonly runScript?: RunScript;
  readonly readSshHosts?: ReadSshHosts;
  readonly vault?: Vault;
};

/** Reads the hosts that an ssh_config names. @failure bad-input */
export type ReadSshHosts = (path: string) => Promise<Result<readonly HostDeclaration[]>>;

/**
 * Reads one or more sources (`-i`, repeated): files, folders of files, or lists of hosts with a comma in them; later variables win.
 * With them come the `group_vars` and `host_vars` beside each source, and those in `playbookFolder`, which win.
 */
export const readInventory = async (
  sources: readonly string[],
  disk: Disk,
  { playbookFolder, runScript, readSshHosts, vault }: Readings = {},
): Promise<Result<LoadedInventory>> => {
  const declarations: GroupDeclaration[] = [];
  const warnings: string[] = [];
  const hash = createHash('sha256');
  const folders: string[] = [];
  const closed = new ClosedValues(vault);
  const seen = (text: string): void => void hash.update(`${Buffer.byteLength(text)}:${text}`);
  for (const source of sources) {
    const texts = source.includes(',') ? ok([{ path: source, text: source }]) : await textsOf(disk, source, 'whole');
    if (!texts.ok) return texts;
    for (const { path, text } of texts.value) {
      seen(text);
      const around = { as: path === source ? 'alone' : 'part', known: namesIn(declarations).groups } as const;
      const isScript = text.startsWith('#!') && runScript !== undefined;
      const read = source.includes(',')
        ? readList(source)
        : isScript
          ? await fromScript(path, runScript)
          : isVault(text)
            ? await fromVault(path, text, around, closed)
            : readSshHosts !== undefined && looksLikeSshConfig(path, text)
              ? await fromSshConfig(path, readSshHosts)
              : parseInventory(path, text, around, closed);
      if (!read.ok) return read;
      declarations.push(...read.value.declarations);
      warnings.push(...read.value.warnings);
    }
    if (!source.includes(',')) folders.push(texts.value.some(({ path }) => path === source) ? dirname(source) : source);
  }
  const names = namesIn(declarations);
  const beside: VarsBeside[] = [];
  for (const folder of playbookFolder === undefined ? folders : [...folders, playbookFolder]) {
    const read = await readVarsBeside(folder, names, disk, closed);
    if (!read.ok) return read;
    beside.push(read.value.vars);
    for (const text of read.value.texts) seen(text);
  }
  const built = buildInventory(declarations, sources.join(' '), beside);
  if (!built.ok) return built;
  return ok({ inventory: built.value.inventory, warnings: [...warnings, ...built.value.warnings], hash: hash.digest('hex'), closed });
};

type Text = { readonly path: string; readonly text: string };

/** A file, or the files of a folder in order, and of the folders in it. */
const textsOf = async (disk: Disk, path: string, as: 'whole' | 'part'): Promise<Result<readonly Text[]>> => {
  const found = await disk(path);
  if (found.kind !== 'folder') {
    const text = await readText(disk, path, 'inventory');
    return text.ok ? ok([{ path, text: text.value }]) : text;
  }
  const texts: Text[] = [];
  for (const name of found.names) {
    if (ignored.test(name)) continue;
    const inside = await textsOf(disk, join(path, name), 'part');
    if (!inside.ok) return inside;
    texts.push(...inside.value);
  }
  if (texts.length > 0 || as === 'part') return ok(texts);
  return fail({ tag: 'bad-input', cause: `the inventory ${path} is a folder without inventories; name a file, or put one into it` });
};

/** What Ansible passes over in a folder of inventories. @see INVENTORY_IGNORE_EXTS in its settings */
const ignored = /^\.|^(?:host_vars|group_vars|vars_plugins)$|(?:\.(?:pyc|pyo|swp|bak|rpm|md|txt|rst|orig|ini|cfg|retry)|~)$/;

/** A file that holds nothing is told by itself, in a folder it is nothing; `known` are the groups of what was read before. */
type Around = { readonly as: 'alone' | 'part'; readonly known: ReadonlySet<string> };

type Declared = { readonly declarations: readonly GroupDeclaration[]; readonly warnings: readonly string[] };

const fromScript = async (path: string, run: RunScript): Promise<Result<Declared>> => {
  const declarations = await readScript(path, run);
  return declarations.ok ? ok({ declarations: declarations.value, warnings: [] }) : declarations;
};

/** The operator's own by its name, another one by a line `Host NAME`, which is no host in any inventory. */
const looksLikeSshConfig = (path: string, text: string): boolean =>
  /(?:^|\/)(?:\.ssh\/config|ssh_config)$/.test(path) ||
  (/^[ \t]*host[ \t]+[^\s=#]+(?=[ \t]|$)(?![ \t]*=)/im.test(text) && !/^[ \t]*\[/m.test(text));

const fromSshConfig = async (path: string, read: ReadSshHosts): Promise<Result<Declared>> => {
  const members = await read(path);
  return members.ok ? ok({ declarations: [{ kind: 'group', name: 'all', vars: {}, members: members.value }], warnings: [] }) : members;
};

/** Who is in it has to be known at once; the variables are closed again. */
const fromVault = async (path: string, text: string, around: Around, closed: ClosedValues): Promise<Result<Declared>> => {
  const opened = await closed.openFile(path, text);
  if (!opened.ok) return opened;
  const read = parseInventory(path, opened.value, around, closed);
  if (!read.ok) return read;
  const close = (group: GroupDeclaration): GroupDeclaration => {
    const { ansible_group_priority: priority, ...vars } = group.vars;
    return {
      ...group,
      vars: { ...closed.close(vars, path), ...(priority !== undefined && { ansible_group_priority: priority }) },
      members: group.members.map(member =>
        member.kind === 'group' ? close(member) : { ...member, vars: closed.close(member.vars, path) },
      ),
    };
  };
  return ok({ ...read.value, declarations: read.value.declarations.map(close) });
};

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

/**
 * Reads the text of one inventory file. As with Ansible the name decides: what ends in another word than .yml, .yaml or .json is
 * INI; anything else is YAML where it can be read so, and INI where it cannot.
 */
const parseInventory = (source: string, text: string, { as, known }: Around, closed: ClosedValues): Result<Declared> => {
  const ini = (): Result<Declared> => {
    const declarations = parseIniInventory(source, text, known);
    return declarations.ok ? ok({ declarations: declarations.value, warnings: [] }) : declarations;
  };
  if (!/^(?:|\.ya?ml|\.json)$/.test(extname(source))) return ini();
  const parsed = parseYaml(source, text);
  const root = parsed.ok ? parsed.value.root : undefined;
  const isBareText = extname(source) === '' && (root?.kind === 'scalar' || hasSection(text));
  if (root?.kind !== 'map' && (isBareText || looksLikeIni(text))) return ini();
  if (!parsed.ok) return parsed;
  const file = parsed.value;
  closed.note(file);
  if (root === undefined) {
    const empty = `${source}:1:1: this inventory is empty; begin with \`all:\` and, below it, \`hosts:\``;
    return ok({ declarations: [], warnings: as === 'part' ? [] : [empty] });
  }
  if (root.kind !== 'map') {
    return file.refuse(
      root.at,
      `an inventory is a mapping of groups, found ${describeNode(root)}; begin with \`all:\` and, below it, \`hosts:\``,
    );
  }
  const plugin = root.entries.find(entry => entry.key === 'plugin');
  if (plugin !== undefined) {
    const asked = plugin.value.kind === 'scalar' ? plugin.value.text : 'without a name';
    return file.refuse(
      plugin.at,
      `this asks the inventory plugin ${asked}, which is a program of Ansible's; save what \`ansible-inventory -i ${source} --list -y\` ` +
        `prints and give that to -i, or a script that runs \`ansible-inventory -i ${source} --list\``,
    );
  }
  const meta = root.entries.find(entry => entry.key === '_meta');
  if (meta !== undefined)
    return file.refuse(meta.at, 'this is what inventory scripts print, not a file of groups; save it with `ansible-inventory --list -y`');
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

  group(entry: YamlEntry): Result<GroupDeclaration> {
    const { key: name, at, value } = entry;
    if (name === '') return this.file.refuse(at, 'a group name is empty; write a name before the colon');
    if (isNoName(entry)) return this.file.refuse(at, notText(name, 'group'));
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
        const trouble = badPriority(vars);
        if (trouble !== undefined)
          return this.file.refuse(read.value.find(({ key }) => key === 'ansible_group_priority')?.at ?? at, trouble);
      } else this.skip(part, name);
    }
    const { line, column, file } = this.file.where(at);
    return ok({ kind: 'group', name, vars, members, at: `${file}:${line}:${column}` });
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
    for (const entry of entries.value) {
      const { key, at, value } = entry;
      if (key !== '' && isNoName(entry)) return this.file.refuse(at, notText(key, 'host'));
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

/** A word that YAML takes for a number, a truth or nothing; Ansible refuses it as a name. */
const isNoName = ({ key, quoted }: YamlEntry): boolean => quoted !== true && typeof resolvePlain(key) !== 'string';

const notText = (name: string, what: string): string =>
  `YAML takes ${name} for another kind of value than text, and a ${what} needs a name; put quotes round it: "${name}"`;
