// The only place where the runner is told lies by the machine under it: reboots, clocks that jump, numbers of processes
// that somebody else has by now, homes that come along to another machine. What it tells of a job has to stay true.
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Job } from '../../src/domain/job.ts';
import { advance } from '../../src/engine/job-machine.ts';
import type { JobReport } from '../../src/engine/ports.ts';
import { makeSimulatedLink, type Shell, temporary } from '../support/simulated-link.ts';
import { waitFor } from '../support/wait-for.ts';
import { hex, lookOnce, lookUntil, runJob, startOf, value } from './jobs-contract.ts';
import { isThere, jobFolder, openLine, processesAbout, processesOf, toolsOf, underEachShell, usualTools } from './runner-kit.ts';

const strangers: number[] = [];
afterAll(() => {
  for (const pid of strangers) process.kill(pid, 'SIGKILL');
});

underEachShell(tellsTheTruth);

function tellsTheTruth(shell: Shell): void {
  const link = makeSimulatedLink(shell);

  describe(`the truth about a job in ${shell.name}`, { timeout: 240_000, concurrent: true }, () => {
    test('is not lost where its limit was reached while nobody was there', async () => {
      const start = startOf('sleep 600', { limit: 1, grace: 1 });
      value(await (await openLine(shell, link)).start(start));
      await waitFor('its end', () => (processesAbout(link, start.jid).length === 0 ? true : undefined));
      expect((await lookOnce(await openLine(shell, link), start.jid)).state).toEqual({ kind: 'timed-out', rc: 143 });
    });

    test('survives a number that another process has by now, and leaves that process alone', async () => {
      const line = await openLine(shell, link);
      const start = startOf('sleep 600');
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      await waitFor('its session', () => (isThere(-child) ? true : undefined));
      process.kill(supervisor, 'SIGKILL');
      process.kill(-child, 'SIGKILL');
      await lookUntil(line, start.jid, 'lost');
      const stranger = spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).pid ?? 0;
      strangers.push(stranger);
      const folder = jobFolder(link, start.jid);
      const [boot, , , epoch, began] = readFileSync(join(folder, 'super'), 'utf8').split(' ');
      writeFileSync(join(folder, 'super'), `${boot} ${stranger} 1 ${epoch} ${began} .\n`);
      writeFileSync(join(folder, 'child'), `${stranger} 1 ${stranger} 1 .\n`);
      expect(await lookOnce(line, start.jid)).toMatchObject({ state: { kind: 'lost', why: 'killed' }, left: false });
      value(await line.cancel(start.jid, 0));
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'lost', why: 'killed' });
      expect(isThere(stranger)).toBe(true);
    });

    test('does not depend on a clock that somebody sets', async () => {
      const { link: own, setClock } = hostWithClock(shell);
      const line = await openLine(shell, own);
      const start = startOf('until [ -e go ]; do sleep 0.1; done', { limit: 60 });
      value(await line.start(start));
      for (const days of [400, -400]) {
        setClock(days * 86_400);
        const report = await lookOnce(line, start.jid);
        expect(report.state.kind).toBe('running');
        expect(report.elapsed).toBeLessThan(60);
      }
      writeFileSync(join(own.home, 'go'), '');
      const report = await lookUntil(line, start.jid, 'done', 'timed-out');
      expect(report.state).toEqual({ kind: 'done', rc: 0 });
      expect(report.elapsed).toBeLessThan(60);
    });

    test('has its whole limit where the only clock is one that somebody sets', async () => {
      const { link: own, setClock } = hostWithClock(shell);
      const line = await openLine(shell, own, source => source.replaceAll('/proc/uptime', '/proc/none'));
      const [short, long] = [startOf('sleep 7', { limit: 30 }), startOf('sleep 600', { limit: 7, grace: 0 })];
      value(await line.start(short));
      value(await line.start(long));
      setClock(86_400);
      expect((await lookUntil(line, short.jid, 'done', 'timed-out')).state).toEqual({ kind: 'done', rc: 0 });
      setClock(-86_400);
      expect((await lookUntil(line, long.jid, 'done', 'timed-out')).state.kind).toBe('timed-out');
    });

    test('has its whole limit where no two readings of the clock agree', async () => {
      const { link: own, setClock } = hostWithClock(shell, '$$');
      const line = await openLine(shell, own, source => source.replaceAll('/proc/uptime', '/proc/none'));
      const [short, long] = [startOf('sleep 7', { limit: 30 }), startOf('trap "" TERM; sleep 600', { limit: 4, grace: 2 })];
      setClock(86_400);
      value(await line.start(short));
      value(await line.start(long));
      expect((await lookUntil(line, long.jid, 'done', 'timed-out')).state.kind).toBe('timed-out');
      expect((await lookUntil(line, short.jid, 'done', 'timed-out')).state).toEqual({ kind: 'done', rc: 0 });
    });

    test('tells a job that was killed with its login session from one that was killed later', async () => {
      const line = await openLine(shell, link);
      const start = startOf('sleep 600');
      const reply = value(await line.start(start));
      if (reply.kind !== 'started') throw new Error(reply.kind);
      // As systemd-logind does it: all at once, whatever session of its own it has.
      await waitFor('its session', () => (isThere(-processesOf(link, start.jid).child) ? true : undefined));
      for (const pid of processesAbout(link, start.jid)) process.kill(pid, 'SIGKILL');
      const report = await lookUntil(line, start.jid, 'lost');
      expect(verdictAfter(reply.report, report, { seen: 0, looked: 3 })).toMatchObject({ kind: 'lost', why: 'session' });
      expect(verdictAfter(reply.report, report, { seen: 10, looked: 15 })).toMatchObject({ kind: 'lost', why: 'killed' });
      expect(verdictAfter(reply.report, report, { seen: 0, looked: 300 })).toMatchObject({ kind: 'lost', why: 'killed' });
    });

    test('is unknown to a host that was reinstalled', async () => {
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      const start = startOf('true', { linger: 3000 });
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const before = await lookOnce(line, start.jid);
      rmSync(join(own.home, '.rollcall'), { recursive: true });
      const report = await lookOnce(line, start.jid);
      expect(report.state).toEqual({ kind: 'unknown' });
      expect(verdictAfter(before, report, { seen: 10, looked: 15 })).toMatchObject({ kind: 'lost', why: 'vanished' });
    });

    test('is not told by another machine that has the same home', async () => {
      const { here, goTo, machines } = sharedHome();
      goTo(machines.first);
      const line = await openLine(shell, link, here);
      const once = hex(8);
      const start = startOf('sleep 600', { once });
      const ended = startOf('exit 7', { linger: 3000 });
      value(await line.start(start));
      value(await line.start(ended));
      await lookUntil(line, ended.jid, 'done');
      goTo(machines.second);
      const elsewhere = { state: { kind: 'elsewhere' }, waiting: expect.stringMatching(/^first-machine\//) };
      expect(await lookOnce(line, start.jid)).toMatchObject(elsewhere);
      expect((await lookOnce(line, ended.jid)).state).toEqual({ kind: 'done', rc: 7 });
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: elsewhere });
      expect(value(await line.start(startOf('true', { once })))).toEqual({ kind: 'taken', by: start.jid });
      expect(value(await line.clean([start.jid]))).toEqual([]);
      expect(value(await line.extend(start.jid, 500))).toBe(500);
      // The wish to end it gets there through the home.
      expect(value(await line.cancel(start.jid, 1)).kind).toBe('elsewhere');
      await lookUntil(line, start.jid, 'cancelled');
    });

    test('is lost where it ran, and not where its machine is another', async () => {
      const { here, goTo, machines } = sharedHome();
      goTo(machines.first);
      const line = await openLine(shell, link, here);
      const start = startOf('sleep 600');
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      await waitFor('its session', () => (isThere(-child) ? true : undefined));
      process.kill(supervisor, 'SIGKILL');
      process.kill(-child, 'SIGKILL');
      // Containers of one machine have one boot id.
      goTo({ ...machines.second, boot: machines.first.boot });
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'elsewhere' });
      goTo(machines.first);
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'lost', why: 'killed' });
    });

    test.each([
      ['done', 'true'],
      ['timed-out', 'sleep 600'],
      ['cancelled', 'sleep 600'],
      ['lost', 'sleep 600'],
      ['lost with its supervisor only', 'sleep 2'],
    ])('leaves no process of ours behind when it is %s', async (how, script) => {
      const line = await openLine(shell, link);
      const start = startOf(script, how === 'timed-out' ? { limit: 1, grace: 0 } : {});
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      if (how === 'cancelled') value(await line.cancel(start.jid, 1));
      if (how.startsWith('lost')) {
        await waitFor('its session', () => (isThere(-child) ? true : undefined));
        process.kill(supervisor, 'SIGKILL');
        if (how === 'lost') process.kill(-child, 'SIGKILL');
      }
      await waitFor('all of it to be gone', () => (processesAbout(link, start.jid).length === 0 ? true : undefined));
      expect((await lookOnce(line, start.jid)).state.kind).toBe(how.split(' ')[0]);
      await runJob(line, 'true');
    });
  });
}

/** What the engine makes of a report about a job that began as `first` says; times in seconds after its start. */
const verdictAfter = (first: JobReport, report: JobReport, { seen, looked }: { seen: number; looked: number }) => {
  const on = { pid: first.pid, bootId: first.bootId, startedThere: first.startedAt, startedAt: 0, limit: first.limit };
  const output = { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 };
  const ids = { jid: first.jid, runId: 'r', host: 'web1', taskPath: '0.0', attempt: 1, lastLine: '' };
  const job: Job = { ...ids, output, state: { kind: 'running', on, seenAt: seen * 1000 } };
  const around = { random: () => 0.5, order: undefined, poll: undefined, watched: false, crowded: false, log: 'yes' } as const;
  const { events } = advance(job, { kind: 'looked', report }, { ...around, wall: looked * 1000 });
  return events.flatMap(event => (event.type === 'job.ended' ? [event.verdict] : []))[0];
};

/** A host whose `date` is as many seconds ahead as it is told, times what it makes of `times`: for `$$` each reading is another. */
const hostWithClock = (shell: Shell, times = '1') => {
  const folder = temporary('rollcall-clock-');
  const offset = join(folder, 'offset');
  writeFileSync(offset, '0\n');
  const path = toolsOf(
    shell,
    [...usualTools, 'setsid'].filter(tool => tool !== 'date'),
  );
  writeFileSync(join(path, 'date'), `#!/bin/sh\nread -r ahead <"${offset}"\necho $(($(PATH=/usr/bin:/bin date +%s) + ahead * ${times}))\n`);
  chmodSync(join(path, 'date'), 0o755);
  return { link: makeSimulatedLink(shell, { path }), setClock: (seconds: number) => writeFileSync(offset, `${seconds}\n`) };
};

/** One home, and the machine that one comes to when one asks for it. */
const sharedHome = () => {
  const folder = temporary('rollcall-machine-');
  const [boot, hostname] = [join(folder, 'boot_id'), join(folder, 'hostname')];
  return {
    here: (source: string): string =>
      source.replace('/proc/sys/kernel/random/boot_id', boot).replace('/proc/sys/kernel/hostname', hostname),
    machines: { first: { boot: 'aaaa-1', name: 'first-machine' }, second: { boot: 'bbbb-2', name: 'second-machine' } },
    goTo: (machine: { readonly boot: string; readonly name: string }) => {
      writeFileSync(boot, `${machine.boot}\n`);
      writeFileSync(hostname, `${machine.name}\n`);
    },
  };
};
