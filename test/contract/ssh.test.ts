// The SSH transport against a real sshd: what a host does must become the right value or the right failure, and nothing may stay open.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Result } from '../../src/domain/result.ts';
import type { Address, Transport } from '../../src/remote/ports.ts';
import { makeSshTransport, type SshOptions } from '../../src/ssh/transport.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';

describe.skipIf(!sshdAvailable())('a real sshd', () => {
  let sshd: Sshd;
  let dir: string;

  beforeAll(async () => {
    dir = mkdtempSync(join(tmpdir(), 'rollcall-ssh-'));
    sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const transport = (options: Partial<SshOptions> = {}): Transport =>
    makeSshTransport({
      timeouts: { connect: 5_000, handshake: 8_000, reply: 8_000 },
      home: dir,
      globalKnownHostsFiles: [],
      ...(process.getuid === undefined ? {} : { uid: process.getuid() }),
      ...options,
    });
  const address = (changes: Partial<Address> = {}): Address => ({
    name: 'web1',
    host: sshd.host,
    port: sshd.port,
    user: sshd.user,
    identityFiles: [sshd.keyPath],
    knownHostsFiles: [sshd.knownHostsPath],
    strictHostKeyChecking: 'yes',
    ...changes,
  });

  test('runs a command, feeds it bytes, brings back bytes and the exit status', async () => {
    const connection = value(await transport().connect(address()));
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const reply = value(await connection.exec('cat; printf oops >&2; exit 7', bytes));
    expect([...reply.stdout]).toEqual([...bytes]);
    expect(text(reply.stderr)).toBe('oops');
    expect(reply.code).toBe(7);
    connection.close();
    await connection.closed;
    expect(sshd.connectionsOpen()).toBe(0);
  });
});

const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.failure.tag}: ${result.failure.cause}`);
  return result.value;
};

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
