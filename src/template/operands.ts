// The only place that knows what an operand of Jinja's expressions is: a literal, a path, a call, with filters and tests behind it.
// It writes each twice, as it is where everything in it must exist (`strict`), and where somebody asks whether it does (`lenient`).
import type { Value } from '../domain/value.ts';
import { Given } from './filter.ts';
import { filters } from './filters.ts';
import { callMethod } from './methods.ts';
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
    const { positional, named, names } = this.arguments();
    if (name === 'dict') return plain(`([]|rollcall_make_dict([${positional}], ${named}))`);
    const pairs = [...names].map(([key, value]) => `${key}=${value}`);
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
    const items: Piece[] = [];
    while (!this.takeSign(']')) {
      items.push(this.expression());
      if (!this.is('sign', ']')) this.sign(',');
    }
    const known = valuesOf(items);
    return { ...plain(`[${items.map(item => item.strict).join(', ')}]`), ...(known !== undefined && { known: { value: known } }) };
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
    return piece.path === undefined ? piece : { ...this.names.path(piece.path, this.subscripts), path: piece.path };
  }

  private method(piece: Piece, name: string): Piece {
    this.at++;
    const { positional, named, known } = this.arguments();
    if (piece.path?.root === 'loop') return plain(`loop.${name}(${positional})`);
    const object = this.settled(piece);
    const folded = this.folded(object, 'method', value => callMethod(value, name, known ?? nothingGiven), known);
    return folded ?? plain(`(${object.strict}|rollcall_method([${JSON.stringify(name)}, [${positional}], ${named}]))`);
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
    return this.given().source;
  }

  /** What stands in the brackets behind a filter or a test, if there are any. */
  private given(): { readonly source: string; readonly known: Given | undefined } {
    if (!this.takeSign('(')) return { source: '', known: nothingGiven };
    const { positional, named, known } = this.arguments();
    return { source: `([${positional}], ${named})`, known };
  }

  /** A call of which everything is known is made now: neither what it is made of nor what comes of it has to cross. */
  private folded(piece: Piece, name: string, call: (value: Value) => Value, given: Given | undefined): Piece | undefined {
    const { known, floaty } = piece;
    return known === undefined || given === undefined || floaty ? undefined : this.names.fold(name, () => call(known.value));
  }

  private filter(piece: Piece): Piece {
    const name = this.filterName();
    if (name === 'default' || name === 'd') return this.byDefault(piece);
    const given = this.given();
    const filter = givesFloat.has(name) ? undefined : filters[name];
    const folded = filter && this.folded(piece, name, value => filter(value, given.known ?? nothingGiven), given.known);
    if (folded !== undefined) return folded;
    const source = `${piece.strict}|rollcall_${name}${given.source}`;
    if (givesFloat.has(name) || (name === 'round' && piece.floaty)) return plain(`((${source}) * 1.0)`, true);
    return { ...plain(`(${source})`), ...(mayBeMissing.has(name) && { lenient: `(${piece.strict}|${name})` }) };
  }

  private byDefault(piece: Piece): Piece {
    let given = '""';
    let always = 'false';
    if (this.takeSign('(')) {
      const { places, names } = this.arguments();
      given = places[0] ?? names.get('default_value') ?? '""';
      always = places[1] ?? names.get('boolean') ?? 'false';
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
    let given = { source: '', known: nothingGiven as Given | undefined };
    if (this.isSign('(')) given = this.given();
    else if (next !== undefined && (next.kind === 'sign' ? '[{'.includes(next.text) : !keywords.has(next.text))) {
      const { strict, known } = this.postfix(this.primary());
      given = { source: `([${strict}])`, known: known && new Given([known.value], {}) };
    }
    const holds = tests[name];
    const folded =
      holds && this.folded(piece, `is_${name}`, value => (holds(value, given.known ?? nothingGiven) === true) !== isNot, given.known);
    return folded ?? say(`(${piece.strict}|rollcall_is_${name}${given.source})`);
  }

  /** Behind the opening bracket, to the closing one. */
  private arguments(): Arguments {
    const positional: Piece[] = [];
    const named: (readonly [string, Piece])[] = [];
    // `*e` closes the list that the arguments stand in, adds another, and opens it again.
    let source = '';
    let isSpread = false;
    while (!this.takeSign(')')) {
      if (this.tokens[this.at]?.kind === 'name' && this.tokens[this.at + 1]?.text === '=') {
        const name = this.name();
        this.at++;
        named.push([name, this.expression()]);
      } else if (this.takeSign('*')) {
        isSpread = true;
        source += `] + (${this.expression().strict}|rollcall_list) + [`;
      } else {
        const one = this.expression();
        positional.push(one);
        source += `${source === '' || source.endsWith('[') ? '' : ', '}${one.strict}`;
      }
      if (!this.is('sign', ')')) this.sign(',');
    }
    const [values, namedValues] = [valuesOf(positional), valuesOf(named.map(([, piece]) => piece))];
    const isKnown = !isSpread && values !== undefined && namedValues !== undefined;
    return {
      positional: source,
      named: `{${named.map(([key, { strict }]) => `${JSON.stringify(key)}: ${strict}`).join(', ')}}`,
      places: positional.map(({ strict }) => strict),
      names: new Map(named.map(([key, { strict }]) => [key, strict])),
      known: isKnown ? new Given(values, Object.fromEntries(named.map(([key], at) => [key, namedValues[at] ?? null]))) : undefined,
    };
  }
}

/** What stands in brackets: as one source, one by one, and as values where all of them are known. */
type Arguments = {
  readonly positional: string;
  readonly named: string;
  readonly places: readonly string[];
  readonly names: ReadonlyMap<string, string>;
  readonly known: Given | undefined;
};

const nothingGiven = new Given([], {});

const valuesOf = (pieces: readonly Piece[]): readonly Value[] | undefined => {
  const values = pieces.flatMap(({ known, floaty }) => (known === undefined || floaty ? [] : [known.value]));
  return values.length === pieces.length ? values : undefined;
};
