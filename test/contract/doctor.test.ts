// `rollcall doctor` on real sshds: what it says of hosts that can be reached and of those that cannot, and that it leaves nothing.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { realClock } from '../../src/cli/clock.ts';
import { doctorVerb } from '../../src/cli/verbs/doctor.ts';
import type { World } from '../../src/cli/world.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { type Lab, makeLab } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable() || spawnSync('ssh', ['-V']).status !== 0)('rollcall doctor', () => {
  let good: Sshd;
  let forced: Sshd;
  let jump: Sshd;
  let lab: Lab;
  let inventory: string;

  beforeAll(async () => {
    lab = makeLab();
    [good, forced, jump] = await Promise.all([
      startSshd(),
      startSshd({ config: ['ForceCommand echo go away'] }),
      startSshd({ config: ['AllowTcpForwarding yes'] }),
    ]);
    const changed = join(lab.home, 'changed');
    lab.makeKey('other');
    writeFileSync(changed, `\n[${good.host}]:${good.port} ${readFileSync(join(lab.home, 'other.pub'), 'utf8')}`);
    const certified = lab.makeKey('certified');
    execFileSync('ssh-keygen', ['-q', '-s', lab.makeKey('authority'), '-I', 'test', '-n', good.user, `${certified}.pub`]);
    appendFileSync(join(good.dir, 'authorized_keys'), `cert-authority ${readFileSync(join(lab.home, 'authority.pub'), 'utf8')}`);
    const known = join(lab.home, '.ssh', 'known_hosts');
    writeFileSync(known, [good, forced, jump].map(sshd => readFileSync(sshd.knownHostsPath, 'utf8')).join(''));
    writeFileSync(
      join(lab.home, '.ssh', 'config'),
      [
        `Host jump1\n HostName ${jump.host}\n Port ${jump.port}\n IdentityFile ${jump.keyPath}`,
        'Host behind\n ProxyJump jump1\nHost *\n ForwardAgent yes',
        '',
      ].join('\n'),
      { mode: 0o600 },
    );
    inventory = join(lab.home, 'hosts.yml');
    const at = (sshd: Sshd, more = '') =>
      `{ansible_host: ${sshd.host}, ansible_port: ${sshd.port}, ansible_ssh_private_key_file: ${sshd.keyPath}${more}}`;
    writeFileSync(
      inventory,
      ['all:', ' hosts:']
        .concat([
          `  fine: ${at(good)}`,
          `  behind: ${at(good, ', ansible_ssh_common_args: "-o ProxyJump=jump1"')}`,
          // The system's ssh looks for known hosts in the home that passwd names, not in ours.
          `  certified: ${at(good, `, ansible_ssh_common_args: -o UserKnownHostsFile=${known}`).replace(good.keyPath, certified)}`,
          `  changed: ${at(good, `, ansible_ssh_common_args: -o UserKnownHostsFile=${changed}`)}`,
          `  unknown: ${at(good, ', ansible_ssh_common_args: -o UserKnownHostsFile=/dev/null')}`,
          `  stranger: ${at(good).replace(good.keyPath, join(lab.home, 'other'))}`,
          `  forced: ${at(forced)}`,
          '  here: {ansible_connection: local}',
          '  nobody: {ansible_host: 127.0.0.1, ansible_port: 9}',
          '',
        ])
        .join('\n'),
    );
  });
  afterAll(async () => {
    await Promise.all([good.stop(), forced.stop(), jump.stop()]);
    lab.remove();
  });

  const doctor = async (pattern: string, flags: object = {}) => {
    let out = '';
    const world: World = {
      env: { PATH: process.env['PATH'], HOME: lab.home },
      cwd: lab.home,
      home: lab.home,
      uid: process.getuid?.(),
      user: good.user,
      actor: { user: good.user, machine: 'here' },
      isTerminal: false,
      canAsk: false,
      clock: realClock,
      write: text => {
        out += text;
      },
      say: sentence => {
        out += `${sentence}\n`;
      },
    };
    const done = await doctorVerb(world, pattern, {
      inventory: [inventory],
      log: true,
      template: true,
      state: join(lab.home, 'state'),
      ...flags,
    });
    if (!done.ok) throw new Error(done.failure.cause);
    return { code: done.value, out };
  };

  test('each host in one table, each trouble in one sentence', async () => {
    const homes = () => [good, forced, jump].flatMap(sshd => readdirSync(sshd.home));
    const before = homes();
    const { code, out } = await doctor('all');
    const row = (host: string) => out.split('\n').find(line => line.startsWith(`${host} `)) ?? '';
    const address = `${good.user}@127.0.0.1:${good.port}`;
    expect(code).toBe(4);
    expect(row('fine')).toMatch(
      new RegExp(
        `^fine +ok +${address} +ssh2 +- +${good.keyPath} +known +~/.ssh/known_hosts:1 +[\\d.]+ +\\S.* \\d[\\d.]* [kMGT]B +[-+]?\\d s$`,
      ),
    );
    expect(row('behind')).toContain(`ssh2       ${good.user}@127.0.0.1:${jump.port}`);
    expect(row('certified')).toMatch(/^certified +ok +\S+ +openssh /);
    expect(row('here')).toMatch(/^here +ok +this machine +local +- +- +- +- /);
    expect(row('changed')).toMatch(/ changed +~\/changed:2 /);
    expect(row('unknown')).toMatch(/ unknown +\/dev\/null /);
    expect(out).toMatch(/^ {2}unknown: it shows ssh-ed25519 SHA256:\S+$/m);
    expect(row('nobody')).toMatch(/^nobody +connection refused /);
    expect(out).toContain('4 of 9 would be reached');
    expect(out).toMatch(/\n {2}changed: ITS HOST KEY HAS CHANGED: it shows ssh-ed25519 SHA256:/);
    expect(out).toMatch(/\n {2}stranger: .*with \S+other/);
    expect(out).toMatch(/\n {2}forced: the account does not run commands: it answers "go away"; .*forced command/);
    expect(out).toMatch(/\n {2}certified: certificate \S+certified-cert\.pub/);
    expect(out).toMatch(/forwardagent is not honoured/);
    expect(out).not.toMatch(/read otherwise/);
    expect(homes()).toEqual(before);
  });

  test('in JSON, where all is well', async () => {
    const { code, out } = await doctor('fine,behind', { json: true });
    const { hosts, findings, machine } = JSON.parse(out);
    expect(code).toBe(0);
    expect(hosts.map(({ host, key, hops }: { host: string; key: string; hops: string[] }) => [host, key, hops.length])).toEqual([
      ['fine', good.keyPath, 0],
      ['behind', good.keyPath, 1],
    ]);
    expect(hosts[0].hostKey).toMatchObject({ state: 'known', type: 'ssh-ed25519', file: join(lab.home, '.ssh', 'known_hosts'), line: 1 });
    expect(hosts[0].there).toMatchObject({ home: good.home, isWritable: true });
    expect(Math.abs(hosts[0].there.skew)).toBeLessThanOrEqual(5);
    expect(findings).toEqual([]);
    expect(machine.map(({ what }: { what: string }) => what)).toEqual(['ssh', 'agent', 'known_hosts', 'home', join(lab.home, '.ssh')]);
    // This test has a HOME of its own, which the system's ssh does not know of.
    expect(machine[3]).toMatchObject({ state: 'mend', said: expect.stringContaining(`HOME is ${lab.home}, but the system's ssh reads `) });
  });

  test('connections stay below forks, jump hosts counted', async () => {
    const watch = [good, jump].map(sshd => sshd.watchConnections());
    const { out } = await doctor('fine,behind,unknown,stranger', { forks: 2 });
    expect(out).toContain('2 of 4 would be reached');
    const peaks = watch.map(one => one.peak());
    for (const one of watch) one.stop();
    expect(Math.max(...peaks)).toBeLessThanOrEqual(2);
    expect((await doctor('behind', { forks: 1 })).out).toMatch(/it takes 2 connections, and -f is 1/);
  });

  test('what is wrong here is told too', async () => {
    const state = join(lab.home, 'open');
    mkdirSync(state, { mode: 0o777 });
    execFileSync('chmod', ['777', state]);
    const { out } = await doctor('fine', { state });
    expect(out).toContain(`mend: ${state}: others may look or write there (mode 777); chmod 700 ${state}`);
    rmSync(state, { recursive: true });
  });
});
