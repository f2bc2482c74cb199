// Encrypted variables with the real binary on a real sshd: they log in and reach the command, and are nowhere else.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { pythonOfAnsible } from '../inventory/ansible.ts';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';

const secret = 'hidden-word';

describe.skipIf(!sshdAvailable() || pythonOfAnsible() === undefined)('encrypted variables on a real sshd', () => {
  let sshd: Sshd;
  let place: Place;
  const encrypt = (path: string, text: string): void => {
    writeFileSync(join(place.dir, path), text);
    execFileSync('ansible-vault', ['encrypt', '--vault-password-file', 'pass', path], {
      cwd: place.dir,
      env: { ...process.env, HOME: place.dir },
      stdio: 'ignore',
    });
  };

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    writeFileSync(join(place.dir, 'hosts.yml'), sshd.inventory(['h01', 'h02']));
    writeFileSync(join(place.dir, 'pass'), 'opensesame\n');
    mkdirSync(join(place.dir, 'group_vars'));
    encrypt('group_vars/all.yml', `word: ${secret}\nansible_timeout: 9\n`);
  });
  afterEach(() => place.end());

  const holding = (...folders: string[]): string => spawnSync('grep', ['-rla', secret, ...folders]).stdout.toString();
  const run = (...words: string[]) => place.start(['run', 'all', '-i', 'hosts.yml', ...words]).finished;

  test('templates see the value; journal, screen, host folders and reports do not', async () => {
    const { code, out, err } = await run('--vault-password-file', 'pass', '--', 'echo {{ word }} | cut -c 1-6 > seen; echo done');
    expect([code, err]).toEqual([0, '']);
    expect(readFileSync(join(sshd.home, 'seen'), 'utf8')).toBe('hidden\n');
    expect(out).not.toContain(secret);
    expect(holding(place.stateDir, join(sshd.home, '.rollcall'))).toBe('');
  });

  test('without the password nothing starts, and the file is named; hosts are listed all the same', async () => {
    const { code, err } = await run('--', 'true');
    expect([code, err]).toEqual([
      5,
      `rollcall: ${join('group_vars/all.yml')}:1:1: this is encrypted with Ansible Vault; give its password with --vault-password-file FILE\n`,
    ]);
    const listed = await place.start(['hosts', '-i', 'hosts.yml', 'all']).finished;
    expect([listed.code, listed.out]).toEqual([0, 'h01\nh02\n']);
    writeFileSync(join(place.dir, 'other'), 'wrong\n');
    const wrong = await run('--vault-password-file', 'other', '--', 'true');
    expect([wrong.code, wrong.err]).toEqual([5, expect.stringContaining('group_vars/all.yml:1:1: none of the vault passwords')]);
  });

  test('a single value that nobody can open fails only the task that names it', async () => {
    writeFileSync(join(place.dir, 'other'), 'wrong\n');
    const value = execFileSync('ansible-vault', ['encrypt_string', '--vault-password-file', 'other', '--name', 'far', secret], {
      cwd: place.dir,
      env: { ...process.env, HOME: place.dir },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    writeFileSync(join(place.dir, 'group_vars/all.yml'), value.toString());
    expect((await run('--vault-password-file', 'pass', '--', 'true')).code).toBe(0);
    const { code, out } = await run('--vault-password-file', 'pass', '--', 'echo {{ far }}');
    expect(code).toBe(2);
    expect(out).toMatch(/the variable far is encrypted \(.*group_vars\/all\.yml:1:\d+\) and nobody here knows it/);
  });
});
