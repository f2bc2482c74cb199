import { describe, expect, test } from 'vitest';
import type { Jid } from '../domain/job.ts';
import { type AnsibleFile, readAnsibleJob } from './ansible-job.ts';

const jid = 'j139294963678.15756' as Jid;
const times = { now: 1_000_000, booted: 900_000 };
const running = '{"started": 1, "finished": 0, "ansible_job_id": "j139294963678.15756"}';

const read = (json: string | Uint8Array, more: Partial<AnsibleFile> = {}) => {
  const bytes = typeof json === 'string' ? Buffer.from(json) : json;
  return readAnsibleJob({ jid, size: bytes.length, bytes, changedAt: times.now - 100, ...more }, times);
};

const stateOf = (json: string, more: Partial<AnsibleFile> = {}): unknown => {
  const job = read(json, more);
  return job.kind === 'job' ? job.report.state : 'none';
};

const outputOf = (json: string): [string, string] => {
  const job = read(json);
  return job.kind === 'job'
    ? [Buffer.from(job.report.out.bytes).toString('latin1'), Buffer.from(job.report.err.bytes).toString('latin1')]
    : ['none', 'none'];
};

describe('what a file means', () => {
  test.each([
    ['running, its wrapper lives', running, { wrapper: { limit: 3600 } }, { kind: 'running' }],
    ['just begun, its wrapper was missed', running, { changedAt: times.now - 3 }, { kind: 'running' }],
    ['no wrapper', running, {}, { kind: 'lost', why: 'killed' }],
    ['a clock that was set back makes nobody young', running, { changedAt: times.now + 50 }, { kind: 'lost', why: 'killed' }],
    ['older than the boot', running, { changedAt: 800_000 }, { kind: 'lost', why: 'reboot' }],
    ['ok', '{"rc": 0, "stdout": "x"}', {}, { kind: 'done', rc: 0 }],
    ['failed', '{"rc": 7, "failed": true}', {}, { kind: 'done', rc: 7 }],
    ['rc as text', '{"rc": "4"}', {}, { kind: 'done', rc: 4 }],
    ['no rc', '{}', {}, { kind: 'done', rc: 0 }],
    ['no rc and failed', '{"failed": 1, "msg": "no room"}', {}, { kind: 'done', rc: 1 }],
    ['failed although rc 0', '{"failed": true, "rc": 0}', {}, { kind: 'done', rc: 1 }],
    ['failed: 0 is no failure', '{"failed": 0, "rc": 0}', {}, { kind: 'done', rc: 0 }],
    ['rc null', '{"rc": null}', {}, { kind: 'done', rc: 1 }],
    ['rc no number', '{"rc": 1e99}', {}, { kind: 'done', rc: 1 }],
    ['timed out', '{"msg": "Timeout exceeded", "failed": true, "child_pid": 11766}', {}, { kind: 'timed-out', rc: 137 }],
    ['a job that says so itself', '{"msg": "Timeout exceeded", "failed": true, "rc": 2}', {}, { kind: 'done', rc: 2 }],
    ['one that has a pid to tell besides', '{"msg": "Timeout exceeded", "child_pid": 1, "rc": 2}', {}, { kind: 'done', rc: 2 }],
    ['a module with a started of its own', '{"changed": true, "started": true}', {}, { kind: 'done', rc: 0 }],
    ['written by another tool', '{"started": true, "finished": true, "rc": 0}', {}, { kind: 'done', rc: 0 }],
    ['half written', '{"rc":0,"stdo', {}, 'none'],
    ['half written while it runs', '{"rc":0,"stdo', { wrapper: { limit: 1 } }, { kind: 'running' }],
    ['a list', '[1]', {}, 'none'],
    ['nothing', '', {}, 'none'],
    ['deeper than any parser goes', '['.repeat(300_000), {}, 'none'],
    ['more than was brought along', '{"rc": 0, "stdout": "and so', { size: 9_000_000 }, 'none'],
    ['a result that took the place of a longer mark while it was read', '{"rc": 0}', { size: 70 }, { kind: 'done', rc: 0 }],
    ['a name that objects have anyway', '{"__proto__": {"failed": true}, "constructor": 1, "rc": 0}', {}, { kind: 'done', rc: 0 }],
  ] as const)('%s', (_, json, more, state) => {
    expect(stateOf(json, more)).toEqual(state);
  });

  test('bytes that are no UTF-8 come home as they were', () => {
    expect(outputOf(String.raw`{"rc": 0, "stdout": "a\udcffb\udc80 \ud83d\ude00", "stderr": ""}`)[0]).toBe('a\xffb\x80 \xf0\x9f\x98\x80');
  });

  test('a crash tells its traceback, a module without stdout its answer', () => {
    const crash = '{"failed": 1, "cmd": "m a", "data": "half", "stderr": "Traceback", "msg": "no JSON"}';
    expect(outputOf(crash)).toEqual(['half', 'Traceback\nno JSON']);
    expect(outputOf('{"changed": true, "path": "/x", "invocation": {"a": 1}}')).toEqual(['{\n  "changed": true,\n  "path": "/x"\n}', '']);
    expect(outputOf('{"failed": true, "msg": "no room"}')).toEqual(['', 'no room']);
  });

  test('times and command', () => {
    const job = read('{"rc": 0, "cmd": ["ls", "-l"], "delta": "1 day, 2:03:04.500000"}');
    expect(job).toMatchObject({ command: 'ls -l', report: { elapsed: 93_784.5 } });
    expect(read('{"rc": 0, "cmd": "a\\u001b[31mb\\nc", "delta": "x"}')).toMatchObject({ command: 'ab c', report: { elapsed: 0 } });
    expect(read(running, { wrapper: { limit: 60 } })).toMatchObject({ report: { elapsed: 100, startedAt: 999_900, limit: 60 } });
  });
});
