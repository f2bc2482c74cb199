// The only door of this room: text and conditions in, values or one sentence out. All of it is synchronous and pure.
// Variables that hold templates are rendered when a name asks for them, as Ansible does; data never is.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import { sealedText } from '../domain/sealed.ts';
import type { Value, Vars } from '../domain/value.ts';
import { isMapping } from '../domain/value.ts';
import { runExpression, runTemplate } from './engine.ts';
import { isTruthy } from './filter.ts';
import { pythonText } from './python-text.ts';
import { namesIn, rewriteExpression, rewriteTemplate } from './rewrite.ts';
import type { Scope } from './scope.ts';
import { findIn } from './scope.ts';
import type { Segment, Token } from './tokens.ts';
import { hasMarks, mayRender, segment, tokenize } from './tokens.ts';

/** Renders to text: what a command is made of. The failure is a sentence that names the expression. */
export const renderText = (text: string, scope: Scope): Result<string, string> => inText(text, scope, newTrail());

/** Renders whatever texts stand in a value; a text that is one expression keeps the expression's type. */
export const renderValue = (value: Value, scope: Scope): Result<Value, string> => inValue(value, scope, newTrail());

/** The value of an expression, as in `debug: var=…`. */
export const evaluate = (expression: string, scope: Scope): Result<Value, string> => inExpression(expression, scope, newTrail());

/** Whether every condition of `when` or `until` holds; later ones are not asked when an earlier one does not. */
export const holdsAll = (conditions: readonly string[], scope: Scope): Result<boolean, string> => {
  for (const condition of conditions) {
    const value = inCondition(condition, scope);
    if (!value.ok) return no(`the condition "${brief(condition)}" failed: ${value.failure}`);
    if (!isTruthy(value.value)) return ok(false);
  }
  return ok(true);
};

/** Names that are being rendered, to see a variable that needs itself; and those that have been, so that each is rendered once. */
type Trail = { readonly names: readonly string[]; readonly done: Map<string, Value> };

const newTrail = (): Trail => ({ names: [], done: new Map() });

/** Variables that need others that need others: nobody follows more. */
const longestTrail = 100;

const inText = (text: string, scope: Scope, trail: Trail): Result<string, string> => {
  if (!mayRender(text)) return ok(text);
  const cut = segment(text);
  if (!cut.ok) return no(about(text, cut.failure));
  const vars = gather(cut.value.flatMap(tokensOf), scope, trail);
  if (!vars.ok) return vars;
  const rewritten = rewriteTemplate(cut.value, vars.value);
  const rendered = rewritten.ok ? runTemplate(rewritten.value.source, rewritten.value.vars) : rewritten;
  return rendered.ok ? rendered : no(about(text, rendered.failure));
};

const inValue = (value: Value, scope: Scope, trail: Trail): Result<Value, string> => {
  if (typeof value === 'string') return inNative(value, scope, trail);
  if (Array.isArray(value)) {
    const items: Value[] = [];
    for (const item of value) {
      const rendered = inValue(item, scope, trail);
      if (!rendered.ok) return rendered;
      items.push(rendered.value);
    }
    return ok(items);
  }
  if (!isMapping(value)) return ok(value);
  const closed = sealedText(value);
  if (closed !== undefined)
    return no(
      `the variable ${trail.names.at(-1) ?? ''} is encrypted (${closed}) and nobody here knows it: run it again with --vault-password-file FILE`,
    );
  const entries: [string, Value][] = [];
  for (const [key, inner] of Object.entries(value)) {
    const rendered = inValue(inner, scope, trail);
    if (!rendered.ok) return rendered;
    entries.push([key, rendered.value]);
  }
  return ok(Object.fromEntries(entries));
};

/** A bare name keeps any type; another expression keeps truth, lists and mappings, while numbers and nothing become text. */
const inNative = (text: string, scope: Scope, trail: Trail): Result<Value, string> => {
  if (!mayRender(text)) return ok(text);
  const cut = segment(text);
  if (!cut.ok) return no(about(text, cut.failure));
  const only = onlyExpression(cut.value);
  if (only === undefined) return inText(text, scope, trail);
  const value = evaluateTokens(only, 'raw', scope, trail);
  if (!value.ok) return no(value.failure.startsWith('in ') ? value.failure : about(text, value.failure));
  const isBareName = only.length === 1 && only[0]?.kind === 'name' && findIn(scope, only[0].text) !== undefined;
  const becomesText = !isBareName && (value.value === null || typeof value.value === 'number');
  return becomesText ? numberAsText(text, value.value, scope, trail) : value;
};

/** Only the interpreter can tell a float that is a whole number from an integer. */
const numberAsText = (text: string, value: Value, scope: Scope, trail: Trail): Result<string, string> =>
  typeof value === 'number' && Number.isInteger(value) ? inText(text, scope, trail) : ok(pythonText(value));

const inExpression = (expression: string, scope: Scope, trail: Trail): Result<Value, string> => {
  const tokens = tokenize(expression);
  const value = tokens.ok ? evaluateTokens(tokens.value, 'raw', scope, trail) : tokens;
  return value.ok ? value : no(about(expression, value.failure));
};

/** Braces round a whole condition are forgiven, as Ansible does; inside one they are a mistake, save in a string. */
const inCondition = (condition: string, scope: Scope): Result<Value, string> => {
  if (!hasMarks(condition)) {
    const tokens = tokenize(condition);
    return tokens.ok ? evaluateTokens(tokens.value, 'with escapes', scope, newTrail()) : tokens;
  }
  const cut = segment(condition.trim());
  const only = cut.ok ? onlyExpression(cut.value) : undefined;
  if (only === undefined) return no('a condition is an expression already; write the names without {{ }}');
  return evaluateTokens(only, 'raw', scope, newTrail());
};

const evaluateTokens = (tokens: readonly Token[], strings: 'raw' | 'with escapes', scope: Scope, trail: Trail): Result<Value, string> => {
  const vars = gather(tokens, scope, trail);
  if (!vars.ok) return vars;
  const rewritten = rewriteExpression(tokens, strings, vars.value);
  if (!rewritten.ok) return rewritten;
  const { source, vars: needed, known } = rewritten.value;
  // What most expressions are, `a` or `a.b.c`, needs no interpreter.
  return known !== undefined ? ok(known.value) : runExpression(source, needed);
};

/** Only the variables that are named cross into the interpreter; those that hold templates are rendered first. */
const gather = (tokens: readonly Token[], scope: Scope, trail: Trail): Result<Vars, string> => {
  const entries = new Map<string, Value>();
  for (const name of namesIn(tokens)) {
    const found = entries.has(name) ? undefined : findIn(scope, name);
    if (found === undefined) continue;
    if (found.holds === 'data') {
      entries.set(name, found.value);
      continue;
    }
    if (trail.names.includes(name))
      return no(`the variable ${name} needs itself (${[...trail.names, name].join(' > ')}); write one of them without the other`);
    if (trail.names.length >= longestTrail)
      return no(`the variable ${name} stands at the end of ${longestTrail} others that need each other`);
    const known = trail.done.get(name);
    const rendered = known === undefined ? inValue(found.value, scope, { ...trail, names: [...trail.names, name] }) : ok(known);
    if (!rendered.ok) return rendered;
    trail.done.set(name, rendered.value);
    entries.set(name, rendered.value);
  }
  return ok(Object.fromEntries(entries));
};

const onlyExpression = (segments: readonly Segment[]): readonly Token[] | undefined => {
  const [only, more] = segments;
  return only?.kind === 'expression' && more === undefined ? only.tokens : undefined;
};

const tokensOf = (part: Segment): readonly Token[] => (part.kind === 'text' ? [] : part.tokens);

const about = (text: string, failure: string): string =>
  failure.startsWith('in ') || failure.startsWith('the variable ') ? failure : `in "${brief(text)}": ${failure}`;

const brief = (text: string): string => {
  const line = text.trim().replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 99)}…` : line;
};

const no = (failure: string): { readonly ok: false; readonly failure: string } => ({ ok: false, failure });
