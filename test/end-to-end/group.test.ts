// A state folder that belongs to a group, with the real binary under several accounts: colleagues see and steer the same
// runs, each event with who really asked. Only root can be several accounts: skipped for others.
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { connectDriver } from '../../src/driver/link.ts';
import { type Link, protocolVersion } from '../../src/driver/protocol.ts';
import { readRunEvents } from '../../src/journal/read.ts';
import { binary, type Finished, isAlive, startProgram } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const gid = 54_321;
const nobody = { name: 'nobody', uid: 65_534 };
const daemon = { name: 'daemon', uid: 1 };

const isRoot = process.getuid?.() === 0;
/** The build may lie where other accounts cannot read it. */
const isReadable = isRoot && spawnSync(process.execPath, [binary, '--version'], { uid: nobody.uid, gid, cwd: '/' }).status === 0;

describe.skipIf(!isReadable || !sshdAvailable())('a group’s state folder (as root, who can be others)', () => {
  let sshd: Sshd;
  let dir: string;
  let state: string;
  let inventory: string;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'rollcall-group-'));
    chmodSync(dir, 0o755);
    state = join(dir, 'state');
    mkdirSync(state);
    chownSync(state, nobody.uid, gid);
    chmodSync(state, 0o2770);
    for (const { name, uid } of [nobody, daemon]) {
      mkdirSync(join(dir, name), { mode: 0o700 });
      chownSync(join(dir, name), uid, gid);
    }
    // Only nobody has the key.
    for (const path of [sshd.keyPath, sshd.knownHostsPath]) {
      const copy = join(dir, 'nobody', path.split('/').at(-1) ?? '');
      copyFileSync(path, copy);
      chownSync(copy, nobody.uid, gid);
      chmodSync(copy, 0o600);
    }
    inventory = join(dir, 'hosts.yml');
    writeFileSync(inventory, sshd.inventory(['h01', 'h02']).replaceAll(sshd.dir, join(dir, 'nobody')));
  });
  afterEach(async () => {
    const driver = await link().catch(() => undefined);
    if (driver !== undefined) {
      await driver.ask({ verb: 'stop' });
      driver.close();
      await waitFor('the driver to end', () => (isAlive(driver.status.pid) ? undefined : true));
    }
    rmSync(dir, { recursive: true, force: true });
  });

  const as = (who: { name: string; uid: number }, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> =>
    startProgram([args[0] ?? '', '--state', state, ...args.slice(1)], {
      cwd: dir,
      uid: who.uid,
      gid,
      env: { PATH: process.env['PATH'], HOME: join(dir, who.name), ...env },
    }).finished;

  const link = async (): Promise<Link> => {
    const hello = { hello: protocolVersion, actor: { user: 'x', machine: 'x' }, client: 'command', wants: 'nothing' } as const;
    const reached = await connectDriver({ stateDir: state, hello });
    if (!reached.ok) throw new Error(reached.failure.cause);
    return reached.value;
  };

  const actors = (run: number, type: string): unknown[] => {
    const events = readRunEvents(state, run);
    if (!events.ok) throw new Error(events.failure.cause);
    return events.value.filter(event => event.type === type).map(({ by }) => [by?.user, by?.sudoUser]);
  };

  const modes = (folder = state): string[] =>
    readdirSync(folder, { withFileTypes: true }).flatMap(entry => {
      const path = join(folder, entry.name);
      const { mode, gid: group } = statSync(path);
      const own = `${entry.name} ${(mode & 0o777).toString(8)} ${group}`;
      return entry.isDirectory() ? [own, ...modes(path)] : [own];
    });

  test('colleagues see and steer the same runs; who asked is proven, and it is said whose keys are used', async () => {
    const first = await as(nobody, ['run', 'h01', '-i', inventory, '-B', '900', '-P', '0', '--', 'echo from nobody; sleep 600']);
    expect([first.code, first.err]).toEqual([0, '']);
    const second = await as(daemon, ['run', 'h02', '-i', inventory, '--', 'echo from daemon'], { SUDO_USER: 'somebody' });
    expect(second.out).toContain('from daemon');
    expect(second.err).toMatch(/the driver \(pid \d+\) is nobody's: hosts are reached with the keys and known_hosts of nobody/);
    expect((await as(daemon, ['jobs'])).out).toContain('run 1  h01');
    expect((await as(daemon, ['note', '1', 'who is this?'])).code).toBe(0);
    expect([actors(1, 'run.queued'), actors(1, 'run.noted'), actors(2, 'run.queued')]).toEqual([
      [['nobody', undefined]],
      [['daemon', undefined]],
      [['daemon', undefined]],
    ]);
    expect(modes().filter(found => !/ (660|770) 54321$/.test(found))).toEqual([]);
    // The driver goes with its account; a colleague's takes over, with the colleague's own keys.
    const before = await link();
    process.kill(before.status.pid, 'SIGKILL');
    before.close();
    await waitFor('the driver to end', () => (isAlive(before.status.pid) ? undefined : true));
    expect((await as(daemon, ['jobs', '--look'])).code).toBe(75);
    const after = await link();
    expect(after.status.user).toBe('daemon');
    expect((await as(nobody, ['cancel', '1'])).err).toContain("is daemon's");
    const { pid } = after.status;
    await after.ask({ verb: 'stop' });
    after.close();
    await waitFor('the driver to end', () => (isAlive(pid) ? undefined : true));
    expect(modes().filter(found => !/ (660|770) 54321$/.test(found))).toEqual([]);
    // What the colleague could not carry out is carried out by whoever has the key.
    const home = await as(nobody, ['attach', '1']);
    expect([home.code, home.out]).toEqual([2, expect.stringContaining('cancelled')]);
    expect(actors(1, 'job.cancel-asked')).toEqual([['nobody', undefined]]);
  }, 120_000);

  test.each([
    ['writable by all', 0o2777, gid, /others may write into .*: chmod 700 /],
    ['writable by its group without sharing', 0o770, gid, /its group, without being meant to share it .*chmod 2770 /],
    ['of a group that is not ours', 0o2770, 4242, /group 4242, which is none of ours/],
  ])('a folder %s is refused with the command that mends it', async (_, mode, group, sentence) => {
    chownSync(state, nobody.uid, group);
    chmodSync(state, mode);
    for (const args of [['jobs'], ['attach']]) {
      const refused = await as(nobody, args);
      expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(sentence)]);
      expect(refused.err.trim().split('\n')).toHaveLength(1);
    }
    expect(readdirSync(state)).toEqual([]);
  });

  test('somebody who is in no group of it is refused', async () => {
    chmodSync(state, 0o700);
    expect((await as(daemon, ['jobs'])).err).toContain('chmod 2770');
  });
});
