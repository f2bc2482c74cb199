// Hosts straight from an ssh_config: the operator's own, or another one that `-i` names.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadFleet } from '../../src/cli/fleet.ts';
import { readSshHosts } from '../../src/cli/ssh-config.ts';
import { realWorld, type World } from '../../src/cli/world.ts';
import { nodeDisk } from '../../src/files/disk.ts';
import { readInventory } from '../../src/files/inventory.ts';

const home = mkdtempSync(join(tmpdir(), 'rollcall-ssh-hosts-'));
afterAll(() => rmSync(home, { recursive: true }));
const world: World = { ...realWorld(), home, cwd: home, user: 'ada', env: {} };

const write = (path: string, text: string): string => {
  mkdirSync(join(home, path, '..'), { recursive: true });
  writeFileSync(join(home, path), text, { mode: 0o600 });
  return join(home, path);
};

const own = write(
  '.ssh/config',
  'ServerAliveInterval 20\nInclude more/*.conf\nHost web1 web2 !web3 web*\n  User deploy\n  Port 2201\nMatch host other\n  Include never.conf\nHost gate\nHost db1\n  HostName 10.0.0.9\n  ProxyJump gate\nHost *\n  Include also.conf\n',
);
write('.ssh/more/10.conf', 'Host edge1\n  HostName edge.example\nHost web1\n');
write('.ssh/never.conf', 'Host nobody\n');
write('.ssh/also.conf', 'Host last\n');
const lab = write(
  'lab/machines',
  '# made by a tool\nHost box1\n  HostName 127.0.0.1\n  Port 2222\n  IdentityFile "/keys/box 1"\n\nHost box2\n',
);

const hostsOf = async (...sources: string[]) => {
  const read = await readInventory(sources, nodeDisk, { readSshHosts: readSshHosts(world) });
  if (!read.ok) throw new Error(read.failure.cause);
  return [...read.value.inventory.hosts.values()].map(({ name, vars }) => ({ name, ...vars }));
};

test('names that a Host line says in full are hosts, in their order, Includes at their place', async () => {
  expect(await hostsOf(own)).toEqual(['edge1', 'web1', 'web2', 'gate', 'db1', 'last'].map(name => ({ name })));
});

test('another file is known by its Host lines, and goes with its hosts', async () => {
  const ansible_ssh_extra_args = `-F ${lab}`;
  expect(await hostsOf('h0,', lab)).toEqual([
    { name: 'h0' },
    { name: 'box1', ansible_ssh_extra_args },
    { name: 'box2', ansible_ssh_extra_args },
  ]);
  const ini = write('ini', 'Host web=1\nhost\n');
  expect(await hostsOf(ini)).toEqual([{ name: 'Host', web: 1 }, { name: 'host' }]);
});

test('what is broken in it is told with its place', async () => {
  const broken = write('broken/ssh_config', 'Host a\n  Port\n');
  const read = await readInventory([broken], nodeDisk, { readSshHosts: readSshHosts(world) });
  expect(read).toMatchObject({
    failure: { tag: 'bad-input', cause: `${broken}:2:7: Port needs a value; write one behind it, or take the line out` },
  });
  const loop = write('loop/ssh_config', `Include ${join(home, 'loop/ssh_config')}\nHost a\n`);
  const round = await readInventory([loop], nodeDisk, { readSshHosts: readSshHosts(world) });
  expect(round).toMatchObject({
    failure: { cause: `${loop}:1:9: Include is nested more than 16 deep; look for a file that includes itself` },
  });
});

test('each is reached as its own file says, by us and by the system', async () => {
  const loaded = await loadFleet(world, { inventory: [own, lab], practice: 'no' });
  if (!loaded.ok) throw new Error(loaded.failure.cause);
  const address = (name: string) => loaded.value.fleet.hosts.find(host => host.name === name)?.address;
  expect(address('web1')).toMatchObject({ host: 'web1', port: 2201, user: 'deploy' });
  expect(address('db1')).toMatchObject({ host: '10.0.0.9', via: [{ name: 'gate' }] });
  expect(address('box1')).toMatchObject({ host: '127.0.0.1', port: 2222, user: 'ada', identityFiles: ['/keys/box 1'] });
  const only = await loadFleet(world, { inventory: [own], practice: 'no', transport: 'openssh' });
  expect(only.ok && only.value.fleet.label).toBe('.ssh/config');
  const system = await loadFleet(world, { inventory: [lab], practice: 'no', transport: 'openssh' });
  expect(system.ok && system.value.fleet.hosts[0]).toMatchObject({ address: { system: { host: 'box1', args: ['-F', lab] } } });
});

test('settings of connections stand below what a host says itself', async () => {
  const inventory = write('hosts', 'a\nb ansible_port=2300 ansible_ssh_args="-F none"\n');
  const connection = { ansible_port: 2200, ansible_ssh_args: `-F ${lab} -o ForwardAgent=yes`, ansible_ssh_timeout: 7 };
  const loaded = await loadFleet(world, { inventory: [inventory], practice: 'no', connection });
  if (!loaded.ok) throw new Error(loaded.failure.cause);
  const [a, b] = loaded.value.fleet.hosts;
  expect(a).toMatchObject({ address: { port: 2200, connectTimeout: 7 } });
  expect(b).toMatchObject({ address: { port: 2300, connectTimeout: 7 } });
  expect(a?.vars).not.toHaveProperty('ansible_port');
  expect(loaded.value.warnings).toEqual(['ansible_ssh_args: option ForwardAgent is not honoured yet']);
});
