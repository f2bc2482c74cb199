import { array, constantFrom, assert as holds, oneof, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { readByLibrary } from './yaml-library.ts';
import { readPlain } from './yaml-plain.ts';

const byLibrary = (text: string) => {
  const read = readByLibrary(text);
  return read.ok ? read.value.root : undefined;
};

test.each([
  'all:\n  hosts:\n    web1:\n    web2: \n      port: 22 # ssh\n  vars:\n    a: "x y"\n    b: \'no\'\n\n# end\n',
  'a: 1\nb: yes\nc: ~\nd: ~/x\ne: 10.0.0.1\nf: -5\ng: http://x:80/\n',
  'web[01:50]:\n  x: 1\nh:2222:\n  y: 2\n',
  '  a:\n    b: 1\n  c: 2\n',
  '# vars\n---\na:\n  - b\n  - "c: d" # e\n\n  - -1\nf:\n- yes\n- \'g\'\nh:\n  i:\n    - j\n  k: l\n',
])('the plain text %j is read, and as the library reads it', text => {
  expect(readPlain(text)).toBeDefined();
  expect(readPlain(text)).toEqual(byLibrary(text));
});

test.each([
  ['a remark right behind a colon', 'a:# b\n'],
  ['a list at the top', '- a\n'],
  ['a list of mappings', 'a:\n  - b: c\n'],
  ['a list of lists', 'a:\n  - - b\n'],
  ['an item of two lines', 'a:\n  - b\n    c\n'],
  ['an item without a value', 'a:\n  -\n'],
  ['an item between two indentations', 'a:\n  - b\n   - c\n'],
  ['an item below a value', 'a: b\n  - c\n'],
  ['an item behind a list that has ended', 'a:\n  - b\nc: d\n  - e\n'],
  ['a key below an item', 'a:\n  - b\n  c: d\n'],
  ['a mapping in a list', 'a:\n- b\n  c: d\n'],
  ['a flow mapping', 'a: {b: c}\n'],
  ['an anchor', 'a: &x b\n'],
  ['a merge key', '<<: x\n'],
  ['a key twice', 'a: 1\na: 2\n'],
  ['a tab', 'a:\n\tb: 1\n'],
  ['a value of two lines', 'a: b\n  c\n'],
  ['a mapping below a value', 'a: b\n  c: d\n'],
  ['an indentation between two', 'a:\n    b: 1\n  c: 2\n'],
  ['a block text', 'a: |\n  x: 1\n'],
  ['an escape', 'a: "\\n"\n'],
  ['a colon in a value', 'a: b: c\n'],
  ['a second document', '---\na: 1\n---\nb: 1\n'],
  ['a mark behind a mark', '---\n---\na: 1\n'],
  ['what is nested deep', Array.from({ length: 60 }, (_, i) => `${' '.repeat(i)}a:\n`).join('')],
  ['an odd letter', 'ä: 1\n'],
])('%s is left to the library', (_, text) => {
  expect(readPlain(text)).toBeUndefined();
});

test('whatever it reads, the library reads the same way', () => {
  const key = constantFrom(
    'a:',
    'b:',
    'web[1:3]:',
    'h:22:',
    'c.d:',
    'yes:',
    '0x1:',
    'x-:',
    'k::',
    '1:',
    '-a:',
    '"q":',
    '-',
    '-',
    '-',
    '-a',
  );
  const value = constantFrom(
    '',
    ' ',
    ' 1',
    ' x y',
    ' "q: #"',
    " 'it'",
    ' a: b',
    ' # c',
    ' v # c',
    ' v#c',
    ' a:',
    ' ~',
    ' -1',
    ' - 1',
    ' [a]',
    ' {}',
    ' &x',
    ' |',
    '  z  ',
    ' 012',
    ' !x',
    ' :x',
    ' ?',
    ' a"b',
    ' "a" b',
    " ''",
    ' .5',
    ' ...',
    ' ---',
  );
  // Most are plain, so that some texts have nothing else.
  const said = oneof({ weight: 5, arbitrary: constantFrom('', ' 1', ' b') }, { weight: 1, arbitrary: value });
  const indent = oneof({ weight: 3, arbitrary: constantFrom('', '  ') }, { weight: 1, arbitrary: constantFrom(' ', '   ', '    ') });
  const above = oneof({ weight: 8, arbitrary: constantFrom('') }, { weight: 1, arbitrary: constantFrom('#\n', ' # x\n', '---\n') });
  const line = tuple(above, indent, oneof(constantFrom('a:', 'b:', 'c:', 'd:', 'e:'), key), said).map(parts => `${parts.join('')}\n`);
  const list = tuple(line, indent, array(said, { minLength: 1, maxLength: 3 })).map(
    ([first, space, items]) => first + items.map(item => `${space}-${item}\n`).join(''),
  );
  const texts = array(oneof(line, list), { minLength: 1, maxLength: 5 }).map(lines => lines.join(''));
  let read = 0;
  let lists = 0;
  void holds(
    property(texts, text => {
      const tree = readPlain(text);
      if (tree === undefined) return;
      read++;
      if (JSON.stringify(tree).includes('"list"')) lists++;
      expect(tree).toEqual(byLibrary(text));
    }),
    { numRuns: 5000 },
  );
  expect(read).toBeGreaterThan(200);
  expect(lists).toBeGreaterThan(10);
});
