// The only place that reads YAML: text becomes a tree in which each node knows where it stands, by the plain reader where that can,
// else by the library. What a mapping means is for the readers beside this file; they say `file:line:column` through `refuse`.
import type { Failure } from '../domain/failure.ts';
import type { Result } from '../domain/result.ts';
import { fail, ok } from '../domain/result.ts';
import type { Position } from '../domain/task.ts';
import type { Value, Vars } from '../domain/value.ts';
import { readByLibrary, type SealedText } from './yaml-library.ts';
import type { YamlEntry, YamlNode } from './yaml-node.ts';
import { readPlain } from './yaml-plain.ts';

/** A text that was YAML. `root` is absent when it held nothing but comments. */
export type YamlFile = {
  readonly root?: YamlNode;
  /** Texts that are encrypted with Ansible Vault, and where each stands. */
  readonly sealed: readonly SealedText[];
  where(at: number): Position;
  /** A bad-input failure that begins with the position; `cause` says what was expected and what to write. */
  refuse(at: number, cause: string): { readonly ok: false; readonly failure: Failure };
};

/** Reads one YAML document. Duplicate keys, unknown tags and alias bombs are failures. */
export const parseYaml = (name: string, text: string): Result<YamlFile> => {
  const where = positionsIn(name, text);
  const refuse: YamlFile['refuse'] = (at, cause) => {
    const { line, column } = where(at);
    return fail({ tag: 'bad-input', cause: `${name}:${line}:${column}: ${cause}` });
  };
  const plain = readPlain(text);
  if (plain !== undefined) return ok({ root: plain, sealed: [], where, refuse });
  const read = readByLibrary(text);
  return read.ok ? ok({ ...read.value, where, refuse }) : refuse(read.failure.at, read.failure.cause);
};

/** Makes positions of offsets; the line ends are looked for once, when the first is asked for. */
const positionsIn = (file: string, text: string): YamlFile['where'] => {
  let begins: number[] | undefined;
  return at => {
    begins ??= [0, ...Array.from(text.matchAll(/\n/g), match => match.index + 1)];
    let low = 0;
    let high = begins.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((begins[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    return { file, line: low + 1, column: at - (begins[low] ?? 0) + 1 };
  };
};

/** The plain data of a node. */
export const plainValue = (node: YamlNode): Value => {
  switch (node.kind) {
    case 'scalar':
      return node.value;
    case 'list':
      return node.items.map(plainValue);
    case 'map':
      return varsOf(node.entries);
  }
};

/** The plain data of a mapping's entries. */
export const varsOf = (entries: readonly YamlEntry[]): Vars =>
  Object.fromEntries(entries.map(({ key, value }) => [key, plainValue(value)]));

/** What a node is, in the words of a sentence: "found a list". */
export const describeNode = (node: YamlNode): string => {
  if (node.kind === 'map') return 'a mapping';
  if (node.kind === 'list') return 'a list';
  if (node.value === null) return 'nothing';
  if (typeof node.value === 'boolean') return `the truth value ${node.value}`;
  if (typeof node.value === 'number') return `the number ${node.text}`;
  return `the text "${node.text.length > 40 ? `${node.text.slice(0, 39)}…` : node.text}"`;
};
