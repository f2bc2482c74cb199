// Our evaluation beside Ansible's own, in one run: the same value of the same type, or a refusal by both.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/domain/result.ts';
import type { Value } from '../../src/domain/value.ts';
import { holdsAll, renderValue } from '../../src/template/render.ts';
import { dataScope } from '../../src/template/scope.ts';
import { askAnsible, pythonOfAnsible } from '../inventory/ansible.ts';
import { conditions } from './conditions.ts';
import { conditionIdioms, templateIdioms } from './idioms.ts';
import { differences, templates } from './templates.ts';
import { variables } from './variables.ts';

type Said = { readonly value: Value } | { readonly refused: string };

const home = mkdtempSync(join(tmpdir(), 'rollcall-expressions-'));
afterAll(() => rmSync(home, { recursive: true }));

const scope = dataScope(variables);
const ours = (kind: string, text: string): Result<Value, string> => (kind === 'when' ? holdsAll([text], scope) : renderValue(text, scope));
const cases = [
  ...[...conditions, ...conditionIdioms].map(text => ['when', text] as const),
  ...[...templates, ...templateIdioms].map(text => ['template', text] as const),
  ...differences.map(([text]) => ['template', text] as const),
];

const python = pythonOfAnsible();

if (python === undefined) {
  if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1') test('ansible is installed', () => expect(python).toBeDefined());
  else describe.skip('expressions beside Ansible (not installed)', () => {});
} else {
  const script = fileURLToPath(new URL('ansible-templar.py', import.meta.url));
  const said = askAnsible<readonly Said[]>(python, script, home, { vars: variables, cases });
  const rows = cases.map(([kind, text], at) => ({ kind, text, theirs: said[at] as Said }));
  const alike = rows.slice(0, rows.length - differences.length);

  describe('an expression is the same to us as to Ansible', () => {
    test.each(alike)('$kind $text', ({ kind, text, theirs }) => {
      const mine = ours(kind, text);
      if ('refused' in theirs) expect(mine.ok ? `we took it: ${JSON.stringify(mine.value)}` : '').toBe('');
      else expect(mine.ok ? mine.value : mine.failure).toEqual(theirs.value);
    });
  });

  describe('where we differ on purpose, both are as docs/compatibility.md says', () => {
    test.each(differences.map(([text, here], at) => ({ text, here, theirs: rows[alike.length + at]?.theirs })))(
      '$text',
      ({ text, here, theirs }) => {
        const mine = ours('template', text);
        expect(mine.ok ? mine.value : undefined).toEqual(here);
        expect(theirs).not.toEqual(here === undefined ? undefined : { value: here });
      },
    );
  });

  test('most are values, some are refused, by Ansible itself', () => {
    expect(alike.filter(({ theirs }) => 'value' in theirs).length).toBeGreaterThan(600);
    expect(alike.filter(({ theirs }) => 'refused' in theirs).length).toBeGreaterThan(20);
  });
}
