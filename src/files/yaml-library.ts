// The only place that knows the yaml library, whose nodes become ours: aliases written out, merge keys merged, encrypted texts set apart.
import type { Alias, Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import { seal } from '../domain/sealed.ts';
import type { Vars } from '../domain/value.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';
import { resolvePlain } from './yaml-scalar.ts';
import { explainYamlError, isBraceTrap } from './yaml-words.ts';

/** Nodes that aliases may add when they are written out; a file without aliases is as large as it is. */
const aliasLimit = 100_000;
const depthLimit = 100;

/** A text that is encrypted with Ansible Vault, and where it stands. */
export type SealedText = { readonly text: string; readonly at: number };

/** `root` is absent when the text held nothing but comments. */
type Read = { readonly root?: YamlNode; readonly sealed: readonly SealedText[] };

type Trouble = { readonly at: number; readonly cause: string };

/** Reads one YAML document of any kind. */
export const readByLibrary = (text: string): Result<Read, Trouble> => {
  const document = parseDocument(text, { version: '1.1', schema: 'failsafe', uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const [error] = document.errors;
  if (error !== undefined) return fail({ at: error.pos[0], cause: explainYamlError(error, text) });
  if (document.contents === null) return ok({ sealed: [] });
  const tree = new TreeMaker(text);
  const root = tree.make(document.contents as Scalar | YAMLMap | YAMLSeq, 0);
  return tree.trouble === undefined ? ok({ root, sealed: tree.sealed }) : fail(tree.trouble);
};

/** Turns the library's nodes into ours. After the first trouble it only unwinds. */
class TreeMaker {
  trouble: Trouble | undefined;
  readonly sealed: SealedText[] = [];
  private added = 0;
  /** How many aliases the node being made is inside of. */
  private aliases = 0;
  /** The last node that an anchor was put on; aliases mean the one above them. */
  private readonly anchors = new Map<string, Scalar | YAMLMap | YAMLSeq>();
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  make(node: Alias | Scalar | YAMLMap | YAMLSeq | null, depth: number, inherited = 0): YamlNode {
    const at = node?.range?.[0] ?? inherited;
    if (this.trouble !== undefined) return nullAt(at);
    if (this.aliases > 0 && ++this.added > aliasLimit)
      return this.stop(at, 'aliases make this document too large; write the values out, or use fewer aliases');
    if (depth > depthLimit) return this.stop(at, `nested more than ${depthLimit} deep; check for a missing bracket or an alias to itself`);
    if (node === null) return nullAt(at);
    if (isAlias(node)) return this.resolve(node, depth);
    if (node.anchor !== undefined) this.anchors.set(node.anchor, node);
    if (isScalar(node) && (node.tag === '!vault' || node.tag === '!vault-encrypted')) return this.closed(this.textOf(node), at);
    if (node.tag === '!unsafe' && isScalar(node) && /\{[{%#]/.test(this.textOf(node)))
      return this.stop(at, '!unsafe keeps braces from being a template, which is not supported yet; take the braces out');
    if (node.tag !== undefined && !knownTags.has(node.tag)) {
      return this.stop(at, `the tag ${node.tag} is not supported yet; write the plain value`);
    }
    if (isScalar(node)) return this.scalar(node, at);
    if (isSeq(node)) return { kind: 'list', at, items: node.items.map(item => this.make(item as Scalar | null, depth + 1, at)) };
    if (isMap(node)) return { kind: 'map', at, entries: this.entries(node.items as readonly Pair[], depth, at) };
    return nullAt(at);
  }

  /** The library ends a block with a line end even where the file ends without one; PyYAML does not. */
  private textOf(node: Scalar): string {
    const text = String(node.value ?? '');
    const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED';
    const endsOpen = isBlock && (node.range?.[1] ?? 0) >= this.text.length && !this.text.endsWith('\n');
    return endsOpen ? text.replace(/\n$/, '') : text;
  }

  private scalar(node: Scalar, at: number): YamlNode {
    const text = this.textOf(node);
    const plain = node.type === 'PLAIN' && node.tag === undefined;
    return { kind: 'scalar', at, text, value: plain || node.value === null ? resolvePlain(text) : text };
  }

  /** As a mapping, so that nobody takes it for text. */
  private closed(text: string, at: number): YamlNode {
    this.sealed.push({ text, at });
    return plainNode(seal(text), at);
  }

  private resolve(alias: Alias, depth: number): YamlNode {
    const at = alias.range?.[0] ?? 0;
    const target = this.anchors.get(alias.source);
    if (target === undefined)
      return this.stop(at, `*${alias.source} names no anchor above it; define it with &${alias.source}, or quote the text`);
    this.aliases++;
    const node = this.make(target, depth + 1, at);
    this.aliases--;
    return node;
  }

  /** Own keys win over merged ones (`<<`), an earlier merged mapping over a later one. */
  private entries(pairs: readonly Pair[], depth: number, inherited: number): readonly YamlEntry[] {
    const own = new Map<string, YamlEntry>();
    const merged: YamlNode[] = [];
    for (const pair of pairs) {
      const key = pair.key as Node | null;
      const at = key?.range?.[0] ?? inherited;
      if (!isScalar(key)) {
        this.stop(at, isBraceTrap(this.text, at) ? quoteBraces : 'a key must be a word; quote it if it is meant to be text');
        return [];
      }
      const name = String(key.value ?? '');
      const value = this.make(pair.value as Scalar | null, depth + 1, key.range?.[1] ?? at);
      if (name === '<<' && key.type === 'PLAIN') merged.push(...(value.kind === 'list' ? value.items : [value]));
      else if (own.has(name)) {
        this.stop(at, `the key ${name} is here twice; the later one would silently win, so take one out`);
        return [];
      } else own.set(name, { key: name, at, value, ...(key.type !== 'PLAIN' && { quoted: true }) });
    }
    for (const mapping of merged) {
      if (mapping.kind !== 'map') {
        this.stop(mapping.at, '<< must name a mapping, as in `<<: *defaults`');
        return [];
      }
      for (const entry of mapping.entries) if (!own.has(entry.key)) own.set(entry.key, entry);
    }
    return [...own.values()];
  }

  private stop(at: number, cause: string): YamlNode {
    this.trouble ??= { at, cause };
    return nullAt(at);
  }
}

const plainNode = (value: Vars, at: number): YamlNode => ({
  kind: 'map',
  at,
  entries: Object.entries(value).map(([key, text]) => ({
    key,
    at,
    value: { kind: 'scalar', at, value: String(text), text: String(text) },
  })),
});

const nullAt = (at: number): YamlNode => ({ kind: 'scalar', at, value: null, text: '' });

/** What the library makes of `!!str` and its like, and the sign that a text is text. */
const knownTags = new Set(['!', '!unsafe', 'tag:yaml.org,2002:str', 'tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq']);

const quoteBraces = 'YAML takes { for a mapping; put quotes round the whole value: "{{ … }}"';
