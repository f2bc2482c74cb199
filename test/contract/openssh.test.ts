// The second transport, over the system's own ssh, is held to the contract of jobs and to the words of failures.
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOpensshTransport } from '../../src/openssh/transport.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable() || spawnSync('ssh', ['-V']).status !== 0)("over the system's ssh", () => {
  let sshd: Sshd;
  let jump: Sshd;
  let lab: Lab;

  beforeAll(async () => {
    lab = makeLab();
    [sshd, jump] = await Promise.all([startSshd({ environment: { THERE: 'yes' } }), startSshd({ config: ['AllowTcpForwarding yes'] })]);
  });
  afterAll(async () => {
    await allClosed();
    await Promise.all([sshd.stop(), jump.stop()]);
    lab.remove();
  });

  const allClosed = () =>
    waitFor('every connection to close', () => (sshd.connectionsOpen() + jump.connectionsOpen() === 0 ? true : undefined));
  const leftovers = () => readdirSync(tmpdir()).filter(name => name.startsWith('rollcall-ssh-') && !lab.home.endsWith(name)).length;
  const transport = (more: readonly string[] = []) =>
    makeOpensshTransport({
      timeouts: { connect: 30_000, handshake: 30_000, reply: 30_000 },
      env: { PATH: process.env['PATH'], HOME: lab.home },
      args: ['-F', '/dev/null', '-o', 'GlobalKnownHostsFile=/dev/null', ...more],
    });
  const asked = (
    changes: { readonly key?: string; readonly known?: string; readonly port?: number; readonly more?: readonly string[] } = {},
  ): Address =>
    addressAt(sshd, {
      system: {
        host: sshd.host,
        args: [
          ...['-l', sshd.user, '-p', String(changes.port ?? sshd.port), '-i', changes.key ?? sshd.keyPath, '-o', 'IdentitiesOnly=yes'],
          ...['-o', `UserKnownHostsFile=${changes.known ?? sshd.knownHostsPath}`, ...(changes.more ?? [])],
        ],
      },
    });

  test('one connection carries many commands, bytes whole, and closes when told', async () => {
    const before = leftovers();
    const connection = value(await transport().connect(asked()));
    const big = Buffer.alloc(300_000, 'x');
    const [first, second] = await Promise.all([
      connection.exec('echo $THERE; wc -c', big),
      connection.exec('echo err >&2; exit 3', NO_INPUT),
    ]);
    expect(text(value(first).stdout).split(/\s+/).filter(Boolean)).toEqual(['yes', '300000']);
    expect([value(second).code, text(value(second).stderr)]).toEqual([3, 'err\n']);
    expect(sshd.connectionsOpen()).toBe(1);
    connection.close();
    await connection.closed;
    await allClosed();
    expect(failure(await connection.exec('true', NO_INPUT)).tag).toBe('connection-lost');
    expect(leftovers()).toBe(before);
  });

  test('a link that breaks is lost, and no command makes a connection of its own', async () => {
    const connection = value(await transport().connect(asked()));
    const running = connection.exec('sleep 30', NO_INPUT);
    sshd.dropConnections();
    expect(failure(await running).tag).toBe('connection-lost');
    await connection.closed;
    expect(failure(await connection.exec('echo hello', NO_INPUT)).tag).toBe('connection-lost');
    expect(sshd.connectionsOpen()).toBe(0);
  });

  test('what fails is told in the words of the others', async () => {
    const strange = lab.makeKey('strange');
    const empty = join(lab.home, 'empty');
    const changed = join(lab.home, 'changed');
    writeFileSync(empty, '');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(lab.home, 'other')]);
    writeFileSync(changed, `[${sshd.host}]:${sshd.port} ${readFileSync(join(lab.home, 'other.pub'), 'utf8')}`);
    const tagOf = async (address: Address) => failure(await transport().connect(address)).tag;
    expect(await tagOf(asked({ key: strange }))).toBe('login-refused');
    expect(await tagOf(asked({ known: empty }))).toBe('host-key-unknown');
    expect(await tagOf(asked({ known: changed }))).toBe('host-key-changed');
    expect(await tagOf(asked({ port: 9 }))).toBe('refused');
  });

  test('a certificate logs in, which ours cannot', async () => {
    const authority = lab.makeKey('authority');
    const key = lab.makeKey('certified');
    execFileSync('ssh-keygen', ['-q', '-s', authority, '-I', 'test', '-n', sshd.user, `${key}.pub`]);
    appendFileSync(join(sshd.dir, 'authorized_keys'), `cert-authority ${readFileSync(`${authority}.pub`, 'utf8')}`);
    const connection = value(await transport().connect(asked({ key, more: ['-o', `CertificateFile=${key}-cert.pub`] })));
    expect(text(value(await connection.exec('echo hello', NO_INPUT)).stdout)).toBe('hello\n');
    connection.close();
    await connection.closed;
  });

  const own = freshIdentity();
  jobsContract("a real sshd over the system's ssh, through a ProxyCommand of its own", async (identity = own) => {
    const proxy = `ProxyCommand=ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=${jump.knownHostsPath} -i ${jump.keyPath} -p ${jump.port} -W %h:%p ${jump.user}@${jump.host}`;
    const jobs = makeJobs({ transport: transport(), identity, nonce: () => hex(8), addressOf: () => asked({ more: ['-o', proxy] }) });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  });
});
