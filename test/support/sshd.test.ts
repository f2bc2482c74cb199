// Whether the private sshd serves, counts, restarts and leaves nothing behind: other suites lean on it.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { type Sshd, sshdAvailable, startSshd } from './sshd.ts';
import { testUsersAvailable } from './test-user.ts';

const run = promisify(execFile);

test.skipIf(!sshdAvailable())('a session gets the HOME of its alias and nothing of the real one', async () => {
  const sshd = await startSshd({ aliases: ['a1', 'a2'], environment: { FLAVOUR: 'mild hot' } });
  try {
    expect(await ssh(sshd, sshd.port, 'echo "$HOME" "$FLAVOUR"')).toBe(`${sshd.home} mild hot\n`);
    expect(await ssh(sshd, sshd.alias('a1').port, 'echo "$HOME"')).toBe(`${sshd.alias('a1').home}\n`);
    expect(await ssh(sshd, sshd.alias('a2').port, 'echo "$HOME" "$FLAVOUR"')).toBe(`${sshd.alias('a2').home} mild hot\n`);
  } finally {
    await sshd.stop();
  }
  expect(existsSync(sshd.dir)).toBe(false);
});

test.skipIf(!sshdAvailable())('connections are counted on the server side, now and at their peak', async () => {
  const sshd = await startSshd();
  try {
    const watch = sshd.watchConnections();
    await Promise.all([1, 2, 3].map(() => ssh(sshd, sshd.port, 'sleep 0.3')));
    expect(watch.peak()).toBe(3);
    expect(watch.accepted()).toBe(3);
    watch.stop();
    const later = sshd.watchConnections();
    await ssh(sshd, sshd.port, 'true');
    await ssh(sshd, sshd.port, 'true');
    expect([later.peak(), later.accepted()]).toEqual([1, 2]);
    later.stop();
    await expect.poll(() => sshd.connectionsOpen()).toBe(0);
  } finally {
    await sshd.stop();
  }
});

test.skipIf(!sshdAvailable())('MaxStartups of the options counts', async () => {
  const sshd = await startSshd({ config: ['MaxStartups 1:100:1'] });
  const sockets = Array.from({ length: 3 }, () => connect(sshd.port, sshd.host).on('error', () => undefined));
  try {
    await expect.poll(() => sshd.log().match(/past MaxStartups/g)).toHaveLength(2);
  } finally {
    for (const socket of sockets) socket.destroy();
    await sshd.stop();
  }
});

test.skipIf(!sshdAvailable())('restart keeps port and keys, and ends the sessions', async () => {
  const sshd = await startSshd({ config: ['MaxSessions 1'] });
  try {
    const before = sshd.pid();
    const ended = ssh(sshd, sshd.port, 'echo up; sleep 60').then(
      () => 'ended well',
      () => 'cut',
    );
    await expect.poll(() => sshd.log()).toContain('Accepted publickey');
    await sshd.restart();
    expect(await ended).toBe('cut');
    expect(sshd.pid()).not.toBe(before);
    expect(await ssh(sshd, sshd.port, 'echo back')).toBe('back\n');
  } finally {
    await sshd.stop();
  }
});

test.skipIf(!sshdAvailable() || !testUsersAvailable())(
  'an account of its own logs in and has sudo, and this machine knows nothing of it',
  async () => {
    const sshd = await startSshd({ users: [{ name: 'rollcall-one', password: 'a b$c', sudoers: 'ALL=(ALL:ALL) ALL' }] });
    try {
      const { home, uid } = sshd.account('rollcall-one');
      expect(await ssh(sshd, sshd.port, 'id -u; echo $HOME; pwd', 'rollcall-one')).toBe(`${uid}\n${home}\n${home}\n`);
      const sudo =
        'command -v sudo >/dev/null || exit 0; printf "a b\\$c\\n" | sudo -k -S -p "" id -u; ! echo no | sudo -k -S -p "" id -u 2>/dev/null';
      expect(await ssh(sshd, sshd.port, sudo, 'rollcall-one')).toMatch(/^(?:0\n)?$/);
      await expect(run('getent', ['passwd', 'rollcall-one'])).rejects.toThrow();
    } finally {
      await sshd.stop();
    }
  },
);

async function ssh(sshd: Sshd, port: number, command: string, user = sshd.user): Promise<string> {
  const options = ['-F', 'none', '-i', sshd.keyPath, '-o', `UserKnownHostsFile=${sshd.knownHostsPath}`, '-o', 'BatchMode=yes'];
  const { stdout } = await run('ssh', [...options, '-p', String(port), `${user}@${sshd.host}`, command]);
  return stdout;
}
