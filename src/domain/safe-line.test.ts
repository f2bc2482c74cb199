// Host output is hostile: what may reach a terminal, whole, cut at every byte, and random.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lastSafeLine, makeSanitiser, safeJson, safeText, withoutColours } from './safe-line.ts';

const linesOf = (...chunks: (string | Uint8Array)[]): string[] => {
  const sanitiser = makeSanitiser();
  return [...chunks.flatMap(chunk => sanitiser.push(chunk)), ...sanitiser.flush()];
};

/** What goes in and the lines that come out. */
const corpus: readonly (readonly [what: string, input: string, lines: readonly string[]])[] = [
  ['plain', 'one\ntwo\n', ['one', 'two']],
  ['DOS line ends', 'one\r\ntwo\r\n', ['one', 'two']],
  ['a last line without an end', 'one\ntwo', ['one', 'two']],
  ['an empty line', 'a\n\nb\n', ['a', '', 'b']],
  ['a progress bar', ' 10%\r 50%\r100%\n', ['100%']],
  ['a shorter overwrite keeps the rest, as a terminal does', 'abcdef\rXY\n', ['XYcdef']],
  ['erase to the end of the line', 'abcdef\r\x1b[KXY\n', ['XY']],
  ['erase the whole line', 'abc\x1b[2K\rX\n', ['X']],
  ['backspace', 'abc\b\bX\n', ['aXc']],
  ['a tab', 'a\tb\n', ['a       b']],
  ['colour', '\x1b[31mred\x1b[0m plain\n', ['\x1b[0;31mred\x1b[0m plain']],
  ['a colour left open is closed, and goes on', '\x1b[1;32mok\nnext\n', ['\x1b[0;1;32mok\x1b[0m', '\x1b[0;1;32mnext\x1b[0m']],
  ['256 and true colours', '\x1b[38;5;208ma\x1b[48;2;1;2;3mb\n', ['\x1b[0;38;5;208ma\x1b[0;38;5;208;48;2;1;2;3mb\x1b[0m']],
  ['colours with colons', '\x1b[38:5:9ma\n', ['\x1b[0;38;5;9ma\x1b[0m']],
  ['a colour that is none', '\x1b[38;5;999ma\x1b[38mb\n', ['ab']],
  ['conceal and blink', '\x1b[8msecret\x1b[5;6mblink\n', ['secretblink']],
  ['clipboard (OSC 52), ended by BEL', 'a\x1b]52;c;ZXZpbA==\x07b\n', ['ab']],
  ['clipboard, ended by ST', 'a\x1b]52;c;ZXZpbA==\x1b\\b\n', ['ab']],
  ['title', '\x1b]0;owned\x07x\n', ['x']],
  ['notification', '\x1b]9;hi\x07x\n', ['x']],
  ['a link (OSC 8)', '\x1b]8;;http://evil.example\x07click\x1b]8;;\x07\n', ['click']],
  ['an unterminated OSC ends with its line', 'a\x1b]52;c;ZZZ\nb\n', ['a', 'b']],
  ['clear and home', '\x1b[2J\x1b[Hx\n', ['x']],
  ['leave the alternate screen', '\x1b[?1049lx\n', ['x']],
  ['ask for the cursor', '\x1b[6nx\n', ['x']],
  ['8-bit CSI', '\x9b2Jx\n', ['x']],
  ['8-bit OSC', '\x9d0;t\x9cx\n', ['x']],
  ['DCS', '\x1bPa$qm\x1b\\x\n', ['x']],
  ['APC', '\x1b_Gf=100;AAAA\x1b\\x\n', ['x']],
  ['reset (RIS)', '\x1bcx\n', ['x']],
  ['charset', '\x1b(0x\n', ['x']],
  ['an escape inside an escape', '\x1b[1\x1b[31mx\n', ['\x1b[0;31mx\x1b[0m']],
  ['SO, SI, BEL, NUL, VT, FF, DEL, NEL', 'a\x0e\x0f\x07\0\v\f\x7f\x85b\n', ['ab']],
  ['right to left override', 'a\u202egnp.exe\u2066\u2069\u200fb\n', ['agnp.exeb']],
  ['line separators', 'a\u2028b\u2029c\n', ['a b c']],
  [
    'emoji presentation, joiners, skin tones',
    '\u2764\ufe0f \u{1f44d}\u{1f3fd} \u{1f468}\u200d\u{1f469}\n',
    ['\u2764 \u{1f44d} \u{1f468}\u{1f469}'],
  ],
  ['a flag', '\u{1f1eb}\u{1f1f7}\n', ['??']],
  ['tags and fillers', 'a\u{e0041}\u3164\u115fb\n', ['ab']],
  ['at most three marks on a letter', `e${'\u0301'.repeat(50)}x\n`, ['e\u0301\u0301\u0301x']],
  ['a mark without a letter', '\u0301x\n', ['x']],
  ['a lone surrogate', 'a\ud800b\n', ['a\ufffdb']],
  ['wide letters stay', '\u65e5\u672c\u8a9e \ud55c\uae00\n', ['\u65e5\u672c\u8a9e \ud55c\uae00']],
];

for (const [what, input, lines] of corpus) {
  test(`${what}: whole`, () => {
    expect(linesOf(input)).toEqual(lines);
  });
  test(`${what}: cut at every byte`, () => {
    // A lone surrogate has no bytes of its own; as text it is cut by characters.
    const pieces = input.isWellFormed() ? [...new TextEncoder().encode(input)].map(byte => Uint8Array.of(byte)) : input.split('');
    expect(linesOf(...pieces)).toEqual(lines);
  });
}

test('bytes that are no UTF-8 become replacement characters', () => {
  expect(linesOf(Uint8Array.of(0x61, 0xff, 0xfe, 0x62, 0x0a))).toEqual(['a\ufffd\ufffdb']);
});

test('a line is cut at 4 kB, colours included, and says so', () => {
  const [line] = linesOf(`${'x'.repeat(10_000)}\n`);
  expect(line).toMatch(/^x{3900,4096}…$/);
  const [coloured] = linesOf(`${'\x1b[38;2;1;2;3mx\x1b[0my'.repeat(2000)}\n`);
  expect(coloured?.length).toBeLessThanOrEqual(4097);
  expect(coloured).toMatch(/…$/);
});

test('an endless progress bar stays one short line', () => {
  const sanitiser = makeSanitiser();
  for (let step = 0; step < 10_000; step += 1) expect(sanitiser.push(`\r${step} of 10000`)).toEqual([]);
  expect(sanitiser.partial()).toBe('9999 of 10000');
});

test('an endless escape sequence is given up', () => {
  const sanitiser = makeSanitiser();
  sanitiser.push('\x1b]52;c;');
  for (let chunk = 0; chunk < 200; chunk += 1) sanitiser.push('Z'.repeat(1000));
  expect(sanitiser.push('\nback\n').at(-1)).toBe('back');
});

/** Nothing but printable characters and closed colours. */
const isSafe = (line: string): boolean => {
  const bare = line.replace(/\x1b\[0(?:;\d{1,3})*m/g, '');
  // biome-ignore lint/suspicious/noMisleadingCharacterClass: the class lists what must not appear
  return !/[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]/u.test(bare) && bare.isWellFormed();
};

const spice = fc.constantFrom(
  '\x1b',
  '[',
  ']',
  '\x9b',
  '\x9d',
  'm',
  ';',
  '3',
  '1',
  '\r',
  '\n',
  '\b',
  '\x07',
  '\\',
  'P',
  '\u202e',
  '\ud83d',
  'é',
  '?',
);
const noise = fc.array(fc.oneof(spice, spice, fc.string({ unit: 'binary', maxLength: 3 })), { maxLength: 80 }).map(parts => parts.join(''));

test('whatever comes in, wherever it is cut, only safe lines come out, and the cuts change nothing', () => {
  fc.assert(
    fc.property(noise, fc.array(fc.nat(80), { maxLength: 6 }), (text, cuts) => {
      const borders = [0, ...cuts.map(cut => Math.min(cut, text.length)).sort((a, b) => a - b), text.length];
      const pieces = borders.slice(1).map((to, index) => text.slice(borders[index], to));
      const cut = linesOf(...pieces);
      expect(cut).toEqual(linesOf(text));
      for (const line of cut) expect(isSafe(line), JSON.stringify(line)).toBe(true);
      for (const line of [lastSafeLine(text), safeText(text)]) {
        expect(isSafe(line), JSON.stringify(line)).toBe(true);
        expect(line).toBe(withoutColours(line));
      }
    }),
    { numRuns: 3000 },
  );
});

test('lastSafeLine is the last line that says something, plain and short', () => {
  expect(lastSafeLine('one\n\x1b[31mtwo\x1b[0m\n\n  \n')).toBe('two');
  expect(lastSafeLine('Get\r 10%\r 99%')).toBe(' 99%');
  expect(lastSafeLine('')).toBe('');
  expect(lastSafeLine('x'.repeat(500))).toHaveLength(200);
  expect(lastSafeLine(`${'a\n'.repeat(20_000)}end`, 2)).toBe('e…');
});

test('safeText is one plain line', () => {
  expect(safeText('web01\x1b]0;x\x07\nrm -rf\t/')).toBe('web010;x rm -rf /');
  expect(safeText('\x1b[31mred\x1b[0m')).toBe('red');
  expect(safeText('abcdef', 4)).toBe('abc…');
});

test('JSON keeps its value and holds nothing that a terminal acts on', () => {
  const hostile = { text: 'a\u009b2J\u0090\u202ex\u2028\u007f\u001b[2J', list: ['\u0085'] };
  const json = safeJson(hostile);
  expect(json).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]/);
  expect(JSON.parse(json)).toEqual(hostile);
});
