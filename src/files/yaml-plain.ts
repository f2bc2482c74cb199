// The only place that reads the plainest YAML without the library: block mappings of one-line values, as large
// inventories are. It is some ten times as fast; at the first line that could mean anything else it gives up,
// and the library reads the whole text. What it does read, it reads as the library does (a property test holds that).
import type { YamlEntry, YamlNode } from './yaml-node.ts';
import { resolvePlain } from './yaml-scalar.ts';

/** indent, key, and after the colon a value that is plain or quoted without escapes; a comment may follow. */
const line = /^( *)([A-Za-z0-9_][\w.[\]:/+-]*):(?:( +)(?:([\w./~+][ -~]*?|-[\w.][ -~]*?)|"([ !#-[\]-~]*)"|'([ -&(-~]*)'))?( +#.*| *)$/;
const passedOver = /^ *(?:#.*)?$/;

type Level = { readonly indent: number; readonly entries: YamlEntry[]; readonly keys: Set<string> };

/** The tree of a text in the plain subset, or undefined when the text needs the library. */
export const readPlain = (text: string): YamlNode | undefined => {
  const levels: Level[] = [];
  let root: YamlNode | undefined;
  /** A key whose value may still be a mapping below it. */
  let open: { key: string; at: number; end: number; in: Level } | undefined;
  const close = () => {
    if (open === undefined) return;
    open.in.entries.push({ key: open.key, at: open.at, value: { kind: 'scalar', at: open.end, value: null, text: '' } });
    open = undefined;
  };
  let at = 0;
  for (const written of text.split('\n')) {
    const begin = at;
    at += written.length + 1;
    if (passedOver.test(written)) continue;
    const found = line.exec(written);
    if (found === null) return undefined;
    const [, { length: indent } = '', key = '', gap, plain, double, single] = found;
    const keyAt = begin + indent;
    while ((levels.at(-1)?.indent ?? -1) > indent) {
      close();
      levels.pop();
    }
    let level = levels.at(-1);
    if (level === undefined || level.indent < indent) {
      if (root !== undefined && open === undefined) return undefined;
      level = { indent, entries: [], keys: new Set() };
      const node: YamlNode = { kind: 'map', at: keyAt, entries: level.entries };
      if (open === undefined) root = node;
      else open.in.entries.push({ key: open.key, at: open.at, value: node });
      open = undefined;
      levels.push(level);
    } else close();
    if (level.keys.has(key) || key.includes(':', key.length - 1)) return undefined;
    level.keys.add(key);
    const end = keyAt + key.length + 1;
    if (gap === undefined) {
      open = { key, at: keyAt, end, in: level };
      continue;
    }
    const quoted = double ?? single;
    const value = quoted ?? plain ?? '';
    if (quoted === undefined && (/:(?: |$)| #/.test(value) || value === '')) return undefined;
    const valueAt = end + gap.length;
    level.entries.push({ key, at: keyAt, value: { kind: 'scalar', at: valueAt, text: value, value: quoted ?? resolvePlain(value) } });
  }
  close();
  return root;
};
