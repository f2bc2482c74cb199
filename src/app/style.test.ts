// A row is exactly as wide as the screen and holds nothing but printable characters and closed colours, whatever it is made of.
import fc from 'fast-check';
import stringWidth from 'string-width';
import { expect, test } from 'vitest';
import { makeSanitiser, type SafeLine, withoutColours } from '../domain/safe-line.ts';
import { bar, cut, type Piece, pad, padFront, row, rule } from './style.ts';

const nasty = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('\x1b]52;c;ZXZpbA==\x07', '\x1b[2J', 'a\nb\tc', '\u202eabc', '日本語テスト', 'e\u0301', '👍🏽', '\x9b31m'),
);
const output = fc.string({ unit: 'binary' }).map(text => ({ output: [...makeSanitiser().push(`\x1b[31m${text}\n`)][0] ?? ('' as never) }));
const piece: fc.Arbitrary<Piece> = fc.oneof(
  nasty,
  fc.tuple(fc.constantFrom('alarm' as const, 'dim' as const, 'text' as const), nasty),
  output,
);

const isClean = (text: string): boolean =>
  !/[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/.test(text.replace(/\x1b\[[0-9;]*m/g, ''));

test('a row has exactly its width and only safe characters', () => {
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 6 }),
      fc.array(piece, { maxLength: 2 }),
      fc.integer({ min: 1, max: 120 }),
      fc.constantFrom('colour' as const, 'plain' as const),
      (left, right, columns, palette) => {
        const made = row(palette, columns, left, right);
        expect(isClean(made), JSON.stringify(made)).toBe(true);
        expect(stringWidth(withoutColours(made as never)), JSON.stringify(made)).toBe(columns);
        expect((made.match(/\x1b\[/g)?.length ?? 0) === 0 || made.lastIndexOf('\x1b[0m') === made.lastIndexOf('\x1b[')).toBe(true);
      },
    ),
    { numRuns: 2000 },
  );
});

test('a letter that joins what comes behind it does not make a row too short', () => {
  expect(row('plain', 3, ['x\u0d4e', 'z'], [])).toBe('x?z');
});

test('bars and rules have exactly their width', () => {
  fc.assert(
    fc.property(nasty, nasty, fc.integer({ min: 8, max: 120 }), (title, right, columns) => {
      for (const made of [bar('plain', columns, 'text', title), rule('plain', columns, title, right)]) {
        expect(isClean(made)).toBe(true);
        expect(stringWidth(withoutColours(made as never)), JSON.stringify(made)).toBe(columns);
      }
    }),
  );
});

test('what is cut says so', () => {
  expect(cut('abcdef', 4)).toBe('abc…');
  expect(cut('日本語', 4)).toBe('日…');
  expect(pad('ab', 4)).toBe('ab  ');
  expect(padFront('ab', 4)).toBe('  ab');
  expect(row('plain', 10, ['abc', 'defghijkl'])).toBe('abcdefghi…');
});

test('NO_COLOR takes the colours and leaves reverse video', () => {
  expect(row('colour', 3, [['alarm', 'F 1']])).toBe('\x1b[7;31mF 1\x1b[0m');
  expect(row('plain', 3, [['alarm', 'F 1']])).toBe('\x1b[7mF 1\x1b[0m');
  const [red] = makeSanitiser().push('\x1b[31mred\x1b[0m\n');
  expect(row('plain', 3, [{ output: red as never }])).toBe('red');
});

/** What a terminal that knows no clusters makes of a text: every code point for itself, marks on the one before. */
const cellsOf = (text: string): number =>
  Array.from(text, ch => (/\p{M}/u.test(ch) ? 0 : stringWidth(ch))).reduce((sum, width) => sum + width, 0);

test('no row holds a character whose width terminals disagree about, nor a cluster that some draw wider than others', () => {
  const samples = [
    'नमस्ते',
    'क्षि',
    'กำ',
    'ক্ষ',
    'ക്ഷ',
    '1\u20e3',
    '☰',
    '🪿',
    '🫨',
    '\u1112\u1161\u11ab',
    'ᅡ',
    '㉈',
    '𓀀',
    '👨👩',
    'e\u0301',
    '日本語',
    '🟢 ok',
  ];
  for (const sample of samples) {
    for (const piece of [sample, { output: sample as SafeLine }, { output: `\x1b[31m${sample}\x1b[0m` as SafeLine }]) {
      const drawn = withoutColours(row('colour', 40, ['>', piece]) as SafeLine);
      expect([sample, cellsOf(drawn), stringWidth(drawn)]).toEqual([sample, 40, 40]);
      expect(drawn).not.toMatch(/[🪿🫨☰㉈𓀀ᅡ]/u);
    }
  }
  expect(row('plain', 12, ['日本語 e\u0301 🟢'])).toBe('日本語 é 🟢 ');
  expect(row('plain', 3, ['\u1112\u1161\u11ab'])).toBe('한 ');
});

test('a padded cell keeps its columns when a character of it is replaced', () => {
  expect(pad('a🪿', 4)).toBe('a?  ');
});
