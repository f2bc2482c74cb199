// The only place that reads a value as Python's ast.literal_eval does, since that is what gives a variable of an INI
// inventory its type: `5` is a number, `True` a truth, `[1, 'a']` a list, and whatever is no literal stays text.
// @see https://docs.python.org/3/library/ast.html#ast.literal_eval
import type { Value } from '../domain/value.ts';

/** The value of the literal, or the text itself where it is none. */
export const readLiteral = (text: string): Value => {
  // Most values are plain words, addresses and numbers: say so before anything is tried.
  if (!/^\s*(?:[\d.+\-'"[({]|[rRbBuU]{1,2}['"]|True|False|None)/.test(text) || /^\d+\.\d+\.\d+[.\d]*$/.test(text)) return text;
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  try {
    return new LiteralReader(text).whole();
  } catch (error) {
    if (error instanceof NoLiteral) return text;
    throw error;
  }
};

/** Thrown and caught in this file alone: it unwinds a reader that is deep in brackets. */
class NoLiteral extends Error {}

/** One for all: most values of an inventory are plain text, and to note a stack for each would take most of the time. */
const noLiteral = new NoLiteral();

const deepest = 100;

const number =
  /(?:0[xX](?:_?[0-9a-fA-F])+|0[oO](?:_?[0-7])+|0[bB](?:_?[01])+|(?:\d(?:_?\d)*)?\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|\d(?:_?\d)*\.?(?:[eE][+-]?\d(?:_?\d)*)?)(?![\w.])/y;

class LiteralReader {
  private at = 0;
  private depth = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  whole(): Value {
    const first = this.value();
    // Without brackets a comma makes a tuple too.
    const items = this.next() === ',' ? this.rest([first], '') : first;
    if (this.next() !== '') throw noLiteral;
    return items;
  }

  /** The next character that means something; '' at the end. A comment ends the text. */
  private next(): string {
    while (/[ \t\f]/.test(this.text.charAt(this.at))) this.at++;
    if (this.text.charAt(this.at) === '#') this.at = this.text.length;
    return this.text.charAt(this.at);
  }

  private take(expected: string): void {
    if (this.next() !== expected) throw noLiteral;
    this.at += expected.length;
  }

  private value(): Value {
    if (++this.depth > deepest) throw noLiteral;
    const value = this.valueHere();
    this.depth--;
    return value;
  }

  private valueHere(): Value {
    const char = this.next();
    if (char === '[') {
      this.at++;
      return this.items(']');
    }
    if (char === '(') return this.inParentheses();
    if (char === '{') return this.inBraces();
    if (char === '+' || char === '-') {
      this.at++;
      const sign = char === '-' ? -1 : 1;
      const inner = /[+-]/.test(this.next()) ? this.value() : this.number();
      if (typeof inner !== 'number') throw noLiteral;
      // As JSON prints it: there is no negative zero among whole numbers.
      return sign * inner + 0;
    }
    if (/[\d.]/.test(char)) return this.number();
    return /^[rRbBuU]{0,2}['"]/.test(this.text.slice(this.at, this.at + 3)) ? this.strings() : this.word();
  }

  /** A number that JavaScript cannot hold exactly is no literal of ours: it stays text. */
  private number(): number {
    this.next();
    number.lastIndex = this.at;
    const found = number.exec(this.text)?.[0];
    // Python refuses 0123, and so do we: it stays text, as a PIN should.
    if (found === undefined || (/^0[\d_]+$/.test(found) && /[1-9]/.test(found))) throw noLiteral;
    this.at += found.length;
    const value = Number(found.replaceAll('_', ''));
    const isWhole = !/[.eE]/.test(found) || /^0[xX]/.test(found);
    if (isWhole ? !Number.isSafeInteger(value) : !Number.isFinite(value)) throw noLiteral;
    return value;
  }

  private word(): Value {
    const found = /^(?:True|False|None)(?!\w)/.exec(this.text.slice(this.at, this.at + 6))?.[0];
    if (found === undefined) throw noLiteral;
    this.at += found.length;
    return found === 'None' ? null : found === 'True';
  }

  /** Strings that stand side by side are one. */
  private strings(): string {
    let all = '';
    do all += this.string();
    while (/^[rRuU]?['"]/.test(`${this.next()}${this.text.charAt(this.at + 1)}`));
    return all;
  }

  private string(): string {
    const head = /^([rRbBuU]{0,2})('''|"""|'|")/.exec(this.text.slice(this.at, this.at + 5));
    if (head === null) throw noLiteral;
    const [all, prefix = '', quote = ''] = head;
    if (/[uU]./.test(prefix) || /.[uU]/.test(prefix)) throw noLiteral;
    this.at += all.length;
    const isRaw = /r/i.test(prefix);
    let content = '';
    while (!this.text.startsWith(quote, this.at)) {
      if (this.at >= this.text.length) throw noLiteral;
      content += this.text.charAt(this.at) === '\\' ? this.escape(isRaw) : this.text.charAt(this.at++);
    }
    this.at += quote.length;
    return content;
  }

  private escape(isRaw: boolean): string {
    const rest = this.text.slice(this.at, this.at + 11);
    if (rest.length < 2) throw noLiteral;
    if (isRaw) {
      this.at += 2;
      return rest.slice(0, 2);
    }
    const coded = /^\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{1,3}))/.exec(rest);
    if (coded !== null) {
      const [all, x, u, wide, octal] = coded;
      const code = octal === undefined ? Number.parseInt(x ?? u ?? wide ?? '', 16) : Number.parseInt(octal, 8);
      if (code > 0x10ffff) throw noLiteral;
      this.at += all.length;
      return String.fromCodePoint(code);
    }
    const char = rest.charAt(1);
    if (/[xuUN]/.test(char)) throw noLiteral;
    this.at += 2;
    return escapes[char] ?? rest.slice(0, 2);
  }

  /** `()`, `(1)` and `(1,)`: only a comma makes a tuple. */
  private inParentheses(): Value {
    this.take('(');
    if (this.next() === ')') {
      this.at++;
      return [];
    }
    const first = this.value();
    if (this.next() === ',') return this.rest([first], ')');
    this.take(')');
    return first;
  }

  private items(end: string): readonly Value[] {
    if (this.next() === end) {
      this.at++;
      return [];
    }
    return this.rest([this.value()], end);
  }

  /** What follows the first item, its closing bracket included. */
  private rest(items: Value[], end: string): readonly Value[] {
    while (this.next() === ',') {
      this.at++;
      if (this.next() === end) break;
      items.push(this.value());
    }
    if (end !== '') this.take(end);
    return items;
  }

  private inBraces(): Value {
    this.take('{');
    if (this.next() === '}') {
      this.at++;
      return {};
    }
    const first = this.value();
    // A set has no order and no place in JSON: as a list it can at least be looped over.
    if (this.next() !== ':') return [...new Set(this.rest([first], '}'))];
    const entries: [string, Value][] = [];
    for (let key = first; ; key = this.value()) {
      this.take(':');
      entries.push([keyText(key), this.value()]);
      if (this.next() === ',') this.at++;
      if (this.next() === '}') break;
    }
    this.at++;
    return Object.fromEntries(entries);
  }
}

/** JSON's keys are text; so are ours. */
const keyText = (key: Value): string => {
  if (typeof key === 'object' && key !== null) throw noLiteral;
  return key === null ? 'null' : String(key);
};

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};
