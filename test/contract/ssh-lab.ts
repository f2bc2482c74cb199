// The only place for what the tests of the SSH transport share: a transport with a home of its own, addresses, unwrapping.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../src/domain/failure.ts';
import type { Result } from '../../src/domain/result.ts';
import type { Address, Transport } from '../../src/remote/ports.ts';
import { makeSshTransport, type SshOptions } from '../../src/ssh/transport.ts';
import type { Sshd } from '../support/sshd.ts';

export type Lab = {
  /** A private folder, also the operator's home. */
  readonly home: string;
  transport(options?: Partial<SshOptions>): Transport;
  /** Makes a key pair in the home and returns the private half's path. */
  makeKey(name: string, ...options: string[]): string;
  remove(): void;
};

export const makeLab = (): Lab => {
  const home = mkdtempSync(join(tmpdir(), 'rollcall-ssh-'));
  mkdirSync(join(home, '.ssh'), { mode: 0o700 });
  const uid = process.getuid?.();
  return {
    home,
    transport: options =>
      makeSshTransport({
        timeouts: { connect: 5_000, handshake: 8_000, reply: 8_000 },
        home,
        globalKnownHostsFiles: [],
        ...(uid === undefined ? {} : { uid }),
        ...options,
      }),
    makeKey: (name, ...options) => {
      const path = join(home, name);
      const args = options.includes('-t') ? options : ['-t', 'ed25519', ...options];
      execFileSync('ssh-keygen', ['-q', ...(args.includes('-N') ? [] : ['-N', '']), '-C', name, '-f', path, ...args]);
      return path;
    },
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
};

export const addressAt = (sshd: Sshd, changes: Partial<Address> = {}): Address => ({
  name: 'web1',
  host: sshd.host,
  port: sshd.port,
  user: sshd.user,
  identityFiles: [sshd.keyPath],
  knownHostsFiles: [sshd.knownHostsPath],
  strictHostKeyChecking: 'yes',
  ...changes,
});

/** An address on loopback for servers that are no sshd. */
export const addressOfPort = (port: number, identityFile: string): Address => ({
  name: 'web1',
  host: '127.0.0.1',
  port,
  user: 'nobody',
  identityFiles: [identityFile],
  knownHostsFiles: [],
  strictHostKeyChecking: 'no',
});

export const value = <T>(result: Result<T>): T => {
  if (!result.ok) throw new Error(`${result.failure.tag}: ${result.failure.cause}`);
  return result.value;
};

/** The failure, after a look at what holds for every failure: it names the host and is one short printable line. */
export const failure = (result: Result<unknown>): Failure => {
  if (result.ok) throw new Error('should have failed');
  const { host, cause } = result.failure;
  if (host !== 'web1') throw new Error(`the failure names ${host}`);
  if (!/^[^\p{C}]{1,200}$/u.test(cause)) throw new Error(`not one printable line: ${JSON.stringify(cause)}`);
  return result.failure;
};

export const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

export const NO_INPUT = new Uint8Array();
