// Holds the acting programs of a practice host to what they imitate, as far as a player would notice.
import type { Client } from 'ssh2';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { PracticeFleet } from '../../src/practice/fleet.ts';
import { connect, execOn, hasNamespaces, makeYard, type Outcome, until, wayTo, type Yard } from './support.ts';

vi.setConfig({ testTimeout: 60_000 });

describe.skipIf(!hasNamespaces)('on a practice host', () => {
  let yard: Yard;
  let fleet: PracticeFleet;
  const clients: Client[] = [];
  beforeAll(async () => {
    yard = await makeYard();
    fleet = await yard.ensure();
  });
  afterAll(async () => {
    for (const client of clients) client.end();
    await yard.remove();
  });
  /** Each test has a host of its own, since they mostly wait. */
  const on = async (name: string): Promise<(command: string, stdin?: string) => Promise<Outcome>> => {
    const client = await connect(wayTo(fleet, name));
    clients.push(client);
    return (command, stdin) => execOn(client, command, stdin);
  };

  test.concurrent('apt-get upgrades once, line by line, and asks for a restart after a new kernel', async () => {
    const run = await on('web01');
    const first = await run('sudo apt-get update && sudo apt-get -y dist-upgrade');
    expect(first.code).toBe(0);
    expect(first.out).toContain('9 upgraded, 0 newly installed');
    expect(first.out).toContain('Setting up linux-image-amd64');
    expect((await run('apt-get -y upgrade')).out).toContain('0 upgraded, 0 newly installed');
    expect((await run('cat /run/reboot-required')).out).toContain('restart');
    expect(await run('apt-get frobnicate')).toMatchObject({ code: 100, err: 'E: Invalid operation frobnicate\n' });
  });

  test.concurrent('a second apt-get waits for the first and says for whom; a killed one leaves no lock', async () => {
    const run = await on('web02');
    await run('apt-get install one two three >first 2>&1 &');
    await until('the first to have the lock', async () => (await run('cat first')).out.includes('Reading'));
    const second = await run(
      'ROLLCALL_WAITING=$PWD/waiting apt-get install four & wait_for=$!; until [ -s waiting ]; do sleep 0.1; done; cat waiting >said; wait $wait_for',
    );
    expect((await run('cat said waiting')).out).toMatch(/^package lock held by process \d+\n$/);
    expect(second.out).toMatch(/^Waiting for cache lock: Could not get lock \S+\. It is held by process \d+ \(apt-get\)/);
    expect(second.out).toContain('Setting up four');
    await run('setsid apt-get install five six >third 2>&1 & while ! grep -q Reading third; do sleep 0.1; done; kill -9 $!');
    expect((await run('timeout 20 apt-get install seven')).out).toContain('Setting up seven');
  });

  test.concurrent('dnf upgrades once and then has nothing to do', async () => {
    const run = await on('web03');
    expect((await run('dnf -y upgrade')).out).toContain('Upgraded:');
    expect((await run('yum -y update')).out).toContain('Nothing to do.');
    expect(await run('dnf frobnicate')).toMatchObject({ code: 1 });
  });

  test.concurrent('services start, stop and have a state; a strange one is told', async () => {
    const run = await on('web04');
    expect(await run('systemctl is-active nginx')).toMatchObject({ out: 'active\n', code: 0 });
    await run('sudo systemctl stop nginx');
    expect(await run('systemctl is-active nginx')).toMatchObject({ out: 'inactive\n', code: 3 });
    expect((await run('systemctl status nginx')).out).toContain('Active: inactive (dead)');
    const start = performance.now();
    expect((await run('service nginx restart')).code).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(1000);
    expect((await run('systemctl list-units')).out).toMatch(/nginx\.service +loaded active/);
    expect(await run('systemctl restart nosuch')).toMatchObject({ code: 5, err: expect.stringContaining('nosuch.service not found') });
    expect(await run('systemctl status nosuch')).toMatchObject({ code: 4 });
  });

  test.concurrent('sudo runs its command as root would, passes input through, and knows no one else', async () => {
    const run = await on('web05');
    expect((await run('sudo whoami; whoami; sudo sh -c "echo $HOME:\\$HOME:\\$SUDO_USER"')).out).toBe('root\nops\n/home/ops:/root:ops\n');
    expect(await run("sudo -k -S -p MARK -H -u root -- /bin/sh -c 'cat; exit 7' x", 'in')).toMatchObject({ out: 'in', code: 7 });
    expect(await run('sudo -u ops A=b env | grep -c "^A=b"')).toMatchObject({ out: '1\n' });
    expect(await run('sudo -u nosuch true')).toMatchObject({ code: 1, err: 'sudo: unknown user nosuch\n' });
    expect(await run('sudo -n nosuchprogram')).toMatchObject({ code: 1, err: 'sudo: nosuchprogram: command not found\n' });
  });

  test.concurrent('uptime counts from the boot of the sandbox, and logger keeps what it is told', async () => {
    const run = await on('web06');
    expect((await run('uptime')).out).toMatch(/^ \d\d:\d\d:\d\d up [0-5] min, /);
    await run('logger -t rollcall start j1');
    expect((await run('cat /var/log/messages')).out).toMatch(/ web06 rollcall: start j1\n$/);
  });
});
