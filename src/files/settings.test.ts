import { expect, test } from 'vitest';
import type { Disk } from './disk.ts';
import type { Settings } from './setting-values.ts';
import type { Surroundings } from './settings.ts';
import { loadSettings, resolveSettings } from './settings.ts';

const disk =
  (files: Record<string, string>): Disk =>
  async path => {
    const text = files[path];
    if (text !== undefined) return { kind: 'file', text };
    return Object.keys(files).some(file => file.startsWith(`${path}/`)) ? { kind: 'folder', names: [] } : { kind: 'missing' };
  };
const around = (env: Surroundings['env'] = {}): Surroundings => ({ env, cwd: '/project', home: '/home/ops' });
const load = async (files: Record<string, string>, env: Surroundings['env'] = {}, flags: Settings = {}): Promise<Settings> => {
  const loaded = await loadSettings(flags, around(env), disk(files));
  if (!loaded.ok) throw new Error(loaded.failure.cause);
  return loaded.value;
};
const refusal = async (files: Record<string, string>, env: Surroundings['env'] = {}): Promise<string> => {
  const loaded = await loadSettings({}, around(env), disk(files));
  return loaded.ok ? 'was accepted' : loaded.failure.cause;
};

const cfg = (...lines: string[]) => `[defaults]\n${lines.join('\n')}\n`;

test('nothing said, nothing set', async () => {
  expect(await load({})).toEqual({});
});

test('each source is weaker than the one before it', async () => {
  const files = {
    '/project/ansible.cfg': cfg('forks = 5', 'remote_user = cfg'),
    '/home/ops/.config/rollcall/rollcall.yml': 'forks: 6\nlabel: XDG\n',
    '/project/rollcall.yml': 'forks: 7\n',
  };
  expect(await load(files)).toEqual({ forks: 7, remoteUser: 'cfg', label: 'XDG' });
  expect(await load(files, { ANSIBLE_FORKS: '8' })).toMatchObject({ forks: 8 });
  expect(await load(files, { ANSIBLE_FORKS: '8' }, { forks: 9 })).toMatchObject({ forks: 9 });
  expect(
    await load({ '/project/ansible.cfg': cfg('forks = 5'), '/xdg/rollcall/rollcall.yml': 'forks: 6' }, { XDG_CONFIG_HOME: '/xdg' }),
  ).toEqual({ forks: 6 });
});

test('times that Ansible has no name for', async () => {
  const rollcall = (text: string): Record<string, string> => ({ '/project/rollcall.yml': text });
  expect(await load(rollcall('handshake_timeout: 6\nreply_timeout: 7\n'))).toEqual({ handshakeTimeout: 6, replyTimeout: 7 });
  expect(await refusal(rollcall('reply_timeout: soon\n'))).toBe(
    '/project/rollcall.yml:1:16: reply_timeout must be a whole number of seconds from 1 to 86400, found "soon"; write for example 15',
  );
});

test('ansible.cfg: what we honour, seen from its own folder; the rest is passed over', async () => {
  const text = cfg(
    '# a comment',
    '; another',
    'inventory = hosts.yml, ~/more.yml, /abs.yml ; and a remark',
    'private_key_file: keys/id',
    'Host_Key_Checking = No',
    'roles_path = a',
    '   b',
    '[ssh_connection]',
    'forks = 99',
  );
  expect(await load({ '/etc/ansible/ansible.cfg': text })).toEqual({
    inventory: ['/etc/ansible/hosts.yml', '/home/ops/more.yml', '/abs.yml'],
    privateKey: '/etc/ansible/keys/id',
    hostKeyChecking: false,
  });
});

test('ansible.cfg and the environment say how connections are made, in the words of variables', async () => {
  const text = [
    '[defaults]\nremote_port = 2222\ntimeout = 20\nremote_user = "ada"\nhost_key_checking = true\n',
    `[ssh_connection]\nssh_args = "-F ./ssh.cfg -o ControlMaster=auto"\nssh_common_args = -o ProxyCommand="ssh -W %h:%p gate" -q\n`,
    'host_key_checking = false\ntimeout = 30\nretries = 3\n',
  ].join('');
  const connection = {
    ansible_port: 2222,
    ansible_ssh_timeout: 30,
    ansible_ssh_args: '-F ./ssh.cfg -o ControlMaster=auto',
    ansible_ssh_common_args: '-o ProxyCommand="ssh -W %h:%p gate" -q',
  };
  const files = { '/project/ansible.cfg': text };
  expect(await load(files)).toEqual({ connection, remoteUser: 'ada', hostKeyChecking: false });
  const env = { ANSIBLE_SSH_ARGS: '-4', ANSIBLE_TIMEOUT: '5', ANSIBLE_SSH_EXTRA_ARGS: '-C', ANSIBLE_SSH_HOST_KEY_CHECKING: 'yes' };
  expect(await load(files, env)).toEqual({
    connection: { ...connection, ansible_ssh_args: '-4', ansible_ssh_timeout: 5, ansible_ssh_extra_args: '-C' },
    remoteUser: 'ada',
    hostKeyChecking: true,
  });
  expect(await refusal({ '/project/ansible.cfg': cfg('forks = 2', 'remote_port = ssh') })).toBe(
    '/project/ansible.cfg:3:1: remote_port must be a port from 1 to 65535, found "ssh"',
  );
  expect(await refusal({}, { ANSIBLE_SSH_TIMEOUT: 'soon' })).toBe(
    'ANSIBLE_SSH_TIMEOUT must be a number of seconds from 1 to 86400, found "soon"',
  );
});

test('in a folder that everybody may write into no settings are read, and it is said', async () => {
  const files = {
    '/project/ansible.cfg': cfg('forks = 2'),
    '/project/rollcall.yml': 'label: X',
    '/home/ops/.ansible.cfg': cfg('forks = 3'),
  };
  const open: Disk = async path =>
    path === '/project' ? { kind: 'folder', names: ['ansible.cfg', 'rollcall.yml'], openToAll: true } : disk(files)(path);
  expect(await loadSettings({}, around(), open)).toEqual({
    ok: true,
    value: {
      forks: 3,
      warnings: ['ansible.cfg', 'rollcall.yml'].map(
        name => `everybody may write into /project, so its ${name} is not read; chmod o-w /project`,
      ),
    },
  });
  const named = await loadSettings({}, around({ ANSIBLE_CONFIG: './ansible.cfg' }), open);
  expect(named).toMatchObject({ ok: true, value: { forks: 2 } });
});

test('the first ansible.cfg counts: the one named, here, at home, of the system', async () => {
  const files = {
    '/named/ansible.cfg': cfg('forks = 1'),
    '/project/ansible.cfg': cfg('forks = 2'),
    '/home/ops/.ansible.cfg': cfg('forks = 3'),
    '/etc/ansible/ansible.cfg': cfg('forks = 4'),
  };
  const without = (...paths: string[]) => Object.fromEntries(Object.entries(files).filter(([path]) => !paths.includes(path)));
  expect(await load(files, { ANSIBLE_CONFIG: '/named' })).toEqual({ forks: 1 });
  expect(await load(files, { ANSIBLE_CONFIG: '/named/ansible.cfg' })).toEqual({ forks: 1 });
  expect(await load(files, { ANSIBLE_CONFIG: '/nowhere' })).toEqual({ forks: 2 });
  expect(await load(without('/project/ansible.cfg'))).toEqual({ forks: 3 });
  expect(await load(without('/project/ansible.cfg', '/home/ops/.ansible.cfg'))).toEqual({ forks: 4 });
});

test('the environment speaks as Ansible has it; an empty variable says nothing', async () => {
  expect(
    await load(
      {},
      {
        ANSIBLE_INVENTORY: 'a.yml,~/b.yml',
        ANSIBLE_REMOTE_USER: 'ops',
        ANSIBLE_HOST_KEY_CHECKING: '0',
        ANSIBLE_PRIVATE_KEY_FILE: '~/.ssh/id',
        ANSIBLE_FORKS: '',
      },
    ),
  ).toEqual({
    inventory: ['/project/a.yml', '/home/ops/b.yml'],
    remoteUser: 'ops',
    hostKeyChecking: false,
    privateKey: '/home/ops/.ssh/id',
  });
  expect(await load({}, { ANSIBLE_INVENTORY: 'h1,h2,' })).toEqual({ inventory: ['h1,h2,'] });
});

test('rollcall.yml: a mirror in a folder is seen from there, one at HOST:PATH is left as it is, none is a word', async () => {
  const mirror = (text: string) => load({ '/project/rollcall.yml': `mirror: ${text}` });
  expect(await mirror('copies')).toEqual({ mirror: '/project/copies' });
  expect(await mirror('~/copies')).toEqual({ mirror: '/home/ops/copies' });
  expect(await mirror('ops@backup1:copies')).toEqual({ mirror: 'ops@backup1:copies' });
  expect(await mirror('none')).toEqual({ mirror: 'none' });
});

test('rollcall.yml: labels, with colour or without, and paths from its own folder', async () => {
  const text =
    'label: {text: PROD, colour: red}\ninventory: [hosts.yml, /x.yml]\nforks: 25\nremote_user: ops\nprivate_key_file: ~/.ssh/k\nhost_key_checking: true\n';
  expect(await load({ '/project/rollcall.yml': text })).toEqual({
    label: 'PROD',
    labelColour: 'red',
    inventory: ['/project/hosts.yml', '/x.yml'],
    forks: 25,
    remoteUser: 'ops',
    privateKey: '/home/ops/.ssh/k',
    hostKeyChecking: true,
  });
  expect(await load({ '/project/rollcall.yml': '# nothing yet\n' })).toEqual({});
});

test.each<[Record<string, string>, Record<string, string>, string]>([
  [
    { '/project/rollcall.yml': 'forks: many' },
    {},
    '/project/rollcall.yml:1:8: forks must be a whole number from 1 to 10000, found "many"; write for example 25',
  ],
  [
    { '/project/rollcall.yml': 'fork: 5' },
    {},
    '/project/rollcall.yml:1:1: fork is no setting (did you mean forks?); there are label, inventory, forks, remote_user, private_key_file, host_key_checking, mirror, handshake_timeout, reply_timeout',
  ],
  [
    { '/project/rollcall.yml': '- a' },
    {},
    '/project/rollcall.yml:1:1: settings are a mapping, found a list; write for example label: PROD',
  ],
  [
    { '/project/rollcall.yml': 'label: [a]' },
    {},
    '/project/rollcall.yml:1:8: label: must be a word, found a list; write for example label: PROD',
  ],
  [
    { '/project/rollcall.yml': 'inventory: {a: b}' },
    {},
    '/project/rollcall.yml:1:12: inventory: must be a path or a list of paths, found a mapping; write for example inventory: hosts.yml',
  ],
  [
    { '/project/rollcall.yml': 'a: b: c' },
    {},
    '/project/rollcall.yml:1:4: a mapping cannot begin inside a value; put quotes round a value that holds ": ", or mend the indentation',
  ],
  [
    { '/project/rollcall.yml': 'mirror: -oProxyCommand=x:y' },
    {},
    '/project/rollcall.yml:1:9: "-oProxyCommand=x:y" is no place for a mirror: "-oProxyCommand=x" is no host for ssh; write HOST:PATH or USER@HOST:PATH',
  ],
  [
    { '/project/ansible.cfg': cfg('forks = 0') },
    {},
    '/project/ansible.cfg:2:1: forks must be a whole number from 1 to 10000, found "0"; write for example 25',
  ],
  [
    { '/project/ansible.cfg': cfg('host_key_checking = maybe') },
    {},
    '/project/ansible.cfg:2:1: host_key_checking must be true or false, found "maybe"; write true or false',
  ],
  [
    { '/project/ansible.cfg': 'forks = 5' },
    {},
    '/project/ansible.cfg:1:1: a setting must stand below a section; write [defaults] above it',
  ],
  [{ '/project/ansible.cfg': cfg('forks') }, {}, '/project/ansible.cfg:2:1: "forks" is no setting; write name = value'],
  [
    { '/project/ansible.cfg': cfg('forks = 5', 'forks = 6') },
    {},
    '/project/ansible.cfg:3:1: forks is set twice in [defaults]; take one out',
  ],
  [{}, { ANSIBLE_FORKS: 'x' }, 'ANSIBLE_FORKS: forks must be a whole number from 1 to 10000, found "x"; write for example 25'],
  [{}, { ANSIBLE_HOST_KEY_CHECKING: 'x' }, 'ANSIBLE_HOST_KEY_CHECKING: must be true or false, found "x"; write true or false'],
])('%j with %j is refused', async (files, env, cause) => {
  expect(await refusal(files, env)).toBe(cause);
});

test('a settings file that cannot be read is not passed over', async () => {
  const loaded = await loadSettings({}, around(), async () => ({ kind: 'unreadable', why: 'permission denied' }));
  expect(loaded.ok ? '' : loaded.failure.cause).toContain('cannot be read: permission denied');
});

test('a setting that is said wins over one that is not', () => {
  expect(resolveSettings({ forks: 1 }, { forks: 2, label: 'A' }, { label: 'B', remoteUser: 'c' })).toEqual({
    forks: 1,
    label: 'A',
    remoteUser: 'c',
  });
});

test('becoming another user: each word by itself from the strongest that says it', async () => {
  const files = { '/project/ansible.cfg': '[privilege_escalation]\nbecome = yes\nbecome_user = app\nbecome_ask_pass = no\n' };
  expect(await load(files, { ANSIBLE_BECOME_USER: 'db', ANSIBLE_BECOME_METHOD: 'su' })).toEqual({
    askBecomePass: false,
    become: { become: true, user: 'db', method: 'su' },
  });
  expect(await refusal({ '/project/ansible.cfg': '[privilege_escalation]\nbecome = perhaps\n' })).toMatch(
    /ansible.cfg:2:1: become must be true or false/,
  );
});
