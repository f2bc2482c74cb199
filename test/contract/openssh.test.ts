// The second transport, over the system's own ssh, is held to the contract of jobs and to the words of failures.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeOpensshTransport } from '../../src/openssh/transport.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { testUsersAvailable } from '../support/test-user.ts';
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

  test('what it says of a key that it refuses goes along', async () => {
    const changed = join(lab.home, 'changed');
    const { cause, facts } = failure(await transport().connect(asked({ known: changed })));
    expect(cause).toMatch(/^it shows ED25519 SHA256:\S+, but \S+changed:1 has another key$/);
    expect(facts).toMatchObject({ type: 'ED25519', file: changed, line: 1 });
    expect(
      failure(await transport().connect(asked({ known: join(lab.home, 'empty'), more: ['-o', 'StrictHostKeyChecking=yes'] }))).cause,
    ).toMatch(/^ssh says: No ED25519 host key is known for /);
  });

  test('no way of writing a folder is too much for its socket', async () => {
    const before = process.env['TMPDIR'];
    try {
      for (const name of ['a blank and 100%h', 'long'.repeat(30)]) {
        process.env['TMPDIR'] = join(lab.home, name);
        mkdirSync(process.env['TMPDIR']);
        const connection = value(await transport().connect(asked()));
        expect(text(value(await connection.exec('echo hello', NO_INPUT)).stdout)).toBe('hello\n');
        connection.close();
        await connection.closed;
        expect(readdirSync(process.env['TMPDIR'])).toEqual([]);
      }
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
  });

  /** A process of its own that connects, says how it went, and stays. */
  const another = (address: Address) => {
    const module = JSON.stringify(new URL('../../src/openssh/transport.ts', import.meta.url).href);
    const options = JSON.stringify({ timeouts: { connect: 9000, handshake: 9000, reply: 9000 }, args: ['-F', '/dev/null'] });
    return `import(${module}).then(async ({ makeOpensshTransport: make }) => {
      const { ok, failure } = await make({ ...${options}, env: process.env }).connect(${JSON.stringify(address)});
      console.log(['went', ok, failure?.tag, failure?.cause].join(' '));
      if (ok) setInterval(() => {}, 1000);
    })`;
  };

  test('where we are killed the connection goes, too', async () => {
    const before = leftovers();
    const child = spawn(process.execPath, ['--input-type=module', '-e', another(asked())], { stdio: ['ignore', 'pipe', 'ignore'] });
    let said = '';
    child.stdout.on('data', chunk => {
      said += chunk;
    });
    await waitFor('it to connect', () => (said.includes('went true') ? true : undefined));
    expect(sshd.connectionsOpen()).toBe(1);
    child.kill('SIGKILL');
    await waitFor('the connection to close', () => (sshd.connectionsOpen() === 0 ? true : undefined));
    await waitFor('its folder to go', () => (leftovers() === before ? true : undefined));
  });

  test.skipIf(!testUsersAvailable() || spawnSync('script', ['--version']).status !== 0)(
    'nothing is asked on our terminal, not by the ssh of a jump host either',
    async () => {
      const locked = await startSshd({ users: [{ name: 'rcpw', password: 'secret' }] });
      try {
        const jumped = asked({
          more: ['-J', `rcpw@${locked.host}:${locked.port}`, '-o', 'StrictHostKeyChecking=no', '-o', 'UserKnownHostsFile=/dev/null'],
        });
        // What stands on the command line counts for the jump host, too, only where it stands in a file.
        const config = join(lab.home, 'loose');
        writeFileSync(config, 'Host *\n  StrictHostKeyChecking no\n  UserKnownHostsFile /dev/null\n  IdentityFile none\n');
        const text = another({ ...jumped, system: { host: sshd.host, args: ['-F', config, ...(jumped.system?.args ?? [])] } });
        writeFileSync(join(lab.home, 'run.mjs'), text.replace(`"-F","/dev/null"`, ''));
        const command = `'${process.execPath}' '${join(lab.home, 'run.mjs')}' </dev/tty`;
        const { stdout } = spawnSync('script', ['-qec', command, '/dev/null'], {
          encoding: 'utf8',
          timeout: 30_000,
          stdio: ['pipe', 'pipe', 'pipe'],
        });
        expect(stdout).toMatch(/went false login-refused ssh says: rcpw@\S+: Permission denied/);
        expect(stdout).not.toMatch(/password:/i);
      } finally {
        await locked.stop();
      }
    },
  );

  const own = freshIdentity();
  jobsContract("a real sshd over the system's ssh, behind two jump hosts", async (identity = own) => {
    const config = join(lab.home, 'chain');
    const hostOf = (name: string, to: Sshd, more = '') =>
      `Host ${name}\n  HostName ${to.host}\n  Port ${to.port}\n  User ${to.user}\n  IdentityFile ${to.keyPath}\n  UserKnownHostsFile ${to.knownHostsPath}\n${more}`;
    if (!existsSync(config))
      writeFileSync(config, `${hostOf('one', jump)}${hostOf('two', jump, '  ProxyJump one\n')}${hostOf('end', sshd, '  ProxyJump two\n')}`);
    const address = { ...asked(), system: { host: 'end', args: ['-F', config] } };
    const chain = makeOpensshTransport({
      timeouts: { connect: 30_000, handshake: 30_000, reply: 30_000 },
      env: { PATH: process.env['PATH'], HOME: lab.home },
    });
    const jobs = makeJobs({ transport: chain, identity, nonce: () => hex(8), addressOf: () => address });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  });

  jobsContract("a real sshd over the system's ssh, through a ProxyCommand of its own", async (identity = own) => {
    const proxy = `ProxyCommand=ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=${jump.knownHostsPath} -i ${jump.keyPath} -p ${jump.port} -W %h:%p ${jump.user}@${jump.host}`;
    const jobs = makeJobs({ transport: transport(), identity, nonce: () => hex(8), addressOf: () => asked({ more: ['-o', proxy] }) });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'web1' }));
  });
});
