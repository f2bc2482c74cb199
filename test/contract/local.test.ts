// The transport over child processes is held to the contract of jobs, and to what a connection promises.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { makeLocalTransport } from '../../src/local/transport.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';
import { failure, NO_INPUT, text, value } from './ssh-lab.ts';

describe('on this machine', () => {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'rollcall-local-')));
  afterAll(() => rmSync(home, { recursive: true, force: true }));
  const transport = (reply = 30_000) =>
    makeLocalTransport({ timeouts: { reply }, home, env: { PATH: process.env['PATH'], THERE: 'yes' }, stdoutMax: 1 << 20 });

  test('one connection carries many commands, bytes whole, from the home folder, and closes when told', async () => {
    const connection = value(await transport().connect(addressOf()));
    const [first, second, third] = await Promise.all([
      connection.exec('echo $THERE; pwd; echo $HOME; wc -c', Buffer.alloc(300_000, 'x')),
      connection.exec('echo err >&2; exit 3', NO_INPUT),
      connection.exec('kill -9 $$', NO_INPUT),
    ]);
    expect(text(value(first).stdout).split(/\s+/).filter(Boolean)).toEqual(['yes', home, home, '300000']);
    expect(value(second)).toMatchObject({ code: 3, signal: undefined });
    expect(text(value(second).stderr)).toBe('err\n');
    expect(value(third)).toMatchObject({ code: undefined, signal: 'SIGKILL' });
    connection.close();
    await connection.closed;
    expect(failure(await connection.exec('true', NO_INPUT)).tag).toBe('connection-lost');
  });

  test('what hangs ends with a failure, what floods too, and closing cuts what runs', async () => {
    const hasty = value(await transport(200).connect(addressOf()));
    expect(failure(await hasty.exec('sleep 60', NO_INPUT)).tag).toBe('reply-timeout');
    const connection = value(await transport().connect(addressOf()));
    expect(failure(await connection.exec('yes', NO_INPUT)).tag).toBe('reply-garbled');
    const cut = connection.exec('sleep 60', NO_INPUT);
    connection.close();
    expect(failure(await cut).tag).toBe('connection-lost');
    await connection.closed;
  });

  const own = freshIdentity();
  jobsContract('child processes of this machine', async (identity = own) => {
    const jobs = makeJobs({ transport: transport(), identity, nonce: () => hex(8), addressOf });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  });
});
