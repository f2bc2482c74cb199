// What is told of inventory scripts that take their time, hang, or fail.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { waitFor } from '../../test/support/wait-for.ts';
import { runScript } from './run-script.ts';

const folder = mkdtempSync(join(tmpdir(), 'rollcall-script-'));
afterAll(() => rmSync(folder, { recursive: true }));

const script = (name: string, text: string): string => {
  writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return join(folder, name);
};

test('one that is slow is told of once, one that hangs is ended with what it started holding its output', async () => {
  const clock = new FakeClock();
  const said: string[] = [];
  const run = runScript({ clock, say: sentence => void said.push(sentence) });
  const path = script('hangs', `sleep 600 & echo $! > ${folder}/new$1; mv ${folder}/new$1 ${folder}/pid$1; wait`);
  const answers = Promise.all([run(path, ['--list']), run(path, ['--host', 'a'])]);
  const files = [join(folder, 'pid--list'), join(folder, 'pid--host')];
  const pids = await waitFor('both to hang', () =>
    files.every(file => existsSync(file)) ? files.map(file => Number(readFileSync(file, 'utf8'))) : undefined,
  );
  try {
    await clock.pass(2_000);
    expect(said).toEqual([`waiting for the inventory script ${path}, at most 120 s`]);
    await clock.pass(118_000);
    const failure = 'did not end within 120 s and was ended; run it by hand and look at what it waits for';
    expect(await answers).toEqual([
      { ok: false, failure },
      { ok: false, failure },
    ]);
    expect(clock.armed).toBe(0);
  } finally {
    for (const pid of pids) process.kill(pid);
  }
});

test('one that fails is told with its last words, one that was killed with the signal', async () => {
  const clock = new FakeClock();
  const run = runScript({ clock, say: () => undefined });
  expect(await run(script('fails', 'echo first >&2; echo no cloud >&2; exit 3'), ['--list'])).toEqual({
    ok: false,
    failure: 'ended with 3: no cloud',
  });
  expect(await run(script('dies', 'kill -9 $$'), ['--list'])).toEqual({ ok: false, failure: 'was ended by SIGKILL' });
  expect(await run(script('prints', 'echo "{}"'), ['--list'])).toEqual({ ok: true, value: '{}\n' });
  expect(clock.armed).toBe(0);
});
