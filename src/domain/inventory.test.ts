import { expect, test } from 'vitest';
import type { GroupDeclaration, HostDeclaration, Inventory } from './inventory.ts';
import { buildInventory, variablesOf } from './inventory.ts';
import type { Vars } from './value.ts';

const host = (name: string, vars: Vars = {}): HostDeclaration => ({ kind: 'host', name, vars });
const group = (name: string, members: GroupDeclaration['members'], vars: Vars = {}): GroupDeclaration => ({
  kind: 'group',
  name,
  vars,
  members,
});
const build = (...declarations: GroupDeclaration[]): Inventory => {
  const built = buildInventory(declarations, 'here');
  if (!built.ok) throw new Error(built.failure.cause);
  return built.value.inventory;
};

/** The fleet whose orders and values were read off Ansible 2.14. */
const fleet = build(
  group('zeta', [host('z1')], { who: 'zeta', x: 'zeta' }),
  group(
    'all',
    [
      group('web', [group('edge', [host('e1'), host('w2')], { x: 'edge' }), host('web01'), host('web02'), host('w2', { y: 'host' })], {
        x: 'web',
      }),
      group('db', [host('db1'), host('w2')], { x: 'db', z: 'db' }),
      host('lone'),
      host('top'),
    ],
    { who: 'all', x: 'all', label: 'LAB' },
  ),
  group('ungrouped', [host('ug')]),
);

test('hosts stand in the order in which Ansible lists them', () => {
  expect([...fleet.hosts.keys()]).toEqual(['lone', 'top', 'ug', 'web01', 'web02', 'w2', 'db1', 'z1', 'e1']);
  expect(fleet.groups.get('web')?.members).toEqual(['web01', 'web02', 'w2', 'e1']);
  expect(fleet.groups.get('ungrouped')?.members).toEqual(['ug', 'lone', 'top']);
  expect(fleet.groups.get('all')?.children).toEqual(['ungrouped', 'web', 'db', 'zeta']);
});

test('a host knows all its groups, sorted', () => {
  expect(fleet.hosts.get('w2')?.groups).toEqual(['db', 'edge', 'web']);
  expect(fleet.hosts.get('e1')?.groups).toEqual(['edge', 'web']);
  expect(fleet.hosts.get('lone')?.groups).toEqual(['ungrouped']);
});

test('deeper groups win, then the later letter, then the host itself', () => {
  expect(fleet.hosts.get('w2')?.vars).toEqual({ label: 'LAB', who: 'all', x: 'edge', y: 'host', z: 'db' });
  expect(fleet.hosts.get('db1')?.vars['x']).toBe('db');
  expect(fleet.hosts.get('z1')?.vars['who']).toBe('zeta');
  const own = build(group('web', [host('h', { x: 'own' })], { x: 'group' }));
  expect(own.hosts.get('h')?.vars['x']).toBe('own');
  const level = build(group('b', [host('h')], { k: 'b' }), group('a', [host('h')], { k: 'a' }));
  expect(level.hosts.get('h')?.vars['k']).toBe('b');
});

test('a group is as deep as its longest way down', () => {
  const inventory = build(
    group('b', [host('h'), group('c', [host('h')], { m: 'c' })], { k: 'b' }),
    group('d', [group('b', [])], { k: 'd', m: 'd' }),
  );
  expect(inventory.hosts.get('h')?.vars).toEqual({ k: 'b', m: 'c' });
});

test('a host that has a group is taken out of ungrouped', () => {
  const inventory = build(group('ungrouped', [host('a'), host('b')]), group('web', [host('a')]));
  expect(inventory.groups.get('ungrouped')?.members).toEqual(['b']);
  expect(inventory.hosts.get('a')?.groups).toEqual(['web']);
});

test('declarations of one group in two places are one group', () => {
  const inventory = build(group('web', [host('a')], { x: 1, y: 1 }), group('web', [host('b'), host('a', { z: 1 })], { x: 2 }));
  expect(inventory.groups.get('web')?.hosts).toEqual(['a', 'b']);
  expect(inventory.hosts.get('a')?.vars).toEqual({ x: 2, y: 1, z: 1 });
});

test('a group above itself is refused with the way', () => {
  const built = buildInventory([group('a', [group('b', [group('a', [])])])], 'fleet.yml');
  expect(built.ok ? '' : built.failure.cause).toContain('fleet.yml: group a is above itself (a > b > a)');
});

test('a host and a group of one name are named', () => {
  const built = buildInventory([group('g', [host('x'), host('g')])], 'here');
  expect(built.ok && built.value.warnings).toEqual(['Found both group and host with same name: g']);
});

test('the label comes from the variables of all', () => {
  expect(fleet.label).toBe('LAB');
  const coloured = build(group('all', [], { label: { text: 'PROD', colour: 'red' } }));
  expect([coloured.label, coloured.labelColour]).toEqual(['PROD', 'red']);
  expect(build(group('web', [], { label: 'no' })).label).toBeUndefined();
});

test('a variable named __proto__ is only a variable', () => {
  const vars = JSON.parse('{"__proto__": {"polluted": 1}}') as Vars;
  const inventory = build(group('all', [host('h')], vars));
  const merged = inventory.hosts.get('h')?.vars ?? {};
  expect(Object.hasOwn(merged, '__proto__')).toBe(true);
  expect((merged as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('expressions see the name, its short form and the groups', () => {
  const inventory = build(group('web', [host('w1.example.com', { a: 1 })]));
  const only = inventory.hosts.get('w1.example.com');
  expect(only && variablesOf(only)).toEqual({
    a: 1,
    inventory_hostname: 'w1.example.com',
    inventory_hostname_short: 'w1',
    group_names: ['web'],
  });
});
