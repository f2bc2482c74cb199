// Another machine takes over from a mirror, in the middle of a roll, while the first driver is stopped: nothing runs twice,
// and the first one says that it has been fenced. Two state folders stand for two machines; hosts are a real sshd.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const names = Array.from({ length: 10 }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);

describe.skipIf(!sshdAvailable())('attach --from a mirror, on a real sshd', () => {
  let sshd: Sshd;
  let first: Place;
  let second: Place;
  let inventory: string;
  let mirror: string;
  const stopped = new Set<number>();

  beforeAll(async () => {
    sshd = await startSshd({ aliases: names });
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    first = makePlace();
    second = makePlace();
    mirror = join(first.dir, 'mirror');
    inventory = join(first.dir, 'hosts.yml');
    writeFileSync(inventory, sshd.inventory(names));
  });
  afterEach(async () => {
    for (const pid of stopped) process.kill(pid, 'SIGCONT');
    stopped.clear();
    await Promise.all([first.end(), second.end()]);
  });

  const pidOf = async (place: Place): Promise<number> => {
    const link = await place.link();
    link.close();
    return link.status.pid;
  };
  const ran = (file: string): string[] => names.map(name => read(join(sshd.alias(name).home, file)));
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return '';
    }
  };
  const mirrorFile = (): string => join(mirror, 'journal.mirror');
  const lastLine = (out: string): string => out.trimEnd().split('\n').at(-1) ?? '';
  const allWell = 'run 1: ok 10 changed 10 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0';

  test('the first driver is stopped and goes on later: each command ran once, and the first says that it is fenced', async () => {
    const roll = ['run', 'all', '-i', inventory, '--serial', '2', '-B', '60', '-P', '1', '--mirror', mirror];
    const run = first.start([...roll, '--', 'echo ran >> ran1; sleep 2; echo of $ROLLCALL_JID']);
    await waitFor('the second batch to be on its way', () => ((run.out().match(/ started /g)?.length ?? 0) >= 3 ? true : undefined));
    await waitFor('the mirror to know of it', () => ((read(mirrorFile()).match(/"job.started"/g)?.length ?? 0) >= 3 ? true : undefined), 2);
    const pid = await pidOf(first);
    process.kill(pid, 'SIGSTOP');
    stopped.add(pid);

    const attached = await second.run(['attach', '--from', mirror]);
    expect(attached.err).toContain(`taken over from the mirror ${mirror}`);
    expect([attached.code, lastLine(attached.out)], attached.err).toEqual([0, allWell]);
    expect(ran('ran1')).toEqual(names.map(() => 'ran\n'));

    process.kill(pid, 'SIGCONT');
    stopped.clear();
    const { code, err } = await run.finished;
    expect(err).toContain('another driver of this line has taken over');
    expect(code).toBe(1);
    expect(ran('ran1')).toEqual(names.map(() => 'ran\n'));
    const verified = await second.run(['journal', 'verify']);
    expect([verified.code, verified.out], verified.err).toEqual([0, expect.stringContaining('the chain is whole')]);
    const told = await second.run(['history', '1']);
    expect(told.out.match(/^of j\d+\.1$/gm)?.length).toBe(10);
  }, 120_000);

  test('a mirror that is older than the hosts: what was started after its last line is found there, and runs once', async () => {
    const flags = ['run', 'all', '-i', inventory, '-f', '4', '-B', '60', '-P', '1', '--start-rate', '0', '--mirror', mirror];
    const run = first.start([...flags, '--', 'echo ran >> ran2; sleep 4']);
    await waitFor('all to have started', () => ((run.out().match(/ started /g)?.length ?? 0) === 10 ? true : undefined));
    await waitFor('the mirror to know of it', () => (read(mirrorFile()).includes('"job.started"') ? true : undefined), 5);
    const pid = await pidOf(first);
    process.kill(pid, 'SIGKILL');
    run.child.kill('SIGKILL');
    // It ends in the middle of the line behind the request of the second job: no start was acknowledged.
    const lines = read(mirrorFile()).split('\n');
    const requests = lines.flatMap((line, at) => (line.includes('"job.requested"') ? [at] : []));
    const kept = requests[1] ?? 0;
    expect(lines.slice(0, kept + 1).join('\n')).not.toContain('"job.started"');
    const old = join(first.dir, 'old');
    mkdirSync(old, { mode: 0o700 });
    writeFileSync(join(old, 'journal.mirror'), `${lines.slice(0, kept + 1).join('\n')}\n${lines[kept + 1]?.slice(0, 40)}`);

    const attached = await second.run(['attach', '--from', old]);
    expect(attached.err).toContain('its last line was cut off and is left out');
    expect([attached.code, lastLine(attached.out)], attached.err).toEqual([0, allWell]);
    expect(ran('ran2')).toEqual(names.map(() => 'ran\n'));
  }, 120_000);

  test("over ssh: HOST:PATH is the same mirror, and the new operator's own key opens the hosts", async () => {
    // The system's ssh reads the configuration of the account's real home: a test gives it its own.
    const bin = join(first.dir, 'bin');
    mkdirSync(bin);
    const backup = sshd.alias('h10');
    const options = `-F /dev/null -p ${backup.port} -i ${sshd.keyPath} -o IdentitiesOnly=yes -o UserKnownHostsFile=${sshd.knownHostsPath}`;
    writeFileSync(join(bin, 'ssh'), `#!/bin/sh\nexec /usr/bin/ssh ${options} "$@"\n`);
    chmodSync(join(bin, 'ssh'), 0o755);
    const env = { PATH: `${bin}:${process.env['PATH']}` };
    const place = `${sshd.user}@127.0.0.1:${backup.home}/copies of/run's`;
    const key = join(first.dir, 'first key');
    writeFileSync(key, readFileSync(sshd.keyPath), { mode: 0o600 });
    writeFileSync(inventory, sshd.inventory(names).replace(sshd.keyPath, key));
    const flags = ['run', 'h01,h02,h03', '-i', inventory, '--serial', '1', '-B', '60', '-P', '1', '--mirror', place];
    const run = first.start([...flags, '--', 'echo ran >> ran3; sleep 3'], { env });
    const there = join(backup.home, 'copies of', "run's", 'journal.mirror');
    await waitFor('the mirror to know of a start', () => (read(there).includes('"job.started"') ? true : undefined), 20);
    const pid = await pidOf(first);
    process.kill(pid, 'SIGKILL');
    run.child.kill('SIGKILL');
    renameSync(key, `${key} of theirs`);

    const without = await second.run(['attach', '--from', place], { env });
    expect([without.code, without.err]).toEqual([5, expect.stringContaining('first key, which does not exist on this machine')]);
    const attached = await second.run(['attach', '--from', place, '--private-key', sshd.keyPath, '--mirror', place], { env });
    expect([attached.code, lastLine(attached.out)], attached.err).toEqual([0, allWell.replaceAll('10', '3')]);
    expect(ran('ran3')).toEqual(names.map((_, at) => (at < 3 ? 'ran\n' : '')));
    await second.end();
    expect(read(there)).toContain('"run.ended"');
    expect(readdirSync(join(backup.home, 'copies of', "run's"))).toEqual(['journal.mirror']);
  }, 120_000);
});

describe('--mirror and --from, without a host', () => {
  let place: Place;
  let mirror: string;
  beforeEach(() => {
    place = makePlace();
    mirror = join(place.dir, 'mirror');
  });
  afterEach(() => place.end());

  const drivers = (): number => {
    const text = existsSync(join(mirror, 'journal.mirror')) ? readFileSync(join(mirror, 'journal.mirror'), 'utf8') : '';
    return text.match(/"driver\.started"/g)?.length ?? 0;
  };
  const stop = async (): Promise<void> => {
    const link = await place.link();
    const { pid } = link.status;
    await link.ask({ verb: 'stop' });
    link.close();
    await waitFor('the driver to end', () => (isAlive(pid) ? undefined : true));
  };

  test('a driver that runs takes a mirror up, those after it keep it, and none ends it', async () => {
    expect((await place.run(['attach'])).code).toBe(0);
    expect(await place.run(['attach', '--mirror', mirror])).toMatchObject({ code: 0, err: '' });
    await waitFor('the mirror', () => (drivers() === 1 ? true : undefined));
    await stop();
    expect((await place.run(['attach'])).code).toBe(0);
    await waitFor('the next driver to keep it', () => (drivers() === 2 ? true : undefined));
    expect((await place.run(['attach', '--mirror', 'none'])).code).toBe(0);
    await stop();
    expect((await place.run(['attach'])).code).toBe(0);
    await stop();
    expect(drivers()).toBe(2);
    const other = makePlace();
    const taken = await other.run(['attach', '--from', join(mirror, 'journal.mirror')]);
    expect([taken.code, taken.out]).toEqual([0, 'nothing is outstanding\n']);
    await other.end();
  }, 60_000);

  test('what makes no sense is told before anything starts', async () => {
    const refused = async (...args: string[]): Promise<string> => {
      const { code, err } = await place.run(args);
      expect(code).toBe(5);
      return err;
    };
    expect(await refused('attach', '--mirror', '-oProxyCommand=x:y')).toContain('is no host for ssh');
    expect(await refused('attach', '--mirror', join(place.stateDir, 'mirror'))).toContain('where the journal itself is');
    mkdirSync(mirror);
    chmodSync(mirror, 0o750);
    expect(await refused('attach', '--mirror', mirror)).toContain('others may enter');
    expect(await refused('attach', '--from', join(place.dir, 'nowhere'))).toContain('cannot be read');
    expect(await refused('attach', '-u', 'ops2')).toContain('go with --from');
    expect(await refused('attach', '--from', mirror, '--private-key', 'nowhere')).toContain('does not exist');
    expect(existsSync(join(place.stateDir, 'journal.db'))).toBe(false);
  }, 60_000);
});
