// Another user's jobs with the real binary on a real sshd with a real sudo: flags, files, playbooks; a wrong password is tried once in all.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { waitFor } from '../support/wait-for.ts';

const secret = 'Gelbe-Ameise-23';

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('another user on a real sshd', { timeout: 120_000 }, () => {
  let sshd: Sshd;
  let place: Place;
  beforeAll(async () => {
    const sudoLog = ['Defaults !syslog, logfile=/run/sudo/log'];
    sshd = await startSshd({
      users: [
        { name: 'ops', password: secret, sudoers: 'ALL=(ALL:ALL) ALL' },
        { name: 'app', password: secret },
      ],
      etc: { sudoers: sudoLog },
    });
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    const vars = `ansible_host=127.0.0.1\nansible_port=${sshd.port}\nansible_user=ops\nansible_ssh_private_key_file=${sshd.keyPath}\n`;
    const args = `ansible_ssh_common_args='-o UserKnownHostsFile=${sshd.knownHostsPath}'\n`;
    writeFileSync(join(place.dir, 'hosts.ini'), `h1\nh2\nh3\n[all:vars]\n${vars}${args}`);
    writeFileSync(join(place.dir, 'right'), `${secret}\n`, { mode: 0o600 });
    writeFileSync(join(place.dir, 'wrong'), 'no\n', { mode: 0o600 });
  });
  afterEach(() => place.end());
  const holding = (...folders: string[]): string => spawnSync('grep', ['-rlaF', secret, ...folders]).stdout.toString();

  test('-b with a password file runs as root everywhere, and the password is in nothing that stays', async () => {
    const { code, out, err } = await place.run(['run', 'all', '-i', 'hosts.ini', '-b', '--become-password-file', 'right', '--', 'id -un']);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('id -un as root: 3 hosts');
    expect(out).toContain('ok 3');
    expect(out).toMatch(/^.*\broot$/m);
    expect(holding(place.stateDir, join(sshd.account('ops').home, '.rollcall'))).toBe('');
  });

  test('told to Ansible too, its file is that of the account that logs in: async_status needs no become', async () => {
    const words = ['run', 'h1', '-i', 'hosts.ini', '-b', '--become-password-file', 'right', '--ansible-async', '--', 'id -un'];
    const { code, err } = await place.run(words);
    expect([code, err]).toEqual([0, '']);
    const { home, uid } = sshd.account('ops');
    const end = await waitFor('its end', () => {
      const files = readdirSync(join(home, '.ansible_async')).map(name => join(home, '.ansible_async', name));
      const told = files.map(file => ({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), uid: statSync(file).uid }));
      return told.find(one => 'finished' in one && one.finished === 1);
    });
    expect(end).toMatchObject({ rc: 0, stdout: 'root', uid });
  });

  test('a wrong one is tried on one host, and nothing runs; without one, who is needed is said', async () => {
    const mark = join(sshd.dir, 'ran');
    const wrong = await place.run(['run', 'all', '-i', 'hosts.ini', '-b', '--become-password-file', 'wrong', '--', `echo x >>${mark}`]);
    expect(wrong.code).not.toBe(0);
    const none = await place.run(['run', 'h1', '-i', 'hosts.ini', '-b', '--', `echo x >>${mark}`]);
    expect(none.code).toBe(6);
    expect(none.out + none.err).toContain('the sudo password of ops is asked for; give -K or --become-password-file FILE');
    expect(() => readFileSync(mark)).toThrow();
  });

  test('a playbook says as whom, play by play and task by task', async () => {
    const book = [
      '- hosts: h1',
      '  become: true',
      '  gather_facts: false',
      '  tasks:',
      '    - shell: echo first $(id -un)',
      '    - shell: echo second $(id -un)',
      '      become_user: app',
      '    - shell: echo third $(id -un)',
      '      become: false',
    ];
    writeFileSync(join(place.dir, 'p.yml'), `${book.join('\n')}\n`);
    const { code, out } = await place.run([
      'play',
      'p.yml',
      '-i',
      'hosts.ini',
      '--become-password-file',
      'right',
      '--output',
      'ansible-json',
    ]);
    expect(code).toBe(0);
    for (const words of ['first root', 'second app', 'third ops']) expect(out).toContain(words);
  });

  test('a cancel works when the driver was killed and knows no password any more', async () => {
    const running = place.start(['run', 'h1', '-i', 'hosts.ini', '-b', '-B', '600', '--become-password-file', 'right', '--', 'sleep 600']);
    await waitFor('a start', () => (running.out().includes(' started ') ? true : undefined));
    const link = await place.link();
    process.kill(link.status.pid, 'SIGKILL');
    running.child.kill('SIGKILL');
    await running.finished;
    const { code, out } = await place.run(['cancel', 'last']);
    expect([code, out]).toEqual([0, expect.stringContaining('gone')]);
  });
});
