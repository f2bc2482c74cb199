// What Ansible's variables say about reaching a host, read as ssh and Ansible read it.
import { expect, test } from 'vitest';
import type { Vars } from '../domain/value.ts';
import type { Address } from '../remote/ports.ts';
import { type AddressDefaults, addressOf, configFileOf, queryOf, systemOf } from './address.ts';

const defaults: AddressDefaults = { home: '/home/ada', cwd: '/srv/ops', localUser: 'ada' };

const found = (vars: Vars, changes: Partial<AddressDefaults> = {}) => {
  const result = addressOf('web1', vars, { ...defaults, ...changes });
  if (!result.ok) throw new Error(result.failure.cause);
  return result.value;
};
const address = (vars: Vars, changes: Partial<AddressDefaults> = {}) => found(vars, changes).address;
const cause = (vars: Vars): string => {
  const result = addressOf('web1', vars, defaults);
  if (result.ok) throw new Error('should be refused');
  expect(result.failure).toMatchObject({ tag: 'bad-input', host: 'web1' });
  return result.failure.cause;
};

test('a bare name is its own address', () => {
  expect(address({})).toEqual({
    name: 'web1',
    host: 'web1',
    port: 22,
    user: 'ada',
    identityFiles: [],
    knownHostsFiles: [],
    strictHostKeyChecking: 'ask',
  });
});

test('variables say host, port, user and key', () => {
  const vars = { ansible_host: '10.0.0.5', ansible_port: 2222, ansible_user: 'deploy', ansible_ssh_private_key_file: '~/.ssh/deploy' };
  expect(address(vars)).toMatchObject({ host: '10.0.0.5', port: 2222, user: 'deploy', identityFiles: ['/home/ada/.ssh/deploy'] });
  expect(address({ ansible_port: '2222' }).port).toBe(2222);
  expect(address({ ansible_host: '[fe80::1]' }).host).toBe('fe80::1');
  expect(address({ ansible_private_key_file: 'keys/a' }).identityFiles).toEqual(['/srv/ops/keys/a']);
});

test('a time for the connect is a variable, too, and wins over options', () => {
  expect(address({ ansible_ssh_timeout: 30, ansible_timeout: 5, ansible_ssh_args: '-o ConnectTimeout=7' }).connectTimeout).toBe(30);
  expect(address({ ansible_timeout: '5' }).connectTimeout).toBe(5);
  expect(address({ ansible_timeout: null, ansible_ssh_args: '-o ConnectTimeout=7' }).connectTimeout).toBe(7);
  expect(cause({ ansible_ssh_timeout: 'soon' })).toBe('ansible_ssh_timeout must be a whole number of seconds from 1 to 86400, not "soon"');
});

test('-F names the ssh_config that is read, for us and for the system, from here', () => {
  const vars = { ansible_ssh_args: '-F lab/ssh.cfg -C', ansible_ssh_common_args: '-4F ~/other' };
  expect(configFileOf(vars, defaults)).toBe('/home/ada/other');
  expect(configFileOf({ ansible_ssh_args: '-F lab/ssh.cfg' }, defaults)).toBe('/srv/ops/lab/ssh.cfg');
  expect(configFileOf({ ansible_ssh_args: '-Fnone' }, defaults)).toBe('none');
  expect(configFileOf({}, defaults)).toBeUndefined();
  expect(found(vars).warnings).toEqual([]);
  expect(systemOf('web1', { ansible_ssh_args: '-F lab/ssh.cfg' }, defaults)).toEqual({
    ok: true,
    value: { host: 'web1', args: ['-F', '/srv/ops/lab/ssh.cfg'] },
  });
});

test('null and empty text are not set', () => {
  expect(address({ ansible_host: null, ansible_user: '', ansible_port: null, ansible_ssh_common_args: ' ' })).toMatchObject({
    host: 'web1',
    user: 'ada',
    port: 22,
  });
});

test('variables win over flags, flags over options in arguments', () => {
  const args = { ansible_ssh_common_args: '-o User=args -o Port=2200' };
  expect(address(args)).toMatchObject({ user: 'args', port: 2200 });
  expect(address(args, { remoteUser: 'flag' }).user).toBe('flag');
  expect(address({ ...args, ansible_user: 'var', ansible_port: 22 }, { remoteUser: 'flag' })).toMatchObject({ user: 'var', port: 22 });
  expect(address({ ansible_ssh_private_key_file: '/k/var' }, { privateKey: '/k/flag' }).identityFiles).toEqual(['/k/var']);
  expect(address({}, { privateKey: '~/flag' }).identityFiles).toEqual(['/home/ada/flag']);
});

test.each([
  ['-o UserKnownHostsFile=/k/hosts', ['/k/hosts']],
  ['-oUserKnownHostsFile=/k/hosts', ['/k/hosts']],
  ['-o userknownhostsfile=/k/hosts', ['/k/hosts']],
  ['-o "UserKnownHostsFile /k/hosts"', ['/k/hosts']],
  ['-o UserKnownHostsFile="/k/my hosts"', ['/k/my', '/srv/ops/hosts']],
  [`-o 'UserKnownHostsFile="/k/my hosts"'`, ['/k/my hosts']],
  ['-o UserKnownHostsFile="~/a ~/b"', ['/home/ada/a', '/home/ada/b']],
  ['-o UserKnownHostsFile=/first -o UserKnownHostsFile=/second', ['/first']],
  ['-o UserKnownHostsFile=/dev/null', ['/dev/null']],
  ['-o UserKnownHostsFile=none', ['/dev/null']],
  ['-o UserKnownHostsFile=%d/.ssh/%n_%r', ['/home/ada/.ssh/web1_ada']],
])('known hosts: %s', (args, files) => {
  expect(address({ ansible_ssh_common_args: args }).knownHostsFiles).toEqual(files);
});

test('identity files add up, in order, each once', () => {
  const vars = {
    ansible_ssh_private_key_file: '/k/one',
    ansible_ssh_common_args: '-o IdentityFile=/k/two -i /k/three -oIdentityFile=/k/one',
  };
  expect(address(vars).identityFiles).toEqual(['/k/one', '/k/two', '/k/three']);
});

test.each([
  ['yes', 'yes'],
  ['ask', 'ask'],
  ['accept-new', 'accept-new'],
  ['No', 'no'],
  ['off', 'no'],
])('StrictHostKeyChecking=%s', (written, meant) => {
  expect(address({ ansible_ssh_common_args: `-o StrictHostKeyChecking=${written}` }).strictHostKeyChecking).toBe(meant);
});

test.each([false, 'no', 'False', 0])('host key checking switched off by %j wins over the arguments', value => {
  const args = '-o StrictHostKeyChecking=yes';
  expect(address({ ansible_host_key_checking: value, ansible_ssh_common_args: args }).strictHostKeyChecking).toBe('no');
  expect(address({ ansible_ssh_host_key_checking: value }).strictHostKeyChecking).toBe('no');
});

test('host key checking switched on leaves the rest as it is', () => {
  expect(address({ ansible_host_key_checking: true }, { strictHostKeyChecking: 'accept-new' }).strictHostKeyChecking).toBe('accept-new');
});

test('what is not honoured is named once, what has no meaning here or only says no is not', () => {
  const args =
    '-o CheckHostIP=yes -o CASignatureAlgorithms=a -o CheckHostIP=b -A -o ForwardX11=yes -C -TC -o ControlMaster=auto -o ForwardAgent=no';
  expect(found({ ansible_ssh_common_args: args, ansible_ssh_extra_args: '-o CheckHostIP=yes -L 1:a:1 leftover' }).warnings).toEqual([
    'ansible_ssh_common_args: option CheckHostIP is not honoured yet',
    'ansible_ssh_common_args: option CASignatureAlgorithms is not honoured yet',
    'ansible_ssh_common_args: option -A is not honoured yet',
    'ansible_ssh_extra_args: option CheckHostIP is not honoured yet',
    'ansible_ssh_extra_args: option leftover is not honoured yet',
  ]);
});

test.each<[string, Partial<Address>]>([
  ['-4', { addressFamily: 4 }],
  ['-o AddressFamily=inet6 -o AddressFamily=inet', { addressFamily: 6 }],
  ['-b 10.0.0.1 -o BindInterface=eth0', { bindAddress: '10.0.0.1', bindInterface: 'eth0' }],
  [
    '-c aes256-ctr -m hmac-sha1 -o KexAlgorithms=-*nistp*',
    { algorithms: { ciphers: 'aes256-ctr', kexalgorithms: '-*nistp*', macs: 'hmac-sha1' } },
  ],
  ['-o HostKeyAlgorithms=+ssh-rsa', { algorithms: { hostkeyalgorithms: '+ssh-rsa' } }],
  ['-o ConnectTimeout=1m5s', { connectTimeout: 65 }],
  ['-o ConnectTimeout=none', {}],
  ['-o ConnectTimeout=0', {}],
  ['-o ServerAliveInterval=30 -o ServerAliveCountMax=5', { serverAlive: { every: 30, times: 5 } }],
  ['-o ServerAliveInterval=0', { serverAlive: { every: 0, times: 3 } }],
  ['-o ServerAliveCountMax=5', {}],
  ['-o GlobalKnownHostsFile="/a ~/b" -o HashKnownHosts=yes', { globalKnownHostsFiles: ['/a', '/home/ada/b'], hashKnownHosts: true }],
  ['-o PreferredAuthentications=password,publickey -o PubkeyAuthentication=no', { preferredAuthentications: ['password'] }],
  [
    '-o PasswordAuthentication=no -o KbdInteractiveAuthentication=no',
    { preferredAuthentications: ['gssapi-with-mic', 'hostbased', 'publickey'] },
  ],
  [`-o 'SetEnv=A=1 "B=2 3"' -o SetEnv=C=4`, { environment: { A: '1', B: '2 3' } }],
  ['-o SendEnv=LANG -o SendEnv=LC_* -o SendEnv=-LC_*', { environment: { LANG: 'C' } }],
  ['-o HostName=%h.example.org', { host: 'web1.example.org' }],
])('ssh_args %s', (args, fields) => {
  const env = { LANG: 'C', LC_X: 'x', OTHER: 'o' };
  const sshConfig = new Map([['bindaddress', ['9.9.9.9']]]);
  const { bindAddress, ...plain } = address({ ansible_ssh_args: '-o User=ada' }, { env, sshConfig });
  expect(bindAddress).toBe('9.9.9.9');
  expect(address({ ansible_ssh_args: args }, { env, sshConfig })).toEqual({ ...plain, bindAddress, ...fields });
});

test('times of flags and settings win over ConnectTimeout, and variables over those', () => {
  const ansible_ssh_args = '-o ConnectTimeout=5';
  const timeouts = { connect: 3, handshake: 4, reply: 6 };
  const fields = { connectTimeout: 3, handshakeTimeout: 4, replyTimeout: 6 };
  expect(address({ ansible_ssh_args }, { timeouts })).toMatchObject(fields);
  expect(address({ ansible_ssh_args, ansible_timeout: 7 }, { timeouts })).toMatchObject({ ...fields, connectTimeout: 7 });
});

test('what looks like a secret is not sent, and named', () => {
  const { address: kept, warnings } = found(
    { ansible_ssh_args: '-o "SetEnv=DB_PASSWORD=x A=1" -o SendEnv=*TOKEN' },
    { env: { MY_TOKEN: 't' } },
  );
  expect(kept.environment).toEqual({ A: '1' });
  expect(warnings.map(warning => /Env (\S+) looks like a secret/.exec(warning)?.[1])).toEqual(['MY_TOKEN', 'DB_PASSWORD']);
});

test('wrong types are named with the variable and the value', () => {
  for (const port of [0, 65_536, 22.5, '22x', true, [22]]) {
    expect(cause({ ansible_port: port })).toMatch(/^ansible_port must be a number from 1 to 65535, not /);
  }
  expect(cause({ ansible_host: 10 })).toBe('ansible_host must be text, not 10; put it in quotes');
  expect(cause({ ansible_user: ['a'] })).toMatch(/^ansible_user must be text/);
  expect(cause({ ansible_host: 'a\nb' })).toMatch(/one line/);
  expect(cause({ ansible_host_key_checking: 'maybe' })).toMatch(/must be true or false, not "maybe"/);
  expect(cause({ ansible_ssh_common_args: '-o Port=0' })).toMatch(/^option Port must be/);
  expect(cause({ ansible_ssh_common_args: '-o StrictHostKeyChecking=perhaps' })).toMatch(/not "perhaps"/);
  expect(cause({ ansible_ssh_common_args: `-o 'User=a` })).toBe("ansible_ssh_common_args: a quote (') is not closed");
  expect(cause({ ansible_ssh_common_args: '-o Ciphers=foo' })).toMatch(/^ansible_ssh_common_args: option ciphers cannot be "foo"/);
  expect(cause({ ansible_ssh_common_args: '-o' })).toMatch(/-o lacks its value/);
  expect(cause({ ansible_ssh_common_args: '-o User' })).toMatch(/-o User: no value/);
});

test('the agent is passed on when there is one', () => {
  expect(address({}, { agentSocket: '/run/agent' }).agentSocket).toBe('/run/agent');
  expect(address({}, { agentSocket: '' })).not.toHaveProperty('agentSocket');
});

test('ssh_config says what nobody else has said', () => {
  const sshConfig = new Map([
    ['hostname', ['web1.example.com']],
    ['port', ['2201']],
    ['user', ['ops']],
    ['identityfile', ['~/.ssh/%n', '/etc/key']],
    ['identitiesonly', ['yes']],
    ['identityagent', ['~/agent']],
    ['userknownhostsfile', ['~/kh', '/kh2']],
    ['stricthostkeychecking', ['accept-new']],
    ['hostkeyalias', ['web']],
  ]);
  expect(address({}, { sshConfig, agentSocket: '/run/agent' })).toEqual({
    name: 'web1',
    host: 'web1.example.com',
    port: 2201,
    user: 'ops',
    identityFiles: ['/home/ada/.ssh/web1', '/etc/key'],
    identitiesOnly: true,
    agentSocket: '/home/ada/agent',
    knownHostsFiles: ['/home/ada/kh', '/kh2'],
    strictHostKeyChecking: 'accept-new',
    hostKeyAlias: 'web',
  });
  const said = {
    ansible_port: 22,
    ansible_user: 'deploy',
    ansible_private_key_file: '/k',
    ansible_ssh_common_args: '-o StrictHostKeyChecking=yes -o UserKnownHostsFile=/mine',
  };
  expect(address(said, { sshConfig })).toMatchObject({
    host: 'web1.example.com',
    port: 22,
    user: 'deploy',
    identityFiles: ['/k', '/home/ada/.ssh/web1', '/etc/key'],
    strictHostKeyChecking: 'yes',
    knownHostsFiles: ['/mine'],
  });
});

test.each([
  [{ proxyjump: ['ops@j1,j2'] }, {}, { keyword: 'proxyjump', value: 'ops@j1,j2' }],
  [{ proxycommand: ['ssh -W %h:%p j1'], proxyjump: ['j2'] }, {}, { keyword: 'proxycommand', value: 'ssh -W %h:%p j1' }],
  [
    { proxyjump: ['j2'] },
    { ansible_ssh_common_args: '-o ProxyCommand="ssh -W %h:%p -q bastion"' },
    { keyword: 'proxycommand', value: 'ssh -W %h:%p -q bastion' },
  ],
  [{}, { ansible_ssh_extra_args: '-J bastion' }, { keyword: 'proxyjump', value: 'bastion' }],
  [{}, {}, undefined],
])('of %j and %j the first word for the way counts', (options, vars, route) => {
  expect(found(vars, { sshConfig: new Map(Object.entries(options)) }).route).toEqual(route);
});

test('an agent that ssh_config forbids is not asked', () => {
  expect(address({}, { sshConfig: new Map([['identityagent', ['none']]]), agentSocket: '/run/agent' }).agentSocket).toBe('');
});

test('ssh_config is asked about the host, and about the user and port that were said', () => {
  expect(queryOf('web1', {}, {})).toEqual({ host: 'web1' });
  expect(queryOf('web1', { ansible_host: '[::1]', ansible_port: '2222', ansible_user: 'a' }, { remoteUser: 'b' })).toEqual({
    host: '::1',
    port: 2222,
    user: 'a',
  });
  expect(queryOf('web1', { ansible_ssh_extra_args: '-l x -p 23' }, {})).toEqual({ host: 'web1', port: 23, user: 'x' });
});

test.each([
  [{ ansible_become: true }, undefined],
  [{ ansible_connection: 'docker' }, 'ansible_connection: "docker"'],
  [{ ansible_connection: 'local' }, undefined],
  [{ ansible_become: false, ansible_connection: 'ssh' }, undefined],
  [{ ansible_connection: 'smart', ansible_become: 'no' }, undefined],
])('%j is not walked past', (vars, unsupported) => {
  expect(address(vars as Vars).unsupported).toBe(unsupported);
});
