// Holds jobs of another user to their promises on a real sshd with a real sudo: the password is asked for, sent once, and
// needed for nothing but the start. Accounts and sudoers are the server's own; this machine has none of them.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Become } from '../../src/domain/become.ts';
import type { Need, Outcome, Secrets } from '../../src/domain/need.ts';
import type { Line } from '../../src/engine/ports.ts';
import { makeOpensshTransport } from '../../src/openssh/transport.ts';
import { makeJobs, type RemoteLine } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { freshIdentity, hex, jobsContract, lookUntil, runJob, startOf, text, value } from './jobs-contract.ts';

const password = "pa ss'w$rd\\ü";
const toRoot: Become = { method: 'sudo', user: 'root' };
const timeouts = { connect: 10_000, handshake: 15_000, reply: 40_000 };

const givesNothing: Secrets = { take: need => ({ kind: 'not-now', failure: { tag: 'needs-person', cause: need.kind } }) };

/** Gives these one after the other, and notes what became of them. */
const giving = (...values: readonly string[]): Secrets & { readonly taken: Need[]; readonly settled: Outcome[] } => {
  const taken: Need[] = [];
  const settled: Outcome[] = [];
  const left = [...values];
  return {
    taken,
    settled,
    take: need => {
      taken.push(need);
      const next = left.shift();
      if (next === undefined) return { kind: 'not-now', failure: { tag: 'password-refused', cause: 'no other' } };
      return { kind: 'have', values: [next], settle: outcome => settled.push(outcome) };
    },
  };
};

describe.skipIf(!sshdAvailable() || !testUsersAvailable())('over SSH, by way of sudo', { timeout: 120_000 }, () => {
  let sshd: Sshd;
  beforeAll(async () => {
    const user = (name: string, sudoers?: string) => ({ name: `rollcall-${name}`, password, ...(sudoers !== undefined && { sudoers }) });
    sshd = await startSshd({
      users: [
        user('asked', 'ALL=(ALL:ALL) ALL'),
        user('free', 'ALL=(ALL:ALL) NOPASSWD: ALL'),
        user('pty', 'ALL=(ALL:ALL) NOPASSWD: ALL'),
        user('logged', 'ALL=(ALL:ALL) NOPASSWD: ALL'),
        user('tty', 'ALL=(ALL:ALL) ALL'),
        user('few', 'ALL=(ALL) /bin/true'),
        user('none'),
      ],
      etc: {
        sudoers: [
          'Defaults !use_pty, !syslog',
          'Defaults:rollcall-pty use_pty',
          'Defaults:rollcall-logged use_pty, log_output, log_input, iolog_dir=/run/sudo/io',
          'Defaults:rollcall-tty requiretty',
          'Defaults:rollcall-asked lecture=always',
        ],
      },
    });
  });
  afterAll(() => sshd.stop());

  const addressOf = (name: string): Address => ({
    name,
    host: '127.0.0.1',
    port: sshd.port,
    user: `rollcall-${name}`,
    identityFiles: [sshd.keyPath],
    knownHostsFiles: [sshd.knownHostsPath],
    strictHostKeyChecking: 'yes',
    system: {
      host: '127.0.0.1',
      args: [
        ...['-F', 'none', '-l', `rollcall-${name}`, '-p', String(sshd.port), '-i', sshd.keyPath],
        ...['-o', `UserKnownHostsFile=${sshd.knownHostsPath}`],
      ],
    },
  });
  const connect = async (
    name: string,
    secrets: Secrets = giving(),
    by = freshIdentity(),
    over: 'ssh2' | 'openssh' = 'ssh2',
  ): Promise<RemoteLine> => {
    const transport =
      over === 'ssh2'
        ? makeSshTransport({ timeouts, home: sshd.dir, globalKnownHostsFiles: [] })
        : makeOpensshTransport({ timeouts, env: { PATH: process.env['PATH'] } });
    const jobs = makeJobs({ transport, identity: by, nonce: () => hex(8), secrets, addressOf: () => addressOf(name) });
    return value(await jobs.connect({ name, address: undefined, gate: name }));
  };
  const asOther = (line: Line, become: Become = toRoot): Line => ({ ...line, start: start => line.start({ ...start, become }) });

  const always = (): Secrets => ({ take: () => ({ kind: 'have', values: [password], settle: () => {} }) });
  const own = freshIdentity();
  jobsContract('a real sshd whose sudo asks', async (by = own) => asOther(await connect('asked', always(), by)));

  for (const name of ['free', 'pty', 'logged'] as const) {
    test(`without a password (${name}) the job is root's, its folder the login user's, its streams apart`, async () => {
      const line = asOther(await connect(name));
      const report = await runJob(
        line,
        'id -u; stat -c %U "$(dirname "$ROLLCALL_WAITING")"; printf "a\\000b" ; printf "err\\r\\n" >&2; exit 7',
      );
      expect(report.state).toEqual({ kind: 'done', rc: 7 });
      expect(text(report.out.bytes)).toBe(`0\nrollcall-${name}\na\0b`);
      expect(text(report.err.bytes)).toBe('err\r\n');
      line.close();
    });

    test(`(${name}) a cancel reaches what opened sessions of its own`, async () => {
      const line = asOther(await connect(name));
      const start = startOf('setsid sleep 77 & trap "" TERM; while :; do sleep 1; done', { grace: 1 });
      value(await line.start(start));
      value(await line.cancel(start.jid, 1));
      const report = await lookUntil(line, start.jid, 'cancelled');
      expect(report.left).toBe(false);
      expect(sleepers('77', start.jid)).toEqual([]);
      line.close();
    });
  }

  for (const over of ['ssh2', 'openssh'] as const) {
    test(`the password goes once, when it is asked for, over ${over}`, async () => {
      const secrets = giving(password);
      const line = asOther(await connect('asked', secrets, undefined, over));
      const report = await runJob(line, 'id -un; cat; echo err >&2');
      expect(text(report.out.bytes)).toBe('root\n');
      expect(text(report.err.bytes)).toBe('err\n');
      expect(secrets).toMatchObject({ settled: ['accepted'], taken: [{ kind: 'become', method: 'sudo', user: 'root' }] });
      line.close();
    });
  }

  test('a password that is not asked for is not taken', async () => {
    const secrets = giving(password);
    const line = asOther(await connect('free', secrets));
    await runJob(line, 'true');
    expect(secrets.taken).toEqual([]);
    line.close();
  });

  test('without a password nothing runs, and the same jid runs once there is one', async () => {
    const mark = join(sshd.dir, hex(8));
    const start = startOf(`echo x >>'${mark}'`, { become: toRoot });
    const poor = await connect('asked');
    expect(await poor.start(start)).toMatchObject({ ok: false, failure: { tag: 'password-refused', cause: 'no other' } });
    expect(existsSync(mark)).toBe(false);
    const rich = await connect('asked', giving(password));
    expect(value(await rich.start(start)).kind).toBe('started');
    await lookUntil(poor, start.jid, 'done');
    expect(readFileSync(mark, 'utf8')).toBe('x\n');
    poor.close();
    rich.close();
  });

  test('a wrong password is tried once; nothing runs; the right one runs the same jid', async () => {
    const secrets = giving('wrong');
    const line = asOther(await connect('asked', secrets));
    const start = startOf('echo once');
    expect(await line.start(start)).toMatchObject({ ok: false, failure: { tag: 'password-refused' } });
    expect(secrets.settled).toEqual(['refused']);
    const better = asOther(await connect('asked', giving(password)));
    expect(value(await better.start(start)).kind).toBe('started');
    expect(text((await lookUntil(line, start.jid, 'done')).out.bytes)).toBe('once\n');
    line.close();
    better.close();
  });

  test.for([
    ['none', /not in the sudoers/],
    ['few', /not allowed to execute/],
    ['tty', /must have a tty/],
  ] as const)('%s is refused in clear words, and leaves no job behind', async ([name, words]) => {
    const secrets = giving(password);
    const line = asOther(await connect(name, secrets));
    const start = startOf('true');
    const answer = await line.start(start);
    expect(answer).toMatchObject({ ok: false, failure: { tag: 'become-refused' } });
    expect(answer.ok ? '' : answer.failure.cause).toMatch(words);
    expect(existsSync(join(sshd.account(`rollcall-${name}`).home, '.rollcall/jobs', start.jid))).toBe(false);
    expect(secrets.settled.includes('refused')).toBe(false);
    line.close();
  });

  test('an unknown user, and a host without the program', async () => {
    const line = await connect('free');
    expect(await line.start(startOf('true', { become: { method: 'sudo', user: 'nobody-there' } }))).toMatchObject({
      failure: { tag: 'become-refused', cause: expect.stringMatching(/unknown user/) },
    });
    expect(await line.start(startOf('true', { become: { ...toRoot, exe: '/nowhere/sudo' } }))).toMatchObject({
      failure: { tag: 'become-refused', cause: expect.stringMatching(/not found/) },
    });
    line.close();
  });

  test("another than root, by sudo and by su with that one's password", async () => {
    const line = await connect('free', giving(password));
    const sudo = await runJob(line, 'id -un; echo "$HOME"', { become: { method: 'sudo', user: 'rollcall-none' } });
    expect(text(sudo.out.bytes)).toBe(`rollcall-none\n${sshd.account('rollcall-none').home}\n`);
    const su = await runJob(line, 'id -un; cat', { become: { method: 'su', user: 'rollcall-none' } });
    expect(text(su.out.bytes)).toBe('rollcall-none\n');
    const wrong = await connect('free', giving('wrong'));
    expect(await wrong.start(startOf('true', { become: { method: 'su', user: 'rollcall-none' } }))).toMatchObject({
      failure: { tag: 'password-refused' },
    });
    const start = startOf('sleep 600', { become: { method: 'su', user: 'rollcall-none' } });
    const rich = await connect('free', giving(password));
    value(await rich.start(start));
    value(await line.cancel(start.jid, 1));
    expect((await lookUntil(line, start.jid, 'cancelled')).left).toBe(false);
    for (const one of [line, wrong, rich]) one.close();
  });

  test('looks, extend, limit and cancel need neither the password nor any right to sudo', async () => {
    const rich = await connect('asked', giving(password, password, password));
    const cancelled = startOf('sleep 600', { become: toRoot });
    const limited = startOf('sleep 600', { become: toRoot, limit: 600 });
    const orphan = startOf('sleep 600', { become: toRoot });
    for (const start of [cancelled, limited, orphan]) value(await rich.start(start));
    rich.close();
    const sudoers = join(sshd.dir, 'etc/sudoers');
    const before = readFileSync(sudoers, 'utf8');
    writeFileSync(sudoers, 'Defaults !syslog\n');
    try {
      const poor = await connect('asked', givesNothing);
      expect(await poor.start(startOf('true', { become: toRoot }))).toMatchObject({ ok: false });
      expect(value(await poor.extend(limited.jid, 1))).toBe(1);
      value(await poor.cancel(cancelled.jid, 1));
      expect((await lookUntil(poor, limited.jid, 'timed-out')).left).toBe(false);
      expect((await lookUntil(poor, cancelled.jid, 'cancelled')).left).toBe(false);
      // Also where our own half was killed.
      const word = (file: string, at: number): number =>
        Number(readFileSync(join(sshd.account('rollcall-asked').home, '.rollcall/jobs', orphan.jid, file), 'utf8').split(' ')[at]);
      process.kill(word('super', 1), 'SIGKILL');
      process.kill(word('child', 2), 'SIGKILL');
      await lookUntil(poor, orphan.jid, 'orphan');
      value(await poor.cancel(orphan.jid, 1));
      await lookUntil(poor, orphan.jid, 'cancelled');
      poor.close();
    } finally {
      writeFileSync(sudoers, before);
    }
  });

  test('the password is in no command line, no environment and no file', async () => {
    const line = await connect('asked', giving(password));
    const start = startOf('sleep 600', { become: toRoot });
    value(await line.start(start));
    const { execFileSync } = await import('node:child_process');
    const secret = Buffer.from(password).toString('latin1');
    const found = execFileSync('sh', ['-c', 'cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null || :'], {
      encoding: 'latin1',
      maxBuffer: 1 << 28,
    });
    expect(found.includes(secret)).toBe(false);
    const files = execFileSync('sh', ['-c', 'find "$1" -type f -exec cat {} +', 'sh', sshd.account('rollcall-asked').home], {
      encoding: 'latin1',
      maxBuffer: 1 << 28,
    });
    expect(files.includes(secret)).toBe(false);
    value(await line.cancel(start.jid, 0));
    await lookUntil(line, start.jid, 'cancelled');
    line.close();
  });
});

/** Processes `sleep SECONDS` that carry the job's mark. */
const sleepers = (seconds: string, jid: string): readonly string[] =>
  readFileSyncAll()
    .filter(({ cmdline, environ }) => cmdline === `sleep\0${seconds}\0` && environ.includes(jid))
    .map(({ pid }) => pid);

const readFileSyncAll = (): readonly { readonly pid: string; readonly cmdline: string; readonly environ: string }[] =>
  readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .flatMap(pid => {
      try {
        return [{ pid, cmdline: readFileSync(`/proc/${pid}/cmdline`, 'latin1'), environ: readFileSync(`/proc/${pid}/environ`, 'latin1') }];
      } catch {
        return [];
      }
    });
