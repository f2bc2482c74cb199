// The only place that rewrites templates before they are evaluated, so that the interpreter behaves as Ansible does.
// It reads Jinja's grammar and writes the same expression with our filters in place of Ansible's: a name that is not
// there is reported by name (unless asked with `is defined` or `default`), texts are Python's, methods are ours.
// The interpreter's own strict mode lets `nosuch == 1` be false; Ansible does not.
import type { Result } from '../domain/result.ts';
import { ok } from '../domain/result.ts';
import type { Value, Vars } from '../domain/value.ts';
import { Grammar } from './grammar.ts';
import { Bindings, type Names } from './names.ts';
import type { Segment, Token } from './tokens.ts';
import { Unreadable } from './words.ts';

/** Every word that may name a variable; some may be filters or keys, which does no harm. */
export const namesIn = (tokens: readonly Token[]): readonly string[] =>
  tokens.filter(token => token.kind === 'name').map(token => token.text);

/** What the interpreter gets. Without `vars` nothing is known of them, which is enough to see whether it can be read. */
export type Rewritten = {
  readonly source: string;
  readonly vars: Vars;
  /** What it is, where nothing needs to be evaluated. */
  readonly known?: { readonly value: Value };
};

/** The expression in the interpreter's words; the failure says what cannot be read. */
export const rewriteExpression = (tokens: readonly Token[], strings: 'raw' | 'with escapes', vars: Vars): Result<Rewritten, string> =>
  readable(() => {
    const bindings = new Bindings(vars);
    const { strict, known } = new Grammar(tokens, strings, bindings).whole();
    return { source: strict, vars: bindings.needed(strict), ...(known !== undefined && { known }) };
  });

/** The template in the interpreter's words, its values written as Python writes them. */
export const rewriteTemplate = (segments: readonly Segment[], vars?: Vars): Result<Rewritten, string> =>
  readable(() => {
    const bindings = vars === undefined ? undefined : new Bindings(vars, localsOf(segments));
    const source = segments.map(segment => rewriteSegment(segment, bindings)).join('');
    return { source, vars: bindings?.needed(source) ?? {} };
  });

/** Names that statements may give values to, and some that they only use; those are looked up by the interpreter. */
const localsOf = (segments: readonly Segment[]): ReadonlySet<string> => {
  const binds = new Set(['for', 'set', 'with', 'macro', 'call']);
  const named = segments.flatMap(part => (part.kind === 'statement' && binds.has(part.tokens[0]?.text ?? '') ? namesIn(part.tokens) : []));
  return new Set([...named, 'loop', 'caller', 'varargs', 'kwargs']);
};

const readable = <T>(work: () => T): Result<T, string> => {
  try {
    return ok(work());
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, failure: error.message };
    throw error;
  }
};

const rewriteSegment = (segment: Segment, names: Names | undefined): string => {
  if (segment.kind === 'text') return literal(segment.text);
  const { kind, open, close, tokens } = segment;
  const grammar = new Grammar(tokens, kind === 'expression' ? 'raw' : 'with escapes', names);
  if (kind === 'statement') return `${open} ${statement(grammar, segment.source)} ${close}`;
  const { strict, floaty } = grammar.whole();
  if (!floaty) return `${open} (${strict})|rollcall_text ${close}`;
  const mark = open.length === 3 ? open[2] : '';
  return `{%${mark} set rollcall_value = ${strict} %}{{ rollcall_value|rollcall_text([rollcall_value is float]) ${close}`;
};

/** What came out of a raw block must not be taken for a template. */
const literal = (text: string): string => (/\{[{%#]/.test(text) ? `{% raw %}${text}{% endraw %}` : text);

const statement = (grammar: Grammar, source: string): string => {
  const keyword = grammar.take()?.text ?? '';
  switch (keyword) {
    case 'if':
    case 'elif':
      return `${keyword} ${grammar.whole().strict}`;
    case 'for':
      return forLoop(grammar);
    case 'set':
      return assignment(grammar);
    case 'with':
      return `with ${pairs(grammar).join(', ')}`;
    case 'macro':
      return `macro ${grammar.name()}(${parameters(grammar).join(', ')})`;
    case 'call':
      return `call ${grammar.whole().strict}`;
    case 'filter':
      return `filter rollcall_${grammar.filterName()}${grammar.filterArguments()}`;
    case 'else':
    case 'endif':
    case 'endfor':
    case 'endset':
    case 'endwith':
    case 'endmacro':
    case 'endcall':
    case 'endfilter':
      return keyword;
    case 'include':
    case 'import':
    case 'from':
    case 'extends':
      throw new Unreadable(`{% ${keyword} %} reads other files, which a template here cannot`);
    default:
      throw new Unreadable(`{% ${source.slice(0, 40)} %} is no statement that is known here`);
  }
};

/** Mappings are gone through in the order they were written in. */
const forLoop = (grammar: Grammar): string => {
  const names = [grammar.name()];
  while (grammar.takeSign(',')) if (!grammar.isWord('in')) names.push(grammar.name());
  grammar.word('in');
  const over = grammar.tuple('without conditions').strict;
  const condition = grammar.takeWord('if') ? ` if ${grammar.expression().strict}` : '';
  const recursive = grammar.takeWord('recursive') ? ' recursive' : '';
  grammar.end();
  return `for ${names.length === 1 ? names[0] : `(${names.join(', ')})`} in ${over}|rollcall_each${condition}${recursive}`;
};

const assignment = (grammar: Grammar): string => {
  const first = target(grammar);
  if (grammar.isAtEnd()) return `set ${first}`;
  const names = [first];
  while (grammar.takeSign(',')) names.push(target(grammar));
  grammar.sign('=');
  return `set ${names.length === 1 ? first : `(${names.join(', ')})`} = ${grammar.whole().strict}`;
};

/** What `set` fills: a name, or an entry of a namespace. */
const target = (grammar: Grammar): string => {
  const name = grammar.name();
  return grammar.takeSign('.') ? `${name}.${grammar.name()}` : name;
};

/** `a = 1, b = 2` of a `with`. */
const pairs = (grammar: Grammar): readonly string[] => {
  const found: string[] = [];
  do {
    const name = grammar.name();
    grammar.sign('=');
    found.push(`${name} = ${grammar.expression().strict}`);
  } while (grammar.takeSign(','));
  grammar.end();
  return found;
};

/** `(a, b=2)` of a macro. */
const parameters = (grammar: Grammar): readonly string[] => {
  const found: string[] = [];
  grammar.sign('(');
  while (!grammar.takeSign(')')) {
    const name = grammar.name();
    found.push(grammar.takeSign('=') ? `${name} = ${grammar.expression().strict}` : name);
    if (!grammar.isSign(')')) grammar.sign(',');
  }
  grammar.end();
  return found;
};
