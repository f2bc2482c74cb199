// A disk that fills here, with the real binary: nothing starts, it is said, and when there is room again all goes on and
// every result is whole. Needs root, who may mount a small file system: skipped for others, and where mounting is forbidden.
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { makePlace, type Place } from '../support/program.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const size = 3;

const mount = (folder: string): boolean =>
  spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${size}m,mode=700`, 'tmpfs', folder]).status === 0;

const mayMount = (): boolean => {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-mount-'));
  const mounted = mount(folder);
  if (mounted) spawnSync('umount', [folder]);
  rmdirSync(folder);
  return mounted;
};

describe.skipIf(!sshdAvailable() || !mayMount())('a disk that fills here (as root, who may mount)', () => {
  let sshd: Sshd;
  let place: Place;
  const names = ['h01', 'h02', 'h03', 'h04', 'h05', 'h06'];

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());
  beforeEach(() => {
    place = makePlace();
    writeFileSync(join(place.dir, 'hosts.yml'), sshd.inventory(names));
    mkdirSync(place.stateDir);
    if (!mount(place.stateDir)) throw new Error('mount failed');
  });
  afterEach(async () => {
    rmSync(filler(), { force: true });
    try {
      await place.end();
    } catch {
      // The folder itself is busy: it is a mount.
    }
    spawnSync('umount', [place.stateDir]);
    rmSync(place.dir, { recursive: true, force: true });
  });

  const filler = (): string => join(place.stateDir, 'filler');

  /** Down to the last byte. */
  const fill = (): void => {
    for (const piece of [65_536, 4096, 1]) {
      try {
        for (;;) appendFileSync(filler(), Buffer.alloc(piece, 0x78));
      } catch {
        // Full for pieces of this size.
      }
    }
  };

  const isFull = (): boolean => statfsSync(place.stateDir).bavail === 0;

  /** What began on the hosts: a file each. */
  const began = (): readonly string[] => readdirSync(join(sshd.home, 'began')).toSorted();

  test('new starts wait, it is said in a line, and with room again all goes on, each result whole', async () => {
    mkdirSync(join(sshd.home, 'began'), { recursive: true });
    const lines = 400;
    const command = `touch began/$ROLLCALL_JID; sleep 4; seq 1 ${lines}`;
    const run = place.start(['run', 'all', '-i', 'hosts.yml', '--serial', '2', '-B', '120', '-P', '1', '--', command]);
    await waitFor('the first batch', () => (run.out().match(/ started /g)?.length === 2 ? true : undefined));
    fill();
    expect(isFull()).toBe(true);
    await waitFor('the word', () => (run.err().includes('the disk of this machine is full') ? true : undefined));
    const before = began();
    expect(before).toHaveLength(2);
    // Some rounds of its trying, in which the first batch has ended on its hosts.
    const since = performance.now();
    await waitFor('some rounds', () => (performance.now() - since > 6000 ? true : undefined));
    expect(began()).toEqual(before);
    // Somebody who comes now is told as well, and nothing of theirs is begun, now or later.
    const other = await place.run(['run', 'h01', '-i', 'hosts.yml', '-B', '60', '--', 'touch began/other; echo other']);
    expect([other.code, other.err]).toEqual([1, expect.stringContaining('the disk of this machine is full')]);
    expect(began()).toEqual(before);
    // A verb that has to be written down waits for that, and says so.
    const note = place.start(['note', '1', 'disk']);
    await waitFor('the word on the note', () => (note.err().includes('not written down yet') ? true : undefined));
    rmSync(filler());
    expect(await note.finished).toMatchObject({ code: 0, out: 'noted on 1 run\n' });
    const first = await run.finished;
    expect(first.code, first.err).toBe(0);
    expect(first.out.trimEnd().split('\n').at(-1)).toBe(
      'run 1: ok 6 changed 6 failed 0 unreachable 0 lost 0 timed-out 0 skipped 0 never-started 0',
    );
    // Equal outputs are told once: one that lacked a byte would stand apart.
    expect(first.out).toContain('--- h[01-06] (6 hosts) changed\n');
    expect(first.out).toContain(`\n${lines}\n`);
    expect(began()).toHaveLength(6);
    const told = await place.run(['jobs', '--all', '--json']);
    const sizes = told.out
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { title: string; out_bytes: number })
      .filter(({ title }) => title.includes('seq'))
      .map(({ out_bytes }) => out_bytes);
    expect(new Set(sizes)).toEqual(new Set([Array.from({ length: lines }, (_, n) => `${n + 1}\n`).join('').length]));
    expect((await place.run(['journal', 'verify'])).out).toContain('the chain is whole');
  }, 100_000);

  test('a driver that is to start on a full disk says so; nothing is damaged by it', async () => {
    closeSync(openSync(filler(), 'w'));
    fill();
    const refused = await place.run(['run', 'h01', '-i', 'hosts.yml', '-B', '60', '--', 'true']);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('the disk of this machine is full')]);
    rmSync(filler());
    const run = await place.run(['run', 'h01', '-i', 'hosts.yml', '-B', '60', '--', 'true']);
    expect([run.code, run.err]).toEqual([0, '']);
    expect(readdirSync(place.stateDir).filter(name => name.includes('damaged'))).toEqual([]);
  }, 60_000);
});
