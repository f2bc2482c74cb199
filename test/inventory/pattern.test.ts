// Our choice of hosts beside Ansible's own, in one run: the same hosts in the same order, the same warnings, the same refusals.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { selectHosts } from '../../src/domain/pattern.ts';
import { nodeDisk } from '../../src/files/disk.ts';
import { writeOutHostFiles } from '../../src/files/host-file.ts';
import { readInventory } from '../../src/files/inventory.ts';
import { askAnsible, pythonOfAnsible } from './ansible.ts';
import { patternCases } from './pattern-cases.ts';

type Said = { readonly hosts?: readonly string[]; readonly refused?: string; readonly warnings: readonly string[] };

const folder = mkdtempSync(join(tmpdir(), 'rollcall-patterns-'));
afterAll(() => rmSync(folder, { recursive: true }));
const list = join(folder, 'list.retry');
writeFileSync(list, 'web1\n\n  db2 \nweb3\n');

const cases = patternCases.flatMap(({ what, ini, patterns }, index) => {
  const source = join(folder, `hosts${index}`);
  writeFileSync(source, ini);
  return patterns.map(written => {
    const [pattern = '', limit] = written.replace('LIST', list).replace('NONE', join(folder, 'none')).split(' -l ');
    return { what, written, source, pattern, limit };
  });
});

const select = async (source: string, pattern: string, limit: string | undefined) => {
  const read = await readInventory([source], nodeDisk);
  if (!read.ok) throw new Error(read.failure.cause);
  const written = limit === undefined ? undefined : await writeOutHostFiles(limit, nodeDisk);
  if (written?.ok === false) return written;
  return selectHosts(read.value.inventory, pattern, written?.value);
};

const python = pythonOfAnsible();
if (python === undefined) {
  if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1') test('ansible is installed', () => expect(python).toBeDefined());
  else describe.skip('patterns beside Ansible (not installed)', () => {});
} else {
  const said = askAnsible<readonly Said[]>(
    python,
    'ansible-hosts.py',
    folder,
    cases.map(({ source, pattern, limit }) => [[source], pattern, limit ?? null]),
  );
  describe('a pattern means the same hosts for us as for Ansible', () => {
    test.each(cases.map((one, index) => ({ ...one, theirs: said[index] as Said })))('$what: $written', async one => {
      const ours = await select(one.source, one.pattern, one.limit);
      const { theirs } = one;
      if (theirs.refused === undefined) {
        expect(ours).toEqual({ ok: true, value: { hosts: theirs.hosts, warnings: theirs.warnings } });
      } else if (ours.ok) {
        // Ansible refuses a choice of nobody; ours is told by the verb, in a sentence that says what there is.
        expect(theirs.refused).toContain('leaves us with no hosts');
        expect(ours.value).toEqual({ hosts: [], warnings: theirs.warnings });
      } else expect(theirs.refused).not.toContain('leaves us with no hosts');
    });
  });

  test('of all patterns most choose somebody, some warn, some are refused, by Ansible itself', () => {
    expect(said.filter(({ hosts = [] }) => hosts.length > 0).length).toBeGreaterThan(100);
    expect(said.filter(({ warnings }) => warnings.length > 0).length).toBeGreaterThan(10);
    expect(said.filter(({ refused }) => refused !== undefined).length).toBeGreaterThan(10);
  });
}
