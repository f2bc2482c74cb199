// The only place that reads the plainest YAML without the library: block mappings of one-line values and lists of such, as inventories
// and their variables mostly are. It is some ten times as fast; at the first line that could mean anything else it gives up,
// and the library reads the whole text. What it does read, it reads as the library does (a property test holds that).
import type { YamlEntry, YamlNode } from './yaml-node.ts';
import { resolvePlain } from './yaml-scalar.ts';

/** indent, key or the dash of an item, and then a value that is plain or quoted without escapes; a comment may follow. */
const line =
  /^( *)(?:-|([A-Za-z0-9_][\w.[\]:/+-]*):)(?:( +)(?:([\w./~+][ -~]*?|-[\w.][ -~]*?)|"([ !#-[\]-~]*)"|'([ -&(-~]*)'))?( *)(?:(?<= )#.*)?$/;
const passedOver = /^ *(?:#.*)?$/;

/** Deeper ones are the library's, which has words for them. */
const deepest = 50;

type Level = { readonly indent: number; readonly entries: YamlEntry[]; readonly keys: Set<string> };

/** The tree of a text in the plain subset, or undefined when the text needs the library. */
export const readPlain = (text: string): YamlNode | undefined => {
  const levels: Level[] = [];
  let root: YamlNode | undefined;
  /** A key whose value may still be a mapping or a list below it. */
  let open: { key: string; at: number; end: number; in: Level } | undefined;
  /** The list that the line before belongs to. */
  let list: { readonly indent: number; readonly items: YamlNode[] } | undefined;
  const give = (value: YamlNode) => {
    if (open !== undefined) open.in.entries.push({ key: open.key, at: open.at, value });
    open = undefined;
  };
  const close = () => {
    if (open !== undefined) give({ kind: 'scalar', at: open.end, value: null, text: '' });
  };
  let at = 0;
  let isMarked = false;
  for (const written of text.split('\n')) {
    const begin = at;
    at += written.length + 1;
    if (passedOver.test(written)) continue;
    if (written === '---' && root === undefined && !isMarked) {
      isMarked = true;
      continue;
    }
    const found = line.exec(written);
    if (found === null) return undefined;
    const [, { length: indent } = '', key, gap, plain, double, single, blanks = ''] = found;
    const beginsAt = begin + indent;
    const end = beginsAt + (key?.length ?? 0) + 1;
    const quoted = double ?? single;
    const said = quoted ?? plain ?? '';
    if (gap !== undefined && quoted === undefined && (/:(?: |$)| #/.test(said) || said === '')) return undefined;
    const value: YamlNode = { kind: 'scalar', at: end + (gap?.length ?? 0), text: said, value: quoted ?? resolvePlain(said) };
    if (key === undefined) {
      if (gap === undefined) return undefined;
      if (open !== undefined && indent >= open.in.indent) {
        list = { indent, items: [] };
        give({ kind: 'list', at: beginsAt, items: list.items });
      }
      if (list?.indent !== indent) return undefined;
      list.items.push(value);
      continue;
    }
    list = undefined;
    while ((levels.at(-1)?.indent ?? -1) > indent) {
      close();
      levels.pop();
    }
    let level = levels.at(-1);
    if (level === undefined || level.indent < indent) {
      if ((root !== undefined && open === undefined) || levels.length === deepest) return undefined;
      level = { indent, entries: [], keys: new Set() };
      const node: YamlNode = { kind: 'map', at: beginsAt, entries: level.entries };
      if (open === undefined) root = node;
      else give(node);
      levels.push(level);
    } else close();
    if (level.keys.has(key) || key.endsWith(':')) return undefined;
    level.keys.add(key);
    if (gap === undefined) open = { key, at: beginsAt, end: end + blanks.length, in: level };
    else level.entries.push({ key, at: beginsAt, value });
  }
  close();
  return root;
};
