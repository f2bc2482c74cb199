// The only place that holds the runner to what it leaves on a host, and for how long.
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import type { RemoteLine } from '../../src/remote/jobs.ts';
import { makeSimulatedLink, type Shell, type SimulatedLink } from '../support/simulated-link.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshJid, lookAt, lookOnce, lookUntil, startOf, value } from './jobs-contract.ts';
import { age, isThere, jobFolder, openLine, processesOf, underEachShell } from './runner-kit.ts';

const days = (count: number): number => count * 24;

const ageEnd = (link: SimulatedLink, jid: Jid, hours: number): void => {
  const folder = jobFolder(link, jid);
  for (const name of readdirSync(folder)) if (name.startsWith('end.') || name === 'claim') age(join(folder, name), hours);
};

/** The first job of a day, so many days after the last one; resolves when it has tidied. */
const tidyAfter = async (link: SimulatedLink, line: RemoteLine, daysAgo: number): Promise<void> => {
  const base = join(link.home, '.rollcall');
  const [today = ''] = readdirSync(base).filter(name => name.startsWith('tidied.'));
  rmSync(join(base, today));
  writeFileSync(join(base, `tidied.${Number(today.slice(7)) - daysAgo}`), '');
  const stale = join(base, 'stage', 'stale');
  writeFileSync(stale, '');
  age(stale, days(3));
  const start = startOf('true', { linger: 3000 });
  value(await line.start(start));
  await lookUntil(line, start.jid, 'done');
  await waitFor('the stage to be tidied', () => !existsSync(stale) || undefined);
};

underEachShell(tidiesUp);

function tidiesUp(shell: Shell): void {
  describe(`what is left on a host with ${shell.name}`, { timeout: 240_000, concurrent: true }, () => {
    test('forgets marks after 24 hours and ended jobs after 14 days', async () => {
      const fresh = makeSimulatedLink(shell);
      const line = await openLine(shell, fresh);
      const [old, older] = [startOf('true'), startOf('true')];
      for (const start of [old, older]) {
        value(await line.start(start));
        await lookUntil(line, start.jid, 'done');
      }
      expect(value(await line.clean([older.jid]))).toEqual([older.jid]);
      age(join(jobFolder(fresh, older.jid), 'gone'), 25);
      const end = readdirSync(jobFolder(fresh, old.jid)).find(file => file.startsWith('end.'));
      age(join(jobFolder(fresh, old.jid), end ?? ''), 15 * 24);
      age(join(jobFolder(fresh, old.jid), 'collected'), 2 * 24);
      value(await line.clean([]));
      expect((await lookOnce(line, older.jid)).state.kind).toBe('unknown');
      expect((await lookOnce(line, old.jid)).state.kind).toBe('cleaned');
    });

    test('keeps what nobody has had for 90 days, and what runs for ever', async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      // It must not end before its start is answered: the answer would bring all that it said.
      const [ended, lost, running] = [startOf('until [ -e go ]; do sleep 0.1; done; echo hi'), startOf('sleep 600'), startOf('sleep 600')];
      for (const start of [ended, lost, running]) value(await line.start(start));
      writeFileSync(join(link.home, 'go'), '');
      const { supervisor, child } = processesOf(link, lost.jid);
      await waitFor('its session', () => (isThere(-child) ? true : undefined));
      process.kill(supervisor, 'SIGKILL');
      process.kill(-child, 'SIGKILL');
      // A look that leaves the output there has not collected the job; one that takes all of it has.
      const states = async (most: number) => {
        const reports = value(await line.look([ended, lost, running].map(({ jid }) => lookAt(jid, { most }))));
        return reports.map(({ state }) => state.kind);
      };
      await waitFor('both ends', async () => ((await states(2)).join() === 'done,lost,running' ? true : undefined));
      expect(existsSync(join(jobFolder(link, ended.jid), 'collected'))).toBe(false);
      for (const { jid } of [ended, lost, running]) ageEnd(link, jid, days(80));
      await tidyAfter(link, line, 1);
      expect(await states(2)).toEqual(['done', 'lost', 'running']);
      for (const { jid } of [ended, lost, running]) ageEnd(link, jid, days(91));
      // A day that is far from the last one may come from a clock that was set.
      await tidyAfter(link, line, 100);
      value(await line.clean([]));
      expect(await states(2)).toEqual(['done', 'lost', 'running']);
      await tidyAfter(link, line, 1);
      await waitFor('the old ones to go', async () => ((await states(2)).join() === 'cleaned,cleaned,running' ? true : undefined));
      value(await line.cancel(running.jid, 0));
    });

    test('is tidied by the first job of a day, without being asked', async () => {
      const link = makeSimulatedLink(shell);
      const base = join(link.home, '.rollcall');
      const line = await openLine(shell, link);
      const start = startOf('true', { linger: 3000, ansibleAsync: 'yes' });
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      await waitFor('the end to be told', () => !existsSync(join(jobFolder(link, start.jid), 'ansible')) || undefined);
      const unread = freshJid();
      cpSync(jobFolder(link, start.jid), jobFolder(link, unread), { recursive: true });
      rmSync(join(jobFolder(link, unread), 'collected'));
      for (const jid of [start.jid, unread]) ageEnd(link, jid, days(20));
      age(join(jobFolder(link, start.jid), 'collected'), days(20));
      const theirs = [join(link.home, '.ansible_async/j123.45'), join(link.home, '.ansible_async', start.jid)];
      for (const file of theirs) {
        writeFileSync(file, '{}');
        age(file, days(20));
      }
      const left = ['bin/runner-0123456789abcdef.sh', 'bin/blank-0123456789abcdef', 'epoch/old', 'stage/old'].map(name => join(base, name));
      const kept = ['bin/runner-fresh.sh', 'epoch/newer', 'stage/newer'].map(name => join(base, name));
      for (const path of [...left, ...kept]) mkdirSync(path, { recursive: true });
      for (const name of ['epoch/old', 'epoch/newer']) rmSync(join(base, name), { recursive: true });
      for (const name of ['epoch/old', 'epoch/newer']) writeFileSync(join(base, name), '');
      for (const path of left) age(path, days(400));
      for (const name of readdirSync(join(base, 'bin'))) if (!name.includes('fresh')) age(join(base, 'bin', name), days(400));
      const today = readdirSync(base).filter(name => name.startsWith('tidied.'));
      expect(today.length).toBe(1);
      rmSync(join(base, today[0] ?? ''));
      writeFileSync(join(base, 'tidied.1'), '');
      const next = startOf('true', { linger: 3000 });
      value(await line.start(next));
      await lookUntil(line, next.jid, 'done');
      await waitFor('the old things to go', () => (left.every(path => !existsSync(path)) && !existsSync(theirs[1] ?? '')) || undefined);
      expect(readdirSync(base).filter(name => name.startsWith('tidied.'))).toEqual(today);
      expect(kept.filter(path => !existsSync(path))).toEqual([]);
      expect(existsSync(theirs[0] ?? '')).toBe(true);
      expect((await lookOnce(line, start.jid)).state.kind).toBe('cleaned');
      expect((await lookOnce(line, unread)).state.kind).toBe('done');
      // The runner that is in use stays, however old it is.
      expect(readdirSync(join(base, 'bin')).filter(name => name.startsWith('runner-')).length).toBe(2);
    });

    test('and a name with a line end in it removes nothing elsewhere', async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      const start = startOf('true', { linger: 3000 });
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const victim = join(link.home, 'victim');
      mkdirSync(victim);
      writeFileSync(join(victim, 'gone'), '');
      const trap = join(jobFolder(link, start.jid), 'x\n', victim);
      mkdirSync(trap, { recursive: true });
      writeFileSync(join(trap, 'gone'), '');
      age(join(trap, 'gone'), days(2));
      age(join(victim, 'gone'), days(2));
      value(await line.clean([]));
      expect(existsSync(join(victim, 'gone'))).toBe(true);
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'done', rc: 0 });
    });
  });
}
