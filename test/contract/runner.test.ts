// The only place where the runner is held to the contract of jobs under each shell that a host may have as /bin/sh,
// and to what it promises about the machine it runs on: processes, files, and homes that cannot hold it.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import runnerText from '../../src/remote/runner.sh';
import { makeSimulatedLink, type Shell, temporary } from '../support/simulated-link.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshIdentity, freshJid, hex, jobsContract, lookOnce, lookUntil, runJob, startOf, text, value } from './jobs-contract.ts';
import { age, isThere, jobFolder, mountSmall, openLine, processesOf, toolsOf, underEachShell, usualTools } from './runner-kit.ts';

underEachShell(runnerContract);

function runnerContract(shell: Shell): void {
  const link = makeSimulatedLink(shell);
  const own = freshIdentity();
  jobsContract(shell.name, async (identity = own) => openLine(shell, link, undefined, identity));

  describe(`the runner in ${shell.name}`, { timeout: 120_000, concurrent: true }, () => {
    test('keeps its folders to itself and tells auditors what runs', async () => {
      const line = await openLine(shell, link);
      const start = startOf('umask; touch made-by-the-job', { linger: 3000 });
      value(await line.start(start));
      const report = await lookUntil(line, start.jid, 'done');
      expect(statSync(join(link.home, '.rollcall')).mode & 0o777).toBe(0o700);
      expect(statSync(jobFolder(link, start.jid)).mode & 0o777).toBe(0o700);
      expect(text(report.out.bytes).trim()).toMatch(/^0?022$/);
      expect(statSync(join(link.home, 'made-by-the-job')).mode & 0o777).toBe(0o644);
      const about = readFileSync(join(jobFolder(link, start.jid), 'about'), 'utf8');
      expect(about).toContain(`run=${start.about.runId}\nnumber=12\ntitle=Gr\\u00fc\\u00dfe\noperator=alice\nmachine=laptop1\n`);
      expect(about).toContain('command=hello = "quoted" \'too\' $HOME `x`\n');
      expect(about).toMatch(/\nprotocol=1\nowner=someone\njid=j.*\nlimit=60\nboot=[-0-9a-f]{36}\nstarted=\d{10}\nnode=.+\/.*\n$/);
    });

    test('leaves nothing of its own in the environment of a job', async () => {
      const line = await openLine(shell, link);
      const names = text((await runJob(line, 'env')).out.bytes)
        .split('\n')
        .map(row => row.split('=')[0])
        .filter(name => name !== '');
      expect(names.filter(name => !/^(HOME|PATH|USER|PWD|OLDPWD|SHLVL|_)$/.test(name ?? '')).sort()).toEqual([
        'ROLLCALL_JID',
        'ROLLCALL_WAITING',
      ]);
    });

    test('drops what login scripts say, even when it looks like a reply', async () => {
      const noisy = makeSimulatedLink(shell, { before: 'echo welcome; echo oops >&2; printf "A 0 1\\nZ 0\\nE need\\nno newline"; ' });
      const line = await openLine(shell, noisy);
      expect(text((await runJob(line, 'echo hi')).out.bytes)).toBe('hi\n');
    });

    test('is installed once, whole, and nothing stays behind', async () => {
      const fresh = makeSimulatedLink(shell);
      const line = await openLine(shell, fresh);
      await runJob(line, 'true');
      await runJob(line, 'true');
      expect(fresh.execs.filter(exec => exec.command.includes('eval')).length).toBe(1);
      const installed = readdirSync(join(fresh.home, '.rollcall/bin')).filter(file => file.endsWith('.sh'));
      expect(readFileSync(join(fresh.home, '.rollcall/bin', installed[0] ?? ''), 'utf8')).toMatch(/#EOR\n$/);
      expect(readdirSync(join(fresh.home, '.rollcall/stage'))).toEqual([]);
    });

    test('starts also where its copy of a blank folder breaks off', async () => {
      const own = toolsOf(
        shell,
        [...usualTools, 'setsid'].filter(tool => tool !== 'cp'),
      );
      writeFileSync(
        join(own, 'cp'),
        '#!/bin/sh\nmkdir -p "$3"\necho "cp: cannot access $2/blank: No such file or directory" >&2\nexit 1\n',
        { mode: 0o755 },
      );
      const report = await runJob(await openLine(shell, makeSimulatedLink(shell, { path: own })), 'echo hi');
      expect([report.state, text(report.out.bytes)]).toEqual([{ kind: 'done', rc: 0 }, 'hi\n']);
    });

    test('tells a job that was killed with its supervisor from one that failed', async () => {
      const line = await openLine(shell, link);
      const start = startOf('sleep 600');
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      await waitFor('its session', () => (isThere(-child) ? true : undefined));
      process.kill(supervisor, 'SIGKILL');
      process.kill(-child, 'SIGKILL');
      expect((await lookUntil(line, start.jid, 'lost')).state).toEqual({ kind: 'lost', why: 'killed' });
    });

    test('can still end a job whose supervisor was killed', async () => {
      const line = await openLine(shell, link);
      const start = startOf('sleep 600 & sleep 600');
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      process.kill(supervisor, 'SIGKILL');
      await lookUntil(line, start.jid, 'orphan');
      value(await line.cancel(start.jid, 1));
      await lookUntil(line, start.jid, 'cancelled');
      await waitFor('its group to be gone', () => (isThere(-child) ? undefined : true));
    });

    test('tells a reboot by the boot id', async () => {
      const boot = join(temporary('rollcall-boot-'), 'boot_id');
      writeFileSync(boot, 'aaaa-1\n');
      const line = await openLine(shell, link, source => source.replace('/proc/sys/kernel/random/boot_id', boot));
      const start = startOf('sleep 600');
      const ended = startOf('exit 7', { linger: 3000 });
      expect(value(await line.start(start))).toMatchObject({ report: { bootId: 'aaaa-1' } });
      value(await line.start(ended));
      await lookUntil(line, ended.jid, 'done');
      writeFileSync(boot, 'bbbb-2\n');
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'lost', why: 'reboot' });
      expect((await lookOnce(line, ended.jid)).state).toEqual({ kind: 'done', rc: 7 });
      writeFileSync(boot, 'aaaa-1\n');
      value(await line.cancel(start.jid, 0));
      await lookUntil(line, start.jid, 'cancelled');
    });

    test('launches a job that was staged and never claimed', async () => {
      const stuck = await openLine(shell, link, source => source.replace(/^launch\(\) \{$/m, 'launch() {\n  return 0'));
      const mark = join(link.home, hex(8));
      const start = startOf(`echo x >>"${mark}"`, { linger: 3000 });
      expect(value(await stuck.start(start))).toMatchObject({ kind: 'started', report: { state: { kind: 'unclaimed' } } });
      const line = await openLine(shell, link);
      expect(value(await line.start(start)).kind).toBe('exists');
      await lookUntil(line, start.jid, 'done');
      expect(readFileSync(mark, 'utf8')).toBe('x\n');
    });

    test('takes a --once name from a job that was staged long ago and never claimed', async () => {
      const stuck = await openLine(shell, link, source => source.replace(/^launch\(\) \{$/m, 'launch() {\n  return 0'));
      const line = await openLine(shell, link);
      const once = hex(8);
      const mark = join(link.home, hex(8));
      const dead = startOf(`echo dead >>"${mark}"`, { once });
      const next = startOf(`echo next >>"${mark}"`, { once, linger: 3000 });
      value(await stuck.start(dead));
      expect(value(await line.start(next))).toEqual({ kind: 'taken', by: dead.jid });
      age(jobFolder(link, dead.jid), 1);
      expect(value(await line.start(next)).kind).toBe('started');
      await lookUntil(line, next.jid, 'done');
      expect(value(await line.start(dead))).toMatchObject({ kind: 'exists', report: { state: { kind: 'cancelled' }, pid: 0 } });
      expect(readFileSync(mark, 'utf8')).toBe('next\n');
    });

    test('tells a job that outlived its limit as timed out, also when its timekeeper was killed', async () => {
      const line = await openLine(shell, link, source => source.replace('  keep_time &', '  true &'));
      const start = startOf('sleep 7', { limit: 1 });
      value(await line.start(start));
      expect((await lookUntil(line, start.jid, 'timed-out')).state).toEqual({ kind: 'timed-out', rc: 0 });
    });

    test('lets one supervisor have a job, however often it is launched', async () => {
      const guard = '[ -e "$JOB/claim" ] || [ -e "$JOB/gone" ] || case $AS in\n      -) take_name && launch ;;';
      expect(runnerText).toContain(guard);
      const rash = await openLine(shell, link, source => source.replace(guard, 'case $AS in\n      -) launch ;;'));
      const mark = join(link.home, hex(8));
      const start = startOf(`echo x >>"${mark}"; sleep 2`, { linger: 500 });
      for (const kind of ['started', 'exists', 'exists']) expect(value(await rash.start(start)).kind).toBe(kind);
      await lookUntil(rash, start.jid, 'done');
      value(await rash.start(start));
      await runJob(rash, 'sleep 1');
      expect(readFileSync(mark, 'utf8')).toBe('x\n');
    });

    test('tells a verdict only when the last output has arrived', async () => {
      const slow = await openLine(shell, link, source => source.replace("trap '' XFSZ", "trap '' XFSZ\n  sleep 1"));
      const report = await runJob(slow, 'echo late');
      expect(text(report.out.bytes)).toBe('late\n');
    });

    test('never begins a job that was cancelled before it was claimed', async () => {
      const stuck = await openLine(shell, link, source => source.replace(/^launch\(\) \{$/m, 'launch() {\n  return 0'));
      const line = await openLine(shell, link);
      const mark = join(link.home, hex(8));
      const start = startOf(`echo x >>"${mark}"`);
      value(await stuck.start(start));
      expect(value(await line.cancel(start.jid, 0)).kind).toBe('cancelled');
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: { state: { kind: 'cancelled' } } });
      expect(existsSync(mark)).toBe(false);
    });

    test('ends also what opened a session of its own', async () => {
      const line = await openLine(shell, link);
      const pidFile = join(link.home, hex(8));
      const start = startOf(`setsid sh -c 'echo $$ >"${pidFile}"; exec sleep 600' & sleep 600`);
      value(await line.start(start));
      const pid = await waitFor('the pid of the escaped child', () => {
        const written = existsSync(pidFile) ? readFileSync(pidFile, 'utf8') : '';
        return written.endsWith('\n') ? Number(written) : undefined;
      });
      expect(isThere(pid)).toBe(true);
      value(await line.cancel(start.jid, 1));
      await lookUntil(line, start.jid, 'cancelled');
      expect(isThere(pid)).toBe(false);
    });

    test.each(['perl', 'python3', 'none'])('detaches without setsid, with %s', async tool => {
      const own = toolsOf(shell, tool === 'none' ? usualTools : [...usualTools, tool]);
      const line = await openLine(shell, makeSimulatedLink(shell, { path: own }));
      const start = startOf('sleep 600');
      const reply = await line.start(start);
      if (tool === 'none' && shell.name !== 'bash' && shell.name !== 'mksh') {
        expect(reply).toMatchObject({ ok: false, failure: { tag: 'no-session' } });
        return;
      }
      expect(value(reply)).toMatchObject({ kind: 'started', report: { state: { kind: 'running' } } });
      value(await line.cancel(start.jid, 1));
      await lookUntil(line, start.jid, 'cancelled');
    });

    test('tells the time of a host without `date` as unknown, and the job as it is', async () => {
      const own = toolsOf(
        shell,
        [...usualTools, 'setsid'].filter(tool => tool !== 'date'),
      );
      const line = await openLine(shell, makeSimulatedLink(shell, { path: own }));
      const start = startOf('sleep 600');
      expect(value(await line.start(start))).toMatchObject({ kind: 'started', report: { state: { kind: 'running' } } });
      expect((await lookOnce(line, start.jid)).pid).toBeGreaterThan(0);
      value(await line.cancel(start.jid, 1));
      await lookUntil(line, start.jid, 'cancelled');
    });

    test.each(['cp', 'dd', 'head', 'ls', 'mv'])('refuses to start where there is no %s, and says so', async missing => {
      const own = toolsOf(
        shell,
        [...usualTools, 'setsid'].filter(tool => tool !== missing),
      );
      const line = await openLine(shell, makeSimulatedLink(shell, { path: own }));
      const failure = { tag: 'host-refused', cause: `there is no ${missing} on this host` };
      expect(await line.start(startOf('true'))).toMatchObject({ ok: false, failure });
    });

    test('refuses to start in a home that is read-only, and still looks', async context => {
      const home = mountSmall(link, context.skip);
      const line = await openLine(shell, makeSimulatedLink(shell, { home }));
      const before = startOf('echo hi', { linger: 3000 });
      value(await line.start(before));
      await lookUntil(line, before.jid, 'done');
      execFileSync('mount', ['-o', 'remount,ro', home]);
      const start = await line.start(startOf('true'));
      expect(start).toMatchObject({ ok: false, failure: { tag: 'home-read-only' } });
      expect(text((await lookOnce(line, before.jid)).out.bytes)).toBe('hi\n');
      // Another version's runner cannot be installed there, but it can be sent along.
      const other = await openLine(shell, makeSimulatedLink(shell, { home }), source => source.replace('#EOR', '# another\n#EOR'));
      expect(text((await lookOnce(other, before.jid)).out.bytes)).toBe('hi\n');
      expect(await other.start(startOf('true'))).toMatchObject({ ok: false, failure: { tag: 'home-read-only' } });
    });

    test('says when the disk is full, and gives its verdict there', async context => {
      const home = mountSmall(link, context.skip);
      const line = await openLine(shell, makeSimulatedLink(shell, { home }));
      const start = startOf('dd if=/dev/zero of="$HOME/filler" bs=4096 2>/dev/null; exit 5');
      value(await line.start(start));
      expect((await lookUntil(line, start.jid, 'done')).state).toEqual({ kind: 'done', rc: 5 });
      expect(await line.start(startOf(`true # ${'x'.repeat(8000)}`))).toMatchObject({ ok: false, failure: { tag: 'disk-full' } });
      expect(readdirSync(join(home, '.rollcall/stage'))).toEqual([]);
    });

    test('says when there is no home', async () => {
      const line = await openLine(shell, makeSimulatedLink(shell, { home: '/nowhere/at/all' }));
      expect(await line.start(startOf('true'))).toMatchObject({ ok: false, failure: { tag: 'home-missing', host: 'web1' } });
    });

    test('cannot be reached through an account that runs something else', async () => {
      const line = await openLine(shell, makeSimulatedLink(shell, { before: 'echo "This account is not available."; exit 1; ' }));
      const reply = await line.start(startOf('true'));
      expect(reply).toMatchObject({ ok: false, failure: { tag: 'restricted', cause: 'This account is not available.' } });
    });

    test('says when a folder of a job makes no sense', async () => {
      const line = await openLine(shell, link);
      const jid = freshJid();
      mkdirSync(jobFolder(link, jid));
      writeFileSync(join(jobFolder(link, jid), 'claim'), '');
      age(join(jobFolder(link, jid), 'claim'), 1);
      expect((await lookOnce(line, jid)).state).toEqual({ kind: 'lost', why: 'broken' });
    });

    test('lists what it has', async () => {
      const line = await openLine(shell, link);
      const start = startOf('true');
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const report = value(await line.list()).find(one => one.jid === start.jid);
      expect(report).toMatchObject({ state: { kind: 'done', rc: 0 } });
    });
  });
}
