// This machine as a host, with the real binary: by its own name without an inventory, by `ansible_connection: local`, and as another user.
import { spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { connectDriver } from '../../src/driver/link.ts';
import { protocolVersion } from '../../src/driver/protocol.ts';
import { binary, type Finished, isAlive, makePlace, type Place } from '../support/program.ts';
import { makePrivateEtc, testUsersAvailable } from '../support/test-user.ts';
import { waitFor } from '../support/wait-for.ts';

let place: Place;
beforeEach(() => {
  place = makePlace();
});
afterEach(() => place.end());

test('localhost needs no inventory, and is in no group of one', async () => {
  const { code, out, err } = await place.start(['run', 'localhost', '--', 'echo "here $((40 + 2))"']).finished;
  expect([code, err]).toEqual([0, '']);
  expect(out).toContain('here 42\n');
  writeFileSync(join(place.dir, 'hosts'), 'me ansible_connection=local word=said\nfar ansible_connection=winrm\n');
  const listed = await place.start(['hosts', '-i', 'hosts', 'all']).finished;
  expect(listed.out).toBe('me\nfar\n');
  const both = await place.start(['run', 'me,127.0.0.1', '-i', 'hosts', '--', 'echo {{ word | default("nothing") }}']).finished;
  expect(both.code).toBe(0);
  expect(both.out).toContain('--- me (1 host) changed\nsaid\n');
  expect(both.out).toContain('--- 127.0.0.1 (1 host) changed\nnothing\n');
  const other = await place.start(['run', 'far', '-i', 'hosts', '--', 'true']).finished;
  expect([other.code, other.out]).toEqual([4, expect.stringContaining('ansible_connection: "winrm"')]);
});

/** The build may lie where other accounts cannot read it. */
const isReadable = (): boolean => spawnSync(process.execPath, [binary, '--version'], { uid: 65_534, gid: 65_534, cwd: '/' }).status === 0;

describe.skipIf(!testUsersAvailable() || !isReadable())('this machine, as another user, by a sudo that asks', () => {
  test('the password goes to it once; a wrong one runs nothing', { timeout: 120_000 }, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'rollcall-local-'));
    const { enter, users } = makePrivateEtc(dir, [{ name: 'ops', password: 'Graue-Elster-5', sudoers: 'ALL=(ALL:ALL) ALL' }], {
      sudoers: ['Defaults !syslog'],
    });
    const { uid = 0, home = '' } = users[0] ?? {};
    const stateDir = join(home, 'state');
    for (const [name, text] of [
      ['right', 'Graue-Elster-5\n'],
      ['wrong', 'no\n'],
    ] as const) {
      writeFileSync(join(home, name), text, { mode: 0o600 });
      chownSync(join(home, name), uid, uid);
    }
    const asOps = [...enter, 'setpriv', '--reuid', String(uid), '--regid', String(uid), '--clear-groups', process.execPath, binary];
    const run = async (file: string, command: string): Promise<Finished> => {
      const [program = '', ...words] = [
        ...asOps,
        'run',
        'localhost',
        '--state',
        stateDir,
        '-b',
        '--become-password-file',
        file,
        '--',
        command,
      ];
      const child = spawn(program, words, { cwd: home, env: { PATH: process.env['PATH'], HOME: home }, stdio: ['ignore', 'pipe', 'pipe'] });
      let out = '';
      let err = '';
      child.stdout.on('data', (chunk: Buffer) => {
        out += chunk.toString();
      });
      child.stderr.on('data', (chunk: Buffer) => {
        err += chunk.toString();
      });
      return new Promise(resolve => child.on('close', code => resolve({ code, out, err })));
    };
    try {
      const right = await run('right', 'id -un; cat');
      expect([right.code, right.err]).toEqual([0, '']);
      expect(right.out).toContain('--- localhost (1 host) changed\nroot\n');
      const mark = join(dir, 'ran');
      const wrong = await run('wrong', `echo x >>${mark}`);
      expect(wrong.code, wrong.out).not.toBe(0);
      expect(existsSync(mark)).toBe(false);
    } finally {
      const hello = { hello: protocolVersion, actor: { user: 'x', machine: 'x' }, client: 'command', wants: 'nothing' } as const;
      const link = await connectDriver({ stateDir, hello });
      if (link.ok) {
        await link.value.ask({ verb: 'stop' });
        link.value.close();
        await waitFor('the driver to end', () => (isAlive(link.value.status.pid) ? undefined : true));
      }
      rmSync(dir, { recursive: true, force: true });
    }
  });
});

test('-e says how hosts are reached, over what the inventory says; a password is not for a command line', async () => {
  const run = (...words: string[]) => place.start(['run', 'far', '-i', 'far,', ...words, '--', 'echo {{ ansible_connection }}']).finished;
  const local = await run('-e', 'ansible_connection=local');
  expect([local.code, local.out]).toEqual([0, expect.stringContaining('--- far (1 host) changed\nlocal\n')]);
  const open = await run('-e', 'ansible_password=hunter2');
  expect([open.code, open.err]).toEqual([5, expect.stringContaining('-e ansible_password: everybody on this machine can read')]);
  expect(open.err).not.toContain('hunter2');
  writeFileSync(join(place.dir, 'vars.yml'), 'ansible_connection: local\nansible_become_password: hunter2\n');
  expect((await run('-e', '@vars.yml')).code).toBe(0);
  const journal = readdirSync(place.stateDir, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile());
  expect(journal.filter(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1').includes('hunter2'))).toEqual([]);
});
