import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Disk, Found } from './disk.ts';
import { nodeDisk } from './disk.ts';
import { readInventory } from './inventory.ts';

const disk =
  (files: Record<string, string | Found>): Disk =>
  async path => {
    const file = files[path] ?? { kind: 'missing' };
    return typeof file === 'string' ? { kind: 'file', text: file } : file;
  };
const load = async (text: string) => {
  const read = await readInventory(['hosts.yml'], disk({ 'hosts.yml': text }));
  if (!read.ok) throw new Error(read.failure.cause);
  return read.value;
};
const refusal = async (text: string) => {
  const read = await readInventory(['hosts.yml'], disk({ 'hosts.yml': text }));
  if (read.ok) throw new Error('was accepted');
  expect(read.failure.tag).toBe('bad-input');
  return read.failure.cause;
};
const names = async (text: string) => [...(await load(text)).inventory.hosts.keys()];

test('groups, children, vars and hosts become a fleet', async () => {
  const { inventory, warnings } = await load(`
all:
  vars: {label: LAB, ansible_user: ops}
  children:
    web:
      vars: {ansible_port: 2222}
      hosts:
        web[01:03]:
        web9: {ansible_host: 10.0.0.9, ansible_port: 22}
    db:
      children:
        replicas: {hosts: {db2: }}
      hosts: {db1: }
`);
  expect(warnings).toEqual([]);
  expect(inventory.label).toBe('LAB');
  expect([...inventory.hosts.keys()]).toEqual(['web01', 'web02', 'web03', 'web9', 'db1', 'db2']);
  expect(inventory.hosts.get('web9')?.vars).toEqual({ label: 'LAB', ansible_user: 'ops', ansible_port: 22, ansible_host: '10.0.0.9' });
  expect(inventory.hosts.get('web02')?.vars['ansible_port']).toBe(2222);
  expect(inventory.hosts.get('db2')?.groups).toEqual(['db', 'replicas']);
});

// Names as `ansible-inventory --list` (2.14) gives them.
test('ranges, ports and addresses make the names that Ansible makes', async () => {
  const { inventory } = await load(`
all:
  hosts:
    a[1:3]b[x:z]:
    n[01:10:3]:
    "h[1:2]:2222":
    "[::1]:22":
    "fe80::2":
    p[9:11]:
    q[:2]:
`);
  expect([...inventory.hosts.keys()]).toEqual(
    'a1bx a1by a1bz a2bx a2by a2bz a3bx a3by a3bz n01 n04 n07 n10 h1 h2 ::1 fe80::2 p9 p10 p11 q0 q1 q2'.split(' '),
  );
  expect(['h2', '::1', 'fe80::2'].map(name => inventory.hosts.get(name)?.vars)).toEqual([{ ansible_port: 2222 }, { ansible_port: 22 }, {}]);
});

test('a port said in the variables wins over one behind the name', async () => {
  const { inventory } = await load('all: {hosts: {"h:22": {ansible_port: 23}}}');
  expect(inventory.hosts.get('h')?.vars).toEqual({ ansible_port: 23 });
});

test('one word stands for a mapping, nothing for an empty one', async () => {
  expect(await names('all: {hosts: web9, children: {g: , h: {hosts: }}}')).toEqual(['web9']);
  expect(await names('web: {hosts: {a: }}\ndb: {hosts: {b: }}')).toEqual(['a', 'b']);
});

test.each([
  ['web:\n  hosts:\n    - web1\n', 'hosts.yml:3:5: hosts: must be a mapping of host names, found a list; write `web1:`'],
  ['web:\n  children: [db]\n', 'hosts.yml:2:13: children: must be a mapping of group names, found a list; write `web:`'],
  ['web:\n  vars: 5\n', 'hosts.yml:2:9: vars: must be a mapping of variables, found the number 5; write `name: value`'],
  [
    'web: yes\n',
    'hosts.yml:1:6: group web must be a mapping with hosts, children or vars, found the truth value true; write `hosts:` below it',
  ],
  [
    'web:\n  hosts:\n    web1: 10.0.0.1\n',
    'hosts.yml:3:11: web1: must be a mapping of variables, found the text "10.0.0.1"; write `ansible_host: …` below it, or nothing',
  ],
  ['- web1\n- web2\n', 'hosts.yml:1:1: an inventory is a mapping of groups, found a list; begin with `all:` and, below it, `hosts:`'],
  [
    'plugin: amazon.aws.aws_ec2\nregions: [eu-1]\n',
    "hosts.yml:1:1: this asks the inventory plugin amazon.aws.aws_ec2, which is a program of Ansible's; save what " +
      '`ansible-inventory -i hosts.yml --list -y` prints and give that to -i, or a script that runs `ansible-inventory -i hosts.yml --list`',
  ],
  [
    '{"_meta": {"hostvars": {}}, "all": {"children": ["web"]}}',
    'hosts.yml:1:2: this is what inventory scripts print, not a file of groups; save it with `ansible-inventory --list -y`',
  ],
  [
    'all:\n  hosts:\n    12:\n',
    'hosts.yml:3:5: YAML takes 12 for another kind of value than text, and a host needs a name; put quotes round it: "12"',
  ],
  [
    'yes:\n  hosts:\n',
    'hosts.yml:1:1: YAML takes yes for another kind of value than text, and a group needs a name; put quotes round it: "yes"',
  ],
  ['all:\n  hosts:\n    w[5:1]:\n', 'hosts.yml:3:5: [5:1] counts down; write the smaller end first'],
  ['all:\n  hosts:\n    w[01:100]:\n', 'hosts.yml:3:5: [01:100] has ends of different lengths; pad both, as in [001:100]'],
  ['all:\n  hosts:\n    w[1:3:0]:\n', 'hosts.yml:3:5: [1:3:0] has a step that is no number above 0; write for example [01:50:2]'],
  ['all:\n  hosts:\n    w[1:x]:\n', 'hosts.yml:3:5: [1:x] is no range; write [01:50], [a:f] or [01:50:2]'],
  ['all:\n  hosts:\n    w[1:999999999]:\n', 'hosts.yml:3:5: [1:999999999] makes more than 100000 hosts; write a smaller range'],
  ['all:\n  hosts:\n    "a b":\n', 'hosts.yml:3:5: "a b" is no host name; take the blanks and control characters out'],
  ['all:\n  hosts:\n    "a\\eb":\n', 'hosts.yml:3:5: "a\\u001bb" is no host name; take the blanks and control characters out'],
  ['all:\n  hosts:\n    a:\n    a:\n', 'hosts.yml:4:5: the key a is here twice; the later one would silently win, so take one out'],
  ['all:\n  hosts:\n    a: {v: *x}\n', 'hosts.yml:3:12: *x names no anchor above it; define it with &x, or quote the text'],
  ['a: {children: {b: {children: {a: }}}}\n', 'hosts.yml:1:31: group a is above itself (a > b > a); take a out of the children of b'],
])('%j is refused with place and cure', async (text, cause) => {
  expect(await refusal(text)).toBe(cause);
});

test('text that is marked unsafe is text where it could not be a template anyway', async () => {
  const { inventory } = await load('---\nall: {hosts: {h: {p: !unsafe "a}b", q: !unsafe 5}}}\n');
  expect(inventory.hosts.get('h')?.vars).toEqual({ p: 'a}b', q: '5' });
});

test('a file that holds nothing is a fleet of nobody, and is told', async () => {
  const { inventory, warnings } = await load('# nothing\n');
  expect([...inventory.hosts.keys()]).toEqual([]);
  expect(warnings).toEqual(['hosts.yml:1:1: this inventory is empty; begin with `all:` and, below it, `hosts:`']);
});

test('an unexpected key is skipped in the words of Ansible, with its place', async () => {
  const { inventory, warnings } = await load('web:\n  host:\n    a:\n  hosts: {b: }\n');
  expect([...inventory.hosts.keys()]).toEqual(['b']);
  expect(warnings).toEqual(['hosts.yml:2:3: Skipping unexpected key (host) in group (web), only "vars", "children" and "hosts" are valid']);
});

// What INI means is held against Ansible in test/inventory; here stands what is said of a broken one.
test.each([
  ['[web]\nweb1\n[db:hosts2]\n', 'hosts.yml:3:1: [db:hosts2] has an unknown kind; there are [db], [db:children] and [db:vars]'],
  ['[my group]\nh\n', 'hosts.yml:1:1: [my group] is no section; write [group], [group:children] or [group:vars], without blanks'],
  [
    '[web:children]\nwep\n',
    'hosts.yml:2:1: [web:children] names the group wep, which is nowhere; write a section [wep], or correct the name',
  ],
  ['[web:vars]\nx=1\n', 'hosts.yml:1:1: [web:vars] is about the group web, which is nowhere; write a section [web], or correct the name'],
  ['[web]\n  h x="a\n', 'hosts.yml:2:3: the line has a " that nothing closes; close it, or put a backslash before it'],
  ['[web]\nh x\n', 'hosts.yml:2:1: "x" is no variable; write name=value behind the host, in quotes where the value has blanks'],
  ['[web:vars]\nx\n[web]\n', 'hosts.yml:2:1: "x" is no variable; write name=value'],
  ['[web\nh\n', 'hosts.yml:1:1: "[web" is a section that is not closed; write [web]'],
  ['[a:children]\nb\n[b:children]\nc\na\n[c]\n', 'hosts.yml:5:1: group a is above itself (a > b > a); take a out of the children of b'],
  ['[web]\nw[1-3]\n', 'hosts.yml:2:1: "w[1-3]" has brackets without a range; a range has a colon, as in [01:50]'],
  ['[web]\nw1 a = 1\n', 'hosts.yml:2:1: blanks stand round a =, where the line of a host has none; write name=value'],
  ['[web]\nw[3:1]\n', 'hosts.yml:2:1: [3:1] counts down; write the smaller end first'],
])('the INI inventory %j is refused with place and cure', async (text, cause) => {
  expect(await refusal(text)).toBe(cause);
});

test('a hundred thousand brackets are text, not a crash', async () => {
  const { inventory } = await load(`[g]\nh\n[g:vars]\nx=${'['.repeat(100_000)}\n`);
  expect(inventory.hosts.get('h')?.vars['x']).toHaveLength(100_000);
});

test.each([
  [{ ok: false, failure: 'ended with 3: no cloud today' }, 'hosts.yml --list ended with 3: no cloud today'],
  [
    { ok: true, value: 'hello' },
    'hosts.yml --list printed no JSON object; it begins with hello. Run it by hand and look at what it prints',
  ],
  [{ ok: true, value: '{"g": {"hosts": "a"}}' }, 'hosts.yml --list: in group g hosts must be a list of names without blanks'],
  [{ ok: true, value: '{"g": {"hosts": ["a\\nb"]}}' }, 'hosts.yml --list: in group g hosts must be a list of names without blanks'],
  [{ ok: true, value: '{"g\\u001b[2J": []}' }, 'hosts.yml --list: a group has a name with blanks or control characters'],
  [
    { ok: true, value: `{"g": {"vars": {"x": ${'['.repeat(200)}${']'.repeat(200)}}}}` },
    'hosts.yml --list printed JSON that is nested more than 100 deep',
  ],
  [{ ok: true, value: '{"g": {"vars": []}}' }, 'hosts.yml --list: in group g vars must be an object'],
] as const)('of a script %j is one sentence', async (answer, cause) => {
  const read = await readInventory(['hosts.yml'], disk({ 'hosts.yml': '#!/bin/sh\n' }), { runScript: async () => answer });
  expect(read.ok ? '' : read.failure.cause).toBe(cause);
});

test('a list behind -i is a fleet, ports and ranges included', async () => {
  const read = await readInventory(['h1,h2:2222,n[1:2],'], disk({}));
  if (!read.ok) throw new Error(read.failure.cause);
  expect([...read.value.inventory.hosts.keys()]).toEqual(['h1', 'h2', 'n1', 'n2']);
  expect(read.value.inventory.hosts.get('h2')?.vars).toEqual({ ansible_port: 2222 });
  expect(read.value.inventory.hosts.get('h1')?.groups).toEqual(['ungrouped']);
});

test('several sources are one fleet, and later variables win', async () => {
  const files = { a: 'web: {hosts: {h: {x: 1, y: 1}}}', b: 'web: {hosts: {h: {x: 2}, i: }}' };
  const read = await readInventory(['a', 'b'], disk(files));
  if (!read.ok) throw new Error(read.failure.cause);
  expect(read.value.inventory.source).toBe('a b');
  expect(read.value.inventory.hosts.get('h')?.vars).toEqual({ x: 2, y: 1 });
  const other = await readInventory(['a', 'b'], disk({ ...files, b: 'web: {}' }));
  expect(other.ok && other.value.hash).not.toBe(read.value.hash);
});

test.each<[Found, string]>([
  [{ kind: 'missing' }, 'the inventory hosts.yml does not exist; check the path'],
  [{ kind: 'folder', names: ['notes.md'] }, 'the inventory hosts.yml is a folder without inventories; name a file, or put one into it'],
  [
    { kind: 'unreadable', why: 'permission denied; check its mode and owner' },
    'the inventory hosts.yml cannot be read: permission denied; check its mode and owner',
  ],
  [{ kind: 'garbled', text: '\uFFFD\uFFFD[\0w\0', isUtf16: true }, 'the inventory hosts.yml is UTF-16; save it as UTF-8'],
  [
    { kind: 'garbled', text: '# M\uFFFDhl\n[web]\n  w\uFFFD1\n', isUtf16: false },
    'hosts.yml:3:4: this is no UTF-8 text; save the file as UTF-8',
  ],
  [{ kind: 'file', text: 'a\0b' }, 'the inventory hosts.yml is not a text file; check the path'],
])('%j is one sentence', async (found, cause) => {
  const read = await readInventory(['hosts.yml'], disk({ 'hosts.yml': found }));
  expect(read.ok ? '' : read.failure.cause).toBe(cause);
});

test('the disk of this machine finds files, folders and gaps', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-files-'));
  try {
    await writeFile(join(folder, 'h.yml'), '\uFEFFall: {hosts: {a: }}');
    expect(await nodeDisk(join(folder, 'h.yml'))).toEqual({ kind: 'file', text: 'all: {hosts: {a: }}' });
    expect(await nodeDisk(folder)).toEqual({ kind: 'folder', names: ['h.yml'] });
    await chmod(folder, 0o777);
    expect(await nodeDisk(folder)).toEqual({ kind: 'folder', names: ['h.yml'], openToAll: true });
    await writeFile(join(folder, 'old'), Buffer.from('w\xfc', 'latin1'));
    expect(await nodeDisk(join(folder, 'old'))).toEqual({ kind: 'garbled', text: 'w\uFFFD', isUtf16: false });
    await writeFile(join(folder, 'wide'), Buffer.from('\uFEFF[w]', 'utf16le'));
    expect(await nodeDisk(join(folder, 'wide'))).toMatchObject({ kind: 'garbled', isUtf16: true });
    expect(await nodeDisk('/dev/null')).toMatchObject({ kind: 'unreadable' });
    expect(await nodeDisk(join(folder, 'no'))).toEqual({ kind: 'missing' });
    expect(await nodeDisk(join(folder, 'h.yml', 'below'))).toEqual({ kind: 'missing' });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('ten thousand hosts in two hundred groups load', async () => {
  let text = 'all:\n  children:\n';
  for (let group = 0; group < 200; group++) {
    text += `    g${group}:\n      vars:\n        role: r${group}\n      hosts:\n`;
    for (let host = 0; host < 50; host++)
      text += `        host${group * 50 + host}.example.com:\n          ansible_host: 10.0.${group}.${host}\n          rack: ${host}\n`;
  }
  const began = process.cpuUsage();
  const { inventory } = await load(text);
  const { user, system } = process.cpuUsage(began);
  expect(inventory.hosts.size).toBe(10_000);
  // The goal is a second (bench/ measures it); this only catches something quadratic.
  expect((user + system) / 1000).toBeLessThan(4000);
});
