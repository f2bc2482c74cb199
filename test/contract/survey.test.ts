// The only place where the survey is held to what it promises under each shell that a host may have as /bin/sh:
// it finds what other drivers and Ansible left there, believes nothing that was planted, and writes nothing.

import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { ok } from '../../src/domain/result.ts';
import type { StartRequest } from '../../src/engine/ports.ts';
import { makeJobs, type RemoteLine } from '../../src/remote/jobs.ts';
import type { Transport } from '../../src/remote/ports.ts';
import runnerText from '../../src/remote/runner.sh';
import surveySource from '../../src/remote/survey.sh';
import { findShell, makeSimulatedLink, runnerFor, type Shell, shellNames, temporary } from '../support/simulated-link.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, lookUntil, startOf, text, value } from './jobs-contract.ts';

const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Only root may give a file away. */
const isRoot = process.getuid?.() === 0;

for (const name of shellNames) {
  const shell = findShell(name);
  if (shell !== undefined) surveyContract(shell);
  else if (process.env['ROLLCALL_REQUIRE_SHELLS'] === '1') test(`${name} is installed`, () => expect(shell).toBeDefined());
  else describe.skip(`a survey on ${name} (not installed)`, () => {});
}

function surveyContract(shell: Shell): void {
  describe(`a survey on ${shell.name}`, { timeout: 60_000, concurrent: true }, () => {
    test('of a host that knows nothing finds nothing and leaves nothing', async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      const { looked, found, skipped, refused } = value(await line.survey('own'));
      expect({ found, skipped, refused }).toEqual({ found: [], skipped: 0, refused: undefined });
      expect(looked).toEqual([{ account: userName(), home: link.home }]);
      expect(readdirSync(link.home)).toEqual([]);
    });

    test('finds jobs of another driver with all that their folders tell', async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      const running = jobOf('sleep 600');
      const over = jobOf('echo out; exit 3');
      value(await line.start(running));
      value(await line.start(over));
      await lookUntil(line, over.jid, 'done');
      const { found } = value(await (await openLine(shell, link)).survey('own'));
      expect(new Map(found.map(({ jid, report }) => [jid, report.state.kind]))).toEqual(
        new Map([
          [running.jid, 'running'],
          [over.jid, 'done'],
        ]),
      );
      const job = found.find(({ jid }) => jid === running.jid);
      expect(job).toMatchObject({ at: { kind: 'rollcall' }, report: { limit: 60 } });
      expect(job?.about).toEqual(running.about);
      value(await line.cancel(running.jid, 0));
    });

    test('leaves alone what was planted, is half written or has not begun', async () => {
      const link = makeSimulatedLink(shell);
      const jobs = join(link.home, '.rollcall/jobs');
      mkdirSync(jobs, { recursive: true });
      const elsewhere = temporary('rollcall-elsewhere-');
      const secret = join(elsewhere, 'about');
      writeFileSync(secret, aboutText(1));
      const plant = (jid: string, about = aboutText(1)): string => {
        mkdirSync(join(jobs, jid));
        writeFileSync(join(jobs, jid, 'about'), about);
        return join(jobs, jid);
      };
      symlinkSync(elsewhere, join(jobs, jidAt(1)));
      mkdirSync(join(jobs, jidAt(2)));
      symlinkSync(secret, join(jobs, jidAt(2), 'about'));
      plant(jidAt(3), `${aboutText(3)}${'x'.repeat(20_000)}\n`);
      plant(jidAt(4), 'run=../../etc\nhost=web1\ntask=0.0\n');
      plant(jidAt(5)); // nobody has claimed it
      mkdirSync(join(jobs, jidAt(6)));
      execFileSync('mkfifo', [join(jobs, jidAt(6), 'about')]);
      plant('j1 2');
      plant('j$(touch planted)');
      plant('nothing');
      writeFileSync(join(plant(jidAt(7)), 'gone'), '');
      let planted = 9;
      if (isRoot) {
        chownSync(plant(jidAt(8)), 65534, 65534);
        planted += 1;
      }
      const line = await openLine(shell, link);
      const { found, skipped } = value(await line.survey('own'));
      expect(found).toEqual([]);
      expect(skipped).toBe(planted);
      expect(readdirSync(link.home)).toEqual(['.rollcall']);
    });

    test.skipIf(!isRoot)('looks into no ~/.rollcall or ~/.ansible_async that is a link or somebody else made', async () => {
      const link = makeSimulatedLink(shell);
      const real = makeSimulatedLink(shell);
      value(await (await openLine(shell, real)).start(jobOf('true')));
      ansibleFile(real.home, 'j1.1', { rc: 0 });
      for (const folder of ['.rollcall', '.ansible_async']) symlinkSync(join(real.home, folder), join(link.home, folder));
      const line = await openLine(shell, link);
      expect(value(await line.survey('own'))).toMatchObject({ found: [], skipped: 0 });
      for (const folder of ['.rollcall', '.ansible_async']) {
        rmSync(join(link.home, folder));
        mkdirSync(join(link.home, folder), { mode: 0o777 });
        chownSync(join(link.home, folder), 65534, 65534);
      }
      ansibleFile(link.home, 'j2.2', { rc: 0 });
      expect(value(await line.survey('own'))).toMatchObject({ found: [], skipped: 0 });
    });

    test("tells Ansible's jobs apart: running, done, timed out, dead", async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      const folder = join(link.home, '.ansible_async');
      // Wrappers of the other shells' tests are of the same account.
      const id = `j${randomInt(10 ** 11, 10 ** 12)}`;
      const wrapper = wrapperOf(id, 3600);
      ansibleFile(link.home, `${id}.15573`, started, 100);
      ansibleFile(link.home, 'j1.2', {
        changed: true,
        stdout: 'a\nb \udcff',
        stderr: 'e',
        rc: 3,
        cmd: 'x',
        delta: '0:00:04.005644',
        msg: '',
      });
      ansibleFile(link.home, 'j2.2', { msg: 'Timeout exceeded', failed: true, child_pid: 11766 });
      ansibleFile(link.home, 'j3.2', started, 100);
      ansibleFile(link.home, 'j4.2', started, 40_000_000);
      ansibleFile(link.home, 'j5.2', { stdout: 'x'.repeat(9000), rc: 0 });
      ansibleFile(link.home, 'j6.2', '{"rc":0,"stdo');
      writeFileSync(join(folder, 'j7.2.tmp'), 'none of theirs');
      writeFileSync(join(folder, 'j8.2 x'), '{"rc":0}');
      symlinkSync('/etc/passwd', join(folder, 'j9.2'));
      execFileSync('mkfifo', [join(folder, 'j10.2')]);
      const { found, skipped } = value(await line.survey('own'));
      const states = Object.fromEntries(found.map(({ jid, report }) => [jid, report.state]));
      expect(states).toEqual({
        [`${id}.15573`]: { kind: 'running' },
        'j1.2': { kind: 'done', rc: 3 },
        'j2.2': { kind: 'timed-out', rc: 137 },
        'j3.2': { kind: 'lost', why: 'killed' },
        'j4.2': { kind: 'lost', why: 'reboot' },
        'j5.2': { kind: 'done', rc: 0 },
      });
      expect(skipped).toBe(4);
      expect(found.find(({ jid }) => jid === `${id}.15573`)?.report.limit).toBe(3600);
      const asked = ['j1.2', 'j5.2', `${id}.15573`, 'j99.1'] as Jid[];
      const look = async () => {
        const at = { kind: 'ansible' } as const;
        return value(await line.look(asked.map(jid => ({ jid, outFrom: 0, errFrom: 0, most: 100, at }))));
      };
      const [done, long, running, none] = await look();
      expect(text(done?.out.bytes ?? new Uint8Array())).toBe('a\nb \xff');
      expect(text(done?.err.bytes ?? new Uint8Array())).toBe('e');
      expect(done?.elapsed).toBeCloseTo(4.005644);
      expect(long?.out.bytes.length).toBe(9000);
      expect(running?.state.kind).toBe('running');
      expect(none?.state.kind).toBe('unknown');
      wrapper.kill('SIGKILL');
      await new Promise(resolve => wrapper.on('close', resolve));
      expect((await look())[2]?.state).toEqual({ kind: 'lost', why: 'killed' });
      expect(readdirSync(link.home)).toEqual(['.ansible_async']);
    });

    test.skipIf(!isRoot || !hasSu(shell))('comes to root by sudo without a password, and says so where that is refused', async () => {
      const tools = temporary('rollcall-tools-');
      const path = `${tools}:${shell.path}`;
      // Whoever logs in is nobody special here, as far as the survey can see.
      program(tools, 'id', '[ "$1" = -un ] && echo ops || echo 1000');
      const link = makeSimulatedLink(shell, { path });
      const line = await openLine(shell, link);
      program(tools, 'sudo', 'echo "sudo: a password is required" >&2; exit 1');
      expect(value(await line.survey('all'))).toMatchObject({ found: [], refused: 'sudo: a password is required' });
      const home = temporary('rollcall-other-');
      ansibleFile(home, 'j1.2', { rc: 0 });
      const passwd = join(tools, 'passwd');
      writeFileSync(passwd, `root:x:0:0:root:${home}:/bin/sh\n`);
      program(tools, 'sudo', `[ "$1" = -n ] && shift && exec "$@"`);
      const there = await openLine(shell, link, source =>
        source.replace('{ getent passwd 2>/dev/null || cat "$PASSWD"; }', `cat ${passwd}`),
      );
      const { found, refused } = value(await there.survey('all'));
      expect([found.map(({ jid, at }) => [jid, at.account?.home]), refused]).toEqual([[['j1.2', home]], undefined]);
      const at = { kind: 'ansible', account: { name: 'root', home } } as const;
      expect(value(await line.look([{ jid: 'j1.2' as Jid, outFrom: 0, errFrom: 0, most: 1, at }]))).toMatchObject([
        { state: { kind: 'done', rc: 0 } },
      ]);
    });

    test.skipIf(!isRoot || !hasSu(shell))('looks into every account with its own rights, and cancels there', async () => {
      const link = makeSimulatedLink(shell);
      const line = await openLine(shell, link);
      const home = temporary('rollcall-nobody ');
      chmodSync(join(home, '..'), statSync(join(home, '..')).mode | 0o011);
      chownSync(home, 65534, 65534);
      // Its jobs are started as that account starts them.
      const passwd = join(temporary('rollcall-passwd-'), 'passwd');
      writeFileSync(passwd, `root:x:0:0:root:${link.home}:/bin/sh\nnobody:x:65534:65534:nobody:${home}:/usr/sbin/nologin\n`);
      const theirs = jobOf('id -un; sleep 600');
      const account = { name: 'nobody', home };
      const there = await openLine(shell, link, source =>
        source.replace('{ getent passwd 2>/dev/null || cat "$PASSWD"; }', `cat ${passwd}`),
      );
      chmodSync(dirname(shell.sh), 0o755);
      value(await (await openLine(shell, linkAs(shell, 65534, home), same, older)).start(theirs));
      const kept = readdirSync(join(home, '.rollcall/bin'));
      ansibleFile(home, 'j1.2', { stdout: 'theirs', rc: 0 });
      for (const file of [join(home, '.ansible_async'), join(home, '.ansible_async/j1.2')]) chownSync(file, 65534, 65534);
      const secret = join(temporary('rollcall-secret-'), 'j3.3');
      writeFileSync(secret, '{"rc":0,"stdout":"secret"}', { mode: 0o600 });
      symlinkSync(secret, join(home, '.ansible_async/j3.3'));
      const { looked, found, skipped, refused } = value(await there.survey('all'));
      expect(refused).toBeUndefined();
      expect(looked).toEqual([
        { account: userName(), home: link.home },
        { account: 'nobody', home },
      ]);
      expect(found.map(({ jid, at }) => [jid, at])).toEqual([
        [theirs.jid, { kind: 'rollcall', account }],
        ['j1.2', { kind: 'ansible', account }],
      ]);
      expect(skipped).toBe(1);
      const request = { jid: theirs.jid, outFrom: 0, errFrom: 0, most: 100, at: { kind: 'rollcall', account } } as const;
      const mine = { jid: 'j1.2' as Jid, outFrom: 0, errFrom: 0, most: 100, at: { kind: 'ansible', account } } as const;
      const reports = value(await line.look([request, mine]));
      expect(reports.map(({ state, out }) => [state.kind, text(out.bytes)])).toEqual([
        ['running', 'nobody\n'],
        ['done', 'theirs'],
      ]);
      // A look brings its runner along and takes it away again.
      expect(readdirSync(join(home, '.rollcall/bin'))).toEqual(kept);
      value(await line.cancel(theirs.jid, 0, { kind: 'rollcall', account }));
      for (let state = ''; state !== 'cancelled'; ) state = value(await line.look([request]))[0]?.state.kind ?? '';
    });
  });
}

const jobOf = (script: string): StartRequest => {
  const start = startOf(script, { linger: 1000 });
  return { ...start, about: { ...start.about, task: '0.0', batch: '3/8' } };
};

/** A home that its own account logs in to. */
const linkAs = (shell: Shell, uid: number, home: string): Transport => ({
  connect: async () =>
    ok({
      exec: async (command, stdin) => {
        const env = { HOME: home, PATH: shell.path };
        const { stdout, stderr, status } = spawnSync(shell.sh, ['-c', command.replaceAll('/bin/sh', shell.sh)], {
          cwd: '/',
          uid,
          gid: uid,
          env,
          input: stdin,
        });
        return ok({ stdout, stderr, code: status ?? undefined, signal: undefined });
      },
      close: () => {},
      closed: new Promise<void>(() => {}),
    }),
});

const started = { started: 1, finished: 0, ansible_job_id: 'j1.2' };

const program = (folder: string, name: string, text: string): void => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
};

const hasSu = ({ path }: Shell): boolean => path.split(delimiter).some(folder => existsSync(join(folder, 'su')));

const userName = (): string => execFileSync('id', ['-un']).toString().trim();

const jidAt = (n: number): string => `j${String(n).padStart(25, '0')}.1`;

const aboutText = (n: number): string =>
  `run=${hex(16)}\nnumber=${n}\ntitle=t\noperator=o\nmachine=m\nhost=web1\ntask=0.0\nbatch=1/1\ncommand=true\n`;

const ansibleFile = (home: string, jid: string, content: object | string, age = 0): void => {
  mkdirSync(join(home, '.ansible_async'), { recursive: true });
  const path = join(home, '.ansible_async', jid);
  const json = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(path, json);
  const at = Date.now() / 1000 - age;
  utimesSync(path, at, at);
};

/** A process whose argv is that of Ansible's watcher. */
const wrapperOf = (id: string, limit: number): ChildProcess => {
  const child = spawn('/bin/sh', ['-c', 'read nothing', '/tmp/async_wrapper.py', id, String(limit), 'x', '_'], { stdio: 'pipe' });
  children.push(child);
  return child;
};

const same = (source: string): string => source;

/** Another version of the runner. */
const older = (source: string): string => source.replace('\n#EOR', '\n# older\n#EOR');

const openLine = async (shell: Shell, link: Transport, change = same, changeRunner = same): Promise<RemoteLine> =>
  value(
    await makeJobs({
      transport: link,
      identity: freshIdentity(),
      nonce: () => hex(16),
      addressOf,
      runner: runnerFor(runnerText, shell, changeRunner),
      survey: runnerFor(surveySource, shell, change),
    }).connect({ name: 'web1', address: undefined, gate: '' }),
  );
