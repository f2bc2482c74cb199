// Cancel and extend through the real binary on a real sshd: done is said only when the host has confirmed, pending when it cannot.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRunEvents } from '../../src/journal/read.ts';
import { isAlive, makePlace, type Place, type Running } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

describe.skipIf(!sshdAvailable())('what hosts are told', () => {
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
    writeFileSync(inventory, sshd.inventory(['h1', 'h2', 'h3']));
  });
  afterEach(() => place.end());

  /** Runs `command` on all, and returns when it has begun there. Each job leaves its pid in a file of that name. */
  const begun = async (name: string, command: string, more: readonly string[] = []): Promise<Running> => {
    const inAll = `echo $$ > ${name}.{{ inventory_hostname }}; ${command}`;
    const run = place.start(['run', 'all', '-i', inventory, '-B', '300', ...more, '--', inAll]);
    const wanted = more.includes('--serial') ? 1 : 3;
    await waitFor('the starts', () => ((run.out().match(/ started /g)?.length ?? 0) >= wanted ? true : undefined));
    return run;
  };
  const pidOf = (file: string): number => Number(readFileSync(join(sshd.home, file), 'utf8'));

  test('cancel says gone when the hosts have said so, and ends with 0', async () => {
    const run = await begun('gone', 'exec sleep 200');
    const cancelled = await place.run(['cancel', '1', '-l', 'h1,h2']);
    expect([cancelled.code, cancelled.out]).toEqual([0, 'cancelled and gone: h[1-2]\n']);
    expect([isAlive(pidOf('gone.h1')), isAlive(pidOf('gone.h2')), isAlive(pidOf('gone.h3'))]).toEqual([false, false, true]);
    expect((await place.run(['cancel', '1'])).out).toBe('cancelled and gone: h3\n');
    expect((await place.run(['cancel', '1'])).out).toBe('nothing of it runs\n');
    expect((await run.finished).code).toBe(2);
  }, 60_000);

  test('a job that is cancelled while its host is unreachable is gone after the host returns; the journal shows both moments', async () => {
    const run = await begun('later', 'exec sleep 200');
    const pids = ['h1', 'h2', 'h3'].map(host => pidOf(`later.${host}`));
    await sshd.down();
    let asked: Awaited<Running['finished']>;
    try {
      asked = await place.run(['cancel', '1']);
      expect(pids.map(isAlive)).toEqual([true, true, true]);
    } finally {
      await sshd.up();
    }
    expect([asked.code, asked.out]).toEqual([
      75,
      expect.stringContaining('h[1-3]; it is journalled and will be carried out at next contact'),
    ]);
    const { code, out } = await run.finished;
    expect([code, out]).toEqual([2, expect.stringContaining('cancelled 3')]);
    expect(pids.map(isAlive)).toEqual([false, false, false]);
    const events = readRunEvents(place.stateDir, 1);
    if (!events.ok) throw new Error(events.failure.cause);
    const asks = new Map(events.value.flatMap(event => (event.type === 'job.cancel-asked' ? [[event.jid, event.at]] : [])));
    const ends = events.value.flatMap(event => (event.type === 'job.ended' ? [event] : []));
    expect([asks.size, ends.map(({ verdict }) => verdict.kind)]).toEqual([3, ['cancelled', 'cancelled', 'cancelled']]);
    for (const { jid, at } of ends) expect(at).toBeGreaterThan(asks.get(jid) ?? at);
  }, 90_000);

  test('hosts that had not begun are told as such; more time is told with the limit that the host has confirmed', async () => {
    const run = await begun('more', 'sleep 5', ['--serial', '1']);
    const extended = await place.run(['extend', '1', '10m']);
    expect([extended.code, extended.out]).toEqual([0, 'limit now 15m: h1\n']);
    const cancelled = await place.run(['cancel', '1', '-l', 'h3']);
    expect([cancelled.code, cancelled.out]).toEqual([0, 'not begun, and begins no more: h3\n']);
    const { code, out } = await run.finished;
    expect([code, out]).toEqual([0, expect.stringContaining('ok 2 changed 2 failed 0 unreachable 0 lost 0 timed-out 0 skipped 1')]);
    expect((await place.run(['extend', '1', '10m'])).out).toBe('nothing of it runs with a time limit\n');
  }, 60_000);
});
