// The real binary against a real sshd: connections counted on the server's side, exactly once through kills of the driver.
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const names = Array.from({ length: 20 }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);

describe.skipIf(!sshdAvailable())('rollcall run on a real sshd', () => {
  let sshd: Sshd;
  let place: Place;
  let inventory: string;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    inventory = join(place.dir, 'hosts.yml');
    writeFileSync(inventory, sshd.inventory(names));
  });
  afterEach(() => place.end());

  test('20 hosts over 5 forks: never more than 5 connections, jobs in sessions of their own with none open', async () => {
    const watch = sshd.watchConnections();
    const go = join(sshd.dir, 'go');
    const untilGo = `until [ -e ${go} ]; do sleep 0.2; done`;
    const run = place.start(['run', 'all', '-i', inventory, '-f', '5', '-B', '60', '--persist', '0', '--', `echo $$; ${untilGo}`]);
    await waitFor('all jobs to run with no connection open', () => {
      const started = run.out().match(/started j\d+ pid \d+/g)?.length ?? 0;
      return started === 20 && sshd.connectionsOpen() === 0 ? true : undefined;
    });
    const pids = [...run.out().matchAll(/ pid (\d+)/g)].map(([, pid]) => Number(pid));
    const alive = pids.filter(isAlive);
    const sessions = alive.map(pid =>
      execFileSync('ps', ['-o', 'sid=', '-p', String(pid)])
        .toString()
        .trim(),
    );
    expect(sessions).toEqual(alive.map(String));
    expect(alive.length).toBe(20);
    writeFileSync(go, '');
    const { code, out } = await run.finished;
    watch.stop();
    expect(out.trimEnd().split('\n').at(-1)).toBe(
      'run 1: ok 20 changed 20 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0',
    );
    expect(code).toBe(0);
    expect(watch.peak()).toBeLessThanOrEqual(5);
    expect(watch.peak()).toBeGreaterThan(1);
  }, 60_000);

  test('with --ansible-async the jobs are told to Ansible too', async () => {
    const run = place.start(['run', 'h01', '-i', inventory, '--ansible-async', '--', 'echo hi']);
    expect((await run.finished).code).toBe(0);
    const folder = join(sshd.home, '.ansible_async');
    const ends = await waitFor('its end', () => {
      const told = readdirSync(folder).map(jid => JSON.parse(readFileSync(join(folder, jid), 'utf8')) as Record<string, unknown>);
      return told.every(({ finished }) => finished === 1) ? told : undefined;
    });
    expect(ends).toMatchObject([{ rc: 0, stdout: 'hi', cmd: 'echo hi' }]);
  }, 90_000);

  test('the driver is killed in the middle of 20 starts, ten times: each command ran exactly once, all come home', async () => {
    for (let round = 1; round <= 10; round += 1) {
      const run = place.start([
        'run',
        'all',
        '-i',
        inventory,
        '-B',
        '600',
        '--start-rate',
        '0',
        '--',
        `mkdir -p round${round}; echo ran >> round${round}/$ROLLCALL_JID; sleep 1`,
      ]);
      const seen = 1 + ((round * 7) % 19);
      await waitFor(`${seen} starts`, () => ((run.out().match(/ started /g)?.length ?? 0) >= seen ? true : undefined));
      const link = await place.link();
      process.kill(link.status.pid, 'SIGKILL');
      link.close();
      const { code, out, err } = await run.finished;
      const folder = join(sshd.home, `round${round}`);
      const ran = readdirSync(folder).map(jid => readFileSync(join(folder, jid), 'utf8'));
      expect(ran).toEqual(names.map(() => 'ran\n'));
      expect([code, out.trimEnd().split('\n').at(-1)], err).toEqual([
        0,
        `run ${round}: ok 20 changed 20 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0`,
      ]);
    }
  }, 180_000);

  test('a failing command ends with 2, an unreachable host with 4, bad input with 5 and one sentence', async () => {
    const failed = await place.run(['run', 'h01:h02', '-i', inventory, '--', 'echo no; exit 3']);
    expect(failed.code).toBe(2);
    expect(failed.out).toContain('h01 FAILED rc 3');
    writeFileSync(inventory, sshd.inventory(['h01']).replace(/ansible_port: \d+/, 'ansible_port: 1'));
    const unreachable = await place.run(['run', 'all', '-i', inventory, '--', 'true']);
    expect(unreachable.code).toBe(4);
    expect(unreachable.out).toContain('UNREACHABLE, nothing was started: h01: connection refused');
    const nobody = await place.run(['run', 'nosuch', '-i', inventory, '--', 'true']);
    expect([nobody.code, nobody.err.trimEnd().split('\n').length]).toEqual([5, 2]);
    const flag = await place.run(['run', 'all', '--nosuch', '--', 'true']);
    expect([flag.code, flag.err]).toEqual([5, expect.stringContaining("unknown option '--nosuch'")]);
    const swallowed = await place.run(['run', '--practice', 'all', '--', 'true']);
    expect([swallowed.code, swallowed.err]).toEqual([5, expect.stringContaining('it takes a number of hosts')]);
    const none = await place.run(['run', 'all', '--', 'true']);
    expect([none.code, none.err]).toEqual([5, expect.stringContaining('no inventory')]);
  }, 60_000);

  test('what was let go is told as such; attach waits for it, and its end counts from then on', async () => {
    const run = await place.run(['run', 'h01,h02', '-i', inventory, '-B', '60', '-P', '0', '--', 'sleep 4; echo broke; exit 3']);
    expect(run.code).toBe(0);
    expect(run.out).toContain(`2 jobs may still run on h[01-02]: rollcall attach 1 --state ${place.stateDir} waits for them`);
    expect((await place.run(['history'])).out).toMatch(/\ds, 2 let go and not home {2}/);
    const attached = await place.run(['attach']);
    expect(attached.out).toContain('--- h[01-02] (2 hosts) failed\nbroke\n');
    expect(attached.code).toBe(2);
    expect((await place.run(['attach', '1'])).code).toBe(2);
    expect((await place.run(['history'])).out).toContain('ok 0  trouble 2');
    const report = await place.run(['history', 'last']);
    expect(report.out).toContain('--- h[01-02] (2 hosts) failed\nbroke\n');
    expect((await place.run(['jobs', '--look'])).out).toContain('nothing is outstanding');
  }, 60_000);

  test('a driver whose state folder was removed goes, and leaves the one that came after it alone', async () => {
    await place.run(['run', 'h01', '-i', inventory, '-B', '60', '-P', '0', '--', 'sleep 1']);
    const link = await place.link();
    const old = link.status.pid;
    link.close();
    rmSync(place.stateDir, { recursive: true });
    await place.run(['run', 'h01', '-i', inventory, '-B', '60', '--', 'true']);
    await waitFor('the old driver to go', () => (isAlive(old) ? undefined : true));
    expect((await place.run(['history'])).out).toContain('ok 1');
    expect((await place.run(['attach'])).out).toBe('nothing is outstanding\n');
  }, 60_000);

  test('hundreds of thousands of lines are told by their last ones', async () => {
    const run = await place.run(['run', 'h01', '-i', inventory, '--', 'seq 1 200000']);
    expect(run.code).toBe(0);
    expect(run.out).toContain('199800 lines before these');
    expect(run.out).toContain('\n200000\n');
  }, 60_000);

  test('Ctrl-C: nothing new starts, what runs is told, exit 99; attach brings it home', async () => {
    const run = place.start(['run', 'all', '-i', inventory, '-f', '2', '--serial', '2', '-B', '60', '--', 'sleep 3']);
    await waitFor('a start', () => (run.out().includes(' started ') ? true : undefined));
    run.child.kill('SIGINT');
    const { code, err } = await run.finished;
    expect(code).toBe(99);
    expect(err).toContain('rollcall attach 1');
    const paused = await place.run(['jobs', '--json', '--all']);
    expect(paused.out.trim().split('\n').length).toBeLessThanOrEqual(2);
    expect((await place.run(['cancel', '1'])).code).toBe(0);
    const attached = await place.run(['attach', '1']);
    expect(attached.out).toContain('never-started 18');
  }, 60_000);
});

describe.skipIf(!sshdAvailable())('rollcall play on a real sshd', () => {
  let sshd: Sshd;
  let place: Place;

  beforeAll(async () => {
    sshd = await startSshd({ aliases: ['one', 'two', 'three'] });
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    writeFileSync(join(place.dir, 'hosts.yml'), sshd.inventory(['one', 'two', 'three']));
  });
  afterEach(() => place.end());

  const example = readFileSync(new URL('../../examples/begin-and-come-back.yml', import.meta.url), 'utf8');

  test('the example of a job begun and come back for: Ansible json with its stats', async () => {
    writeFileSync(join(place.dir, 'play.yml'), example);
    const { code, out, err } = await place.run(['play', 'play.yml', '-i', 'hosts.yml', '--output', 'ansible-json']);
    expect(code, err).toBe(0);
    const told = JSON.parse(out) as { stats: unknown; plays: { tasks: { hosts: Record<string, Record<string, unknown>> }[] }[] };
    const stats = { changed: 3, failures: 0, ignored: 0, ok: 4, rescued: 0, skipped: 0, unreachable: 0 };
    expect(told.stats).toEqual({ one: stats, two: stats, three: stats });
    const [start, , wait] = told.plays[0]?.tasks ?? [];
    expect(start?.hosts['one']).toMatchObject({
      action: 'shell',
      changed: true,
      finished: 0,
      started: 1,
      ansible_job_id: expect.stringMatching(/^j\d{25}\.1$/),
    });
    expect(wait?.hosts['one']).toMatchObject({ action: 'async_status', changed: true, finished: 1, rc: 0, attempts: expect.any(Number) });
  }, 60_000);

  test('the report of a host whose awaited job failed shows that job', async () => {
    writeFileSync(join(place.dir, 'play.yml'), example.replace('sleep 3; echo "done on $(hostname)"', 'echo halfway; exit 4'));
    const { code, out } = await place.run(['play', 'play.yml', '-i', 'hosts.yml']);
    expect(code).toBe(2);
    expect(out).toContain('(3 hosts) failed\nhalfway\nexit status 4\n');
  }, 90_000);

  test('between two looks of async_status no connection is open', async () => {
    writeFileSync(join(place.dir, 'play.yml'), slowPlay);
    const run = place.start(['play', 'play.yml', '-i', 'hosts.yml']);
    await waitFor('every host to be asked again later', () => ((run.out().match(/asked again at/g)?.length ?? 0) >= 3 ? true : undefined));
    await waitFor('no connection to be open', () => (sshd.connectionsOpen() === 0 ? true : undefined), 5);
    const { code, out } = await run.finished;
    expect(code).toBe(0);
    expect(out.trimEnd().split('\n').at(-1)).toContain('ok 3 changed 3');
  }, 60_000);

  test('variables are expanded per host, and host output never is', async () => {
    const { code, out } = await place.run(['run', 'all', '-i', 'hosts.yml', '--', "echo {{ inventory_hostname }} '{{ '{{' }} 7*7 }}'"]);
    expect(code).toBe(0);
    for (const name of ['one', 'two', 'three']) expect(out).toContain(`${name} {{ 7*7 }}`);
    const verbatim = await place.run(['run', 'one', '-i', 'hosts.yml', '--no-template', '--', "echo '{{ nothing }}'"]);
    expect(verbatim.out).toContain('{{ nothing }}');
    const undefinedName = await place.run(['run', 'one', '-i', 'hosts.yml', '--', 'echo {{ nothing }}']);
    expect([undefinedName.code, undefinedName.out]).toEqual([2, expect.stringContaining("'nothing' is undefined")]);
  }, 60_000);
});

const slowPlay = `- hosts: all
  gather_facts: false
  tasks:
    - name: begin
      shell: sleep 6
      async: 60
      poll: 0
      register: begun
    - name: wait
      async_status:
        jid: "{{ begun.ansible_job_id }}"
      register: result
      until: result.finished
      retries: 10
      delay: 4
`;

describe.skipIf(!sshdAvailable())('--no-log on a real sshd', () => {
  test('leaves the command and its output nowhere, here or there', async () => {
    const sshd = await startSshd();
    const place = makePlace();
    try {
      const secrets = '    ansible_become_password: hidden-word\n    ansible_password: hidden-word\n';
      writeFileSync(join(place.dir, 'hosts.yml'), sshd.inventory(['h01']).replace('  hosts:\n', `${secrets}  hosts:\n`));
      const command = 'echo said-$((40 + 2)) > ran; echo hidden-said; : hidden-word {{ pw }}';
      const noLog = ['run', 'all', '-i', 'hosts.yml', '--no-log', '-B', '60', '--json', '-e', 'pw=hidden-word'];
      const ran = await place.run([...noLog, '--', command]);
      expect(ran.code, ran.err).toBe(0);
      expect(readFileSync(join(sshd.home, 'ran'), 'utf8')).toBe('said-42\n');
      expect(ran.out + ran.err).not.toContain('hidden');
      const found = [place.stateDir, join(sshd.home, '.rollcall', 'jobs')].map(folder =>
        spawnSync('grep', ['-rlaE', 'hidden-word', folder]).stdout.toString(),
      );
      expect(found).toEqual(['', '']);
      expect(spawnSync('grep', ['-rla', 'hidden-said', place.stateDir]).stdout.toString()).toBe('');
    } finally {
      await place.end();
      await sshd.stop();
    }
  }, 60_000);
});
