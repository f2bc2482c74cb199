// First contact with many hosts, with the real binary and sshds that turn away whoever comes while ten are logging in:
// nobody is lost to MaxStartups, through one jump host or at one address. `ROLLCALL_FIRST_CONTACTS=200` makes it as many.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';

const many = Number(process.env['ROLLCALL_FIRST_CONTACTS'] ?? 40);
const names = Array.from({ length: many }, (_, i) => `h${String(i + 1).padStart(3, '0')}`);

// sshd's own default is 10:30:100. This one leaves nothing to chance: all are dropped that the default drops some of.
const strict = { config: ['MaxStartups 10:100:100', 'AllowTcpForwarding yes', 'MaxSessions 1'] };

describe.skipIf(!sshdAvailable())('first contact', () => {
  let jump: Sshd;
  let hosts: Sshd;
  let place: Place;
  let inventory: string;

  beforeAll(async () => {
    [jump, hosts] = await Promise.all([startSshd(strict), startSshd(strict)]);
  });
  afterAll(() => Promise.all([jump.stop(), hosts.stop()]));
  beforeEach(() => {
    place = makePlace();
    inventory = join(place.dir, 'hosts.yml');
    writeFileSync(inventory, hosts.inventory(names));
  });
  afterEach(() => place.end());

  const allOk = `run 1: ok ${many} changed ${many} failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0`;
  const run = async (...flags: readonly string[]): Promise<void> => {
    const { code, out, err } = await place.run(['run', 'all', '-i', inventory, ...flags, '--', 'true']);
    expect([code, out.trimEnd().split('\n').at(-1)], `${out}${err}`).toEqual([0, allOk]);
  };
  const dropped = (sshd: Sshd): number => sshd.log().match(/past MaxStartups/g)?.length ?? 0;

  test('through one jump host loses none, and one login there serves all', async () => {
    mkdirSync(join(place.dir, '.ssh'), { mode: 0o700 });
    const bastion = [
      `HostName ${jump.host}`,
      `Port ${jump.port}`,
      `IdentityFile ${jump.keyPath}`,
      `UserKnownHostsFile ${jump.knownHostsPath}`,
    ];
    writeFileSync(
      join(place.dir, '.ssh/config'),
      `Host bastion\n${bastion.join('\n')}\nMatch host ${hosts.host} !originalhost bastion\n  ProxyJump bastion\n`,
    );
    const watch = jump.watchConnections();
    await run();
    watch.stop();
    expect([watch.peak(), dropped(jump)]).toEqual([1, 0]);
    // Once, unless this machine stood still for longer than a jump host is kept.
    expect(watch.accepted()).toBeLessThan(many / 8);
  }, 180_000);

  test('at one address loses none, however many starts a second', async () => {
    await run('--start-rate', '0');
  }, 180_000);
});
