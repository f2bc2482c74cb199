// Words as a POSIX shell splits them.
import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWords } from './ssh-arguments.ts';

test.each([
  ['', []],
  ['  a  b\tc\nd ', ['a', 'b', 'c', 'd']],
  [`a'b c'd`, ['ab cd']],
  [`"a b" '' ""`, ['a b', '', '']],
  [`"a\\"b" "a\\nb" 'a\\'b`, ['a"b', 'a\\nb', 'a\\b']],
  ['a\\ b \\"c', ['a b', '"c']],
])('%s', (written, words) => {
  expect(shellWords(written)).toEqual({ ok: true, value: words });
});

test.each(["'a", '"a', 'a\\', '"a\\'])('%s does not end', written => {
  expect(shellWords(written).ok).toBe(false);
});

test('agrees with /bin/sh on everything that does not expand', () => {
  const piece = fc.constantFrom('a', 'b', ' ', '  ', "'", '"', '\\', '-o', '=', '\t');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), pieces => {
      const written = pieces.join('');
      const ours = shellWords(written);
      if (!ours.ok) return;
      const theirs = execFileSync('/bin/sh', ['-c', `set -- ${written}\nfor word do printf '<%s>' "$word"; done`]).toString();
      expect(ours.value.map(word => `<${word}>`).join('')).toBe(theirs);
    }),
    { numRuns: 200, seed: 1 },
  );
});
