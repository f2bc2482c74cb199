// The only place that says what a path such as `a.b[c]` becomes. Where the variables are known, it is followed here and only
// what it leads to crosses into the interpreter: not a megabyte of output for the exit status beside it.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { explainMissing } from './operators.ts';

/** A part of an expression in the interpreter's words. */
export type Piece = {
  readonly strict: string;
  readonly lenient: string;
  /** Its value may be a float that is a whole number, which only the interpreter can tell from an integer. */
  readonly floaty: boolean;
  /** For `a.b[c]`: the name, and what comes behind it. */
  readonly path?: Path;
  /** For `(a, b)`. */
  readonly tuple?: readonly Piece[];
  /** What it is, where that is known before anything is evaluated. */
  readonly known?: { readonly value: Value };
};

/** A name and what comes behind it; a key that is known has its value. */
export type Path = {
  readonly root: string;
  readonly keys: readonly { readonly source: string; readonly known?: { readonly value: Value } }[];
};

/** A part that is the same whether it must exist or not. */
export const plain = (source: string, floaty = false): Piece => ({ strict: source, lenient: source, floaty });

/** Whoever knows what names mean. @param depth how many subscripts the path stands in */
export type Names = (path: Path, depth: number) => Piece;

/**
 * Nothing is known: the interpreter looks, and a path of which a part is not there is reported.
 * Each guard writes its path three times, so beyond a few levels the innermost names are left to fail as they may.
 */
export const anyNames: Names = ({ root, keys }, depth) => {
  const lenient = root + keys.map(({ source }) => `[${source}]`).join('');
  const report = `[${[root, ...keys.map(({ source }) => source)].join(', ')}]|rollcall_undefined([${JSON.stringify(root)}])`;
  const strict = depth > 2 ? lenient : `(${lenient} if ${lenient} is defined else ${report})`;
  return { strict, lenient, floaty: false };
};

/** The variables of one evaluation, and those of them that it needs. */
export class Bindings {
  /** What crosses into the interpreter. */
  readonly needed = new Map<string, Value>();
  private readonly vars: Vars;
  private readonly locals: ReadonlySet<string>;
  private readonly bound = new Map<string, string>();

  /** @param locals names that the template itself gives values to */
  constructor(vars: Vars, locals: ReadonlySet<string> = new Set()) {
    this.vars = vars;
    this.locals = locals;
  }

  readonly names: Names = (path, depth) => {
    const { root, keys } = path;
    const value = lookUp(this.vars, root);
    if (this.locals.has(root) || (value !== undefined && keys.some(({ known }) => known === undefined))) {
      if (value !== undefined) this.needed.set(root, value);
      return anyNames(path, depth);
    }
    const constants = keys.map(({ known }) => known?.value ?? null);
    const found = value === undefined ? undefined : follow(value, constants);
    if (found !== undefined) return { ...plain(this.bind(root, constants, found)), known: { value: found } };
    const sentence = explainMissing(this.vars, root, [value ?? null, ...constants]);
    return { strict: `(${JSON.stringify(sentence)}|rollcall_fault)`, lenient: 'rollcall_nothing', floaty: false };
  };

  private bind(root: string, keys: readonly Value[], value: Value): string {
    const path = JSON.stringify([root, ...keys]);
    const name = this.bound.get(path) ?? `rollcall_v${this.bound.size}`;
    this.bound.set(path, name);
    this.needed.set(name, value);
    return name;
  }
}

const follow = (value: Value, keys: readonly Value[]): Value | undefined => {
  let at: Value | undefined = value;
  for (const key of keys) {
    if (Array.isArray(at)) at = typeof key === 'number' ? at.at(key) : undefined;
    else if (typeof at === 'string') at = typeof key === 'number' ? [...at].at(key) : undefined;
    else at = isMapping(at) && key !== null ? lookUp(at, String(key)) : undefined;
    if (at === undefined) return undefined;
  }
  return at;
};
