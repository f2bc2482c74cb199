import { array, constantFrom, assert as holds, integer, property, tuple } from 'fast-check';
import { expect, test } from 'vitest';
import { fold, unfold } from './nodeset.ts';

test.each([
  [[], ''],
  [['db1'], 'db1'],
  [['localhost'], 'localhost'],
  [['web01', 'web02', 'web03', 'web15', 'db1'], 'web[01-03,15],db1'],
  [['web10', 'web9', 'web8'], 'web[8-10]'],
  [['web09', 'web10', 'web11'], 'web[09-11]'],
  [['web1', 'web01'], 'web[01,1]'],
  [['web98', 'web99', 'web100', 'web09'], 'web[09,98-99,100]'],
  [['web1.example.com', 'web2.example.com'], 'web[1-2].example.com'],
  [['web1', 'web1', 'web1'], 'web1'],
  [['web', 'web1', 'web2'], 'web,web[1-2]'],
  [['rack1-n1', 'rack1-n2', 'rack2-n1', 'rack2-n2'], 'rack1-n[1-2],rack2-n[1-2]'],
  [['web01.dc1', 'web02.dc1', 'web03.dc1'], 'web[01-03].dc1'],
  [['10.0.0.1', '10.0.0.2', '10.0.0.4'], '10.0.0.[1-2,4]'],
  [['n99999999999999999998', 'n99999999999999999999'], 'n[99999999999999999998-99999999999999999999]'],
] as const)('%j folds to %j', (names, folded) => {
  expect(fold(names)).toBe(folded);
});

/** The reverse, for one bracket a part; enough to prove that nothing is lost or made up. */
const expand = (folded: string): string[] =>
  (folded.match(/(?:[^,[]|\[[^\]]*\])+/g) ?? []).flatMap(part => {
    const bracket = /^(.*)\[(.*)\](.*)$/.exec(part);
    if (bracket === null) return [part];
    const [, before, inside = '', after] = bracket;
    return inside.split(',').flatMap(range => {
      const [from = '', to = from] = range.split('-');
      const width = from.startsWith('0') ? from.length : 0;
      const names: string[] = [];
      for (let n = Number(from); n <= Number(to); n++) names.push(`${before}${String(n).padStart(width, '0')}${after}`);
      return names;
    });
  });

test('folding loses no name and makes none up', () => {
  const name = tuple(
    constantFrom('web', 'db', 'r1-n', ''),
    integer({ min: 0, max: 120 }),
    constantFrom(0, 2, 3),
    constantFrom('', '.lan', '-b2'),
  ).map(([before, number, width, after]) => `${before}${String(number).padStart(width, '0')}${after}`);
  void holds(
    property(array(name, { maxLength: 60 }), names => {
      expect(new Set(expand(fold(names)))).toEqual(new Set(names));
      expect(new Set(unfold(fold(names)))).toEqual(new Set(names));
    }),
    { numRuns: 500 },
  );
});

test('ten thousand names fold at once', () => {
  const names = Array.from({ length: 10_000 }, (_, i) => `node${String(i + 1).padStart(5, '0')}`);
  expect(fold(names)).toBe('node[00001-10000]');
});

test.each([
  ['web[01-03,15],db1', ['web01', 'web02', 'web03', 'web15', 'db1']],
  ['r[1-2]-n[1-2]', ['r1-n1', 'r1-n2', 'r2-n1', 'r2-n2']],
  ['n[0-8/4]', ['n0', 'n4', 'n8']],
  ['', []],
] as const)('%j unfolds to %j', (folded, names) => {
  expect(unfold(folded)).toEqual(names);
});

test.each(['web[1:3]', 'web[-1]', 'web*', '!db', 'web:&db', 'web[3-1]', 'n[0-9999999999]', 'web[1', '~web'])('%j is no nodeset', text => {
  expect(unfold(text)).toBeUndefined();
});
