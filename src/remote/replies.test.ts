// The only place that checks how far a host's reply is believed.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Jid, jidOf } from '../domain/job.ts';
import type { HostState, JobReport, StartRequest } from '../engine/ports.ts';
import type { Request } from './frames.ts';
import type { ExecReply } from './ports.ts';
import { decodeReply, encodeReply, type Reply } from './replies.ts';

const jid = jidOf({ runId: '1', taskPath: '0.0', host: 'web1', item: 0, attempt: 1 });
const other = jidOf({ runId: '2', taskPath: '0.0', host: 'web1', item: 0, attempt: 1 });
const nonce = 'ab12';
const look: Request = { kind: 'look', jobs: [{ jid, outFrom: 3, errFrom: 0, most: 100 }] };
const by = { line: '', epoch: 1, driverId: '' };
const start: Request = { kind: 'start', start: { jid } as StartRequest, by, most: 100 };

const report = (change: Partial<JobReport> = {}): JobReport => ({
  jid,
  state: { kind: 'running' },
  startedAt: 1_700_000_000,
  elapsed: 1.5,
  limit: 60,
  pid: 77,
  bootId: 'aaaa-bbbb',
  out: { size: 9, from: 3, bytes: Buffer.from('Z ab12') },
  err: { size: 0, from: 0, bytes: Buffer.from('') },
  dropped: 0,
  left: false,
  ...change,
});

const saying = (stdout: string | Uint8Array, code: number | 'none' = 0, stderr = ''): ExecReply => ({
  stdout: Buffer.from(stdout as string, 'latin1'),
  stderr: Buffer.from(stderr),
  code: code === 'none' ? undefined : code,
  signal: undefined,
});

const answer = (request: Request, reply: Reply, before = '') =>
  decodeReply(request, nonce, saying(Buffer.concat([Buffer.from(before), encodeReply(nonce, reply)])));

const states: readonly HostState[] = [
  ...(['unclaimed', 'starting', 'running', 'stopping', 'orphan', 'cleaned', 'unknown'] as const).map(kind => ({ kind })),
  ...(['done', 'timed-out', 'cancelled'] as const).map(kind => ({ kind, rc: 137 })),
  ...(['reboot', 'killed', 'broken'] as const).map(why => ({ kind: 'lost' as const, why })),
];

test.each(states)('a job that is $kind $why arrives as it was sent', state => {
  const reply: Reply = { kind: 'reports', reports: [report({ state, waiting: 'lock held', left: true, dropped: 5 })] };
  expect(answer(look, reply)).toEqual({ ok: true, value: reply });
});

test('all kinds of replies arrive as they were sent, whatever stands before them', () => {
  const first = report({ out: { size: 2, from: 0, bytes: Buffer.from('\xff\n', 'latin1') } });
  const pairs: readonly [Request, Reply][] = [
    [start, { kind: 'start', answer: { kind: 'started', report: first } }],
    [start, { kind: 'start', answer: { kind: 'exists', report: first } }],
    [start, { kind: 'start', answer: { kind: 'taken', by: other } }],
    [start, { kind: 'need' }],
    [
      { kind: 'extend', jid, limit: 5 },
      { kind: 'extended', limit: 5 },
    ],
    [
      { kind: 'clean', jids: [jid, other] },
      { kind: 'cleaned', jids: [other] },
    ],
    [
      { kind: 'clean', jids: [jid] },
      { kind: 'cleaned', jids: [] },
    ],
  ];
  for (const [request, reply] of pairs) {
    for (const noise of ['', 'welcome\nA ab13 1\n', 'A ab12 1 is not it\nno newline']) {
      expect(answer(request, reply, noise)).toEqual({ ok: true, value: reply });
    }
  }
});

test('output may hold any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.uint8Array({ maxLength: 100 }), (out, err) => {
      const reports = [
        report({
          out: { size: 3 + out.length, from: 3, bytes: Buffer.from(out) },
          err: { size: err.length, from: 0, bytes: Buffer.from(err) },
        }),
      ];
      expect(answer(look, { kind: 'reports', reports })).toEqual({ ok: true, value: { kind: 'reports', reports } });
    }),
  );
});

test('a reply that breaks off anywhere is discarded', () => {
  const whole = encodeReply(nonce, { kind: 'reports', reports: [report()] });
  for (let cut = 0; cut < whole.length; cut += 1) {
    const lost = decodeReply(look, nonce, saying(whole.subarray(0, cut), 'none'));
    expect(lost, `cut after ${cut}`).toMatchObject({ ok: false, failure: { tag: 'connection-lost' } });
    // Whoever says the nonce is a runner, however damaged the rest is.
    const tag = cut < '\nA ab12'.length ? 'restricted' : 'reply-garbled';
    expect(decodeReply(look, nonce, saying(whole.subarray(0, cut))), `cut after ${cut}`).toMatchObject({ failure: { tag } });
  }
});

const chunk = (size: number, from: number, text: string) => ({ size, from, bytes: Buffer.from(text) });
const lies: readonly [string, JobReport[]][] = [
  ['about another job', [report({ jid: other })]],
  ['about fewer jobs', []],
  ['about more jobs', [report(), report({ jid: other })]],
  ['from another offset', [report({ out: chunk(9, 2, 'x') })]],
  ['with more than was asked for', [report({ out: chunk(200, 3, 'x'.repeat(101)) })]],
  ['with bytes beyond the end of the stream', [report({ out: chunk(4, 3, 'xx') })]],
  ['with a size below zero', [report({ err: chunk(-1, 0, '') })]],
  ['with a size that is no number', [report({ dropped: Number.NaN })]],
  ['with a state that nobody knows', [report({ state: { kind: 'asleep' } as unknown as HostState })]],
];

test.each(lies)('a reply %s is garbled', (_, reports) => {
  expect(answer(look, { kind: 'reports', reports })).toMatchObject({ ok: false, failure: { tag: 'reply-garbled' } });
});

test("a reply to another request is garbled or nobody's", () => {
  expect(answer(start, { kind: 'extended', limit: 5 })).toMatchObject({ failure: { tag: 'reply-garbled' } });
  expect(answer({ kind: 'clean', jids: [jid] }, { kind: 'cleaned', jids: [other] })).toMatchObject({ failure: { tag: 'reply-garbled' } });
  expect(answer(start, { kind: 'start', answer: { kind: 'taken', by: 'j1' as Jid } })).toMatchObject({ failure: { tag: 'reply-garbled' } });
  const stranger = decodeReply(look, 'ff', saying(encodeReply(nonce, { kind: 'reports', reports: [report()] })));
  expect(stranger).toMatchObject({ ok: false, failure: { tag: 'restricted' } });
});

test('what a host says is told in one short printable line', () => {
  const refusal = decodeReply(
    look,
    nonce,
    saying(`\nA ${nonce} 1\nE disk-full \x1b]0;owned\x07 No\tspace ${'x'.repeat(900)}\nZ ${nonce}\n`),
  );
  expect(refusal).toMatchObject({ ok: false, failure: { tag: 'disk-full' } });
  const cause = refusal.ok ? '' : refusal.failure.cause;
  expect(cause.length).toBeLessThanOrEqual(200);
  expect(cause).not.toMatch(/[^\x20-\x7e\u2026]/);
  expect(decodeReply(look, nonce, saying(`\nA ${nonce} 1\nE driver-gone x\nZ ${nonce}\n`))).toMatchObject({
    failure: { tag: 'host-refused' },
  });
});

test('an account that runs no commands is told from a host without a shell and from a lost link', () => {
  expect(decodeReply(look, nonce, saying('This account is not available.\n', 1))).toMatchObject({
    failure: { tag: 'restricted', cause: 'This account is not available.' },
  });
  expect(decodeReply(look, nonce, saying('', 127, 'bash: line 1: /bin/sh: No such file or directory'))).toMatchObject({
    failure: { tag: 'shell-missing' },
  });
  expect(decodeReply(look, nonce, saying('', 'none'))).toMatchObject({ failure: { tag: 'connection-lost' } });
});
