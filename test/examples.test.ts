// The inventory and the playbooks that people copy first must load, each of them, without a warning.
import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { selectHosts } from '../src/domain/pattern.ts';
import { nodeDisk } from '../src/files/disk.ts';
import { readInventory } from '../src/files/inventory.ts';
import { readPlaybook } from '../src/files/playbook.ts';
import { checkPlan } from '../src/template/check-plan.ts';

const root = new URL('..', import.meta.url).pathname;
const playbooks = (await readdir(`${root}examples`)).filter(name => name.endsWith('.yml'));

test('the example inventory is a fleet with a label', async () => {
  const read = await readInventory([`${root}hosts.example.yml`], nodeDisk);
  if (!read.ok) throw new Error(read.failure.cause);
  const { inventory, warnings } = read.value;
  expect(warnings).toEqual([]);
  expect(inventory.label).toBe('EXAMPLE');
  expect(inventory.hosts.size).toBe(17);
  expect(inventory.hosts.get('web01')?.groups).toEqual(['canary', 'web']);
  expect(inventory.hosts.get('db3')?.groups).toEqual(['db', 'replicas']);
  const canary = selectHosts(inventory, 'web:&canary');
  expect(canary.ok && canary.value.hosts).toEqual(['web01']);
});

test('there are examples', () => {
  expect(playbooks).toContain('begin-and-come-back.yml');
});

test.each(playbooks)('%s loads, and all its templates can be read', async name => {
  const read = await readPlaybook(`${root}examples/${name}`, nodeDisk);
  if (!read.ok) throw new Error(read.failure.cause);
  expect(read.value.warnings).toEqual([]);
  expect(read.value.plan.plays.flatMap(play => play.tasks).length).toBeGreaterThan(2);
  expect(checkPlan(read.value.plan)).toEqual({ ok: true, value: undefined });
});
