import { expect, test } from 'vitest';
import type { GroupDeclaration, HostDeclaration, Inventory } from './inventory.ts';
import { buildInventory } from './inventory.ts';
import { noHostsMatched, selectHosts, selectTyped } from './pattern.ts';

const host = (name: string): HostDeclaration => ({ kind: 'host', name, vars: {} });
const group = (name: string, members: GroupDeclaration['members']): GroupDeclaration => ({ kind: 'group', name, vars: {}, members });
const build = (...declarations: GroupDeclaration[]): Inventory => {
  const built = buildInventory(declarations, 'fleet.yml');
  if (!built.ok) throw new Error(built.failure.cause);
  return built.value.inventory;
};
const select = (inventory: Inventory, pattern: string, limit?: string) => {
  const selected = selectHosts(inventory, pattern, limit);
  if (!selected.ok) throw new Error(selected.failure.cause);
  return selected.value;
};

const web = ['web01', 'web02', 'web03', 'w2', 'e1'];
const everyone = ['lone', 'top', 'ug', 'web01', 'web02', 'web03', 'w2', 'db1', 'z1', 'e1'];
const fleet = build(
  group('zeta', [host('z1')]),
  group('all', [
    group('web', [group('edge', [host('e1'), host('w2')]), ...['web01', 'web02', 'web03', 'w2'].map(host)]),
    group('db', [host('db1'), host('w2')]),
    host('lone'),
    host('top'),
  ]),
  group('ungrouped', [host('ug')]),
);

// Each row was read off `ansible PATTERN --list-hosts` (2.14) on this fleet.
test.each<[string, readonly string[]]>([
  ['all', everyone],
  ['*', everyone],
  ['web', web],
  ['web:db', [...web, 'db1']],
  ['db:web', ['db1', 'w2', 'web01', 'web02', 'web03', 'e1']],
  ['web,&db', ['w2']],
  ['&db', ['w2', 'db1']],
  ['!web', ['lone', 'top', 'ug', 'db1', 'z1']],
  ['!edge:web', ['web01', 'web02', 'web03']],
  ['web:&db:!w2', []],
  ['db1:lone', ['db1', 'lone']],
  ['db1, lone', ['db1', 'lone']],
  ['web[0]', ['web01']],
  ['web[1:3]', ['web02', 'web03', 'w2']],
  ['web[-1]', ['e1']],
  ['web[1:]', ['web02', 'web03', 'w2', 'e1']],
  ['web[3:9]', ['w2', 'e1']],
  ['~web0[12]', ['web01', 'web02']],
  ['web[2:1]', []],
  ['w*', web],
  ['w*[0]', ['web01']],
  ['web0?', ['web01', 'web02', 'web03']],
  ['web0[!1]*', ['web02', 'web03']],
  ['ungrouped', ['ug', 'lone', 'top']],
  ['all:web', everyone],
])('%s chooses as Ansible does', (pattern, hosts) => {
  expect(select(fleet, pattern)).toEqual({ hosts, warnings: [] });
});

test('what matches nothing is named in the words of Ansible, and the rest goes on', () => {
  expect(select(fleet, 'db1:nosuch:!nobody:no*')).toEqual({
    hosts: ['db1'],
    warnings: ['nosuch', 'no*', 'nobody'].map(part => `Could not match supplied host pattern, ignoring: ${part}`),
  });
});

test('a limit narrows and keeps the order of the pattern', () => {
  expect(select(fleet, 'web', 'w2:web01').hosts).toEqual(['web01', 'w2']);
  expect(select(fleet, 'web', '!w2').hosts).toEqual(['web01', 'web02', 'web03', 'e1']);
  expect(select(fleet, 'web', 'db1,nosuch')).toEqual({
    hosts: [],
    warnings: ['Could not match supplied host pattern, ignoring: nosuch'],
  });
});

test('a host wins over a group of the same name', () => {
  expect(select(build(group('g', [host('x'), host('g')])), 'g').hosts).toEqual(['g']);
});

test('a glob meets groups first and then hosts of that name', () => {
  const inventory = build(group('web', [host('a')]), group('db', [host('web9')]));
  expect(select(inventory, 'web*').hosts).toEqual(['a', 'web9']);
});

test('an IPv6 address is one name', () => {
  const inventory = build(group('six', [host('::1'), host('fe80::2')]));
  expect(select(inventory, '::1,fe80::2')).toEqual({ hosts: ['::1', 'fe80::2'], warnings: [] });
});

test.each([
  ['', 'the pattern is empty; write all if you mean every host'],
  [' , ', 'the pattern is empty'],
  ['~web(', 'Invalid host list pattern: ~web('],
  ['web[9]', "No hosts matched the subscripted pattern 'web[9]'; it has 5"],
  ['db1:web[-9]', "No hosts matched the subscripted pattern 'web[-9]'"],
  ['web:!', 'empty after its ! or &'],
])('%j is refused: %s', (pattern, sentence) => {
  const selected = selectHosts(fleet, pattern);
  expect(selected.ok ? '' : selected.failure.cause).toContain(sentence);
});

test('an empty limit is refused too', () => {
  const selected = selectHosts(fleet, 'web', '');
  expect(selected.ok ? '' : selected.failure.cause).toContain('the --limit is empty');
});

test('a command over nobody says what there is', () => {
  expect(noHostsMatched(fleet, 'wbe', 'db').cause).toBe(
    'no host of fleet.yml matches "wbe" with --limit "db"; it has 10 hosts, in groups such as all, zeta, web, edge, db',
  );
});

test('a glob of only punctuation is taken by the letter', () => {
  const inventory = build(group('g', [host('a.b'), host('axb')]));
  expect(select(inventory, 'a.b*').hosts).toEqual(['a.b']);
});

test('ten thousand hosts are chosen from', () => {
  const hosts = Array.from({ length: 10_000 }, (_, i) => host(`node${i}.rack${i % 200}`));
  const big = build(
    group('all', [
      ...Array.from({ length: 200 }, (_, rack) =>
        group(
          `rack${rack}`,
          hosts.filter((_, i) => i % 200 === rack),
        ),
      ),
    ]),
  );
  expect(select(big, 'all:!rack1*:&node*[0:8000]', 'node1*:rack20').hosts.length).toBeGreaterThan(100);
});

test('what is typed as screens show it means exactly those hosts, never a slice of a group of that name', () => {
  const names = ['web01', 'web02', 'web03', 'web04'];
  const inventory = build(group('web', names.map(host)));
  expect(selectTyped(inventory, 'web[01-03]')).toMatchObject({ ok: true, value: { hosts: ['web01', 'web02', 'web03'] } });
  expect(selectTyped(inventory, 'web[0:1]')).toMatchObject({ ok: true, value: { hosts: ['web01', 'web02'] } });
});
