// Our reading of ssh_config beside `ssh -G`, in one run: the same options for the same hosts, and the same refusals.
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { ok } from '../../src/domain/result.ts';
import { loadSshConfig } from '../../src/ssh/config.ts';

const hasSsh = spawnSync('ssh', ['-V']).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'rollcall-ssh-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Options that are compared where ours has a value; the rest of ssh's list are its defaults. */
const compared = [
  'hostname',
  'user',
  'port',
  'identityfile',
  'identitiesonly',
  'proxycommand',
  'proxyjump',
  'hostkeyalias',
  'connecttimeout',
  'setenv',
  'forwardagent',
];

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
  { what: 'tabs, form feeds and carriage returns', files: { config: '\tHost\tweb\r\n\t\tPort\t2201 \f\r\n' }, hosts: ['web'] },
  { what: 'a value is missing', files: { config: 'Host web\n  Port\n' }, hosts: ['web'] },
  { what: 'an open quote', files: { config: 'Host "web\n  Port 2201\n' }, hosts: ['web'] },
  { what: 'Match without a condition it knows', files: { config: 'Match hostname web\n  Port 2201\n' }, hosts: ['web'] },
  { what: 'Match all with more', files: { config: 'Match host web all\n  Port 2201\nMatch all host web\n User u\n' }, hosts: ['web'] },
  { what: 'a file that includes itself', files: { config: 'Include DIR/config\n' }, hosts: ['web'] },
];

const oracle = (file: string, host: string): Map<string, string[]> | undefined => {
  const { status, stdout } = spawnSync('ssh', ['-G', '-F', file, '--', host], { stdio: ['ignore', 'pipe', 'ignore'] });
  if (status !== 0) return undefined;
  const options = new Map<string, string[]>();
  for (const line of stdout.toString().split('\n')) {
    const [, key, value] = /^(\S+) (.*)$/.exec(line) ?? [];
    if (key !== undefined && value !== undefined) options.set(key, [...(options.get(key) ?? []), value]);
  }
  return options;
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
      if (theirs === undefined || !ours.ok) {
        expect(`${host}: ${ours.ok ? 'taken' : ours.failure.cause}`).toMatch(theirs === undefined ? /config:\d+:\d+: / : /taken/);
        continue;
      }
      const said = [...ours.value]
        .filter(([key]) => compared.includes(key))
        .map(([key, values]) => [key, key === 'connecttimeout' ? values : values]);
      for (const [key, values] of said as [string, readonly string[]][]) expect([host, key, values]).toEqual([host, key, theirs.get(key)]);
      // What we have no word for must be ssh's own default.
      for (const key of ['proxycommand', 'proxyjump', 'hostkeyalias', 'setenv']) {
        if (!ours.value.has(key)) expect([host, key, theirs.get(key)]).toEqual([host, key, undefined]);
      }
    }
  });
});
