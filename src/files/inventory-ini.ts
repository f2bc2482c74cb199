// The only place that reads inventories in INI form: `[group]`, `[group:children]`, `[group:vars]` and host lines.
// Declarations come out in the order in which Ansible would make them; what a group means is for domain/inventory.
// @see https://docs.ansible.com/ansible/latest/collections/ansible/builtin/ini_inventory.html
import type { GroupDeclaration, HostDeclaration } from '../domain/inventory.ts';
import { badPriority } from '../domain/inventory.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Value } from '../domain/value.ts';
import { cutWords } from '../domain/words.ts';
import { declareHosts } from './host-range.ts';
import { readLiteral } from './python-literal.ts';

/** True for a text with a section somewhere. */
export const hasSection = (text: string): boolean => /^[ \t]*\[[^\]\s,]+\][ \t]*(?:[#;].*)?\r?$/m.test(text);

/** True where a text that is no YAML mapping can be meant as INI: its first line is a section or a host. */
export const looksLikeIni = (text: string): boolean => {
  const first = text.split(/\r?\n/).find(line => line.trim() !== '' && !isComment(line.trim()));
  if (first === undefined || first.trim().startsWith('[')) return first !== undefined;
  // A colon with nothing behind it is YAML's, and so are dashes alone.
  if (/^-+$/.test(first.trim())) return false;
  return /^[\w.[\]:-]*[\w.[\]-](?:\s+[\w.-]+\s*=.*)?(?:\s+#.*)?$/.test(first.trim());
};

/**
 * Reads the text of one INI inventory.
 * @param known the groups of the sources before it, which it may build on
 */
export const parseIniInventory = (source: string, text: string, known: ReadonlySet<string>): Result<readonly GroupDeclaration[]> =>
  new IniReader(source, known).read(text);

type Section = { readonly group: string; readonly kind: 'hosts' | 'children' | 'vars' };

/** A group that was only named so far: by the parents that want it as a child, or by a section of its variables. */
type Promised = {
  readonly kind: 'children' | 'vars';
  readonly parents: { readonly name: string; readonly at: string }[];
  readonly line: number;
};

class IniReader {
  private readonly source: string;
  private readonly declarations: GroupDeclaration[] = [];
  private readonly known: Set<string>;
  private readonly promised = new Map<string, Promised>();
  private section: Section = { group: 'ungrouped', kind: 'hosts' };

  constructor(source: string, known: ReadonlySet<string>) {
    this.source = source;
    this.known = new Set(['all', 'ungrouped', ...known]);
  }

  read(text: string): Result<readonly GroupDeclaration[]> {
    for (const [index, raw] of text.split(/\r?\n/).entries()) {
      const line = raw.trim();
      if (line === '' || isComment(line)) continue;
      const trouble = this.line(line, index + 1);
      if (trouble !== undefined) return this.refuse(index + 1, raw.length - raw.trimStart().length + 1, trouble);
    }
    for (const [name, { kind, parents, line }] of this.promised) {
      const where = kind === 'vars' ? `[${name}:vars] is about` : `[${parents.at(-1)?.name}:children] names`;
      return this.refuse(line, 1, `${where} the group ${name}, which is nowhere; write a section [${name}], or correct the name`);
    }
    return ok(this.declarations);
  }

  /** Takes one line; what is wrong with it comes back as a sentence. */
  private line(line: string, number: number): string | undefined {
    const header = /^\[([^:\]\s]+)(?::(\w+))?\]\s*(?:#.*)?$/.exec(line);
    if (header !== null) return this.open(header[1] ?? '', header[2] ?? 'hosts', number);
    if (line.startsWith('[') && line.endsWith(']'))
      return `${line} is no section; write [group], [group:children] or [group:vars], without blanks`;
    switch (this.section.kind) {
      case 'hosts':
        return this.host(line);
      case 'vars':
        return this.variable(line);
      case 'children':
        return this.child(line, number);
    }
  }

  private open(group: string, kind: string, number: number): string | undefined {
    if (kind !== 'hosts' && kind !== 'children' && kind !== 'vars') {
      return `[${group}:${kind}] has an unknown kind; there are [${group}], [${group}:children] and [${group}:vars]`;
    }
    this.section = { group, kind };
    const promised = this.promised.get(group);
    if (!this.known.has(group)) {
      if (kind === 'vars' && promised === undefined) this.promised.set(group, { kind, parents: [], line: number });
      this.known.add(group);
      this.declare(group, []);
    }
    if (promised === undefined || kind === 'vars') return undefined;
    this.promised.delete(group);
    for (const { name, at } of promised.parents) this.declare(name, [emptyGroup(group, at)]);
    return undefined;
  }

  private host(line: string): string | undefined {
    const words = cutWords(line, 'hash');
    if (!words.ok) return `the line ${words.failure}`;
    const [name = '', ...pairs] = words.value;
    if (/^\[[^\]]*$/.test(line)) return `"${line}" is a section that is not closed; write ${line}]`;
    if (name === '---') return '--- begins a YAML file, and this is read as INI; take the line out, or write the whole file in YAML';
    if (/^\[[^\]:]*\]:?$/.test(name)) return `"${line}" is no section; write [group] alone on its line`;
    if (name.endsWith(':')) return `"${name}" ends in a colon, behind which a port is missing; write ${name}22, or take the colon out`;
    const vars: [string, Value][] = [];
    for (const pair of pairs) {
      const equals = pair.indexOf('=');
      if (equals === -1)
        return /\s=\s/.test(line)
          ? 'blanks stand round a =, where the line of a host has none; write name=value'
          : `"${pair}" is no variable; write name=value behind the host, in quotes where the value has blanks`;
      vars.push([pair.slice(0, equals), readLiteral(pair.slice(equals + 1))]);
    }
    const hosts = declareHosts(name, Object.fromEntries(vars));
    if (!hosts.ok) return hosts.failure;
    this.declare(this.section.group, hosts.value);
    return undefined;
  }

  private variable(line: string): string | undefined {
    const equals = line.indexOf('=');
    if (equals === -1) return `"${line}" is no variable; write name=value`;
    const vars = { [line.slice(0, equals).trim()]: readLiteral(line.slice(equals + 1).trim()) };
    const trouble = badPriority(vars);
    if (trouble !== undefined) return trouble;
    this.declarations.push({ kind: 'group', name: this.section.group, vars, members: [] });
    return undefined;
  }

  private child(line: string, number: number): string | undefined {
    const name = /^([^:\]\s]+)\s*(?:#.*)?$/.exec(line)?.[1];
    if (name === undefined) return `"${line}" is no group name; below [${this.section.group}:children] stands one group a line`;
    const { group } = this.section;
    const at = `${this.source}:${number}:1`;
    if (this.known.has(name)) this.declare(group, [emptyGroup(name, at)]);
    else {
      const promised = this.promised.get(name);
      if (promised === undefined) this.promised.set(name, { kind: 'children', parents: [{ name: group, at }], line: number });
      else promised.parents.push({ name: group, at });
    }
    return undefined;
  }

  private declare(name: string, members: readonly (GroupDeclaration | HostDeclaration)[]): void {
    this.declarations.push({ kind: 'group', name, vars: {}, members });
  }

  private refuse(line: number, column: number, cause: string): Result<never> {
    return fail({ tag: 'bad-input', cause: `${this.source}:${line}:${column}: ${cause}` });
  }
}

const isComment = (line: string): boolean => line.startsWith('#') || line.startsWith(';');

const emptyGroup = (name: string, at: string): GroupDeclaration => ({ kind: 'group', name, vars: {}, members: [], at });
