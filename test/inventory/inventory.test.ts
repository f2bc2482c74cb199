// Our reading of inventories beside Ansible's own, in one run: the same fleet, key for key, and the same refusals.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { runScript } from '../../src/cli/run-script.ts';
import { shown } from '../../src/cli/verbs/inventory.ts';
import { realWorld } from '../../src/cli/world.ts';
import { nodeDisk } from '../../src/files/disk.ts';
import { readInventory } from '../../src/files/inventory.ts';
import { graphInventory, listInventory } from '../../src/outputs/inventory.ts';
import { askAnsible, pythonOfAnsible } from './ansible.ts';
import { inventoryCases } from './cases.ts';

type Said = { readonly list: string; readonly graph: string; readonly graphVars: string } | { readonly refused: string };

const folder = mkdtempSync(join(tmpdir(), 'rollcall-inventories-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases = inventoryCases.map(({ what, files, sources, tuples }, index) => {
  const at = (path: string): string => join(folder, String(index), path);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(at(path)), { recursive: true });
    writeFileSync(at(path), text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
  return { what, tuples, sources: (sources ?? [Object.keys(files)[0] ?? '']).map(source => (source.includes(',') ? source : at(source))) };
});

const python = pythonOfAnsible();

if (python === undefined) {
  if (process.env['ROLLCALL_REQUIRE_SSHD'] === '1') test('ansible is installed', () => expect(python).toBeDefined());
  else describe.skip('inventories beside Ansible (not installed)', () => {});
} else {
  const said = askAnsible<readonly Said[]>(
    python,
    'ansible-inventory.py',
    folder,
    cases.map(({ sources }) => sources),
  );
  describe('an inventory is the same fleet for us as for Ansible', () => {
    test.each(cases.map((one, index) => ({ ...one, theirs: said[index] as Said })))('$what', async ({ sources, tuples, theirs }) => {
      const ours = await readInventory(sources, nodeDisk, { runScript: runScript(realWorld()) });
      if ('refused' in theirs) {
        expect(ours.ok ? 'we took it' : ours.failure.tag).toBe('bad-input');
        return;
      }
      if (!ours.ok) throw new Error(`we refuse it: ${ours.failure.cause}`);
      expect(JSON.parse(listInventory(ours.value.inventory))).toEqual(JSON.parse(theirs.list));
      expect(graphInventory(ours.value.inventory, 'all')).toBe(theirs.graph);
      if (tuples !== true) expect(graphInventory(ours.value.inventory, 'all', shown)).toBe(theirs.graphVars);
    });
  });

  test('most cases are fleets, some are refused, by Ansible itself', () => {
    const refused = said.filter(one => 'refused' in one).length;
    expect(refused).toBeGreaterThan(5);
    expect(said.length - refused).toBeGreaterThan(25);
  });
}
