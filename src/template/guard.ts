// The only place that rewrites expressions before they are evaluated, so that the interpreter behaves as Ansible does:
// a name that is not there is reported by name (unless asked with `is defined` or `default`), and text of values is Python's.
// The interpreter's own strict mode lets `nosuch == 1` be false; Ansible does not.
import type { Segment, Token } from './tokens.ts';

/** Filters of ours that the rewritten text calls; see filters.ts. */
export const reportFilter = 'rollcall_undefined';
/** Turns a value into the text that Python would print. */
export const textFilter = 'rollcall_text';

const notNames = new Set('and or not in is if else elif for true false none True False None recursive'.split(' '));
const asksDefined = new Set(['defined', 'undefined']);
const supplies = new Set(['default', 'd']);

/** The expression with each path that must exist guarded. */
export const guardExpression = (tokens: readonly Token[]): string => new Guard(tokens).write();

/** The template with its expressions guarded and their values written as Python writes them. */
export const guardTemplate = (segments: readonly Segment[]): string => segments.map(guardSegment).join('');

/** Every word that may name a variable; some may be filters or keys, which does no harm. */
export const namesIn = (tokens: readonly Token[]): readonly string[] =>
  tokens.filter(token => token.kind === 'name' && !notNames.has(token.text)).map(token => token.text);

const guardSegment = (segment: Segment): string => {
  if (segment.kind === 'text') return literal(segment.text);
  const { kind, open, close, tokens } = segment;
  if (kind === 'expression') return `${open} (${guardExpression(tokens)})|${textFilter} ${close}`;
  return `${open} ${guardStatement(tokens)} ${close}`;
};

/** What came out of a raw block must not be taken for a template. */
const literal = (text: string): string => (/\{[{%#]/.test(text) ? `{% raw %}${text}{% endraw %}` : text);

/** Only the expression of a statement is guarded, not the names it binds. */
const guardStatement = (tokens: readonly Token[]): string => {
  const keyword = tokens[0]?.text ?? '';
  const from = { if: 0, elif: 0, for: tokens.findIndex(token => token.text === 'in'), set: tokens.findIndex(token => token.text === '=') }[
    keyword
  ];
  if (from === undefined || from < 0) return tokens.map(writeToken).join(' ');
  const head = tokens.slice(0, from + 1).map(writeToken);
  return [...head, guardExpression(tokens.slice(from + 1))].join(' ');
};

class Guard {
  private at = 0;
  /** How many subscripts the reader is inside of. */
  private depth = 0;
  private readonly tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  write(): string {
    const written: string[] = [];
    while (this.at < this.tokens.length) written.push(this.next());
    return written.join(' ');
  }

  private next(): string {
    const token = this.tokens[this.at];
    if (token === undefined) return '';
    if (this.beginsPath(token)) return this.path();
    this.at++;
    return writeToken(token);
  }

  /** A name that is a variable: no keyword, filter, test, attribute, function or named argument. */
  private beginsPath(token: Token): boolean {
    if (token.kind !== 'name' || notNames.has(token.text)) return false;
    const before = this.tokens[this.at - 1]?.text;
    const beforeThat = this.tokens[this.at - 2]?.text;
    if (before === '.' || before === '|' || before === 'is' || (before === 'not' && beforeThat === 'is')) return false;
    const after = this.tokens[this.at + 1]?.text;
    return after !== '(' && after !== '=';
  }

  /** Reads `a.b[c].d` and writes it guarded; a method call behind it stays outside. */
  private path(): string {
    const root = this.tokens[this.at]?.text ?? '';
    this.at++;
    let source = root;
    const keys: string[] = [];
    for (;;) {
      const sign = this.tokens[this.at]?.text;
      const key = this.tokens[this.at + 1];
      if (sign === '.' && key !== undefined && key.kind !== 'sign' && this.tokens[this.at + 2]?.text !== '(') {
        this.at += 2;
        source += `.${key.text}`;
        keys.push(key.kind === 'number' ? key.text : JSON.stringify(key.text));
      } else if (sign === '[') {
        const inside = this.subscript();
        source += `[${inside.source}]`;
        if (inside.isSlice) break;
        keys.push(inside.source);
      } else break;
    }
    // Each guard writes its path three times, so beyond a few levels the innermost names are left to fail as they may.
    if (this.isAskedFor() || this.depth > 2) return source;
    return `(${source} if ${source} is defined else [${[root, ...keys].join(', ')}]|${reportFilter}(${JSON.stringify(root)}))`;
  }

  private subscript(): { readonly source: string; readonly isSlice: boolean } {
    let depth = 0;
    let isSlice = false;
    const written: string[] = [];
    this.at++;
    this.depth++;
    while (this.at < this.tokens.length) {
      const { text, kind } = this.tokens[this.at] as Token;
      if (kind === 'sign' && depth === 0 && text === ']') break;
      if (kind === 'sign' && '([{'.includes(text)) depth++;
      if (kind === 'sign' && ')]}'.includes(text)) depth--;
      if (kind === 'sign' && depth === 0 && text === ':') isSlice = true;
      written.push(this.next());
    }
    this.at++;
    this.depth--;
    return { source: written.join(' '), isSlice };
  }

  /** True when what follows is content with a name that is not there. */
  private isAskedFor(): boolean {
    const [one, two, three] = [0, 1, 2].map(ahead => this.tokens[this.at + ahead]?.text ?? '');
    if (one === '|') return supplies.has(two ?? '');
    if (one !== 'is') return false;
    return asksDefined.has((two === 'not' ? three : two) ?? '');
  }
}

const writeToken = ({ kind, text }: Token): string => (kind === 'string' ? JSON.stringify(decode(text.slice(1, -1))) : text);

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
};

/** Python's escapes; an unknown one keeps its backslash, so that '\d' works in a pattern. */
const decode = (inside: string): string =>
  inside.replace(/\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, hex2, hex4, other) => {
    const hex: string | undefined = hex2 ?? hex4;
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return escapes[other as string] ?? whole;
  });
