// The only place where jobs are told to Ansible: what ~/.ansible_async/JID holds under each shell, whatever a job prints
// and however it ends, and that the real `ansible -m async_status` reads it.
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Transport } from '../../src/remote/ports.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { makeSimulatedLink, type Shell, type SimulatedLink, temporary } from '../support/simulated-link.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshIdentity, hex, lookOnce, lookUntil, startOf, value } from './jobs-contract.ts';
import { isThere, jobFolder, mountSmall, openLine, processesOf, toolsOf, underEachShell, usualTools } from './runner-kit.ts';

type Told = Readonly<Record<string, unknown>>;

const told = (link: SimulatedLink, jid: Jid): Told => JSON.parse(readFileSync(join(link.home, '.ansible_async', jid), 'ascii'));
const toldAtEnd = (link: SimulatedLink, jid: Jid): Promise<Told> =>
  waitFor('Ansible to be told of the end', () => {
    const seen = told(link, jid);
    return seen['finished'] === 1 ? seen : undefined;
  });
const forAnsible = (script: string, change = {}) => startOf(script, { ansibleAsync: 'yes', ...change });

underEachShell(tellsAnsible);

function tellsAnsible(shell: Shell): void {
  const link = makeSimulatedLink(shell);

  describe(`what Ansible is told by ${shell.name}`, { timeout: 240_000, concurrent: true }, () => {
    test('nothing, unless it was asked for', async () => {
      const own = makeSimulatedLink(shell);
      const line = await openLine(shell, own);
      const start = startOf('true', { linger: 3000 });
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      expect(existsSync(join(own.home, '.ansible_async'))).toBe(false);
    });

    test('that it runs, from its start on; then how it ended', async () => {
      const line = await openLine(shell, link);
      const command = 'echo "a\\b\\u" é\t\\t';
      const start = forAnsible('sleep 1.2; echo out; echo err >&2; exit 3');
      value(await line.start({ ...start, about: { ...start.about, command } }));
      expect(told(link, start.jid)).toEqual({ started: 1, finished: 0, ansible_job_id: start.jid });
      const end = await toldAtEnd(link, start.jid);
      expect(end).toMatchObject({ rc: 3, failed: true, changed: true, started: 1, finished: 1, msg: 'non-zero return code' });
      expect(end).toMatchObject({ stdout: 'out', stderr: 'err', ansible_job_id: start.jid, cmd: command.replace('\t', ' ') });
      expect(end['start']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.000000$/);
      expect(end['delta']).toMatch(/^0:00:0[1-9](\.\d00000)?$/);
      expect(statSync(join(link.home, '.ansible_async', start.jid)).mode & 0o777).toBe(0o600);
      expect(readdirSync(join(link.home, '.ansible_async')).filter(name => /new|tmp/.test(name))).toEqual([]);
      await waitFor('the mark to go', () => !existsSync(join(jobFolder(link, start.jid), 'ansible')) || undefined);
    });

    test('any bytes as what a decoder makes of them', async () => {
      const line = await openLine(shell, link);
      const bytes = Buffer.concat([
        Buffer.from(Array.from({ length: 256 }, (_, at) => at)),
        Buffer.from('grüße 日本 🎉 "\\ \u2028\u007f\n\n\nmore\r\n'),
        Buffer.from([0xe0, 0x80, 0x80, 0xed, 0xa0, 0x80, 0xf4, 0x90, 0x80, 0x80, 0xf0, 0x9f, 0x8e, 0x41, 0xc3, 0xc3, 0xa9, 0xff]),
        Buffer.from('end\r\n\n'),
        Buffer.from(Array.from({ length: 4000 }, (_, at) => (at * 7919) % 251)),
        Buffer.from([0xe2, 0x82]),
      ]);
      const file = join(link.home, hex(8));
      writeFileSync(file, bytes);
      const start = forAnsible(`cat "${file}"; cat "${file}" >&2; echo >&2`);
      value(await line.start(start));
      const end = await toldAtEnd(link, start.jid);
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
      expect(end['stdout']).toBe(decoder.decode(bytes));
      expect(end['stderr']).toBe(decoder.decode(bytes));
    });

    test('both ends of what is long', async () => {
      const line = await openLine(shell, link);
      const start = forAnsible(
        'i=0; while [ $i -lt 30000 ]; do echo "line $i of a text that is long, all in all, and goes on"; i=$((i+1)); done',
      );
      value(await line.start(start));
      const stdout = String((await toldAtEnd(link, start.jid))['stdout']);
      expect(stdout.length).toBe((1 << 20) - 1);
      expect(stdout.startsWith('line 0 of')).toBe(true);
      expect(stdout.endsWith('line 29999 of a text that is long, all in all, and goes on')).toBe(true);
    });

    test('a time-out as Ansible says it, with what the job had printed', async () => {
      const line = await openLine(shell, link);
      const start = forAnsible('echo partial; sleep 600', { limit: 1, grace: 0 });
      value(await line.start(start));
      const { child } = processesOf(link, start.jid);
      const end = await toldAtEnd(link, start.jid);
      expect(end).toMatchObject({ failed: true, msg: 'Timeout exceeded', child_pid: child, stdout: 'partial' });
      expect(end).not.toHaveProperty('rc');
    });

    test('a cancel, also of a job that never began', async () => {
      const line = await openLine(shell, link);
      const stuck = await openLine(shell, link, source => source.replace(/^launch\(\) \{$/m, 'launch() {\n  return 0'));
      const [running, staged] = [forAnsible('sleep 600'), forAnsible('true')];
      value(await line.start(running));
      value(await stuck.start(staged));
      for (const { jid } of [running, staged]) {
        value(await line.cancel(jid, 0));
        expect(await toldAtEnd(link, jid)).toMatchObject({ failed: true, msg: 'cancelled', rollcall_verdict: 'cancelled' });
      }
    });

    test('by whoever looks next, where nobody was left to tell it', async () => {
      const line = await openLine(shell, link);
      const start = forAnsible('echo some; sleep 600');
      value(await line.start(start));
      const { supervisor, child } = processesOf(link, start.jid);
      await waitFor('its session', () => (isThere(-child) ? true : undefined));
      await waitFor('its output', async () => ((await lookOnce(line, start.jid)).out.size > 0 ? true : undefined));
      process.kill(supervisor, 'SIGKILL');
      process.kill(-child, 'SIGKILL');
      await lookUntil(line, start.jid, 'lost');
      expect(await toldAtEnd(link, start.jid)).toMatchObject({ failed: true, rollcall_verdict: 'lost-killed', stdout: 'some' });
    });

    test('an end on a full disk too', async context => {
      const home = mountSmall(link, context.skip);
      const own = makeSimulatedLink(shell, { home });
      const line = await openLine(shell, own);
      const start = forAnsible('dd if=/dev/zero of="$HOME/filler" bs=4096 2>/dev/null; echo x; exit 5');
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const end = await waitFor('its end', () => ('rc' in told(own, start.jid) ? told(own, start.jid) : undefined));
      expect(end).toMatchObject({ rc: 5, failed: true, msg: 'non-zero return code' });
    });

    test('without what was printed, where there is no awk', async () => {
      const own = makeSimulatedLink(shell, { path: toolsOf(shell, [...usualTools, 'setsid', 'od']) });
      const line = await openLine(shell, own);
      const start = forAnsible('echo hi');
      value(await line.start(start));
      expect(await toldAtEnd(own, start.jid)).toMatchObject({
        rc: 0,
        msg: '',
        stdout: '',
        rollcall_folder: `~/.rollcall/jobs/${start.jid}`,
      });
    });
  });
}

const hasAnsible = spawnSync('ansible', ['--version'], { timeout: 20_000 }).status === 0;

describe.skipIf(!sshdAvailable() || !hasAnsible)('the real Ansible', { timeout: 120_000 }, () => {
  let sshd: Sshd;
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-ansible-'));
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const transport = (): Transport =>
    makeSshTransport({ timeouts: { connect: 10_000, handshake: 15_000, reply: 30_000 }, home: sshd.dir, globalKnownHostsFiles: [] });

  /** `ansible -m async_status`, with its exit status and what it says of the job. */
  const asyncStatus = async (jid: Jid): Promise<{ readonly code: number; readonly says: Told }> => {
    // The session's HOME is not the account's, and Ansible asks for the account's.
    const own = [`control_path: ${dir}/%C`, `async_dir: ${sshd.home}/.ansible_async`, 'python_interpreter: /usr/bin/python3'];
    writeFileSync(
      join(dir, 'hosts.yml'),
      sshd.inventory(['web1']).replace('  vars:\n', `  vars:\n${own.map(row => `    ansible_${row}\n`).join('')}`),
    );
    writeFileSync(join(dir, 'ansible.cfg'), '');
    const env = {
      ...process.env,
      ANSIBLE_LOCAL_TEMP: dir,
      ANSIBLE_HOME: dir,
      ANSIBLE_CONFIG: join(dir, 'ansible.cfg'),
      ANSIBLE_SSH_ARGS: '-o ControlMaster=no',
    };
    const words = ['web1', '-i', join(dir, 'hosts.yml'), '-m', 'async_status', '-a', `jid=${jid}`];
    const run = promisify(execFile)('ansible', words, { env, timeout: 60_000 });
    const { stdout, code } = await run.then(
      ({ stdout }) => ({ stdout, code: 0 }),
      (error: { stdout: string; code: number }) => ({ stdout: error.stdout, code: error.code }),
    );
    return { code, says: JSON.parse(stdout.slice(stdout.indexOf('{'))) as Told };
  };

  test('reads a job of ours as running, then as finished with its output; a failed one fails', async () => {
    const jobs = makeJobs({
      transport: transport(),
      identity: freshIdentity(),
      nonce: () => hex(8),
      addressOf: () => ({
        name: 'web1',
        host: '127.0.0.1',
        port: sshd.port,
        user: sshd.user,
        identityFiles: [sshd.keyPath],
        knownHostsFiles: [sshd.knownHostsPath],
        strictHostKeyChecking: 'yes',
      }),
    });
    const line = value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
    const go = join(temporary('rollcall-go-'), 'go');
    const start = forAnsible(`until [ -e "${go}" ]; do sleep 0.1; done; printf 'grüße "\\\\ \\377\\n\\tmore\\n\\n'; echo err >&2`);
    value(await line.start(start));
    expect(await asyncStatus(start.jid)).toMatchObject({
      code: 0,
      says: { started: 1, finished: 0, ansible_job_id: start.jid, stdout: '', changed: false },
    });
    writeFileSync(go, '');
    await lookUntil(line, start.jid, 'done');
    await waitFor(
      'the end to be told',
      () => readFileSync(join(sshd.home, '.ansible_async', start.jid), 'utf8').includes('"rc"') || undefined,
    );
    expect(await asyncStatus(start.jid)).toMatchObject({
      code: 0,
      says: {
        started: 1,
        finished: 1,
        changed: true,
        rc: 0,
        msg: '',
        cmd: start.about.command,
        ansible_job_id: start.jid,
        stdout: 'grüße "\\ \ufffd\n\tmore',
        stdout_lines: ['grüße "\\ \ufffd', '\tmore'],
        stderr: 'err',
      },
    });
    const failing = forAnsible('exit 4', { linger: 3000 });
    value(await line.start(failing));
    await lookUntil(line, failing.jid, 'done');
    await waitFor(
      'the end to be told',
      () => readFileSync(join(sshd.home, '.ansible_async', failing.jid), 'utf8').includes('"rc"') || undefined,
    );
    expect(await asyncStatus(failing.jid)).toMatchObject({ code: 2, says: { finished: 1, rc: 4, msg: 'non-zero return code' } });
    line.close();
  });
});
