// The only place that says what the engine may expect of hosts that run jobs, whoever plays the host: the runner under each
// shell, a real sshd, the practice fleet. It speaks through the `Line` port only; what jobs do is seen through other jobs.
import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { type Jid, jidOf } from '../../src/domain/job.ts';
import type { Result } from '../../src/domain/result.ts';
import type { JobReport, Line, LookRequest, StartRequest } from '../../src/engine/ports.ts';
import type { Identity } from '../../src/remote/frames.ts';
import { waitFor } from '../support/wait-for.ts';

/** Opens a line to the one host under test. */
export type OpenLine = (by?: Identity) => Promise<Line>;

/** A driver of a line of its own. */
export const freshIdentity = (): Identity => ({ line: hex(16), epoch: 1_700_000_000_000, driverId: hex(16) });

export const hex = (bytes: number): string => randomBytes(bytes).toString('hex');

/** A jid that nobody has used. */
export const freshJid = (): Jid => jidOf({ runId: hex(16), taskPath: '0.0', host: 'web1', item: 0, attempt: 1 });

/** A start with everything at rest but the script. */
export const startOf = (script: string, change: Partial<StartRequest> = {}): StartRequest => ({
  jid: freshJid(),
  script,
  limit: 60,
  grace: 2,
  cap: 8 << 20,
  linger: 0,
  about: {
    runId: hex(16),
    runNumber: 12,
    title: 'Grüße',
    operator: 'alice',
    machine: 'laptop1',
    host: 'web1',
    task: 'say hello',
    batch: '1/1',
    command: 'hello = "quoted" \'too\' $HOME `x`',
  },
  ...change,
});

export const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.failure.tag}: ${result.failure.cause}`);
  return result.value;
};

export const lookAt = (jid: Jid, from: Partial<LookRequest> = {}): LookRequest => ({ jid, outFrom: 0, errFrom: 0, most: 1 << 20, ...from });

export const lookOnce = async (line: Line, jid: Jid): Promise<JobReport> => value(await line.look([lookAt(jid)]))[0] as JobReport;

/** Looks until the job is in one of these states. */
export const lookUntil = (line: Line, jid: Jid, ...kinds: readonly string[]): Promise<JobReport> =>
  waitFor(`${jid} to be ${kinds.join(' or ')}`, async () => {
    const report = await lookOnce(line, jid);
    return kinds.includes(report.state.kind) ? report : undefined;
  });

/** Starts a job and waits for its end. */
export const runJob = async (line: Line, script: string, change: Partial<StartRequest> = {}): Promise<JobReport> => {
  const start = startOf(script, change);
  value(await line.start(start));
  return lookUntil(line, start.jid, 'done', 'timed-out', 'cancelled', 'lost');
};

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

export const jobsContract = (name: string, open: OpenLine): void => {
  describe(`a job on ${name}`, { timeout: 120_000, concurrent: true }, () => {
    test('ends with its exit code and both its streams, byte for byte', async () => {
      const line = await open();
      const report = await runJob(line, "printf 'a\\000b\\377\\r\\nno newline'; printf 'Z 123\\n\\nA x 1\\n' >&2; exit 3");
      expect(report.state).toEqual({ kind: 'done', rc: 3 });
      expect(text(report.out.bytes)).toBe('a\0b\xff\r\nno newline');
      expect(text(report.err.bytes)).toBe('Z 123\n\nA x 1\n');
      expect(report).toMatchObject({ dropped: 0, left: false, limit: 60 });
      line.close();
    });

    test('is answered by its start when it is quick', async () => {
      const line = await open();
      const reply = value(await line.start(startOf('echo hi', { linger: 2000 })));
      expect(reply).toMatchObject({ kind: 'started', report: { state: { kind: 'done', rc: 0 } } });
      expect(reply.kind === 'started' && text(reply.report.out.bytes)).toBe('hi\n');
      line.close();
    });

    test('says who it is as soon as it has started', async () => {
      const line = await open();
      const start = startOf('sleep 30');
      const reply = value(await line.start(start));
      expect(reply).toMatchObject({ kind: 'started', report: { jid: start.jid, state: { kind: 'running' }, limit: 60 } });
      if (reply.kind !== 'started') return;
      expect(reply.report.pid).toBeGreaterThan(1);
      expect(reply.report.bootId).not.toBe('');
      expect(reply.report.startedAt).toBeGreaterThan(1_600_000_000);
      value(await line.cancel(start.jid, 0));
      line.close();
    });

    test('begins in its home, with nothing on stdin, and knows its jid', async () => {
      const line = await open();
      const start = startOf('[ "$(pwd -P)" = "$(cd "$HOME" && pwd -P)" ] && echo home; cat; echo "$ROLLCALL_JID"', { linger: 2000 });
      value(await line.start(start));
      const report = await lookUntil(line, start.jid, 'done');
      expect(text(report.out.bytes)).toBe(`home\n${start.jid}\n`);
      line.close();
    });

    test('killed by a signal ends with 128 and its number', async () => {
      const line = await open();
      expect((await runJob(line, 'kill -9 $$')).state).toEqual({ kind: 'done', rc: 137 });
      line.close();
    });

    test('sends only what is new', async () => {
      const line = await open();
      const start = startOf('printf 0123456789; printf abcdef >&2');
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const [report] = value(await line.look([lookAt(start.jid, { outFrom: 4, errFrom: 6, most: 3 })]));
      expect(report?.out).toMatchObject({ size: 10, from: 4 });
      expect(text(report?.out.bytes ?? new Uint8Array())).toBe('456');
      expect(report?.err).toMatchObject({ size: 6, from: 6, bytes: Buffer.from('') });
      line.close();
    });

    test('among many is answered in one look, in order', async () => {
      const line = await open();
      const starts = [0, 1, 2, 3, 4].map(index => startOf(`echo ${index}; exit ${index}`, { linger: 500 }));
      for (const start of starts) value(await line.start(start));
      for (const start of starts) await lookUntil(line, start.jid, 'done');
      const strange = freshJid();
      const reports = value(await line.look([...starts.map(start => lookAt(start.jid)), lookAt(strange)]));
      expect(reports.map(report => report.state)).toEqual([...starts.map((_, rc) => ({ kind: 'done', rc })), { kind: 'unknown' }]);
      expect(reports.map(report => text(report.out.bytes)).join('')).toBe('0\n1\n2\n3\n4\n');
      line.close();
    });

    test('started twice runs once', async () => {
      const line = await open();
      const mark = hex(8);
      const start = startOf(`echo x >>"$HOME/${mark}"; sleep 1`);
      expect(value(await line.start(start)).kind).toBe('started');
      expect(value(await line.start(start)).kind).toBe('exists');
      await lookUntil(line, start.jid, 'done');
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: { state: { kind: 'done', rc: 0 } } });
      expect(text((await runJob(line, `cat "$HOME/${mark}"`)).out.bytes)).toBe('x\n');
      line.close();
    });

    test('ends at its limit, also when it does not want to', async () => {
      const line = await open();
      const report = await runJob(line, 'trap "" TERM; while :; do sleep 0.2; done', { limit: 1, grace: 1 });
      expect(report.state).toEqual({ kind: 'timed-out', rc: 137 });
      expect(report.elapsed).toBeGreaterThanOrEqual(1);
      expect(report.left).toBe(false);
      line.close();
    });

    test('whose limit was extended lives on', async () => {
      const line = await open();
      const start = startOf('sleep 3; echo lived', { limit: 2 });
      value(await line.start(start));
      expect(value(await line.extend(start.jid, 60))).toBe(60);
      const report = await lookUntil(line, start.jid, 'done', 'timed-out');
      expect(report).toMatchObject({ state: { kind: 'done', rc: 0 }, limit: 60 });
      line.close();
    });

    test('whose limit was shortened ends earlier', async () => {
      const line = await open();
      const start = startOf('sleep 60', { limit: 50, grace: 1 });
      value(await line.start(start));
      expect(value(await line.extend(start.jid, 1))).toBe(1);
      expect((await lookUntil(line, start.jid, 'done', 'timed-out')).state.kind).toBe('timed-out');
      line.close();
    });

    test('that is cancelled is gone when it says so', async () => {
      const line = await open();
      const start = startOf('sleep 600 & sleep 601 & wait');
      value(await line.start(start));
      expect(value(await line.cancel(start.jid, 2)).kind).toBe('stopping');
      const report = await lookUntil(line, start.jid, 'cancelled');
      expect(report.left).toBe(false);
      expect(value(await line.cancel(start.jid, 2)).kind).toBe('cancelled');
      line.close();
    });

    test('that is cancelled before its start arrives never begins', async () => {
      const line = await open();
      const mark = hex(8);
      const start = startOf(`echo x >>"$HOME/${mark}"`);
      expect(value(await line.cancel(start.jid, 2)).kind).toBe('cancelled');
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: { state: { kind: 'cancelled' }, pid: 0 } });
      expect(text((await runJob(line, `cat "$HOME/${mark}" || echo none`)).out.bytes)).toBe('none\n');
      line.close();
    });

    test('leaves what it started in the background, and that is told', async () => {
      const line = await open();
      const report = await runJob(line, 'sleep 600 </dev/null >/dev/null 2>&1 & echo $!');
      expect(report).toMatchObject({ state: { kind: 'done', rc: 0 }, left: true });
      await runJob(line, `kill ${Number(text(report.out.bytes))}`);
      line.close();
    });

    test('ends although what it left behind holds its streams', async () => {
      const line = await open();
      const report = await runJob(line, 'sleep 600 & echo $!');
      expect(report).toMatchObject({ state: { kind: 'done', rc: 0 }, left: true });
      await runJob(line, `kill ${Number(text(report.out.bytes))}`);
      line.close();
    });

    test('that says too much keeps head and tail, and counts the rest', async () => {
      const line = await open();
      const lines = 40_000;
      const script = `i=0; while [ $i -lt ${lines} ]; do echo "line $i of some length"; i=$((i + 1)); done; exit 4`;
      const said = Array.from({ length: lines }, (_, index) => `line ${index} of some length\n`).join('');
      const report = await runJob(line, script, { cap: 400_000 });
      expect(report.state).toEqual({ kind: 'done', rc: 4 });
      const kept = text(report.out.bytes);
      expect(report.out.size).toBeLessThanOrEqual(400_000);
      expect(kept.length).toBe(report.out.size);
      expect(said.startsWith(kept.slice(0, 330_000))).toBe(true);
      expect(said.endsWith(kept.slice(-65_536))).toBe(true);
      // The block that the limit refused is not counted.
      expect(Math.abs(report.dropped + report.out.size - said.length)).toBeLessThanOrEqual(512);
      line.close();
    });

    test('may open /dev/stdout itself', async () => {
      const line = await open();
      const report = await runJob(line, 'echo one; [ -e /dev/stdout ] && echo two >/dev/stdout || echo two; echo three');
      expect(text(report.out.bytes)).toBe('one\ntwo\nthree\n');
      line.close();
    });

    test('says what it waits for', async () => {
      const line = await open();
      const start = startOf('echo "apt lock held by pid 7" >"$ROLLCALL_WAITING"; sleep 30');
      value(await line.start(start));
      const report = await waitFor('the reason', async () => {
        const seen = await lookOnce(line, start.jid);
        return seen.waiting === undefined ? undefined : seen;
      });
      expect(report).toMatchObject({ state: { kind: 'running' }, waiting: 'apt lock held by pid 7' });
      value(await line.cancel(start.jid, 0));
      line.close();
    });

    test('that was cleaned leaves its mark', async () => {
      const line = await open();
      const start = startOf('echo hi', { linger: 2000 });
      const running = startOf('sleep 30');
      value(await line.start(start));
      value(await line.start(running));
      await lookUntil(line, start.jid, 'done');
      expect(value(await line.clean([start.jid, running.jid]))).toEqual([start.jid]);
      expect((await lookOnce(line, start.jid)).state).toEqual({ kind: 'cleaned' });
      expect(value(await line.start(start))).toMatchObject({ kind: 'exists', report: { state: { kind: 'cleaned' } } });
      value(await line.cancel(running.jid, 0));
      line.close();
    });

    test('of a --once name holds the name until it has ended', async () => {
      const line = await open();
      const once = hex(8);
      const first = startOf('sleep 30', { once });
      const second = startOf('echo second', { once, linger: 2000 });
      expect(value(await line.start(first)).kind).toBe('started');
      expect(value(await line.start(second))).toEqual({ kind: 'taken', by: first.jid });
      expect((await lookOnce(line, second.jid)).state.kind).toBe('unknown');
      value(await line.cancel(first.jid, 0));
      await lookUntil(line, first.jid, 'cancelled');
      expect(value(await line.start(second)).kind).toBe('started');
      await lookUntil(line, second.jid, 'done');
      line.close();
    });

    test('is refused to a driver that was replaced', async () => {
      const older = freshIdentity();
      const newer = { ...older, epoch: older.epoch + 1, driverId: hex(16) };
      const twin = { ...newer, driverId: hex(16) };
      const [old, now, other] = [await open(older), await open(newer), await open(twin)];
      expect(value(await old.start(startOf('true'))).kind).toBe('started');
      expect(value(await now.start(startOf('true'))).kind).toBe('started');
      expect(await old.start(startOf('true'))).toMatchObject({ ok: false, failure: { tag: 'fenced' } });
      expect(await other.start(startOf('true'))).toMatchObject({ ok: false, failure: { tag: 'fenced' } });
      expect(value(await now.start(startOf('true'))).kind).toBe('started');
      for (const line of [old, now, other]) line.close();
    });

    test('is begun by one of twelve who start it at once', async () => {
      const lines = await Promise.all(Array.from({ length: 12 }, () => open()));
      const mark = hex(8);
      const start = startOf(`echo x >>"$HOME/${mark}"`);
      const replies = await Promise.all(lines.map(line => line.start(start)));
      expect(replies.map(reply => value(reply).kind).sort()).toEqual([...Array(11).fill('exists'), 'started']);
      const [line] = lines as [Line];
      await lookUntil(line, start.jid, 'done');
      expect(text((await runJob(line, `cat "$HOME/${mark}"`)).out.bytes)).toBe('x\n');
      for (const one of lines) one.close();
    });

    test('of a --once name is begun by one of eight who want different ones at once', async () => {
      const lines = await Promise.all(Array.from({ length: 8 }, () => open()));
      const once = hex(8);
      const mark = hex(8);
      for (const round of ['x', 'xx']) {
        const starts = lines.map(() => startOf(`echo x >>"$HOME/${mark}"; sleep 3`, { once }));
        const replies = await Promise.all(lines.map((line, index) => line.start(starts[index] as StartRequest)));
        expect(replies.map(reply => value(reply).kind).sort()).toEqual(['started', ...Array(7).fill('taken')]);
        const winner = starts[replies.findIndex(reply => value(reply).kind === 'started')] as StartRequest;
        await lookUntil(lines[0] as Line, winner.jid, 'done');
        const seen = text((await runJob(lines[0] as Line, `cat "$HOME/${mark}"`)).out.bytes);
        expect(seen.replaceAll('\n', '')).toBe(round);
      }
      for (const one of lines) one.close();
    });
  });
};
