// `--mask` with the real binary on a real sshd: what matches in a command line is nowhere but in the script that runs.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const secret = 'hidden-word';

describe.skipIf(!sshdAvailable())('--mask on a real sshd', () => {
  let sshd: Sshd;
  let place: Place;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    writeFileSync(join(place.dir, 'hosts.yml'), sshd.inventory(['h01', 'h02']));
  });
  afterEach(() => place.end());

  const holding = (...folders: string[]): string => spawnSync('grep', ['-rla', secret, ...folders]).stdout.toString();
  const said = (pid: number | undefined): string =>
    ['cmdline', 'environ'].map(file => readFileSync(`/proc/${pid}/${file}`, 'latin1').replaceAll('\0', ' ')).join('\n');

  test('the secret is in no journal, host folder, log, report, or list of processes; the command ran with it', async () => {
    const masked = [
      'run',
      'all',
      '-i',
      'hosts.yml',
      '--mask',
      'pw=\\S+',
      '--mask',
      secret,
      '--reason',
      `as ${secret}`,
      '-e',
      `v=${secret}`,
    ];
    const command = `set -- pw=${secret} {{ v }}; echo "$1" | cut -c 1-9 > ran; echo done; sleep 2`;
    const run = place.start([...masked, '--', command]);
    await waitFor('a start', () => (run.out().includes(' started ') ? true : undefined));
    const link = await place.link();
    if (process.platform === 'linux') for (const pid of [run.child.pid, link.status.pid]) expect(said(pid)).not.toContain(secret);
    expect(holding(place.stateDir)).toBe('');
    link.close();
    const { code, out, err } = await run.finished;
    expect([code, err]).toEqual([0, '']);
    expect(readFileSync(join(sshd.home, 'ran'), 'utf8')).toBe('pw=hidden\n');
    expect(out).toContain('done');
    const jobs = join(sshd.home, '.rollcall');
    expect(holding(place.stateDir, jobs)).toBe('');
    const [job = ''] = readdirSync(join(jobs, 'jobs'));
    expect(readFileSync(join(jobs, 'jobs', job, 'about'), 'utf8')).toContain('command=set -- *** ***; echo');
    for (const report of [
      ['history', '1'],
      ['history', '--json'],
      ['jobs', '--all', '--json'],
    ]) {
      const told = await place.run(report);
      expect([told.code, told.out.includes(secret)]).toEqual([0, false]);
    }
    expect(out).not.toContain(secret);
    expect((await place.run(['jobs', '--all', '--json'])).out).toContain('"command":"set -- *** ***; echo');
  }, 60_000);

  test('a playbook too; and what had not begun when the driver died is not begun by the next one, which says so', async () => {
    const file = join(place.dir, 'play.yml');
    writeFileSync(
      file,
      `- hosts: all\n  serial: 1\n  vars:\n    pw: ${secret}\n  tasks:\n    - name: log in with ${secret}\n      shell: "echo {{ pw }} | wc -c >> came; sleep 6"\n      async: 60\n      poll: 1\n    - debug:\n        msg: "was {{ pw }}"\n`,
    );
    const run = place.start(['play', file, '-i', 'hosts.yml', '--mask', secret]);
    await waitFor('a start', () => (run.out().includes(' started ') ? true : undefined));
    const link = await place.link();
    const { pid } = link.status;
    link.close();
    process.kill(pid, 'SIGKILL');
    await waitFor('the driver to end', () => (isAlive(pid) ? undefined : true));
    const { code, out } = await run.finished;
    expect(code).toBe(2);
    expect(out).toContain('its command was not kept (--mask), and the driver that knew it has gone: run it again');
    expect(readFileSync(join(sshd.home, 'came'), 'utf8').trim()).toBe(String(secret.length + 1));
    expect(holding(place.stateDir, join(sshd.home, '.rollcall'))).toBe('');
    const whole = await place.run(['play', file, '-i', 'hosts.yml', '-l', 'h01', '--mask', secret]);
    expect([whole.code, whole.out.includes(secret)]).toEqual([0, false]);
    expect(whole.out).toContain('was ***');
    expect(holding(place.stateDir, join(sshd.home, '.rollcall'))).toBe('');
  }, 60_000);

  test('what is no regular expression ends with 5 and a sentence', async () => {
    const refused = await place.run(['run', 'all', '-i', 'hosts.yml', '--mask', '(', '--', 'true']);
    expect([refused.code, refused.err]).toEqual([5, expect.stringContaining('it is no regular expression')]);
  });
});
