// The real binary against a real sshd: one state folder finds, follows and ends what another, or Ansible, has begun.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const names = ['h1', 'h2', 'h3'];

describe.skipIf(!sshdAvailable())('rollcall adopt on a real sshd', () => {
  let sshd: Sshd;
  let theirs: Place;
  let ours: Place;
  let inventory: string;

  beforeAll(async () => {
    sshd = await startSshd({ aliases: names });
    inventory = join(sshd.dir, 'hosts.yml');
    writeFileSync(inventory, sshd.inventory(names));
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    theirs = makePlace();
    ours = makePlace();
  });
  afterEach(async () => {
    await theirs.end();
    await ours.end();
    for (const name of names)
      for (const folder of ['.rollcall', '.ansible_async']) rmSync(join(sshd.alias(name).home, folder), { recursive: true, force: true });
  });

  const adopt = (...more: string[]) => ours.run(['adopt', '-i', inventory, '--plain', ...more]);

  test('nothing there: it says where it looked and ends with 0; without an inventory it ends with 5', async () => {
    const { code, out, err } = await adopt();
    expect([code, err]).toEqual([0, '']);
    expect(out).toMatch(/^nothing new was found; looked as \S+ in .*\/home-h1 on h1, as .*; jobs of other accounts need -b\n$/);
    const bare = await ours.run(['adopt']);
    expect([bare.code, bare.err]).toEqual([5, expect.stringContaining('no inventory')]);
  }, 60_000);

  test('jobs of another state folder: told, waited for, their output brought home; a second time there is nothing new', async () => {
    const command = `until [ -e ${sshd.dir}/go ]; do sleep 0.1; done; echo out of $ROLLCALL_JID; [ "$HOME" != ${sshd.alias('h2').home} ]`;
    await theirs.run(['run', 'h1:h2', '-i', inventory, '--serial', '2', '-B', '600', '-P', '0', '--', command]);
    const run = ours.start(['adopt', '-i', inventory, '--plain']);
    await waitFor('both to be told', () => (run.out().match(/^h\d {2}j\d{7} /gm)?.length === 2 ? true : undefined));
    writeFileSync(join(sshd.dir, 'go'), '');
    const { code, out } = await run.finished;
    const [first = '', , where] = out.split('\n');
    expect(first).toMatch(/^h1 {2}j\d{7} {2}run 1 \(1@\S+\) by \S+@\S+ {2}until \[ -e .* {2}began \d+s ago of 10m$/);
    expect(where).toContain('2 jobs adopted; looked as ');
    expect(out).toContain('--- h1 (1 host) changed\nout of j');
    expect(out).toContain('--- h2 (1 host) failed\nout of j');
    expect(out.trimEnd().split('\n').at(-1)).toMatch(/^run 1: ok 1 changed 1 failed 1 unreachable 0 /);
    expect(code).toBe(2);
    expect((await adopt()).out).toContain('nothing new was found');
    const jobs = (await ours.run(['jobs', '--all', '--json'])).out.trim().split('\n');
    expect(
      jobs
        .map(line => JSON.parse(line))
        .map(({ host, verdict }) => `${host} ${verdict}`)
        .sort(),
    ).toEqual(['h1 ok', 'h2 failed']);
    // Their own driver sees the same end.
    expect((await theirs.run(['attach', '1'])).out).toMatch(/run 1: ok 1 changed 1 failed 1/);
    rmSync(join(sshd.dir, 'go'));
  }, 90_000);

  test("somebody else's job is ended only after --yes, never retried, and a killed driver follows it on", async () => {
    await theirs.run(['run', 'h1', '-i', inventory, '-B', '600', '-P', '0', '--', 'sleep 600'], { env: { SUDO_USER: 'ops2' } });
    expect((await adopt('--look')).code).toBe(75);
    const link = await ours.link();
    process.kill(link.status.pid, 'SIGKILL');
    link.close();
    const refused = await ours.run(['cancel', '1']);
    expect([refused.code, refused.err]).toEqual([
      6,
      expect.stringMatching(/job j\d{7} on h1 was started by ops2@\S+; to end it all the same, say --yes/),
    ]);
    const retry = await ours.run(['retry', '1']);
    expect([retry.code, retry.err]).toEqual([5, expect.stringContaining('run 1 was adopted from 1@')]);
    expect((await ours.run(['cancel', '1', '--yes'])).code).toBe(0);
    const { code, out } = await ours.run(['attach', '1']);
    expect([code, out.trimEnd().split('\n').at(-1)]).toEqual([2, expect.stringContaining('cancelled 1')]);
  }, 90_000);

  test('a host that cannot be asked is named, and ends it with 4', async () => {
    writeFileSync(join(ours.dir, 'hosts.yml'), sshd.inventory(['h1', 'gone']).replace(/(gone:[\s\S]*?port: )\d+/, '$11'));
    const { code, out, err } = await ours.run(['adopt', '-i', join(ours.dir, 'hosts.yml'), '--plain']);
    expect([code, out, err]).toEqual([4, expect.stringContaining('on h1'), expect.stringContaining('gone: connection refused')]);
  }, 60_000);

  const hasAnsible = spawnSync('ansible', ['--version'], { timeout: 60_000 }).status === 0;

  describe.skipIf(!hasAnsible)("Ansible's own jobs", () => {
    let dir: string;
    beforeEach(() => {
      dir = mkdtempSync(join(tmpdir(), 'rollcall-ansible-'));
      writeFileSync(join(dir, 'ansible.cfg'), '');
    });
    afterEach(() => rmSync(dir, { recursive: true, force: true }));

    const ansible = async (host: string, limit: number, command: string): Promise<void> => {
      const env = {
        PATH: process.env['PATH'],
        HOME: dir,
        ANSIBLE_LOCAL_TEMP: dir,
        ANSIBLE_HOME: dir,
        ANSIBLE_CONFIG: join(dir, 'ansible.cfg'),
        LC_ALL: 'C.UTF-8',
        ANSIBLE_SSH_TRANSFER_METHOD: 'piped',
      };
      const args = [host, '-i', inventory, '-B', String(limit), '-P', '0', '-m', 'shell', '-a', command];
      const child = spawn('ansible', args, { env, timeout: 120_000, stdio: 'ignore' });
      const [code] = await once(child, 'close');
      if (code !== 0) throw new Error(`ansible ended with ${code}`);
    };

    test('are adopted while they run and come home; dead and timed out ones are told as such', async () => {
      await Promise.all([
        ansible('h1', 600, `until [ -e ${sshd.dir}/go ]; do sleep 0.1; done; echo from Ansible; echo err >&2; exit 3`),
        ansible('h2', 600, 'sleep 600'),
        ansible('h3', 1, 'sleep 600'),
      ]);
      const files = (host: string): string[] => readdirSync(join(sshd.alias(host).home, '.ansible_async'));
      killWrappers(files('h2')[0] ?? '');
      const run = ours.start(['adopt', '-i', inventory, '--plain']);
      await waitFor('them to be told', () => (/3 jobs adopted/.test(run.out()) ? true : undefined));
      expect(run.out()).toMatch(/^h1 {2}j\d{7} {2}run 1 \(Ansible\) {2}adopted from Ansible {2}began \d+s ago of 10m$/m);
      writeFileSync(join(sshd.dir, 'go'), '');
      const { code, out } = await run.finished;
      rmSync(join(sshd.dir, 'go'));
      expect(out).toContain('--- h1 (1 host) failed\nfrom Ansible\nerr\nexit status 3\n');
      expect(out).toContain('--- h2 (1 host) lost\n');
      expect(out).toContain('--- h3 (1 host) timed out\n');
      expect(code).toBe(2);
      expect(files('h1').length).toBe(1);
    }, 240_000);
  });
});

/** Ends the watcher and the job of one of Ansible's jids, found by the argv of its own processes. */
const killWrappers = (jid: string): void => {
  for (const pid of readdirSync('/proc').filter(name => /^\d+$/.test(name))) {
    const { stdout } = spawnSync('cat', [`/proc/${pid}/cmdline`]);
    if (stdout.toString().includes(`async_wrapper.py\0${jid.split('.')[0]}\0`)) process.kill(Number(pid), 'SIGKILL');
  }
};
