// The only place that checks the bytes of requests: what a shell must never see in a command, and that nothing but a whole
// request is understood.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { jidOf } from '../domain/job.ts';
import type { StartRequest } from '../engine/ports.ts';
import { encodeRequest, encodeWithRunner, type Identity, onceName, parseRequest, type Request } from './frames.ts';
import { runner, runnerOf } from './runner-text.ts';

const jid = jidOf({ runId: '1', taskPath: '0.0', host: 'web1', item: 0, attempt: 3 });
const by: Identity = { line: 'a'.repeat(32), epoch: 1_700_000_000_000, driverId: 'b'.repeat(32) };
const start: StartRequest = {
  jid,
  script: 'echo "ü"\n',
  limit: 60,
  grace: 30,
  cap: 1000,
  linger: 150,
  once: 'nightly',
  ansibleAsync: 'yes',
  about: {
    runId: 'r',
    runNumber: 12,
    title: 'Grüße',
    operator: 'alice\nrun=forged',
    machine: 'm',
    host: 'web1',
    task: 't',
    batch: '1/1',
    command: 'printf "\\u0041" # = 😀',
  },
};
const starting: Request = { kind: 'start', start, by, most: 65_536 };
const others: readonly Request[] = [
  { kind: 'look', jobs: [{ jid, outFrom: 1, errFrom: 2, most: 3 }] },
  { kind: 'list' },
  { kind: 'cancel', jid, grace: 5 },
  { kind: 'extend', jid, limit: 7 },
  { kind: 'clean', jids: [jid] },
];

test.each([starting, ...others])('sh, csh and fish read the command of $kind alike', request => {
  for (const { command } of [encodeRequest(request, 'ab12', runner), encodeWithRunner(request, 'ab12', runner)]) {
    const [before, inner, after] = command.split("'");
    expect([before, after?.split(' ').slice(0, 4).join(' ')]).toEqual(['exec /bin/sh -c ', ` rollcall ${request.kind} ab12`]);
    expect(inner).not.toMatch(/[\\!\n]/);
    expect(command.split("'")).toHaveLength(3);
    expect(after).toMatch(/^[ a-z0-9]+$/);
  }
});

test('the runner is ASCII, so that no locale reads it otherwise, and ends with its mark', () => {
  expect(Buffer.from(runner.bytes).toString('latin1')).toMatch(/^[\n\t -~]*\n#EOR$/);
  expect(() => runnerOf('echo cut')).toThrow('no end mark');
});

test.each(others)('$kind arrives as it was sent', request => {
  for (const encode of [encodeRequest, encodeWithRunner]) {
    const { command, stdin } = encode(request, 'ab12', runner);
    expect(parseRequest(command, stdin)).toEqual({ kind: 'heard', nonce: 'ab12', request });
  }
});

test('a start arrives as it was sent, in ASCII lines that nobody can forge', () => {
  const { command, stdin } = encodeRequest(starting, 'ab12', runner);
  const heard = parseRequest(command, stdin);
  const about = { ...start.about, operator: 'alice run=forged' };
  expect(heard).toMatchObject({
    kind: 'heard',
    request: {
      kind: 'start',
      by,
      most: 65_536,
      start: {
        jid,
        script: start.script,
        once: onceName('nightly', start.about.host),
        ansibleAsync: 'yes',
        about: { run: 'r', number: '12' },
      },
    },
  });
  const { runId: _, runNumber: __, ...texts } = about;
  expect(heard).toMatchObject({ request: { start: { about: texts } } });
  const head = Buffer.from(stdin.subarray(0, stdin.length - Buffer.byteLength(start.script))).toString('latin1');
  expect(head).toMatch(/^[\n -~]*$/);
  expect(head).toContain(` ${String(by.epoch).padStart(16, '0')} `);
});

test('a start that breaks off anywhere is not understood', () => {
  for (const encode of [encodeRequest, encodeWithRunner]) {
    const { command, stdin } = encode(starting, 'ab12', runner);
    const from = encode === encodeRequest ? 0 : runner.bytes.length - 20;
    for (let cut = from; cut < stdin.length; cut += 1) {
      expect(parseRequest(command, stdin.subarray(0, cut)).kind, `cut after ${cut}`).toBe('cut');
    }
  }
});

test('what is not ours is foreign', () => {
  fc.assert(fc.property(fc.string(), command => parseRequest(command, new Uint8Array()).kind === 'foreign'));
});
