// Holds jobs of another user to their promises with a real doas on a real sshd: without a password where doas.conf says so,
// and clear words where it wants one, which it takes from a terminal only.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Secrets } from '../../src/domain/need.ts';
import { makeJobs, type RemoteLine } from '../../src/remote/jobs.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
import { freshIdentity, hex, lookUntil, runJob, startOf, text, value } from './jobs-contract.ts';

const hasDoas = existsSync('/usr/bin/doas');
const needsOne = process.env['ROLLCALL_REQUIRE_SSHD'] === '1';

test.runIf(needsOne)('doas is installed', () => expect(hasDoas).toBe(true));

describe.skipIf(!hasDoas || !sshdAvailable() || !testUsersAvailable())('over SSH, by way of doas', { timeout: 120_000 }, () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({
      users: ['free', 'asked', 'none'].map(name => ({ name: `rollcall-${name}`, password: 'Rote-Kirsche-7' })),
      etc: { doas: ['permit nopass rollcall-free', 'permit rollcall-asked'] },
    });
  });
  afterAll(() => sshd.stop());

  /** A password that anybody takes is a bug. */
  const taken: string[] = [];
  const secrets: Secrets = {
    take(need) {
      taken.push(need.kind);
      return { kind: 'have', values: ['Rote-Kirsche-7'], settle() {} };
    },
  };
  const connect = async (name: string): Promise<RemoteLine> => {
    const timeouts = { connect: 60_000, handshake: 60_000, reply: 60_000 };
    const transport = makeSshTransport({ timeouts, home: sshd.dir, globalKnownHostsFiles: [] });
    const addressOf = () => ({
      name,
      host: '127.0.0.1',
      port: sshd.port,
      user: `rollcall-${name}`,
      identityFiles: [sshd.keyPath],
      knownHostsFiles: [sshd.knownHostsPath],
      strictHostKeyChecking: 'yes' as const,
    });
    const jobs = makeJobs({ transport, identity: freshIdentity(), nonce: () => hex(8), secrets, addressOf });
    return value(await jobs.connect({ name, address: undefined, gate: name }));
  };

  test('where doas.conf says nopass the job is root’s, its streams apart, and a cancel reaches it', async () => {
    const line = await connect('free');
    const become = { method: 'doas', user: 'root' } as const;
    const report = await runJob(line, 'id -un; cat; printf err >&2; exit 7', { become });
    expect(report.state).toEqual({ kind: 'done', rc: 7 });
    expect([text(report.out.bytes), text(report.err.bytes)]).toEqual(['root\n', 'err']);
    const start = startOf('setsid sleep 600 & sleep 600', { become, grace: 1 });
    value(await line.start(start));
    value(await line.cancel(start.jid, 1));
    expect((await lookUntil(line, start.jid, 'cancelled')).left).toBe(false);
    const other = await runJob(line, 'id -un; echo "$HOME"', { become: { method: 'doas', user: 'rollcall-none' } });
    expect(text(other.out.bytes)).toBe(`rollcall-none\n${sshd.account('rollcall-none').home}\n`);
    line.close();
  });

  test.for([
    ['asked', /takes only from a terminal; permit it with nopass in doas\.conf/],
    ['none', /not permitted/],
  ] as const)('%s is refused in clear words, tries no password and leaves no job behind', async ([name, words]) => {
    const line = await connect(name);
    const start = startOf('true', { become: { method: 'doas', user: 'root' } });
    const answer = await line.start(start);
    expect(answer).toMatchObject({ ok: false, failure: { tag: 'become-refused' } });
    expect(answer.ok ? '' : answer.failure.cause).toMatch(words);
    expect(existsSync(join(sshd.account(`rollcall-${name}`).home, '.rollcall/jobs', start.jid, 'claim'))).toBe(false);
    expect(taken).toEqual([]);
    line.close();
  });
});
