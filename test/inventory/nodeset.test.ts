// Our nodesets beside ClusterShell's, in one run: folded and expanded to the letter, and the same refusals.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldNames, sortNames } from '../../src/domain/nodeset-fold.ts';
import { readNodeset } from '../../src/domain/nodeset-words.ts';
import { askAnsible } from './ansible.ts';

type Said = { readonly fold?: string; readonly names?: readonly string[]; readonly refused?: string };

const expressions = String.raw`
web[01-10,15] ; web[0-10/2] ; web[1-3,01-03] ; web01,web2,web03,web10 ; web[08-12] ; web[8-12] ; web[98-101] ; web[098-101]
a,b,c ; z,a ; b2,b1,a9,a10 ; 1,2,3 ; [1-3] ; [1-2]web[1-2] ; db ; db,db ; db1.example.com,db2.example.com ; 10.0.0.[1-4],10.0.1.1
rack[1-2]n[01-03] ; rack1n1,rack1n2,rack2n1 ; da[1-3]-[1-2] ; r[1-3]n[1-3],r4n1 ; r[1-3]n[1-3]!r2n2 ; a1b1,a2b2,a3b3 ; a[1-2]b[1-2]c[1-2]
a[1-2]b[1-2]c[1-2]!a1b1c1 ; a[1-4]b[1-4]!a[2-3]b[2-3] ; a[1-2]b1,a[2-3]b2,a[3-4]b3 ; x[01-02]y[1-2],x[1-2]y[1-2] ; n[1-3]-[01-03],n[1-3]-[1-3]
a[1-5]!a3 ; a[1-5]&a[3-9] ; a[1-5]^a[3-9] ; a[1-9]!a[2-3]&a[1-5],b1 ; a[1-3]!a[1-3] ; a,b!a ; a&b ; a^b ; a^a ; a[1-9]!a[1-9/2] ; n[1-100]!n[5-7],n6
n[1-4/2],n[9-13/2] ; n[1-1] ; n[0] ; n[00-05] ; n[0-05] ; n[05] ; n[5/1] ; n[1,3,5,7] ; n[01,3] ; n[01,10,11] ; n[01,99,100] ; n[01,98-100] ; n[1,2,4,5,7]
n[1,3,5,6,7,9] ; n[1-3,5-9/2,20] ; n[001,01,1] ; n[000-002] ; n[0,00,000] ; n[9,09,10,010] ; n[1-2,4,6-8] ; n[1,3,01,03,05] ; n[02,04,05,6] ; n[ 1 - 3 , 5 ]
a1[1-3] ; a1[01-03] ; a[1-3]0 ; a[1-3]0b ; a0[1-3] ; a1[1-3]0 ; n1-[0-3] ; n[0-3]-0 ; n[0-3]x1 ; 5n[1-2] ; web1,web[2-3]-[1-2],web ; node[1-2]-ib0,node3-ib0 ; a[1-2],b[1-2]
 a1 , b1  ; a1 b1 ; a_1,a_2 ; a%1,a%2 ; x[1-2]%s ; foo-[1-3]-bar-[5-6] ; foo-[1-3]-bar-[5-6],foo-[1-3]-bar-7 ; foo-1-bar-1,foo-2-bar-2,foo-1-bar-2 ; é[1-2]
web[01-9] ; web[1-010] ; web[1:3] ; web[1- ; web1] ; a[3-1] ; a[] ; a[1,] ; a[1-2 ; a[1]2] ; a[[1]] ; a[1][2] ; a,,b ; ,a ; a, ; !a ; a! ; a&& b ; a[x] ; a[1-3/0] ; a[5/2] ; a[1-3/x] ; a[1-3/2]0
`
  .split(/ ; |\n/)
  .filter(text => text !== '');

const hasClusterShell = (): boolean => {
  try {
    execFileSync('/usr/bin/python3', ['-c', 'import ClusterShell'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};

const ask = (texts: readonly string[]) => askAnsible<readonly Said[]>('/usr/bin/python3', 'nodeset.py', '/', texts);

if (hasClusterShell()) {
  describe('a nodeset means the same for us as for ClusterShell', () => {
    const said = ask(expressions);
    test.each(expressions.map((text, index) => ({ text, theirs: said[index] as Said })))('$text', ({ text, theirs }) => {
      const ours = readNodeset(text);
      if (theirs.refused !== undefined) return expect(ours).toMatchObject({ ok: false });
      if (!ours.ok) throw new Error(ours.failure);
      expect({ fold: foldNames(ours.value), names: ours.value }).toEqual(theirs);
    });
    test('most are read and some are refused, by ClusterShell itself', () => {
      expect(said.filter(({ names = [] }) => names.length > 0).length).toBeGreaterThan(80);
      expect(said.filter(({ refused }) => refused !== undefined).length).toBeGreaterThan(15);
    });
  });

  test('names of every shape fold as there', () => {
    const sets = fc.sample(names, { numRuns: 400, seed: 11 }).map(set => set.join(','));
    const said = ask(sets);
    for (const [index, text] of sets.entries()) {
      const ours = readNodeset(text);
      expect({ text, fold: ours.ok ? foldNames(ours.value) : ours.failure }).toEqual({ text, fold: said[index]?.fold });
    }
  });
} else if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1') {
  test('ClusterShell is installed', () => expect(hasClusterShell()).toBe(true));
} else describe.skip('nodesets beside ClusterShell (not installed)', () => {});

const number = fc.oneof(
  fc.integer({ min: 0, max: 12 }).map(String),
  fc.integer({ min: 0, max: 101 }).map(n => String(n).padStart(3, '0')),
  fc.constantFrom('01', '02', '3', '09'),
);
const name = fc.oneof(
  fc.tuple(fc.constantFrom('a', 'web', ''), number).map(([head, n]) => `${head}${n}`),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 4 })).map(([a, b]) => `r${a}n${b}`),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }), number).map(([a, b, c]) => `x${a}-${b}.${c}`),
  fc.constantFrom('db', 'lone'),
);
const names = fc.uniqueArray(name, { minLength: 1, maxLength: 30 });

test('what is folded can be read again: the same names, each once', () => {
  fc.assert(
    fc.property(names, set => {
      const folded = foldNames(set);
      const read = readNodeset(folded);
      expect(read).toEqual({ ok: true, value: sortNames(set) });
      expect(new Set(read.ok ? read.value : [])).toEqual(new Set(set));
    }),
  );
});
