// Accounts whose login shell is no POSIX shell, or whose rc files talk, over both transports: a job runs there as anywhere.
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOpensshTransport } from '../../src/openssh/transport.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { freshIdentity, hex, runJob } from './jobs-contract.ts';
import { addressAt, type Lab, makeLab, text, value } from './ssh-lab.ts';

/** Login shell → the files that it reads for a command, and what makes noise in them. */
const shells: readonly { readonly shell: string; readonly rc: string; readonly noise: string }[] = [
  { shell: 'bash', rc: '.bashrc', noise: 'echo noise; echo more >&2; printf "A 00 1"' },
  { shell: 'csh', rc: '.cshrc', noise: 'echo noise; set noclobber' },
  { shell: 'tcsh', rc: '.tcshrc', noise: 'echo noise; set noclobber' },
  { shell: 'fish', rc: '.config/fish/config.fish', noise: 'echo noise; echo more >&2' },
];

const pathOf = (shell: string): string | undefined =>
  ['/bin', '/usr/bin'].map(dir => join(dir, shell)).find(path => spawnSync(path, ['-c', 'true']).status === 0);

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('login shells', { timeout: 60_000 }, () => {
  let sshd: Sshd;
  let lab: Lab;
  const found = shells.flatMap(one => {
    const path = pathOf(one.shell);
    return path === undefined ? [] : [{ ...one, path }];
  });

  beforeAll(async () => {
    lab = makeLab();
    sshd = await startSshd({
      users: [
        ...found.map(({ shell, path }) => ({ name: `rc${shell}`, password: 'x', shell: path })),
        { name: 'rcno', password: 'x', shell: '/usr/sbin/nologin' },
      ],
    });
    for (const { shell, rc, noise } of found) {
      const { home, uid } = sshd.account(`rc${shell}`);
      const path = join(home, rc);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, `${noise}\n`);
      for (const one of [path, dirname(path), dirname(dirname(path))]) if (one.startsWith(home)) chownSync(one, uid, uid);
    }
  });
  afterAll(async () => {
    await sshd.stop();
    lab.remove();
  });

  const wayTo = (user: string, over: 'ssh2' | 'openssh') => {
    const address: Address = addressAt(sshd, {
      user,
      system: {
        host: sshd.host,
        args: [
          '-F',
          '/dev/null',
          '-l',
          user,
          '-p',
          String(sshd.port),
          '-i',
          sshd.keyPath,
          '-o',
          `UserKnownHostsFile=${sshd.knownHostsPath}`,
        ],
      },
    });
    const timeouts = { connect: 10_000, handshake: 15_000, reply: 20_000 };
    const transport = over === 'ssh2' ? lab.transport() : makeOpensshTransport({ timeouts, env: { PATH: process.env['PATH'] } });
    return { transport, address };
  };
  const lineTo = async (user: string, over: 'ssh2' | 'openssh') => {
    const { transport, address } = wayTo(user, over);
    const jobs = makeJobs({ transport, identity: freshIdentity(), nonce: () => hex(8), addressOf: () => address });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  };

  test.each(found.flatMap(({ shell }) => (['ssh2', 'openssh'] as const).map(over => [shell, over] as const)))(
    '%s, noisy, over %s',
    async (shell, over) => {
      const line = await lineTo(`rc${shell}`, over);
      const report = await runJob(line, 'echo "$HOME" | grep -c home-of; echo "a\'b\\\\c !$0" >&2; exit 3');
      expect([report.state, text(report.out.bytes)]).toEqual([{ kind: 'done', rc: 3 }, '1\n']);
      line.close();
      await line.closed;
    },
  );

  test.each(found.map(({ shell }) => shell))('the rc file of %s does talk', async shell => {
    const { transport, address } = wayTo(`rc${shell}`, 'ssh2');
    const connection = value(await transport.connect(address));
    expect(text(value(await connection.exec('echo hi', new Uint8Array())).stdout)).toMatch(/^noise\n(?:.*\n)*.*hi\n$/);
    connection.close();
    await connection.closed;
  });

  test.each(['ssh2', 'openssh'] as const)('an account that may not log in says so over %s, and nothing ran', async over => {
    const line = await lineTo('rcno', over);
    const answer = await line.list();
    expect(answer.ok ? 'answered' : `${answer.failure.tag}: ${answer.failure.cause}`).toMatch(
      /^restricted: This account is currently not available/,
    );
    line.close();
    await line.closed;
  });

  test('every shell of the table is here where the tests must be whole', () => {
    if (process.env['ROLLCALL_REQUIRE_SHELLS'] === '1') expect(found.map(({ shell }) => shell)).toEqual(shells.map(({ shell }) => shell));
  });
});
