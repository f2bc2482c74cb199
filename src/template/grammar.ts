// The only place that knows which sign of Jinja's expressions binds how, and what becomes of each: most are the interpreter's,
// some are ours, since it compares, divides and joins otherwise than Python does.
import { type Piece, plain } from './names.ts';
import { Operands } from './operands.ts';
import { Unreadable } from './words.ts';

/** Brackets in brackets that are read; nobody writes as many. */
const deepest = 100;

/** Reads expressions, and writes them. */
export class Grammar extends Operands {
  private depth = 0;

  /** All of it is one expression. */
  whole(): Piece {
    const piece = this.tuple();
    this.end();
    return piece;
  }

  /** One expression, or several behind each other with commas, which make a list. */
  tuple(kind: 'any' | 'without conditions' = 'any'): Piece {
    const one = (): Piece => (kind === 'any' ? this.expression() : this.either());
    const first = one();
    if (!this.is('sign', ',')) return first;
    const items = [first];
    while (this.takeSign(',') && !this.isAtEnd() && !this.is('sign', ')')) items.push(one());
    return { ...plain(`[${items.map(item => item.strict).join(', ')}]`), tuple: items };
  }

  expression(): Piece {
    if (++this.depth > deepest) throw new Unreadable('it is nested too deep');
    let piece = this.either();
    while (this.takeWord('if')) {
      const condition = this.either().strict;
      const other = this.takeWord('else') ? this.expression() : undefined;
      const choose = (one: string, two: string | undefined): string => `(${one} if ${condition}${two === undefined ? '' : ` else ${two}`})`;
      piece = {
        strict: choose(piece.strict, other?.strict),
        lenient: choose(piece.lenient, other?.lenient),
        floaty: piece.floaty || other?.floaty === true,
      };
    }
    this.depth--;
    return piece;
  }

  private either(): Piece {
    return this.joined(['or'], () => this.joined(['and'], () => this.negated()));
  }

  private joined(words: readonly string[], operand: () => Piece): Piece {
    let piece = operand();
    for (let word = this.wordOf(words); word !== undefined; word = this.wordOf(words)) {
      const right = operand();
      piece = plain(`(${piece.strict} ${word} ${right.strict})`, piece.floaty || right.floaty);
    }
    return piece;
  }

  private negated(): Piece {
    let count = 0;
    while (this.takeWord('not')) count++;
    const piece = this.comparison();
    return count === 0 ? piece : plain(`(${'not '.repeat(count)}${piece.strict})`);
  }

  /** `1 < a < 3` means both, as in Python. */
  private comparison(): Piece {
    const first = this.sum();
    let left = first;
    const parts: string[] = [];
    for (;;) {
      const sign = this.signOf(['==', '!=', '<', '<=', '>', '>=']);
      const isNot = sign === undefined && this.is('name', 'not') && this.tokens[this.at + 1]?.text === 'in';
      if (isNot) this.at++;
      const operator = sign ?? (this.takeWord('in') ? 'in' : undefined);
      if (operator === undefined) break;
      const right = this.sum();
      if (operator === 'in') parts.push(`(${isNot ? 'not ' : ''}${left.strict} in ${right.strict})`);
      else if (operator === '==' || operator === '!=') parts.push(`(${left.strict} ${operator} ${right.strict})`);
      else parts.push(`(${left.strict}|rollcall_compare(["${operator}", ${right.strict}]))`);
      left = right;
    }
    return parts.length === 0 ? first : plain(parts.length === 1 ? (parts[0] ?? '') : `(${parts.join(' and ')})`);
  }

  private sum(): Piece {
    return this.calculated(['+', '-'], () => this.text());
  }

  private text(): Piece {
    let piece = this.product();
    while (this.takeSign('~')) {
      const right = this.product();
      piece = plain(`(${textOf(piece)} ~ ${textOf(right)})`);
    }
    return piece;
  }

  private product(): Piece {
    return this.calculated(['*', '/', '//', '%'], () => this.calculated(['**'], () => this.unary('with filters')));
  }

  private calculated(signs: readonly string[], operand: () => Piece): Piece {
    let piece = operand();
    for (let sign = this.signOf(signs); sign !== undefined; sign = this.signOf(signs)) {
      const right = operand();
      const floaty = sign !== '//' || piece.floaty || right.floaty;
      if (sign === '%') {
        const values = right.tuple === undefined ? `[${right.strict}], false` : `${right.strict}, true`;
        piece = plain(`(${piece.strict}|rollcall_percent([${values}]))`, floaty);
      } else {
        const by = sign === '/' || sign === '//' ? `(${right.strict}|rollcall_divisor)${right.floaty ? ' * 1.0' : ''}` : right.strict;
        piece = plain(`(${piece.strict} ${sign} (${by}))`, floaty);
      }
    }
    return piece;
  }

  private unary(kind: 'with filters' | 'bare'): Piece {
    if (++this.depth > deepest) throw new Unreadable('it is nested too deep');
    const sign = this.signOf(['-', '+']);
    let piece: Piece;
    if (sign === undefined) piece = this.postfix(this.primary());
    else {
      const inner = this.unary('bare');
      const value = inner.known?.value;
      piece = plain(`(${sign === '-' ? '-' : ''}${inner.strict})`, inner.floaty);
      if (typeof value === 'number') piece = { ...piece, known: { value: sign === '-' ? -value : value } };
    }
    if (kind === 'with filters') piece = this.filtered(piece);
    this.depth--;
    return piece;
  }
}

/** A float says itself what it looks like. */
const textOf = ({ strict, floaty }: Piece): string => (floaty ? strict : `(${strict}|rollcall_string)`);
