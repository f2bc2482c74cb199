// How ssh's words for "go through there" become jump hosts, and what is left alone.
import { expect, test } from 'vitest';
import { ok } from '../domain/result.ts';
import type { Address } from '../remote/ports.ts';
import { loadSshConfig } from './config.ts';
import { readProxyCommand, readProxyJump, withRoute } from './route.ts';

test.each([
  ['j1', [{ host: 'j1' }]],
  ['ops@j1:2222,j2', [{ host: 'j1', user: 'ops', port: 2222 }, { host: 'j2' }]],
  ['ssh://ops@[::1]:22/, j2', [{ host: '::1', user: 'ops', port: 22 }, { host: 'j2' }]],
  ['', undefined],
  ['j1,,j2', undefined],
  ['-oProxyCommand=x', undefined],
  ['j1:99999', undefined],
])('ProxyJump %j', (text, hops) => {
  expect(readProxyJump(text)).toEqual(hops?.map(hop => ({ identityFiles: [], ...hop })));
});

test.each([
  ['ssh -W %h:%p j1', { host: 'j1' }],
  ['ssh -W %h:%p -q ops@j1 -p 2222', { host: 'j1', user: 'ops', port: 2222 }],
  ['/usr/bin/ssh -q -i ~/k -l ops j1 -W [%h]:%p', { host: 'j1', user: 'ops', identityFiles: ['~/k'] }],
  ['exec ssh -o User=ops -oPort=22 -o ControlMaster=auto j1 nc %h %p', { host: 'j1', user: 'ops', port: 22 }],
  ['ssh -i "my key" j1 nc -w 5 %h %p', { host: 'j1', identityFiles: ['my key'] }],
  ['ssh -o StrictHostKeyChecking=no -W %h:%p j1', { host: 'j1', options: "-o 'stricthostkeychecking=no'" }],
  [
    'ssh -W %h:%p -o ProxyCommand=none -oUserKnownHostsFile=/dev/null j1',
    { host: 'j1', options: "-o 'userknownhostsfile=/dev/null'", direct: 'yes' },
  ],
  ['nc -X connect -x proxy:3128 %h %p', undefined],
  ['ssh -W other:22 j1', undefined],
  ['ssh j1 nc %h %p; rm -rf /', undefined],
  ['ssh -W %h:%p -J j0 j1', undefined],
  ['ssh -W %h:%p -o ProxyCommand=x j1', undefined],
  ['cloudflared access ssh --hostname %h', undefined],
])('ProxyCommand %j', (text, hop) => {
  expect(readProxyCommand(text)).toEqual(hop && { identityFiles: [], ...hop });
});

const target: Address = {
  name: 'web',
  host: 'web',
  port: 22,
  user: 'ada',
  identityFiles: [],
  knownHostsFiles: [],
  strictHostKeyChecking: 'yes',
};
const around = { home: '/home/ada', cwd: '/', localUser: 'ada' };

const route = async (config: string, value: string, keyword: 'proxyjump' | 'proxycommand' = 'proxyjump') => {
  const loaded = await loadSshConfig([{ path: '/c', whose: 'user' }], {
    ...around,
    machine: 'here',
    read: async () => ok(config),
    glob: async () => [],
    succeeds: async () => false,
    resolves: async () => false,
  });
  if (!loaded.ok) throw new Error(loaded.failure.cause);
  return withRoute(target, { keyword, value }, loaded.value, around);
};

test('each jump host is what ssh_config says of it; the first brings its own along', async () => {
  const config =
    'Host j1\n  HostName 10.0.0.1\n  User ops\n  ProxyJump j0\nHost j2\n  Port 2202\n  ProxyJump never\nHost j0\n  IdentityFile ~/.ssh/j0\n';
  const found = await route(config, 'j1,root@j2');
  expect(found.ok && found.value.via).toMatchObject([
    { name: 'j0', host: 'j0', port: 22, user: 'ada', identityFiles: ['/home/ada/.ssh/j0'] },
    { name: 'j1', host: '10.0.0.1', user: 'ops' },
    { name: 'j2', host: 'j2', port: 2202, user: 'root' },
  ]);
});

test('what an inner ssh says of host keys and of its own way counts for the jump host, and for it alone', async () => {
  const config = 'Host j1\n  HostName 10.0.0.1\n  ProxyJump j0\n  StrictHostKeyChecking yes\n';
  const value = 'ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ProxyCommand=none -W %h:%p j1';
  const found = await route(config, value, 'proxycommand');
  expect(found.ok && found.value.via).toMatchObject([
    { name: 'j1', host: '10.0.0.1', strictHostKeyChecking: 'no', knownHostsFiles: ['/dev/null'] },
  ]);
  expect(found.ok && found.value.strictHostKeyChecking).toBe('yes');
});

test('jump hosts in a circle are refused, and what lies behind a stranger is not dialled', async () => {
  const circle = await route('Host j1\n  ProxyJump j2\nHost j2\n  ProxyJump j1\n', 'j1');
  expect(circle.ok ? '' : circle.failure.cause).toMatch(/^j\d: its jump hosts lead in a circle \(j\d\); look at ProxyJump in ssh_config$/);
  const stranger = await route('Host j1\n  ProxyCommand nc -x proxy %h %p\n', 'j1');
  expect(stranger.ok && stranger.value).toMatchObject({ jump: 'ProxyCommand nc -x proxy %h %p' });
  expect(stranger.ok && stranger.value.via).toBeUndefined();
});
