// The only place that says what a path such as `a.b[c]` becomes. Where the variables are known, it is followed here and only
// what it leads to crosses into the interpreter: not a megabyte of output for the exit status beside it.
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import { explainMissing } from './operators.ts';
import { isOutOfTime, longest, mayTakeLong, outOfTime, watched } from './watch.ts';

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

/** Whoever knows what names mean. */
export type Names = {
  /** @param depth how many subscripts the path stands in */
  path(path: Path, depth: number): Piece;
  /** What a call comes to, where that can be said before anything is evaluated. @param name of the filter */
  fold(name: string, call: () => Value): Piece | undefined;
};

/**
 * Nothing is known: the interpreter looks, and a path of which a part is not there is reported.
 * Each guard writes its path three times, so beyond a few levels the innermost names are left to fail as they may.
 */
const guarded: Names['path'] = ({ root, keys }, depth) => {
  const lenient = root + keys.map(({ source }) => `[${source}]`).join('');
  const report = `[${[root, ...keys.map(({ source }) => source)].join(', ')}]|rollcall_undefined([${JSON.stringify(root)}])`;
  const strict = depth > 2 ? lenient : `(${lenient} if ${lenient} is defined else ${report})`;
  return { strict, lenient, floaty: false };
};

/** Of a text that is only read. */
export const anyNames: Names = { path: guarded, fold: () => undefined };

/** The variables of one evaluation, and those of them that it needs. */
export class Bindings implements Names {
  private readonly vars: Vars;
  private readonly locals: ReadonlySet<string>;
  /** What has to be looked for by the interpreter. */
  private readonly roots = new Map<string, Value>();
  private readonly values = new Map<string, Value>();
  private readonly bound = new Map<string, string>();
  /** What was done so far took this long, ms. */
  private spent = 0;

  /** @param locals names that the template itself gives values to */
  constructor(vars: Vars, locals: ReadonlySet<string> = new Set()) {
    this.vars = vars;
    this.locals = locals;
  }

  path(path: Path, depth: number): Piece {
    const { root, keys } = path;
    const value = lookUp(this.vars, root);
    if (this.locals.has(root) || (value !== undefined && keys.some(({ known }) => known === undefined))) {
      if (value !== undefined) this.roots.set(root, value);
      return guarded(path, depth);
    }
    const constants = keys.map(({ known }) => known?.value ?? null);
    const found = value === undefined ? undefined : follow(value, constants);
    if (found === undefined) return fault(explainMissing(this.vars, root, [value ?? null, ...constants]));
    const written = JSON.stringify([root, ...constants]);
    const name = this.bound.get(written) ?? this.named(found);
    this.bound.set(written, name);
    return { ...plain(name), known: { value: found } };
  }

  /** A call that refuses is left to the interpreter, which may never come to it. */
  fold(name: string, call: () => Value): Piece | undefined {
    if (this.spent > longest) return undefined;
    const began = performance.now();
    try {
      const value = mayTakeLong.test(`rollcall_${name}`) ? watched(call) : call();
      const source = value === null ? 'none' : typeof value === 'boolean' ? String(value) : this.named(value);
      return { ...plain(source), known: { value } };
    } catch (error) {
      return isOutOfTime(error) ? fault(outOfTime) : undefined;
    } finally {
      this.spent += performance.now() - began;
    }
  }

  /** What crosses into the interpreter with the rewritten text. */
  needed(source: string): Vars {
    const used = new Set(source.match(/\brollcall_v\d+\b/g) ?? []);
    return Object.fromEntries([...this.roots, ...[...this.values].filter(([name]) => used.has(name))]);
  }

  private named(value: Value): string {
    const name = `rollcall_v${this.values.size}`;
    this.values.set(name, value);
    return name;
  }
}

/** What is found to be wrong is told only if somebody comes to it. */
const fault = (sentence: string): Piece => ({
  strict: `(${JSON.stringify(sentence)}|rollcall_fault)`,
  lenient: 'rollcall_nothing',
  floaty: false,
});

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
