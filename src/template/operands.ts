// The only place that knows what an operand of Jinja's expressions is: a literal, a path, a call, with filters and tests behind it.
// It writes each twice, as it is where everything in it must exist (`strict`), and where somebody asks whether it does (`lenient`).
import { filters } from './filters.ts';
import { anyNames, type Names, type Path, type Piece, plain } from './names.ts';
import { tests } from './tests.ts';
import type { Token } from './tokens.ts';
import { pythonString, rawString } from './tokens.ts';
import { keywords, Unreadable, Words } from './words.ts';

const constants: Readonly<Record<string, string>> = {
  true: 'true',
  True: 'true',
  false: 'false',
  False: 'false',
  none: 'none',
  None: 'none',
};
/** Filters whose answer is always a float. */
const givesFloat = new Set(['float', 'log', 'root', 'pow']);
/** Filters that answer with nothing for an empty list, which `default` may then replace. */
const mayBeMissing = new Set(['first', 'last']);
/** Functions that Ansible has and that would read this machine. */
const looksAround = new Set(['lookup', 'query', 'q']);

/** Reads operands; what stands between them is for grammar.ts. */
export abstract class Operands extends Words {
  private subscripts = 0;
  private readonly textIn: (quoted: string) => string;
  private readonly names: Names;

  /** @param strings Ansible takes backslashes in `{{ }}` as they are, and reads escapes in conditions and statements */
  constructor(tokens: readonly Token[], strings: 'raw' | 'with escapes', names: Names = anyNames) {
    super(tokens);
    this.names = names;
    this.textIn = strings === 'raw' ? rawString : pythonString;
  }

  /** One expression. */
  abstract expression(): Piece;

  /** One expression, or several with commas between. */
  abstract tuple(): Piece;

  protected primary(): Piece {
    const token = this.take();
    if (token === undefined) throw new Unreadable('unexpected end of the expression');
    if (token.kind === 'number')
      return { ...plain(token.text, /[.eE]/.test(token.text)), known: { value: Number(token.text.replaceAll('_', '')) } };
    if (token.kind === 'string') {
      let text = this.textIn(token.text);
      while (this.tokens[this.at]?.kind === 'string') text += this.textIn(this.take()?.text ?? '');
      return { ...plain(JSON.stringify(text)), known: { value: text } };
    }
    if (token.kind === 'name') return this.named(token.text);
    if (token.text === '(') return this.group();
    if (token.text === '[') return this.list();
    if (token.text === '{') return this.mapping();
    throw new Unreadable(`unexpected ${token.text}`);
  }

  private named(name: string): Piece {
    const constant = Object.hasOwn(constants, name) ? constants[name] : undefined;
    if (constant !== undefined) return plain(constant);
    if (keywords.has(name)) throw new Unreadable(`unexpected ${name}`);
    if (!this.is('sign', '(')) return { ...plain(name), path: { root: name, keys: [] } };
    if (looksAround.has(name))
      throw new Unreadable(
        `${name}() reads files, variables and programs of this machine, which a template here cannot; use vars_files or -e`,
      );
    this.at++;
    const { positional, named } = this.arguments();
    if (name === 'dict') return plain(`([]|rollcall_make_dict([${positional}], ${named}))`);
    const pairs = this.lastNamed.map(([key, value]) => `${key}=${value}`);
    return plain(`${name}(${[...(positional === '' ? [] : [positional]), ...pairs].join(', ')})`);
  }

  private group(): Piece {
    if (this.takeSign(')')) return { ...plain('[]'), tuple: [] };
    const piece = this.tuple();
    this.sign(')');
    const { path: _, ...inner } = piece;
    return inner.tuple !== undefined ? inner : { ...inner, strict: `(${inner.strict})`, lenient: `(${inner.lenient})` };
  }

  private list(): Piece {
    const items: string[] = [];
    while (!this.takeSign(']')) {
      items.push(this.expression().strict);
      if (!this.is('sign', ']')) this.sign(',');
    }
    return plain(`[${items.join(', ')}]`);
  }

  /** The interpreter sorts keys; what has several is made by us, who remember their order. */
  private mapping(): Piece {
    const pairs: (readonly [string, string])[] = [];
    while (!this.takeSign('}')) {
      const key = this.expression().strict;
      this.sign(':');
      pairs.push([key, this.expression().strict]);
      if (!this.is('sign', '}')) this.sign(',');
    }
    return plain(`([${pairs.map(([key, value]) => `[${key}, ${value}]`).join(', ')}]|rollcall_make_dict)`);
  }

  protected postfix(first: Piece): Piece {
    let piece = first;
    for (;;) {
      if (this.takeSign('.')) {
        const key = this.take();
        if (key === undefined || (key.kind !== 'name' && key.kind !== 'number')) throw new Unreadable(`unexpected ${key?.text ?? 'end'}`);
        if (key.kind === 'name' && this.is('sign', '(')) piece = this.method(piece, key.text);
        else if (key.kind === 'name') piece = this.member(piece, { source: JSON.stringify(key.text), known: { value: key.text } });
        // `a.0.1` reads as a number with a point.
        else for (const part of key.text.split('.')) piece = this.member(piece, { source: part, known: { value: Number(part) } });
      } else if (this.takeSign('[')) piece = this.subscript(piece);
      else if (this.is('sign', '(')) throw new Unreadable('only names and methods can be called');
      else return this.settled(piece);
    }
  }

  /** A path that has ended. */
  private settled(piece: Piece): Piece {
    return piece.path === undefined ? piece : { ...this.names(piece.path, this.subscripts), path: piece.path };
  }

  private method(piece: Piece, name: string): Piece {
    this.at++;
    const { positional, named } = this.arguments();
    if (piece.path?.root === 'loop') return plain(`loop.${name}(${positional})`);
    return plain(`(${this.settled(piece).strict}|rollcall_method([${JSON.stringify(name)}, [${positional}], ${named}]))`);
  }

  private member(piece: Piece, key: Path['keys'][number]): Piece {
    if (piece.path !== undefined) return { ...piece, path: { root: piece.path.root, keys: [...piece.path.keys, key] } };
    return { strict: `(${piece.strict}|rollcall_get([${key.source}]))`, lenient: `${piece.strict}[${key.source}]`, floaty: false };
  }

  private subscript(piece: Piece): Piece {
    this.subscripts++;
    const parts: (Piece | ':')[] = [];
    while (!this.is('sign', ']') && !this.isAtEnd()) parts.push(this.takeSign(':') ? ':' : this.tuple());
    this.sign(']');
    this.subscripts--;
    const [only, ...more] = parts;
    if (only === undefined) throw new Unreadable('unexpected ]');
    if (only !== ':' && more.length === 0) {
      const isKey = typeof only.known?.value === 'string' || typeof only.known?.value === 'number';
      return this.member(piece, { source: only.strict, ...(isKey && only.known !== undefined && { known: only.known }) });
    }
    return plain(`${this.settled(piece).strict}[${parts.map(part => (part === ':' ? part : part.strict)).join(' ')}]`);
  }

  protected filtered(first: Piece): Piece {
    let piece = first;
    for (;;) {
      if (this.takeSign('|')) piece = this.filter(piece);
      else if (this.takeWord('is')) piece = this.test(piece);
      else return piece;
    }
  }

  /** The name of a filter that there is; `ansible.builtin.` may stand before it. */
  filterName(): string {
    const name = this.dotted();
    if (name === 'd' || name === 'default' || Object.hasOwn(filters, name)) return name;
    throw new Unreadable(`there is no filter ${name} here`);
  }

  filterArguments(): string {
    if (!this.takeSign('(')) return '';
    const { positional, named } = this.arguments();
    return `([${positional}], ${named})`;
  }

  private filter(piece: Piece): Piece {
    const name = this.filterName();
    if (name === 'default' || name === 'd') return this.byDefault(piece);
    const source = `${piece.strict}|rollcall_${name}${this.filterArguments()}`;
    if (givesFloat.has(name) || (name === 'round' && piece.floaty)) return plain(`((${source}) * 1.0)`, true);
    return { ...plain(`(${source})`), ...(mayBeMissing.has(name) && { lenient: `(${piece.strict}|${name})` }) };
  }

  private byDefault(piece: Piece): Piece {
    let given = '""';
    let always = 'false';
    if (this.takeSign('(')) {
      this.arguments();
      const named = new Map(this.lastNamed);
      given = this.lastPositional[0] ?? named.get('default_value') ?? '""';
      always = this.lastPositional[1] ?? named.get('boolean') ?? 'false';
    }
    return plain(`(${piece.lenient}|default(${given}, (${always}|rollcall_truth)))`, piece.floaty);
  }

  private test(piece: Piece): Piece {
    const isNot = this.takeWord('not');
    const name = this.dotted();
    const say = (source: string): Piece => plain(isNot ? `(not ${source})` : source);
    if (name === 'defined' || name === 'undefined') {
      if (this.takeSign('(')) this.arguments();
      return say(`(${piece.lenient} is ${name})`);
    }
    if (!Object.hasOwn(tests, name)) throw new Unreadable(`there is no test ${name} here`);
    if (name === 'float' || name === 'integer') return say(`(${piece.strict} is ${name})`);
    const next = this.tokens[this.at];
    let given = '';
    if (this.takeSign('(')) {
      const { positional, named } = this.arguments();
      given = `([${positional}], ${named})`;
    } else if (next !== undefined && (next.kind === 'sign' ? '[{'.includes(next.text) : !keywords.has(next.text)))
      given = `([${this.postfix(this.primary()).strict}])`;
    return say(`(${piece.strict}|rollcall_is_${name}${given})`);
  }

  private lastPositional: readonly string[] = [];
  private lastNamed: readonly (readonly [string, string])[] = [];

  /** Behind the opening bracket, to the closing one. */
  private arguments(): { readonly positional: string; readonly named: string } {
    const positional: string[] = [];
    const named: (readonly [string, string])[] = [];
    // `*e` closes the list that the arguments stand in, adds another, and opens it again.
    let source = '';
    while (!this.takeSign(')')) {
      const isNamed = this.tokens[this.at]?.kind === 'name' && this.tokens[this.at + 1]?.text === '=';
      if (isNamed) {
        const name = this.name();
        this.at++;
        named.push([name, this.expression().strict]);
      } else if (this.takeSign('*')) source += `] + (${this.expression().strict}|rollcall_list) + [`;
      else {
        const one = this.expression().strict;
        positional.push(one);
        source += `${source === '' || source.endsWith('[') ? '' : ', '}${one}`;
      }
      if (!this.is('sign', ')')) this.sign(',');
    }
    this.lastPositional = positional;
    this.lastNamed = named;
    return { positional: source, named: `{${named.map(([key, value]) => `${JSON.stringify(key)}: ${value}`).join(', ')}}` };
  }
}
