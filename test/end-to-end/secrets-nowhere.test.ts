// One run that is given all that people know (a sudo password, a key's passphrase, a login password, each wrong at first) and tells all
// that goes wrong with them; none of it is ever in an argument, an environment, the state folder, a log, the journal, or a text.
import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openConsole } from '../support/asked.ts';
import { watchProcesses } from '../support/process-watch.ts';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { waitFor } from '../support/wait-for.ts';

const right = { become: 'Violetter-Otter-61', passphrase: 'Silberner-Dachs-62', password: 'Oranger-Biber-63' };
const wrong = { become: 'Violetter-Otter-16', passphrase: 'Silberner-Dachs-26', password: 'Oranger-Biber-36' };
const secrets = [...Object.values(right), ...Object.values(wrong)];
/** Not secret: whoever looks has to find these where he looks. */
const control = { argument: 'control-argument-71', environment: 'control-environment-72' };
const controls = Object.values(control);

/** A text as it is, in hexadecimal, and as it looks inside of base64 wherever it begins there. */
const formsOf = (text: string): readonly string[] => {
  const inBase64 = [0, 1, 2].map(shift => {
    const bytes = Buffer.concat([Buffer.alloc(shift), Buffer.from(text)]);
    return bytes.toString('base64').slice(shift === 0 ? 0 : shift + 1, Math.floor((bytes.length * 8) / 6));
  });
  return [text, Buffer.from(text).toString('hex'), ...inBase64];
};

/** Which of the files hold one of the words; grep hears them on its standard input. */
const holding = (words: readonly string[], ...folders: readonly string[]): string =>
  spawnSync('grep', ['-rlaF', '-f', '-', ...folders], { input: `${words.join('\n')}\n`, encoding: 'utf8' }).stdout;

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('secrets', { timeout: 180_000 }, () => {
  let sshd: Sshd;
  let place: Place;

  beforeAll(async () => {
    sshd = await startSshd({
      users: [
        { name: 'ops', password: right.become, sudoers: 'ALL=(ALL:ALL) ALL' },
        { name: 'web', password: right.password, sudoers: 'ALL=(ALL:ALL) NOPASSWD: ALL' },
        { name: 'guest', password: right.become },
      ],
      etc: { sudoers: ['Defaults !syslog, logfile=/run/sudo/log'] },
    });
    place = makePlace();
    const key = join(place.dir, 'key');
    copyFileSync(sshd.keyPath, key);
    execFileSync('ssh-keygen', ['-q', '-p', '-P', '', '-N', right.passphrase, '-f', key], { stdio: 'ignore' });
    const withKey = `ansible_ssh_private_key_file=${key}`;
    const hosts = [`keyed ansible_user=ops ${withKey}`, 'typed ansible_user=web', `barred ansible_user=guest ${withKey}`];
    const args = `ansible_ssh_common_args='-o UserKnownHostsFile=${sshd.knownHostsPath}'`;
    const vars = ['[all:vars]', 'ansible_host=127.0.0.1', `ansible_port=${sshd.port}`, args, ''];
    writeFileSync(join(place.dir, 'hosts.ini'), [...hosts, ...vars].join('\n'));
    mkdirSync(join(place.dir, 'given'));
    for (const what of ['become', 'password'] as const) writeFileSync(join(place.dir, 'given', what), `${wrong[what]}\n`, { mode: 0o600 });
  });
  afterAll(async () => {
    await place.end();
    await sshd.stop();
  });

  test('neither a sudo password nor a passphrase nor a login password is anywhere but where it is used', async () => {
    const forms = secrets.flatMap(formsOf);
    const watch = watchProcesses([...forms, ...controls]);
    // Somebody sits at a console: what is turned down is asked for again.
    await place.run(['attach']);
    const { link, answerAll } = await openConsole(place.stateDir);
    answerAll(({ need, refused }) => {
      if (need.kind === 'passphrase') return [refused === undefined ? wrong.passphrase : right.passphrase];
      return [need.kind === 'password' ? right.password : right.become];
    });
    const go = join(sshd.dir, 'go');
    const waits = `C=${control.environment} sh -c 'until [ -e ${go} ] || [ ! -d ${sshd.dir} ]; do sleep 0.1; done; : ${control.argument}'`;
    const running = place.start([
      ...['run', 'all', '-i', 'hosts.ini', '-b', '--become-password-file', 'given/become', '--connection-password-file', 'given/password'],
      ...['--', `${waits}; env; echo "on $SUDO_USER"; [ "$SUDO_USER" = ops ]`],
    ]);
    await waitFor('both jobs to run, and the third to be refused', () =>
      running.out().match(/ started /g)?.length === 2 && running.out().includes('barred') ? true : undefined,
    );
    await waitFor('the watch to see them', () => {
      const seen = watch.seen().map(({ where, word }) => `${where} ${word}`);
      return seen.includes(`cmdline ${control.argument}`) && seen.includes(`environ ${control.environment}`) ? true : undefined;
    });
    writeFileSync(go, '');
    const { code, out, err } = await running.finished;
    const told: string[] = [out, err];
    for (const words of [
      ['history'],
      ['history', '1'],
      ['history', '1', '--output', 'json'],
      ['jobs', '--all', '--json'],
      ['attach', '1'],
    ]) {
      const more = await place.run(words);
      told.push(more.out, more.err);
    }
    watch.stop();
    link.close();

    // Each of them was needed, was wrong once, and worked.
    expect(code).toBe(4);
    expect(out).toContain('on ops');
    expect(out).toContain('on web');
    expect(out).toMatch(/barred.*sudoers/);
    expect(err).toContain('the sudo password of ops');
    expect(err).toContain('the password of web');
    expect(err).toContain('the passphrase of');
    expect(sshd.log()).toContain('Failed password for web');

    expect(watch.seen().filter(({ word }) => !controls.includes(word))).toEqual([]);
    const folders = [place.stateDir, sshd.dir, `/proc/${sshd.pid()}/root/run/sudo`];
    expect(holding(controls, ...folders)).toContain(place.stateDir);
    expect(holding(forms, ...folders)).toBe('');
    for (const text of told) for (const form of forms) expect(text).not.toContain(form);
  });
});
