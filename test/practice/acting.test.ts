// Holds the acting form to the contract of the runner's frames, without a wire and on a clock of its own.
import { randomBytes } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { type Jid, jidOf } from '../../src/domain/job.ts';
import { actingExecutor } from '../../src/practice/acting.ts';
import type { Ending, Machine } from '../../src/practice/executor.ts';
import { encodeRequest, encodeWithRunner, type Frame, type Request } from '../../src/remote/frames.ts';
import { decodeReply, type Reply } from '../../src/remote/replies.ts';
import { runnerOf } from '../../src/remote/runner-text.ts';

const runner = runnerOf('# a runner that nobody reads\n#EOR');
const hex = (bytes: number): string => randomBytes(bytes).toString('hex');
const about = { runId: 'ff', runNumber: 1, title: 't', operator: 'o', machine: 'm', host: 'web01', task: 't', batch: '1/1', command: 'c' };
const driver = { line: hex(16), epoch: 1000, driverId: hex(16) };
const newJid = (): Jid => jidOf({ runId: hex(16), taskPath: '0.0', host: 'web01', item: 0, attempt: 1 });

/** One acting host and its clock. */
const makeHost = () => {
  let now = 1_800_000_000_000;
  let powerLost = 0;
  const executor = actingExecutor('a test wants it', () => now);
  const machine = executor.machine('web01', () => (powerLost += 1));
  return {
    machine,
    executor,
    pass: (seconds: number) => (now += seconds * 1000),
    powerLost: () => powerLost,
    ask: (request: Request) => ask(machine, request),
    start: (script: string, change: Partial<(Request & { kind: 'start' })['start']> = {}, by = driver) => {
      const start = { jid: newJid(), script, limit: 0, grace: 2, cap: 1 << 20, linger: 0, about, ...change };
      return ask(machine, { kind: 'start', start, by, most: 65_536 }).then(reply => ({ reply, jid: start.jid }));
    },
    look: async (jid: Jid, outFrom = 0) => {
      const reply = await ask(machine, { kind: 'look', jobs: [{ jid, outFrom, errFrom: 0, most: 65_536 }] });
      if (reply.kind !== 'reports') throw new Error(reply.kind);
      const report = reply.reports[0]!;
      return { ...report, text: Buffer.from(report.out.bytes).toString(), errText: Buffer.from(report.err.bytes).toString() };
    },
  };
};

const play = async (machine: Machine, { command, stdin }: Frame) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let how: Ending | undefined;
  machine.run({
    command,
    stdin: Readable.from(stdin.length > 0 ? [stdin] : []),
    stdout,
    stderr,
    ended: ending => {
      how = ending;
    },
    close: () => {
      stdout.end();
      stderr.end();
    },
    gone: new AbortController().signal,
  });
  const [out, err] = await Promise.all([buffer(stdout), buffer(stderr)]);
  return { stdout: out, stderr: err, code: how !== undefined && 'code' in how ? how.code : undefined, signal: undefined };
};

const ask = async (machine: Machine, request: Request): Promise<Reply> => {
  const nonce = hex(8);
  const answer = decodeReply(request, nonce, await play(machine, encodeRequest(request, nonce, runner)));
  if (!answer.ok) throw new Error(`${answer.failure.tag}: ${answer.failure.cause}`);
  return answer.value;
};

test('a job says its lines as time goes by, and ends with its code', async () => {
  const host = makeHost();
  const { reply, jid } = await host.start("echo one; sleep 5 && echo 'two  three'; false || exit 7; echo never");
  expect(reply).toMatchObject({
    kind: 'start',
    answer: { kind: 'started', report: { state: { kind: 'running' }, startedAt: 1_800_000_000 } },
  });
  expect(await host.look(jid)).toMatchObject({ text: 'one\n', state: { kind: 'running' } });
  expect(host.machine.busy()).toBe(true);
  host.pass(5);
  expect(await host.look(jid, 4)).toMatchObject({ text: 'two  three\n', state: { kind: 'done', rc: 7 }, elapsed: 5 });
  expect(host.machine.busy()).toBe(false);
});

test('a start lingers for a quick end, and not for a slow one', async () => {
  const host = makeHost();
  expect((await host.start('hostname', { linger: 100 })).reply).toMatchObject({ answer: { report: { state: { kind: 'done', rc: 0 } } } });
  expect((await host.start('sleep 60', { linger: 100 })).reply).toMatchObject({ answer: { report: { state: { kind: 'running' } } } });
});

test('one jid runs once, also when its start comes with the runner in front', async () => {
  const host = makeHost();
  const { jid } = await host.start('sleep 60');
  expect((await host.start('echo twice', { jid })).reply).toMatchObject({ answer: { kind: 'exists' } });
  const start = { jid: newJid(), script: 'echo long form', limit: 0, grace: 2, cap: 1 << 20, linger: 0, about };
  const frame = encodeWithRunner({ kind: 'start', start, by: driver, most: 100 }, 'aa', runner);
  expect(String((await play(host.machine, frame)).stdout)).toContain('S started');
  expect(await host.look(start.jid)).toMatchObject({ text: 'long form\n' });
});

test('a start that was cut at any byte runs nothing', async () => {
  const host = makeHost();
  const start = { jid: newJid(), script: 'echo whole', limit: 0, grace: 2, cap: 1 << 20, linger: 0, about };
  const whole = encodeRequest({ kind: 'start', start, by: driver, most: 100 }, 'aa', runner);
  for (let length = 0; length < whole.stdin.length; length += 1) {
    const told = await play(host.machine, { ...whole, stdin: whole.stdin.subarray(0, length) });
    expect(String(told.stdout)).toContain('E request-cut');
  }
  expect((await host.look(start.jid)).state).toEqual({ kind: 'unknown' });
});

test('an older driver of a line is fenced, other lines are not', async () => {
  const host = makeHost();
  await host.start('true', {}, { ...driver, epoch: 2000 });
  await expect(host.start('true')).rejects.toThrow('fenced');
  await expect(host.start('true', {}, { ...driver, epoch: 2000, driverId: hex(16) })).rejects.toThrow('fenced');
  expect((await host.start('true', {}, { ...driver, line: hex(16) })).reply.kind).toBe('start');
});

test('a limit, a cancel and a reboot end a job; the first cause wins', async () => {
  const host = makeHost();
  const [limited, cancelled, lost, ended] = await Promise.all([
    host.start('echo a; sleep 60', { limit: 10 }),
    host.start('sleep 60', { limit: 10 }),
    host.start('sleep 60'),
    host.start('echo done'),
  ]);
  host.pass(5);
  expect(await host.ask({ kind: 'cancel', jid: cancelled.jid, grace: 2 })).toMatchObject({ reports: [{ state: { kind: 'stopping' } }] });
  host.pass(10);
  expect(await host.look(limited.jid)).toMatchObject({ text: 'a\n', state: { kind: 'timed-out', rc: 143 } });
  expect((await host.look(cancelled.jid)).state).toEqual({ kind: 'cancelled', rc: 143 });
  const { bootId } = await host.look(lost.jid);
  host.machine.cutPower();
  expect(host.powerLost()).toBe(1);
  expect(await host.look(lost.jid)).toMatchObject({ state: { kind: 'lost', why: 'reboot' }, bootId });
  expect((await host.look(limited.jid)).state.kind).toBe('timed-out');
  expect((await host.look(ended.jid)).state.kind).toBe('done');
  const after = await host.start('cat /proc/sys/kernel/random/boot_id');
  expect((await host.look(after.jid)).text).not.toBe(`${bootId}\n`);
});

test('a cancel that overtakes its start: the job never begins', async () => {
  const host = makeHost();
  const jid = newJid();
  expect(await host.ask({ kind: 'cancel', jid, grace: 2 })).toMatchObject({ reports: [{ state: { kind: 'cancelled' } }] });
  expect((await host.start('echo too late', { jid })).reply).toMatchObject({
    answer: { kind: 'exists', report: { state: { kind: 'cancelled' } } },
  });
  expect((await host.look(jid)).text).toBe('');
});

test('extend moves the limit of a running job only; clean keeps the mark; list tells all', async () => {
  const host = makeHost();
  const { jid } = await host.start('sleep 20', { limit: 10 });
  expect(await host.ask({ kind: 'extend', jid, limit: 30 })).toEqual({ kind: 'extended', limit: 30 });
  host.pass(19);
  expect(await host.ask({ kind: 'clean', jids: [jid] })).toEqual({ kind: 'cleaned', jids: [] });
  host.pass(1);
  expect((await host.look(jid)).state).toEqual({ kind: 'done', rc: 0 });
  await expect(host.ask({ kind: 'extend', jid, limit: 60 })).rejects.toThrow('host-refused');
  expect(await host.ask({ kind: 'clean', jids: [jid] })).toEqual({ kind: 'cleaned', jids: [jid] });
  expect((await host.look(jid)).state).toEqual({ kind: 'cleaned' });
  expect((await host.start('echo again', { jid })).reply).toMatchObject({ answer: { kind: 'exists' } });
  const list = await host.ask({ kind: 'list' });
  expect(list).toMatchObject({ reports: [{ jid }] });
});

test('--once: an unfinished holder of the name is told, a finished one is followed', async () => {
  const host = makeHost();
  const first = await host.start('sleep 10', { once: 'patch' });
  expect((await host.start('sleep 10', { once: 'patch' })).reply).toEqual({ kind: 'start', answer: { kind: 'taken', by: first.jid } });
  expect((await host.start('true', { once: 'other' })).reply).toMatchObject({ answer: { kind: 'started' } });
  host.pass(10);
  expect((await host.start('true', { once: 'patch' })).reply).toMatchObject({ answer: { kind: 'started' } });
});

test('a second package manager waits aloud for the lock of the first', async () => {
  const host = makeHost();
  await host.start('apt-get update; apt-get -y dist-upgrade');
  const second = await host.start('sudo apt-get install nginx');
  host.pass(2);
  expect((await host.look(second.jid)).text).toContain('Waiting for cache lock');
  host.pass(60);
  expect(await host.look(second.jid)).toMatchObject({ state: { kind: 'done', rc: 0 }, text: expect.stringContaining('Setting up nginx') });
});

test.each([
  ['rm -rf /', 'rm'],
  ['echo harmless; rm -rf /', 'rm'],
  ['echo `id`', '`'],
  ['echo "$(id)"', '$'],
  ['echo x > /etc/x', '>'],
  ["echo 'open", 'a quote without its end'],
])('%s is refused whole, with the reason', async (script, what) => {
  const host = makeHost();
  const { jid } = await host.start(script);
  expect(await host.look(jid)).toMatchObject({ state: { kind: 'done', rc: 126 }, text: '', errText: expect.stringContaining(what) });
  expect((await host.look(jid)).errText).toContain('a test wants it');
});
