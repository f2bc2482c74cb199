// The only file that drives minijinja: it is loaded when the first expression needs it, gets our filters and tests,
// and a limit so that no template runs for ever. It cannot read files, the environment or run code.
// What comes in is guarded text (guard.ts); what goes out is plain data.
import type { Environment } from 'minijinja-js';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';
import { isMapping, lookUp } from '../domain/value.ts';
import type { Fault } from './filters.ts';
import { filters, tests } from './filters.ts';
import { reportFilter, textFilter } from './guard.ts';
import { loadInterpreter } from './interpreter.ts';
import { pythonText } from './python-text.ts';

/** Steps that one evaluation may take; about a tenth of a second. */
const fuel = 500_000;

let environment: Environment | undefined;
/** The first thing that went wrong in the running evaluation, and the variables it sees. */
let current: { vars: Vars; fault?: string } = { vars: {} };

/** True once the interpreter has been loaded; a text without braces must not need it. */
export const isLoaded = (): boolean => environment !== undefined;

/** Evaluates a guarded expression. */
export const runExpression = (source: string, vars: Vars): Result<Value, string> =>
  run(vars, engine => fromEngine(engine.evalExpr(source, vars)));

/** Renders a guarded template. */
export const runTemplate = (source: string, vars: Vars): Result<string, string> => run(vars, engine => engine.renderStr(source, vars));

/** Whether the interpreter can read it; nothing is evaluated. */
export const checkSyntax = (template: string): Result<undefined, string> =>
  run({}, engine => {
    engine.addTemplate('checked', template);
    engine.removeTemplate('checked');
    return undefined;
  });

const run = <T>(vars: Vars, work: (engine: Environment) => T): Result<T, string> => {
  current = { vars };
  try {
    environment ??= makeEnvironment();
    const value = work(environment);
    return current.fault === undefined ? ok(value) : { ok: false, failure: current.fault };
  } catch (error) {
    if (isBroken(error)) environment = undefined;
    return { ok: false, failure: current.fault ?? sentenceOf(error) };
  } finally {
    current = { vars: {} };
  }
};

const makeEnvironment = (): Environment => {
  const { Environment } = loadInterpreter();
  const made = new Environment();
  made.undefinedBehavior = 'chainable';
  made.trimBlocks = true;
  made.keepTrailingNewline = true;
  made.fuel = fuel;
  made.enablePyCompat();
  const fault: Fault = sentence => {
    current.fault ??= sentence;
  };
  for (const [name, filter] of Object.entries(filters)) {
    made.addFilter(
      name,
      safely(fault, (value, ...rest) => {
        const last = rest.at(-1);
        const named = last instanceof Map ? (fromEngine(last) as Vars) : {};
        const positional = last instanceof Map ? rest.slice(0, -1) : rest;
        return filter(fromEngine(value), positional.map(fromEngine), named, fault);
      }),
    );
  }
  for (const [name, test] of Object.entries(tests))
    made.addTest(
      name,
      safely(fault, value => test(fromEngine(value), fault)),
    );
  made.addFilter(
    textFilter,
    safely(fault, value => pythonText(fromEngine(value))),
  );
  made.addFilter(
    reportFilter,
    safely(fault, (path, root) => {
      fault(explainMissing(String(root), fromEngine(path) as readonly Value[]));
      return null;
    }),
  );
  return made;
};

/** The interpreter does not survive an exception from a function of ours. */
const safely =
  (fault: Fault, work: (...args: unknown[]) => Value) =>
  (...args: unknown[]): Value => {
    try {
      return work(...args);
    } catch (error) {
      fault(`a filter failed: ${String(error)}`);
      return null;
    }
  };

/** Mappings come out as Map, nothing and what is undefined as undefined. */
const fromEngine = (value: unknown): Value => {
  if (value === undefined || value === null) return null;
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, inner]) => [String(key), fromEngine(inner)]));
  if (Array.isArray(value)) return value.map(fromEngine);
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value as Value;
};

/** Ansible's words for a path of which a part is not there: the root's value, then the keys. */
const explainMissing = (root: string, [value = null, ...keys]: readonly Value[]): string => {
  if (value === null && lookUp(current.vars, root) === undefined) return `'${root}' is undefined`;
  let at: Value = value;
  for (const key of keys) {
    const next: Value | undefined = Array.isArray(at) ? at[Number(key)] : isMapping(at) ? lookUp(at, String(key)) : undefined;
    if (next === undefined) {
      if (Array.isArray(at) && typeof key === 'number') return `list object has no element ${key}`;
      return at === null ? `'None' has no attribute '${key}'` : `'${kindOf(at)} object' has no attribute '${key}'`;
    }
    at = next;
  }
  return `'${[root, ...keys].join('.')}' is undefined`;
};

const kindOf = (value: Value): string => {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'string') return 'str';
  if (typeof value === 'boolean') return 'bool';
  return typeof value === 'number' ? (Number.isInteger(value) ? 'int' : 'float') : 'dict';
};

/** A panic leaves the instance unusable: a fresh one takes its place, and its memory is given back. */
const isBroken = (error: unknown): boolean =>
  (error instanceof Error && error.name === 'RuntimeError') ||
  error instanceof RangeError ||
  /unsafe aliasing|string longer/.test(String(error));

const sentenceOf = (error: unknown): string => {
  if (isBroken(error)) return 'it needs too much memory or is nested too deep';
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const plain = line.replace(/ \(in <\w+>:\d+\)$/, '').replace(/^(?:syntax error|invalid operation): /, '');
  return plain.includes('ran out of fuel') ? 'it does not come to an end' : plain;
};
