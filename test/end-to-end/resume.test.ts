// Coming back: the real binary on a real sshd, its driver killed, stopped or left alone, and what the next command makes of it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place, type Running } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const names = ['h1', 'h2', 'h3'];

describe.skipIf(!sshdAvailable())('coming back', () => {
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

  /** A roll of one host a batch, with the first one running. */
  const roll = async (command: string): Promise<Running> => {
    const run = place.start(['run', 'all', '-i', inventory, '--serial', '1', '-B', '60', '--', command]);
    await waitFor('a start', () => (run.out().includes(' started ') ? true : undefined));
    return run;
  };
  const driverPid = async (): Promise<number> => {
    const link = await place.link();
    const { pid } = link.status;
    link.close();
    return pid;
  };
  /** As when the machine dies: nobody is left to start another driver. */
  const killBoth = async (run: Running): Promise<void> => {
    process.kill(await driverPid(), 'SIGKILL');
    run.child.kill('SIGKILL');
    await run.finished;
  };
  const passed = async (ms: number): Promise<void> => {
    const end = performance.now() + ms;
    await waitFor('time to pass', () => (performance.now() >= end ? true : undefined));
  };
  const whoRan = (file: string): string[] => readFileSync(join(sshd.home, file), 'utf8').trim().split('\n');

  test('attach --hold begins nothing of what had not begun, --continue decides again, both at once are bad input', async () => {
    const both = await place.run(['attach', '--hold', '--continue']);
    expect([both.code, both.err]).toEqual([5, expect.stringContaining('opposites')]);
    await killBoth(await roll('echo {{ inventory_hostname }} >> held; sleep 1'));
    const held = place.start(['attach', '--hold']);
    await waitFor('the first host to come home', () => (held.out().includes('h1 ok rc 0') ? true : undefined));
    const looked = await place.run(['attach', '--look']);
    expect([looked.code, held.err()]).toEqual([75, expect.stringContaining('run 1 is paused by ')]);
    expect(held.err()).toContain('rollcall resume 1');
    expect(whoRan('held')).toEqual(['h1']);
    const { code, out } = await place.run(['attach', '--continue']);
    expect([code, out]).toEqual([0, expect.stringContaining('run 1: ok 3 ')]);
    expect((await held.finished).code).toBe(0);
    expect(whoRan('held')).toEqual(names);
  }, 60_000);

  test('a driver away for a moment goes on by itself', async () => {
    await killBoth(await roll('echo {{ inventory_hostname }} >> moment; sleep 1'));
    const { code, out, err } = await place.run(['attach']);
    expect([code, out], err).toEqual([0, expect.stringContaining('run 1: ok 3 ')]);
    expect(whoRan('moment')).toEqual(names);
  }, 60_000);

  test('a run whose client vanished waits, says so, and goes on with --continue; an operator’s pause only when it is named', async () => {
    const run = await roll('sleep 1');
    run.child.kill('SIGKILL');
    await run.finished;
    const attached = place.start(['attach', '1']);
    await waitFor('the pause to be told', () => (attached.err().includes('paused since its client vanished') ? true : undefined));
    expect((await place.run(['pause', '1'])).out).toContain('nothing of it could be paused');
    await place.run(['resume', '1']);
    await place.run(['pause', '1']);
    expect((await place.run(['attach', '--continue', '--look'])).code).toBe(75);
    expect((await place.run(['attach', '1', '--continue'])).code).toBe(0);
    expect((await attached.finished).code).toBe(0);
  }, 60_000);

  test('time in which the driver was stopped is no silence of its hosts: none is given up for it', async () => {
    const run = place.start(['run', 'all', '-i', inventory, '-B', '120', '--give-up', '5', '--', 'sleep 20']);
    await waitFor('every start', () => (run.out().match(/ started /g)?.length === 3 ? true : undefined));
    const pid = await driverPid();
    await sshd.down();
    try {
      await waitFor('the silence', () => (run.out().match(/ stale: /g)?.length === 3 ? true : undefined));
      process.kill(pid, 'SIGSTOP');
      await passed(12_000);
      process.kill(pid, 'SIGCONT');
      // Long enough for the looks that are overdue to be refused.
      await passed(1500);
    } finally {
      await sshd.up();
    }
    await place.run(['jobs', '--look']);
    const { code, out } = await run.finished;
    expect([code, out]).toEqual([0, expect.stringContaining('run 1: ok 3 ')]);
    expect(out).not.toContain('UNREACHABLE');
  }, 90_000);

  test('an inventory edited between the driver’s death and attach changes no run that has begun', async () => {
    await killBoth(await roll('echo {{ inventory_hostname }} {{ groups.all | length }} >> edited; sleep 1'));
    writeFileSync(inventory, sshd.inventory(['h1', 'h9']).replaceAll(/ansible_port: \d+/g, 'ansible_port: 1'));
    const { code, out, err } = await place.run(['attach']);
    expect([code, out], err).toEqual([0, expect.stringContaining('run 1: ok 3 ')]);
    expect(whoRan('edited')).toEqual(names.map(name => `${name} 3`));
    const next = await place.run(['run', 'all', '-i', inventory, '--', 'true']);
    expect([next.code, next.out]).toEqual([4, expect.stringContaining('unreachable 2 ')]);
  }, 60_000);
});
