// Our reading of ssh_config beside `ssh -G`, in one run: the same options for the same hosts, and the same refusals.
import { spawnSync } from 'node:child_process';
import { lookup } from 'node:dns/promises';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ok } from '../../src/domain/result.ts';
import { loadSshConfig } from '../../src/ssh/config.ts';
import { honoured, printedOptions } from '../../src/ssh/config-print.ts';

const hasSsh = spawnSync('ssh', ['-V']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-ssh-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const cases: readonly { readonly what: string; readonly files: Readonly<Record<string, string>>; readonly hosts: readonly string[] }[] = [
  { what: 'the first value wins', files: { config: 'Host web\n  Port 2201\nHost *\n  Port 2202\n  User ops\n' }, hosts: ['web', 'db'] },
  {
    what: 'several patterns, negation, question marks',
    files: { config: 'Host web* !web9 db?\n  User a\nHost !x\n  Port 1\nHost * !db1\n  Port 22001\n' },
    hosts: ['web1', 'web9', 'db1', 'db12', 'x'],
  },
  { what: 'case of names', files: { config: 'Host Web\n  Port 2201\nHost web\n  Port 2202\n' }, hosts: ['web', 'Web', 'WEB'] },
  {
    what: 'keywords in any case, with = and quotes',
    files: { config: 'hOsT=web\n\tPORT = 2201\n  user="a b"\n  IdentityFile "~/my key"\n  identityfile=/k2\n' },
    hosts: ['web'],
  },
  {
    what: 'remarks',
    files: { config: '# top\nHost web # the web\n  Port 2201 # its port\n  User a#b\n\n   # indented\n' },
    hosts: ['web'],
  },
  {
    what: 'settings before the first Host count for all',
    files: { config: 'User top\nHost web\n  User late\n  Port 2201\n' },
    hosts: ['web', 'db'],
  },
  {
    what: 'HostName with a token',
    files: { config: 'Host *.lan\n  HostName %h.example.com\nHost pct\n  HostName a%%b\n' },
    hosts: ['web.lan', 'pct'],
  },
  {
    what: 'identity files add up, twins are one',
    files: { config: 'Host web\n  IdentityFile ~/a\nHost *\n  IdentityFile ~/b\n  IdentityFile ~/a\n' },
    hosts: ['web', 'db'],
  },
  {
    what: 'Match host sees HostName, originalhost does not',
    files: {
      config:
        'Host web\n  HostName real.example\nMatch host real.*\n  Port 2201\nMatch originalhost web\n  User o\nMatch originalhost real.*\n  User never\n',
    },
    hosts: ['web', 'real.x'],
  },
  {
    what: 'Match user and localuser',
    files: {
      config: `Host web\n  User ops\nMatch user ops\n  Port 2201\nMatch localuser ${userInfo().username} host db\n  Port 2202\nMatch !user ops\n  IdentityFile /n\n`,
    },
    hosts: ['web', 'db', 'other'],
  },
  {
    what: 'Match lists and negation',
    files: { config: 'Match host "web*,!web9"\n  Port 2201\nMatch !host web*\n  User notweb\nMatch all\n  IdentitiesOnly yes\n' },
    hosts: ['web1', 'web9', 'db'],
  },
  {
    what: 'Match exec',
    files: {
      config: 'Match host web exec "test %h = web"\n  Port 2201\nMatch exec "false"\n  User never\nMatch !exec false\n  User always\n',
    },
    hosts: ['web', 'db'],
  },
  {
    what: 'Match final',
    files: { config: 'Match final host *.example.com\n  Port 2201\nHost web\n  HostName web.example.com\nMatch final all\n  User f\n' },
    hosts: ['web', 'db'],
  },
  {
    what: 'a second walk sees the name that stands behind',
    files: { config: 'Host web\n  HostName real\nHost real\n  Port 2201\nMatch final\n  IdentitiesOnly yes\n' },
    hosts: ['web', 'REAL'],
  },
  {
    what: 'Include with a glob, in order',
    files: {
      config: 'Include DIR/inc/*.conf\nHost *\n  Port 2209\n',
      'inc/b.conf': 'Host web\n  Port 2202\n',
      'inc/a.conf': 'Host web\n  User a\nHost db\n  Port 2203\n',
    },
    hosts: ['web', 'db', 'x'],
  },
  {
    what: 'Include inside a Host that does not count',
    files: {
      config: 'Host web\n  Include DIR/i\n  Port 2201\nHost db\n  User d\n',
      i: 'Host db\n  Port 2202\nHost *\n  IdentityFile /i\n',
    },
    hosts: ['web', 'db'],
  },
  {
    what: 'a Host in an Include ends with it',
    files: { config: 'Include DIR/i\nPort 2201\n', i: 'Host nobody\n  User n\n' },
    hosts: ['web'],
  },
  { what: 'an Include that finds nothing', files: { config: 'Include DIR/none/*\nPort 2201\n' }, hosts: ['web'] },
  {
    what: 'commands are taken as they are',
    files: { config: 'Host web\n  ProxyCommand  ssh -W "%h:%p" jump # not a remark\nHost db\n  ProxyJump ops@j1:2222,j2\n' },
    hosts: ['web', 'db'],
  },
  {
    what: 'SetEnv: the first line, all its words',
    files: { config: 'Host web\n  SetEnv A=1 "B=2 3"\nHost *\n  SetEnv C=4\n' },
    hosts: ['web', 'db'],
  },
  { what: 'nothing at all', files: { config: '# nothing\n' }, hosts: ['web', 'WEB'] },
  {
    what: 'algorithms: a list of its own',
    files: {
      config:
        'Ciphers aes256-ctr,aes128-ctr,,aes256-ctr\nMACs hmac-md5,hmac-sha1\nKexAlgorithms curve25519-sha256\nHostKeyAlgorithms ssh-ed25519\n',
    },
    hosts: ['web'],
  },
  {
    what: 'algorithms appended',
    files: {
      config:
        'Ciphers +3des-cbc,aes128-ctr\nMACs +hmac-md5\nKexAlgorithms +diffie-hellman-group1-sha1\nHostKeyAlgorithms +ssh-rsa,ssh-dss\n',
    },
    hosts: ['web'],
  },
  {
    what: 'algorithms taken out, by pattern too',
    files: {
      config:
        'Ciphers -aes*,chacha20-poly1305@openssh.com\nMACs -*sha1*,umac-*\nKexAlgorithms -*nistp*,sntrup*\nHostKeyAlgorithms -*cert*,sk-*\n',
    },
    hosts: ['web'],
  },
  {
    what: 'algorithms put in front',
    files: {
      config:
        'Ciphers ^aes256-gcm@openssh.com\nMACs ^hmac-sha1\nKexAlgorithms ^ecdh-sha2-nistp521\nHostKeyAlgorithms ^ssh-rsa,ssh-ed25519\n',
    },
    hosts: ['web'],
  },
  { what: 'algorithms of host keys by pattern', files: { config: 'HostKeyAlgorithms ssh-*,*nistp256\n' }, hosts: ['web'] },
  { what: 'no such algorithm: cipher', files: { config: 'Ciphers foo\n' }, hosts: ['web'] },
  { what: 'no such algorithm: cipher by pattern', files: { config: 'Ciphers aes*\n' }, hosts: ['web'] },
  { what: 'no such algorithm: key exchange', files: { config: 'KexAlgorithms +diffie*\n' }, hosts: ['web'] },
  { what: 'no such algorithm: code', files: { config: 'MACs hmac-none\n' }, hosts: ['web'] },
  { what: 'no such algorithm: host key', files: { config: 'HostKeyAlgorithms foo\n' }, hosts: ['web'] },
  { what: 'no such algorithm: negation in algorithms', files: { config: 'HostKeyAlgorithms ssh-*,!x\n' }, hosts: ['web'] },
  { what: 'times', files: { config: 'ConnectTimeout 1m30s\nServerAliveInterval 2h\nServerAliveCountMax 7\n' }, hosts: ['web'] },
  { what: 'times that are none', files: { config: 'ConnectTimeout none\nServerAliveInterval none\n' }, hosts: ['web'] },
  { what: 'a time of 0', files: { config: 'ConnectTimeout 0\nServerAliveInterval 0\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: time', files: { config: 'Host other\n  ConnectTimeout soon\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: negative time', files: { config: 'Host other\n  ConnectTimeout -1\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: number', files: { config: 'Host other\n  ServerAliveCountMax x\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: port', files: { config: 'Host other\n  Port abc\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: port 0', files: { config: 'Host other\n  Port 0\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: port too large', files: { config: 'Host other\n  Port 65536\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: yes or no', files: { config: 'Host other\n  IdentitiesOnly maybe\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: family', files: { config: 'Host other\n  AddressFamily ipv6\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: host key checking', files: { config: 'Host other\n  StrictHostKeyChecking perhaps\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: environment', files: { config: 'Host other\n  SetEnv A\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: environment sent', files: { config: 'Host other\n  SendEnv A=1\n' }, hosts: ['web'] },
  { what: 'a value that cannot be: word in quotes', files: { config: 'Host other\n  BindAddress ""\n' }, hosts: ['web'] },
  { what: 'too many values', files: { config: 'Host web\n  User a b\n' }, hosts: ['web'] },
  { what: 'an option that ssh does not have', files: { config: 'Host other\n  Nonsense yes\n' }, hosts: ['web'] },
  {
    what: 'an option that may be unknown',
    files: { config: 'IgnoreUnknown Non*,Use*\nNonsense yes\nUseKeychainX yes\nPort 2201\n' },
    hosts: ['web'],
  },
  { what: 'unknown before it is named', files: { config: 'Nonsense yes\nIgnoreUnknown Non*\n' }, hosts: ['web'] },
  {
    what: 'options of old and their newer names',
    files: {
      config: 'Protocol 2\nUseRoaming no\nChallengeResponseAuthentication no\nDSAAuthentication no\nKeepAlive no\nIdentityFile2 ~/k\n',
    },
    hosts: ['web'],
  },
  {
    what: 'words for host keys',
    files: {
      config:
        'Host a\n  StrictHostKeyChecking off\nHost b\n  StrictHostKeyChecking accept-new\nHost c\n  StrictHostKeyChecking YES\nHost d\n  StrictHostKeyChecking ask\n',
    },
    hosts: ['a', 'b', 'c', 'd', 'e'],
  },
  { what: 'where from', files: { config: 'AddressFamily inet6\nBindAddress 10.0.0.1\nBindInterface eth0\n' }, hosts: ['web'] },
  {
    what: 'known hosts: home, tokens, variables, quotes',
    files: {
      config: 'HostKeyAlias Alias-%h\nUserKnownHostsFile ~/a /x/%h-%p-%r-%u-%n-%k-%i "b c" ${HOME}/d\nGlobalKnownHostsFile ~/g "h i" /n\n',
    },
    hosts: ['web'],
  },
  { what: 'a variable that is not set', files: { config: 'UserKnownHostsFile ${ROLLCALL_NO_SUCH_NAME}/a\n' }, hosts: ['web'] },
  {
    what: 'agents',
    files: {
      config:
        'Host a\n  IdentityAgent none\nHost b\n  IdentityAgent SSH_AUTH_SOCK\nHost c\n  IdentityAgent $OTHER\nHost d\n  IdentityAgent ~/a-%C-%l-%L\n',
    },
    hosts: ['a', 'b', 'c', 'd'],
  },
  {
    what: 'methods of login',
    files: {
      config:
        'PreferredAuthentications publickey,password\nPubkeyAuthentication no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nGSSAPIAuthentication yes\n',
    },
    hosts: ['web'],
  },
  {
    what: 'keys and certificates as they are written',
    files: {
      config: 'IdentityFile ~/%h-%r\nIdentityFile none\nCertificateFile ~/c-%h\nCertificateFile none\nPKCS11Provider /usr/lib/p11.so\n',
    },
    hosts: ['web'],
  },
  {
    what: 'environment sent, and taken out again',
    files: { config: 'SendEnv LC_* A B\nHost web\n  SendEnv -LC_*\nHost *\n  SendEnv A C\n' },
    hosts: ['web', 'db'],
  },
  { what: 'a jump host before a command', files: { config: 'ProxyJump a\nProxyCommand x\n' }, hosts: ['web'] },
  { what: 'a command before a jump host', files: { config: 'ProxyCommand x\nProxyJump a\n' }, hosts: ['web'] },
  { what: 'no jump host, then a command', files: { config: 'ProxyJump none\nProxyCommand x\nProxyJump a\n' }, hosts: ['web'] },
  { what: 'no command, then a jump host', files: { config: 'ProxyCommand none\nProxyJump a\n' }, hosts: ['web'] },
  {
    what: 'a command for known hosts',
    files: { config: 'Host a\n  KnownHostsCommand /bin/x %H\nHost b\n  KnownHostsCommand none\n' },
    hosts: ['a', 'b'],
  },
  {
    what: 'canonical names',
    files: {
      config:
        'CanonicalizeHostname yes\nCanonicalDomains no.such.invalid\nCanonicalizeMaxDots 2\nMatch canonical\n  Port 2201\nHost WEB\n  User never\n',
    },
    hosts: ['web', 'a.b.c.d'],
  },
  {
    what: 'no canonical name, and no other will do',
    files: { config: 'CanonicalizeHostname always\nCanonicalDomains no.such.invalid\nCanonicalizeFallbackLocal no\nProxyJump j\n' },
    hosts: ['web'],
  },
  {
    what: 'canonical names are not looked for behind a jump host',
    files: { config: 'CanonicalizeHostname yes\nCanonicalDomains no.such.invalid\nCanonicalizeFallbackLocal no\nProxyJump j\n' },
    hosts: ['web'],
  },
  { what: 'an Include without a file', files: { config: 'Include\n' }, hosts: ['web'] },
  {
    what: 'an Include two deep, with a Match inside',
    files: {
      config: 'Host web\n  Include DIR/one\nHost *\n  Port 2209\n',
      one: 'Match user ops\n  Port 2201\nMatch all\n  User ops\n  Include DIR/two\n',
      two: 'IdentityFile /two\nMatch user ops\n  Port 2202\n',
    },
    hosts: ['web', 'db'],
  },
  { what: 'no file of known hosts', files: { config: 'GlobalKnownHostsFile none\nUserKnownHostsFile none\n' }, hosts: ['web'] },
  { what: 'no file of known hosts, and one', files: { config: 'UserKnownHostsFile none ~/x\n' }, hosts: ['web'] },
  { what: 'tabs, form feeds and carriage returns', files: { config: '\tHost\tweb\r\n\t\tPort\t2201 \f\r\n' }, hosts: ['web'] },
  { what: 'a value is missing', files: { config: 'Host web\n  Port\n' }, hosts: ['web'] },
  { what: 'an open quote', files: { config: 'Host "web\n  Port 2201\n' }, hosts: ['web'] },
  { what: 'Match without a condition it knows', files: { config: 'Match hostname web\n  Port 2201\n' }, hosts: ['web'] },
  { what: 'Match all with more', files: { config: 'Match host web all\n  Port 2201\nMatch all host web\n User u\n' }, hosts: ['web'] },
  { what: 'a file that includes itself', files: { config: 'Include DIR/config\n' }, hosts: ['web'] },
];

/** The lines of `ssh -G` that are about what we honour, in their order. */
const oracle = (file: string, host: string): readonly string[] | { readonly line: string } => {
  const { status, stdout, stderr } = spawnSync('ssh', ['-G', '-F', file, '--', host], { stdio: ['ignore', 'pipe', 'pipe'] });
  if (status !== 0) return { line: / line (\d+)/.exec(stderr.toString())?.[1] ?? '' };
  return stdout
    .toString()
    .split('\n')
    .filter(line => line.startsWith('host ') || honoured.has(line.split(' ')[0] ?? ''));
};

const world = {
  home: process.env['HOME'] ?? '/',
  localUser: userInfo().username,
  machine: hostname(),
  read: async (path: string) => {
    try {
      return ok(readFileSync(path, 'utf8'));
    } catch {
      return ok(undefined);
    }
  },
  glob: async (pattern: string) => globSync(pattern).sort(),
  succeeds: async (command: string) => spawnSync('/bin/sh', ['-c', command]).status === 0,
  resolves: (name: string) =>
    lookup(name).then(
      () => true,
      () => false,
    ),
};

describe.skipIf(!hasSsh)('ssh_config says for us what it says for ssh', () => {
  test.each(cases.map((one, index) => ({ ...one, index })))('$what', async ({ files, hosts, index }) => {
    const here = join(folder, String(index));
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(here, name)), { recursive: true });
      writeFileSync(join(here, name), text.replaceAll('DIR', here), { mode: 0o600 });
    }
    const file = join(here, 'config');
    const config = await loadSshConfig([{ path: file, whose: 'user' }], world);
    for (const host of hosts) {
      const theirs = oracle(file, host);
      const ours = config.ok ? await config.value.optionsFor({ host }) : config;
      const printed = ours.ok ? printedOptions(host, ours.value, { ...world, uid: process.getuid?.() ?? 0, env: process.env }) : ours;
      if (printed.ok || !('line' in theirs)) expect([host, printed.ok ? printed.value : printed.failure.cause]).toEqual([host, theirs]);
      else expect(printed.failure.cause).toMatch(theirs.line === '' ? /./ : new RegExp(`/config:${theirs.line}:\\d+: `));
    }
  });
});
