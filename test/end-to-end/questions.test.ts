// What a console is asked while a run of another terminal waits: an unknown host key and a key's passphrase, with the real binary on a real sshd.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openConsole } from '../support/asked.ts';
import { binary, makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { hasTmux, openTmux } from '../support/tmux.ts';
import { waitFor } from '../support/wait-for.ts';

const passphrase = 'Gruener-Igel-42';

describe.skipIf(!sshdAvailable())('questions of a real sshd', { timeout: 180_000 }, () => {
  let sshd: Sshd;
  let place: Place;
  let key: string;
  let knownHosts: string;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    key = join(place.dir, 'key');
    knownHosts = join(place.dir, 'known_hosts');
    copyFileSync(sshd.keyPath, key);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', passphrase, '-f', key], { stdio: 'ignore' });
    const vars = ['ansible_host=127.0.0.1', `ansible_port=${sshd.port}`, `ansible_user=${sshd.user}`, `ansible_private_key_file=${key}`];
    const args = `ansible_ssh_common_args='-o UserKnownHostsFile=${knownHosts} -o HashKnownHosts=yes'`;
    writeFileSync(join(place.dir, 'hosts.ini'), ['h1', 'h2', 'h3', '[all:vars]', ...vars, args, ''].join('\n'));
  });
  afterEach(() => place.end());

  const run = ['run', 'all', '-i', 'hosts.ini', '--', 'echo it ran'];

  test('headless nobody is asked; with a console open one answer each is for all hosts, and the passphrase is nowhere', async () => {
    const alone = await place.run(run);
    expect(alone.code).toBe(6);
    expect(alone.out).toContain('its host key is unknown');
    expect(existsSync(knownHosts)).toBe(false);

    const { link, question } = await openConsole(place.stateDir);
    const running = place.start(run);
    const hostKey = await question('host-key');
    expect(hostKey.hosts).toHaveLength(3);
    expect(hostKey.need).toMatchObject({ type: 'ssh-ed25519', fingerprint: expect.stringMatching(/^SHA256:/), file: knownHosts });
    await link.ask({ verb: 'answer', questions: [hostKey.id], values: ['yes'] });
    const locked = await question('passphrase');
    expect(locked.need).toMatchObject({ path: key });
    await link.ask({ verb: 'answer', questions: [locked.id], values: ['wrong one'] });
    const again = await waitFor('the question again', async () => {
      const asked = await question('passphrase');
      return asked.refused === undefined ? undefined : asked;
    });
    await link.ask({ verb: 'answer', questions: [again.id], values: [passphrase] });
    const { code, out, err } = await running.finished;
    expect(code).toBe(0);
    expect(err).toContain('3 hosts wait (h[1-3]) for a yes to an unknown host key');
    expect(out + err).not.toContain(passphrase);
    expect(out).toContain('ok 3');
    expect(readFileSync(knownHosts, 'utf8')).toMatch(/^\|1\|\S+ ssh-ed25519 \S+\n$/);
    for (const file of ['cmdline', 'environ']) expect(readFileSync(`/proc/${link.status.pid}/${file}`, 'latin1')).not.toContain(passphrase);
    expect(spawnSync('grep', ['-rlaF', passphrase, place.dir, sshd.dir]).stdout.toString()).toBe('');
    link.close();
  });

  test.skipIf(!hasTmux())('a run in a terminal asks by itself; Ctrl-C at a question holds the run, an attach asks again', async () => {
    const terminal = openTmux(160, 50, place.dir);
    const shows = (what: string | RegExp): Promise<string> => terminal.waitFor(what, 60_000);
    const type = (text: string): void => terminal.keys(text, 'Enter');
    try {
      await shows('prompt:');
      type(
        `export HOME=${place.dir}; r() { verb=$1; shift; ${process.execPath} ${binary} $verb --state ${place.stateDir} "$@"; echo "code $?"; }`,
      );
      type('r run all -i hosts.ini -- echo it ran');
      await shows('is it theirs? yes or no:');
      terminal.keys('C-c');
      const left = await shows('code 99');
      expect(left).toMatch(/interrupted; run 1 starts nothing new, nothing of it runs; not (?:started|known to have begun): h/);
      expect(left).toMatch(/^rollcall: +rollcall attach 1 /m);
      expect(existsSync(knownHosts)).toBe(false);
      type('clear; r attach 1 --continue');
      await shows('is it theirs? yes or no:');
      type('y');
      await shows('type yes or no, in full');
      type('yes');
      await shows('the passphrase of');
      type('wrong one');
      await shows('the last one does not open it');
      type(passphrase);
      const ended = await shows(/^code \d/m);
      expect(ended).toContain('run 1: ok 3');
      expect(ended).toContain('code 0');
      for (const word of ['wrong one', passphrase]) expect(ended).not.toContain(word);
    } finally {
      terminal.close();
    }
  });

  test('a changed key is nobody’s to accept', async () => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(place.dir, 'other')]);
    const other = readFileSync(join(place.dir, 'other.pub'), 'utf8');
    writeFileSync(knownHosts, `[127.0.0.1]:${sshd.port} ${other}`);
    await place.run(['run', 'h1', '-i', 'hosts.ini', '--', 'true']);
    const { link } = await openConsole(place.stateDir);
    const { code, out } = await place.run(run);
    expect(code).toBe(4);
    expect(out).toContain('ITS HOST KEY HAS CHANGED');
    expect(readFileSync(knownHosts, 'utf8')).toBe(`[127.0.0.1]:${sshd.port} ${other}`);
    link.close();
  });
});
