// The only file that drives minijinja: it is loaded when the first expression needs it and gets our filters.
// Nothing in it reads files or the environment or runs code, and no evaluation takes long: its steps are counted,
// its memory has a cap, and where it could still take long (patterns, loops) a watch ends it.
// What comes in is rewritten text (rewrite.ts); what goes out is plain data.
import type { Environment } from 'minijinja-js';
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import { Crossing } from './crossing.ts';
import { type Filter, Given, muchSentence, Wrong } from './filter.ts';
import { filters } from './filters.ts';
import { loadInterpreter } from './interpreter.ts';
import { explainMissing, operators } from './operators.ts';
import { tests } from './tests.ts';
import { isOutOfTime, mayTakeLong, outOfTime, watched } from './watch.ts';

/** Steps that one evaluation may take; about a tenth of a second. */
const fuel = 500_000;

let environment: Environment | undefined;
/** The first thing that went wrong in the running evaluation, and how values cross in it. */
let current: { readonly vars: Vars; readonly crossing: Crossing; fault?: string } = { vars: {}, crossing: new Crossing({}) };

/** True once the interpreter has been loaded; a text without braces must not need it. */
export const isLoaded = (): boolean => environment !== undefined;

/** Evaluates a rewritten expression. */
export const runExpression = (source: string, vars: Vars): Result<Value, string> =>
  run(source, vars, engine => current.crossing.out(engine.evalExpr(source, vars)));

/** Renders a rewritten template. */
export const runTemplate = (source: string, vars: Vars): Result<string, string> =>
  run(source, vars, engine => engine.renderStr(source, vars));

/** Whether the interpreter can read it; nothing is evaluated. */
export const checkSyntax = (template: string): Result<undefined, string> =>
  run('', {}, engine => {
    engine.addTemplate('checked', template);
    engine.removeTemplate('checked');
    return undefined;
  });

const run = <T>(source: string, vars: Vars, work: (engine: Environment) => T): Result<T, string> => {
  current = { vars, crossing: new Crossing(vars) };
  try {
    environment ??= makeEnvironment();
    const engine = environment;
    const value = mayTakeLong.test(source) || source.length > 10_000 ? watched(() => work(engine)) : work(engine);
    return current.fault === undefined ? ok(value) : { ok: false, failure: current.fault };
  } catch (error) {
    if (isBroken(error) || isOutOfTime(error)) environment = undefined;
    return { ok: false, failure: current.fault ?? sentenceOf(error) };
  } finally {
    current = { vars: {}, crossing: new Crossing({}) };
  }
};

const makeEnvironment = (): Environment => {
  const { Environment } = loadInterpreter();
  const made = new Environment();
  made.undefinedBehavior = 'chainable';
  made.trimBlocks = true;
  made.keepTrailingNewline = true;
  made.fuel = fuel;
  for (const name of ['debug', 'cycler', 'joiner']) made.removeGlobal(name);
  const add = (name: string, filter: Filter): void => made.addFilter(`rollcall_${name}`, calling(filter));
  for (const [name, filter] of Object.entries({ ...filters, ...operators })) add(name, filter);
  for (const [name, test] of Object.entries(tests)) add(`is_${name}`, test);
  add('undefined', (path, { args: [root] }) => {
    throw new Wrong(explainMissing(current.vars, String(root), path as readonly Value[]));
  });
  return made;
};

/** The interpreter does not survive an exception from a function of ours, so a refusal is kept until it has ended. */
const calling =
  (filter: Filter) =>
  (value: unknown, args: unknown, named: unknown): Value => {
    if (current.fault !== undefined) return null;
    const { crossing } = current;
    try {
      const [list, names] = [crossing.out(args), crossing.out(named)];
      return crossing.back(filter(crossing.out(value), new Given(Array.isArray(list) ? list : [], isMapping(names) ? names : {})));
    } catch (error) {
      if (isOutOfTime(error)) throw error;
      current.fault ??= error instanceof Wrong ? error.message : isBroken(error) ? muchSentence : `a filter failed: ${String(error)}`;
      return null;
    }
  };

/** A panic leaves the instance unusable: a fresh one takes its place, and its memory is given back. */
const isBroken = (error: unknown): boolean =>
  (error instanceof Error && error.name === 'RuntimeError') ||
  error instanceof RangeError ||
  /unsafe aliasing|string longer/.test(String(error));

const sentenceOf = (error: unknown): string => {
  if (isBroken(error)) return muchSentence;
  if (isOutOfTime(error)) return outOfTime;
  const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
  const plain = line.replace(/ \(in <\w+>:\d+\)$/, '').replace(/^(?:syntax error|invalid operation): /, '');
  return plain.includes('ran out of fuel') ? outOfTime : plain;
};
