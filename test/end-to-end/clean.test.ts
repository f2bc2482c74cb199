// `rollcall clean` with the real binary on a real sshd: what goes there and here, and what stays.
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isAlive, makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

describe.skipIf(!sshdAvailable())('rollcall clean on a real sshd', () => {
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
    writeFileSync(inventory, sshd.inventory(['h01', 'h02', 'h03']));
  });
  afterEach(() => place.end());

  const filesOf = (jid: string): string[] => readdirSync(join(sshd.home, '.rollcall', 'jobs', jid));
  const jobs = async (): Promise<{ jid: string; host: string; state: string; output_removed_at?: number }[]> =>
    (await place.run(['jobs', '--all', '--json'])).out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));

  test('folders of what is over go, marks and running jobs stay; then there is nothing to do', async () => {
    expect((await place.run(['run', 'all', '-i', inventory, '--', 'echo hello'])).code).toBe(0);
    const letGo = await place.run(['run', 'h01', '-i', inventory, '-B', '60', '-P', '0', '--', 'sleep 50']);
    expect(letGo.code).toBe(0);
    const all = await jobs();
    const over = all.filter(({ state }) => state === 'ended').map(({ jid }) => jid);
    const running = all.find(({ state }) => state !== 'ended')!.jid;
    const dry = await place.run(['clean', '-C']);
    expect(dry.out).toBe('would be removed on h[01-03] (3 hosts): 3 job folders, 18 B of output or more\n');
    for (const jid of over) expect(filesOf(jid)).toContain('about');
    const some = await place.run(['clean', 'h02', '-i', inventory]);
    expect(some.out).toBe('removed on h02 (1 host): 1 job folder, 6 B of output or more\n');
    const rest = await place.run(['clean']);
    expect([rest.code, rest.out]).toEqual([0, 'removed on h[01,03] (2 hosts): 2 job folders, 12 B of output or more\n']);
    for (const jid of over) expect(filesOf(jid)).toEqual(['gone']);
    expect(filesOf(running)).toContain('about');
    expect((await place.run(['clean'])).out).toContain('nothing is to be removed');
    expect((await place.run(['history', '1'])).out).toContain('hello');
    expect((await place.run(['cancel', '2'])).code).toBe(0);
    await place.run(['attach', '2']);
  }, 90_000);

  test('output past its time goes here, and what would have shown it says when', async () => {
    await place.run(['run', 'h01', '-i', inventory, '--', 'echo long ago']);
    const link = await place.link();
    const { pid } = link.status;
    await link.ask({ verb: 'stop' });
    link.close();
    await waitFor('the driver to end', () => (isAlive(pid) ? undefined : true));
    const db = new DatabaseSync(join(place.stateDir, 'journal.db'));
    db.exec('update kept set ended = ended - 31 * 86400000.0');
    db.close();
    expect((await place.run(['clean'])).out).toContain('removed here: output of 1 job, 9 B, past 30 days or beyond 5 GiB\n');
    expect(readdirSync(join(place.stateDir, 'output')).flatMap(name => readdirSync(join(place.stateDir, 'output', name)))).toEqual([]);
    const told = await place.run(['history', '1']);
    expect(told.out).toMatch(/its output was removed here on \d{4}-\d\d-\d\d by retention/);
    expect(told.out).not.toContain('long ago\n');
    expect((await jobs())[0]?.output_removed_at).toBeGreaterThan(0);
    expect((await place.run(['journal', 'verify'])).out).toContain('the chain is whole');
    expect(existsSync(join(place.stateDir, 'journal.db'))).toBe(true);
  }, 60_000);
});
