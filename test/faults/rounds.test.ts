// Rounds with real processes: the real binary on a real sshd with twenty homes, and kill -9 at a moment that the round's number
// chooses. Each command leaves a line in its home, so that what ran is counted by what it did there.
// .ci/run lives through 50 of them: `ROLLCALL_FAULT_ROUNDS=50 npm test -- test/faults/rounds.test.ts`.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { seeded } from '../support/fake-clock.ts';
import { makePlace, type Place, type Running } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const rounds = Number(process.env['ROLLCALL_FAULT_ROUNDS'] ?? 20);
const names = Array.from({ length: 20 }, (_, i) => `h${String(i + 1).padStart(2, '0')}`);

/** What is killed; in most rounds all that we have, as when the machine dies. */
const victims = [
  'driver and client',
  'driver and client',
  'driver and client',
  'driver',
  'client',
  'driver and client',
  'sessions of sshd',
  'driver and client',
  'driver and sessions',
] as const;

describe.skipIf(!sshdAvailable())('a start on 20 hosts', () => {
  /** One sshd listens on sixteen ports at most. */
  const halves = [names.slice(0, 10), names.slice(10)];
  const servers: Sshd[] = [];
  let place: Place;
  let inventory: string;

  beforeAll(async () => {
    place = makePlace();
    for (const aliases of halves) servers.push(await startSshd({ aliases }));
    inventory = join(place.dir, 'hosts.yml');
    const groups = servers.map((sshd, i) =>
      sshd
        .inventory(halves[i] ?? [])
        .replace('all:\n', `half${i}:\n`)
        .replaceAll(/^(?=.)/gm, '    '),
    );
    writeFileSync(inventory, `all:\n  children:\n${groups.join('')}`);
  });
  afterAll(async () => {
    await place.end();
    for (const sshd of servers) await sshd.stop();
  });

  const kill = async (victim: (typeof victims)[number], run: Running): Promise<void> => {
    if (victim.includes('driver')) {
      const link = await place.link();
      process.kill(link.status.pid, 'SIGKILL');
      link.close();
    }
    if (victim.includes('sessions')) for (const sshd of servers) sshd.dropConnections();
    if (!victim.includes('client')) return;
    run.child.kill('SIGKILL');
    await run.finished;
  };

  test.each(Array.from({ length: rounds }, (_, i) => ({ round: i + 1, victim: victims[i % victims.length] ?? 'driver' })))(
    'round $round, kill -9 of $victim: each command ran once, every result is here',
    async ({ round, victim }) => {
      const random = seeded(round);
      const command = `echo "$ROLLCALL_JID" >> ran-${round}; echo "{{ inventory_hostname }} was here"; sleep 0.${round % 10}`;
      const run = place.start(['run', 'all', '-i', inventory, '-B', '600', '--start-rate', '0', '--', command]);
      await waitFor('the run to be queued', () => (run.out().includes(`run ${round}`) || run.child.exitCode !== null ? true : undefined));
      // A moment between the first connection and the last result, more often early than late.
      const moment = performance.now() + random() ** 2 * 2500;
      await waitFor('the moment', () => (performance.now() >= moment ? true : undefined));
      await kill(victim, run);

      const attached = await place.run(['attach', String(round), '--continue', '--plain']);
      const own = await run.finished;
      expect(
        jidsOn(round).map(jids => jids.length),
        `${own.out}\n${attached.out}\n${attached.err}`,
      ).toEqual(names.map(() => 1));
      const lastLine = `run ${round}: ok 20 changed 20 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0`;
      expect([attached.code, attached.out.trimEnd().split('\n').at(-1)], attached.err).toEqual([0, lastLine]);
      if (!victim.includes('client')) expect([own.code, own.out.trimEnd().split('\n').at(-1)], own.err).toEqual([0, lastLine]);
      expect(await toldBy(round)).toEqual(names.map(name => `${name} was here\n`));
    },
    90_000,
  );

  /** What each host's job said, as the driver has it. */
  const toldBy = async (round: number): Promise<string[]> => {
    const link = await place.link();
    const told = await Promise.all(
      jidsOn(round).map(async ([jid]) => {
        const output = await link.ask({ verb: 'output', jid: jid as Jid, stream: 'out', from: 0, most: 1000 });
        return output.ok ? Buffer.from(output.value.base64, 'base64').toString() : output.failure.cause;
      }),
    );
    link.close();
    return told;
  };

  /** The jids under which the command of a round ran, by what it left in each home. */
  const jidsOn = (round: number): string[][] =>
    servers
      .flatMap((sshd, i) => (halves[i] ?? []).map(name => join(sshd.alias(name).home, `ran-${round}`)))
      .map(file => (existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []));
});
