// Holds the practice fleet to its promise: whatever is typed on a practice host, the machine around it stays as it was.
// Sentinels stand outside: files that anybody could write, a process of the sandbox's own user, a listener.
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { asNobody } from '../../src/practice/as-nobody.ts';
import type { PracticeFleet } from '../../src/practice/fleet.ts';
import { childrenOf, isAlive, type Known, lookUp } from '../../src/practice/processes.ts';
import { hasNamespaces, makeYard, ssh, until, type Yard } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

type Sentinels = {
  readonly folder: string;
  readonly children: readonly ChildProcess[];
  readonly known: readonly Known[];
  readonly port: number;
  readonly stand: () => void;
  readonly remove: () => void;
};

const makeSentinels = async (): Promise<Sentinels> => {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-sentinels-'));
  const file = join(folder, 'file');
  writeFileSync(file, 'untouched');
  for (const path of [folder, file]) chmodSync(path, 0o777);
  const children = [spawn('sleep', ['600'], { stdio: 'ignore' }), spawn('sleep', ['600'], { ...asNobody(), cwd: '/', stdio: 'ignore' })];
  let reached = 0;
  const listener = net.createServer(socket => {
    reached += 1;
    socket.destroy();
  });
  await new Promise<void>(resolve => listener.listen(0, '127.0.0.1', resolve));
  const known = children.map(child => lookUp(child.pid!)!);
  return {
    folder,
    children,
    known,
    port: (listener.address() as net.AddressInfo).port,
    stand: () => {
      expect(readFileSync(file, 'utf8')).toBe('untouched');
      expect(known.map(isAlive)).toEqual([true, true]);
      expect(reached).toBe(0);
    },
    remove: () => {
      for (const child of children) child.kill('SIGKILL');
      listener.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};

/** What a careless or curious person types. $F, $P and $N are the sentinels' folder, process and port. */
const dangers: readonly string[] = [
  'rm -rf /',
  'timeout 3 rm -rf / --no-preserve-root',
  'sudo -n rm -rf /[!u]* ~/* /tmp/*',
  'kill -9 -1',
  'sudo kill -9 -1',
  'kill -9 $P; kill -9 1; kill -TERM -1',
  'echo x >$F/file; rm -rf $F; echo x >/etc/x; echo x >>/etc/passwd; echo x >/usr/bin/ls; rm -f /bin/sh',
  'for i in 1 2 3 4 5; do F=$F setsid sh -c "while :; do echo x >$F/file; sleep 0.2; done" </dev/null >/dev/null 2>&1 & done',
  'mount -o remount,rw /; mount -t tmpfs none /usr; umount -l /proc; umount /usr; mount --bind /tmp /etc',
  'unshare -Ur mount -o remount,rw /usr; unshare -Urm sh -c "umount -l /.practice; ls /.practice/*"',
  'echo b >/proc/sysrq-trigger; echo 1 >/proc/sys/kernel/panic; echo x >/proc/1/mem; cat /proc/kcore | head -c 10',
  'bash -c "exec 3<>/dev/tcp/127.0.0.1/$N"; perl -MIO::Socket::INET -e "IO::Socket::INET->new(q(127.0.0.1:$N))"',
  'cat /etc/shadow /root/.ssh/* /home/*/.ssh/* /proc/1/root/etc/shadow; ls /work /srv /var/log/syslog',
  'dd if=/dev/zero of=/tmp/big bs=1M count=500; dd if=/dev/zero of=big bs=1M count=500; rm -f /tmp/big big',
];

describe.each(['best', 'acting'] as const)('with the %s form', form => {
  let yard: Yard;
  let fleet: PracticeFleet;
  let sentinels: Sentinels;
  beforeAll(async () => {
    yard = await makeYard(form);
    [fleet, sentinels] = await Promise.all([yard.ensure(12 + dangers.length), makeSentinels()]);
  });
  afterAll(async () => {
    await yard.remove();
    sentinels.remove();
  });

  test('is the form that was asked for', () => {
    const acts = form === 'acting' || !hasNamespaces;
    expect(fleet.mode).toBe(acts ? 'acting' : 'namespaces');
    expect(typeof fleet.why).toBe(acts ? 'string' : 'undefined');
  });

  // Each on a host of its own, beside each other: so they must not harm each other's hosts either.
  test.concurrent.each(dangers.map((danger, i) => [danger, `web${String(i + 1).padStart(2, '0')}`] as const))(
    '%s',
    async (danger, name) => {
      const given = `F=${sentinels.folder} P=${sentinels.known[1]?.pid} N=${sentinels.port}`;
      await ssh(fleet, name, `${given}; export F P N; ${danger}`);
      sentinels.stand();
      expect(lookUp(fleet.pid)).toBeDefined();
      expect(await ssh(fleet, name, 'echo still here')).toMatchObject({ out: 'still here\n', code: 0 });
    },
  );

  test('reboot: only that host goes, and comes back', async () => {
    const before = (await ssh(fleet, 'web02', 'cat /proc/sys/kernel/random/boot_id')).out;
    await ssh(fleet, 'web02', 'reboot');
    await until('the host to go', () =>
      ssh(fleet, 'web02', 'echo up').then(
        told => told.code === undefined,
        () => true,
      ),
    );
    sentinels.stand();
    if (fleet.mode === 'acting') expect(childrenOf(fleet.pid)).toEqual([]); // it starts nothing, ever
    expect((await ssh(fleet, 'web01', 'echo still here')).out).toBe('still here\n');
    const after = await until(
      'the host to come back',
      () =>
        ssh(fleet, 'web02', 'cat /proc/sys/kernel/random/boot_id').then(
          told => told.out,
          () => undefined,
        ),
      20,
    );
    expect(after).toHaveLength(37);
    expect(after).not.toBe(before);
  });
});

// The acting form starts no process that could grow.
test.skipIf(!hasNamespaces)('a fork bomb and a memory hog stay small', async () => {
  const yard = await makeYard();
  try {
    const fleet = await yard.ensure();
    const bomb = await ssh(fleet, 'web01', 'i=0; while [ $i -lt 700 ]; do sleep 600 >/dev/null 2>&1 & i=$((i+1)); done');
    expect(bomb.err.toLowerCase()).toContain('fork');
    expect((await ssh(fleet, 'web02', 'echo calm')).out).toBe('calm\n');
    await ssh(fleet, 'web01', 'kill -9 -1'); // there is always room for one more command
    expect((await ssh(fleet, 'web01', 'echo calm')).out).toBe('calm\n');
    const hog = await ssh(fleet, 'web02', 'perl -e \'$x = "x" x 6e9; print "had it"\' || echo refused');
    expect(hog.out).toBe('refused\n');
  } finally {
    await yard.remove();
  }
});
