import { array, constantFrom, assert as holds, integer, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { parseYaml } from './yaml.ts';
import type { YamlNode } from './yaml-node.ts';
import { readPlain } from './yaml-plain.ts';

/** Where a value that is not there stands is nothing that anybody asks. */
const placed = (node: YamlNode | undefined): unknown => {
  if (node?.kind === 'map') return { ...node, entries: node.entries.map(entry => ({ ...entry, value: placed(entry.value) })) };
  return node?.kind === 'scalar' && node.value === null ? { ...node, at: 'anywhere' } : node;
};

/** What the library makes of it: these texts are short, so nothing else reads them. */
const byLibrary = (text: string) => {
  const parsed = parseYaml('f.yml', text);
  return parsed.ok ? parsed.value.root : undefined;
};

test.each([
  'all:\n  hosts:\n    web1:\n    web2: \n      port: 22 # ssh\n  vars:\n    a: "x y"\n    b: \'no\'\n\n# end\n',
  'a: 1\nb: yes\nc: ~\nd: ~/x\ne: 10.0.0.1\nf: -5\ng: http://x:80/\n',
  'web[01:50]:\n  x: 1\nh:2222:\n  y: 2\n',
  '  a:\n    b: 1\n  c: 2\n',
])('the plain text %j is read, and as the library reads it', text => {
  expect(readPlain(text)).toBeDefined();
  expect(placed(readPlain(text))).toEqual(placed(byLibrary(text)));
});

test.each([
  ['a list', 'a:\n  - b\n'],
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
  ['a document mark', '---\na: 1\n'],
  ['an odd letter', 'ä: 1\n'],
])('%s is left to the library', (_, text) => {
  expect(readPlain(text)).toBeUndefined();
});

test('whatever it reads, the library reads the same way', () => {
  const key = constantFrom('a', 'b', 'web[1:3]', 'h:22', 'c.d', 'yes', '0x1', 'x-', 'k:', '1', '-a', '"q"');
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
  const lines = array(tuple(integer({ min: 0, max: 4 }), key, value, constantFrom('', '', '', '#', ' # x')), {
    minLength: 1,
    maxLength: 8,
  });
  let read = 0;
  void holds(
    property(lines, written => {
      const text = written
        .map(([indent, name, said, extra]) => `${extra === '' ? '' : `${extra}\n`}${' '.repeat(indent)}${name}:${said}\n`)
        .join('');
      const tree = readPlain(text);
      if (tree === undefined) return;
      read++;
      expect(placed(tree)).toEqual(placed(byLibrary(text)));
    }),
    { numRuns: 5000 },
  );
  expect(read).toBeGreaterThan(200);
});
