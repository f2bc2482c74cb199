// Passwords with the real binary on a real sshd whose accounts only it has: they work, a wrong one is sent once, and the value is nowhere but where it is used.
import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { waitFor } from '../support/wait-for.ts';

const secret = 'Blaue-Giraffe-17';
const names = ['h1', 'h2', 'h3', 'h4'];

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('passwords on a real sshd', () => {
  let sshd: Sshd;
  let place: Place;

  beforeAll(async () => {
    sshd = await startSshd({ users: [{ name: 'ops', password: secret }] });
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    writeInventory();
  });
  afterEach(() => place.end());

  /** Hosts at the one server that have no key to offer. */
  const writeInventory = (more: readonly string[] = []): void =>
    writeFileSync(
      join(place.dir, 'hosts.ini'),
      [
        ...names,
        '[all:vars]',
        'ansible_host=127.0.0.1',
        `ansible_port=${sshd.port}`,
        'ansible_user=ops',
        `ansible_ssh_common_args='-o UserKnownHostsFile=${sshd.knownHostsPath}'`,
        ...more,
        '',
      ].join('\n'),
    );
  const passwordFile = (text: string, mode = 0o600): string => {
    const path = join(place.dir, 'password');
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  };
  const run = ['run', 'all', '-i', 'hosts.ini'];
  const holding = (...folders: string[]): string => spawnSync('grep', ['-rlaF', secret, ...folders]).stdout.toString();
  const ofProcess = (pid: number | undefined): string =>
    ['cmdline', 'environ'].map(file => readFileSync(`/proc/${pid}/${file}`, 'latin1')).join('\n');
  const refusals = (): number =>
    sshd
      .log()
      .split('\n')
      .filter(line => line.includes('Failed password for ops')).length;

  test('one from a file logs in everywhere, and is in no argument, environment, journal, log, output or host folder', async () => {
    const running = place.start([...run, '--connection-password-file', passwordFile(`${secret}\n`), '--', 'echo it ran; sleep 2']);
    await waitFor('a start', () => (running.out().includes(' started ') ? true : undefined));
    const link = await place.link();
    for (const pid of [running.child.pid, link.status.pid]) expect(ofProcess(pid)).not.toContain(secret);
    link.close();
    const { code, out, err } = await running.finished;
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('ok 4');
    expect(out + err).not.toContain(secret);
    expect(holding(place.stateDir, join(sshd.account('ops').home, '.rollcall'))).toBe('');
    expect(refusals()).toBe(0);
  });

  test('a wrong one is sent once, whatever the number of hosts', async () => {
    const before = refusals();
    const { code, out } = await place.run([...run, '--conn-pass-file', passwordFile('wrong'), '--', 'echo it ran']);
    expect(code).toBe(4);
    expect(out).toContain('unreachable 4');
    expect(out).toContain('turned down by h');
    expect(refusals() - before).toBe(1);
  });

  test('one of the inventory works, and stays out of the journal', async () => {
    writeInventory([`ansible_password=${secret}`]);
    const { code } = await place.run([...run, '--', 'true']);
    expect(code).toBe(0);
    expect(holding(place.stateDir)).toBe('');
  });

  test('a script that prints it works, as with Ansible', async () => {
    const { code } = await place.run([
      ...run,
      '--connection-password-file',
      passwordFile(`#!/bin/sh\necho ${secret}\n`, 0o700),
      '--',
      'true',
    ]);
    expect(code).toBe(0);
  });

  test('adopt logs in with one, too; without it, it says which is missing and ends with 6', async () => {
    await place.run([...run, '-B', '600', '-P', '0', '--connection-password-file', passwordFile(secret), '--', 'true']);
    const other = makePlace();
    try {
      const inventory = join(place.dir, 'hosts.ini');
      const none = await other.run(['adopt', 'h1', '-i', inventory]);
      expect([none.code, none.err]).toEqual([6, expect.stringContaining('the password of ops is asked for; give -k')]);
      const found = await other.run(['adopt', 'h1', '-i', inventory, '--connection-password-file', passwordFile(secret)]);
      expect([found.code, found.err]).toEqual([0, '']);
      expect(found.out).toContain('run 1 (1@');
      expect(holding(other.stateDir)).toBe('');
    } finally {
      await other.end();
    }
  });

  test('doctor says where a password is missing, tries one once, and logs in with the right one', async () => {
    const doctor = ['doctor', 'all', '-i', 'hosts.ini'];
    const none = await place.run(doctor);
    expect(none.code).toBe(6);
    expect(none.out).toMatch(/^h1 +needs a password: -k /m);
    expect(none.out).toContain('0 of 4 would be reached, 4 more with what is asked for there');
    const before = refusals();
    const wrong = await place.run([...doctor, '--connection-password-file', passwordFile('wrong')]);
    expect([wrong.code, refusals() - before]).toEqual([4, 1]);
    expect(wrong.out).toMatch(/^h1 +the password was refused /m);
    const right = await place.run([...doctor, '--connection-password-file', passwordFile(secret)]);
    expect([right.code, right.err]).toEqual([0, '']);
    expect(right.out).toContain('4 of 4 would be reached');
    expect(right.out).not.toContain(secret);
  });

  test('a file that others may read is refused with what mends it; -k without a terminal and no password at all say who is needed', async () => {
    const file = passwordFile(secret, 0o644);
    const open = await place.run([...run, '--connection-password-file', file, '--', 'true']);
    expect([open.code, open.err]).toEqual([5, `rollcall: others may read the password file ${file}: chmod 600 ${file}\n`]);
    const none = await place.run([...run, '--', 'true']);
    expect(none.code).toBe(6);
    expect(none.out + none.err).toContain('the password of ops is asked for; give -k or --connection-password-file FILE');
  });
});
