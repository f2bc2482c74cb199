// What the SSH transport says when a host is not there, is no SSH server, or breaks off: the right failure, once, and nothing left open.
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, connect as dialTcp, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { SshOptions } from '../../src/ssh/transport.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { addressAt, addressOfPort, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

let lab: Lab;
let key: string;
const servers: Server[] = [];
const SPKI = { type: 'spki', format: 'pem' } as const;

beforeAll(() => {
  lab = makeLab();
  // Not by ssh-keygen, so that these tests run where there is no OpenSSH.
  const pair = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: SPKI,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  });
  key = join(lab.home, 'key');
  writeFileSync(key, pair.privateKey, { mode: 0o600 });
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => new Promise(resolve => server.close(resolve))));
});
afterAll(() => lab.remove());

/** A server on a port of its own; its sockets are gone when the client's are, or the afterEach hangs and fails. */
const serve = async (greet: (socket: Socket) => void): Promise<number> => {
  const server = createServer(socket => {
    socket.on('error', () => undefined);
    greet(socket);
    socket.resume();
  });
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
};

const SHORT: Partial<SshOptions> = { timeouts: { connect: 2_000, handshake: 1_000, reply: 2_000 } };
const connectTo = async (port: number, options: Partial<SshOptions> = {}) =>
  failure(await lab.transport(options).connect(addressOfPort(port, key)));

describe('no connection', () => {
  test('nobody listens', async () => {
    const port = await serve(() => undefined);
    await new Promise(resolve => servers.pop()?.close(resolve));
    expect(await connectTo(port)).toMatchObject({
      tag: 'refused',
      cause: `127.0.0.1 port ${port}: nothing listens there (ECONNREFUSED)`,
    });
  });

  test('the name is not known', async () => {
    const address = { ...addressOfPort(22, key), host: 'no-such-host.invalid' };
    expect(failure(await lab.transport().connect(address)).tag).toBe('address-unknown');
    expect(failure(await lab.transport().connect({ ...address, host: '' })).tag).toBe('address-unknown');
  });

  test.skipIf(process.platform !== 'linux')('no route', async () => {
    expect(failure(await lab.transport().connect({ ...addressOfPort(22, key), host: '255.255.255.255' })).tag).toBe('unroutable');
  });

  test('nobody answers', async () => {
    // A process that listens and never accepts: once its queue is full, the kernel drops what asks to connect.
    const script =
      "const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>{require('fs').writeSync(1,s.address().port+'\\n');Atomics.wait(new Int32Array(new SharedArrayBuffer(4)),0,0)})";
    const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
    const fill: Socket[] = [];
    try {
      const port = Number(await new Promise<string>(resolve => child.stdout.once('data', data => resolve(String(data)))));
      for (let at = 0; at < 6; at++) fill.push(dialTcp(port, '127.0.0.1').on('error', () => undefined));
      await vi.waitFor(() => expect(fill.some(socket => !socket.connecting)).toBe(true), { timeout: 60_000, interval: 5 });
      const refused = await connectTo(port, { timeouts: { connect: 300, handshake: 5_000, reply: 5_000 } });
      expect(refused).toMatchObject({ tag: 'connect-timeout', cause: `127.0.0.1 port ${port}: no answer within 0.3 s` });
    } finally {
      for (const socket of fill) socket.destroy();
      child.kill('SIGKILL');
    }
  });
});

describe('no handshake', () => {
  test('a server that says nothing', async () => {
    const port = await serve(() => undefined);
    expect(await connectTo(port, SHORT)).toMatchObject({ tag: 'handshake-timeout', cause: 'it said nothing within 1 s' });
  });

  test('a jump host that says nothing, with a time of its own for it', async () => {
    const jump = { ...addressOfPort(await serve(() => undefined), key), name: 'j1', handshakeTimeout: 1 };
    const refused = failure(await lab.transport().connect({ ...addressOfPort(1, key), via: [jump] }));
    expect(refused).toMatchObject({ tag: 'handshake-timeout', cause: 'jump host j1: it said nothing within 1 s', facts: { hop: 'j1' } });
  });

  test('a web server', async () => {
    const port = await serve(socket => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n<html>')));
    expect(await connectTo(port)).toMatchObject({ tag: 'not-ssh', cause: 'it answered "HTTP/1.1 400 Bad Request"' });
  });

  test('a mail server, which waits', async () => {
    const port = await serve(socket => socket.write('220 mail.example.com ESMTP\r\n'));
    expect(await connectTo(port, SHORT)).toMatchObject({ tag: 'not-ssh', cause: 'it answered "220 mail.example.com ESMTP"' });
  });

  test('rubbish with control characters is quoted harmlessly', async () => {
    const port = await serve(socket => socket.end('\x15\x03\x01\x1b]0;evil\x07\u202e\n'));
    expect((await connectTo(port)).tag).toBe('not-ssh');
  });

  test('endless rubbish', async () => {
    const port = await serve(socket => {
      const pour = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(10_000)));
      };
      socket.on('drain', pour);
      pour();
    });
    expect((await connectTo(port)).tag).toBe('not-ssh');
  });

  test.each(['Exceeded MaxStartups\r\n', 'Not allowed at this time\r\n'])('sshd turns us away: %j', async said => {
    const port = await serve(socket => socket.end(said));
    expect(await connectTo(port)).toMatchObject({ tag: 'dropped-in-handshake', cause: `it said: ${said.trim()}` });
  });

  test('the connection is closed at once', async () => {
    const port = await serve(socket => socket.end());
    expect(await connectTo(port)).toMatchObject({
      tag: 'dropped-in-handshake',
      cause: 'it closed the connection before it said who it is',
    });
  });

  test('the connection is reset at once', async () => {
    const port = await serve(socket => socket.once('data', () => socket.resetAndDestroy()));
    expect(await connectTo(port)).toMatchObject({
      tag: 'dropped-in-handshake',
      cause: 'the connection broke (ECONNRESET) before it said who it is',
    });
  });

  test('it is reset in the middle of the handshake', async () => {
    const port = await serve(socket => {
      socket.write('SSH-2.0-Test\r\n');
      socket.on('data', data => {
        if (data.length > 200) socket.resetAndDestroy();
      });
    });
    expect(await connectTo(port)).toMatchObject({
      tag: 'dropped-in-handshake',
      cause: 'the connection broke (ECONNRESET) during the key exchange',
    });
  });

  test('the old protocol', async () => {
    const port = await serve(socket => socket.write('SSH-1.5-Old\r\n'));
    expect(await connectTo(port)).toMatchObject({ tag: 'no-common-algorithm', cause: 'it speaks only the old protocol: SSH-1.5-Old' });
  });

  test('rubbish after the identification', async () => {
    const port = await serve(socket => socket.write(`SSH-2.0-Test\r\n${'\xff'.repeat(64)}`));
    expect((await connectTo(port)).tag).toBe('not-ssh');
  });

  test('it stops in the middle', async () => {
    const port = await serve(socket => socket.write('SSH-2.0-Test\r\n'));
    expect(await connectTo(port, SHORT)).toMatchObject({ tag: 'handshake-timeout', cause: 'no keys were agreed on within 1 s' });
  });
});

describe('an SSH server that is no sshd', () => {
  type Accept = (connection: ssh2.Connection, info: ssh2.ClientInfo) => void;
  const serveSsh = async (accept: Accept, algorithms: ssh2.Algorithms = {}): Promise<number> => {
    const server = new ssh2.Server({ hostKeys: [readFileSync(key)], algorithms }, (connection, info) => {
      connection.on('error', () => undefined);
      accept(connection, info);
    });
    servers.push(server as unknown as Server);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  };

  test('no algorithm in common', async () => {
    const port = await serveSsh(() => undefined, { cipher: ['3des-cbc'] });
    expect(await connectTo(port)).toMatchObject({ tag: 'no-common-algorithm', cause: 'no matching C->S cipher' });
  });

  test('a login that never ends', async () => {
    const port = await serveSsh(connection => connection.on('authentication', () => undefined));
    expect(await connectTo(port, { timeouts: { connect: 2_000, handshake: 3_000, reply: 2_000 } })).toMatchObject({
      tag: 'handshake-timeout',
      cause: 'the login did not end within 3 s',
    });
  });

  test('it closes during the first offer', async () => {
    const port = await serveSsh(connection => connection.on('authentication', () => connection.end()));
    expect((await connectTo(port)).tag).toBe('dropped-in-handshake');
  });

  test('only passwords are taken', async () => {
    const port = await serveSsh(connection => connection.on('authentication', context => context.reject(['password'])));
    const other = join(lab.home, 'other');
    const pair = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: SPKI,
      privateKeyEncoding: { type: 'sec1', format: 'pem' },
    });
    writeFileSync(other, pair.privateKey, { mode: 0o600 });
    const refused = failure(await lab.transport().connect({ ...addressOfPort(port, key), identityFiles: [key, other] }));
    expect(refused).toMatchObject({ tag: 'login-refused', cause: `nobody with ${key}; it takes password` });
  });

  test('a session without an exit status is a lost one', async () => {
    const port = await serveSsh(connection => {
      connection.on('authentication', context => context.accept());
      connection.on('session', accept => {
        accept().on('exec', acceptExec => {
          const channel = acceptExec();
          channel.write('half of it');
          channel.end();
        });
      });
    });
    const connection = value(await lab.transport().connect(addressOfPort(port, key)));
    expect(failure(await connection.exec('true', NO_INPUT)).tag).toBe('connection-lost');
    connection.close();
    await connection.closed;
  });

  test('a refused command is a refused channel', async () => {
    const port = await serveSsh(connection => {
      connection.on('authentication', context => context.accept());
      connection.on('session', accept => {
        accept().on('exec', (_, reject) => reject());
      });
    });
    const connection = value(await lab.transport().connect(addressOfPort(port, key)));
    expect(failure(await connection.exec('true', NO_INPUT)).tag).toBe('channel-refused');
    connection.close();
    await connection.closed;
  });
});

describe.skipIf(!sshdAvailable())('a real sshd that falls silent', () => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  const frozen = async (options: Partial<SshOptions>) => {
    const connection = value(await lab.transport(options).connect(addressAt(sshd)));
    const pid = Number(text(value(await connection.exec('echo $PPID', NO_INPUT)).stdout));
    process.kill(pid, 'SIGSTOP');
    return { connection, thaw: () => process.kill(pid, 'SIGKILL') };
  };

  test('keepalive notices', async () => {
    const { connection, thaw } = await frozen({ keepalive: { every: 100, times: 2 } });
    try {
      expect(failure(await connection.exec('true', NO_INPUT))).toMatchObject({
        tag: 'connection-lost',
        cause: 'no sign of life for 0.3 s',
      });
      await connection.closed;
    } finally {
      thaw();
    }
  });

  test('a reply has a time of its own, which an address may change', async () => {
    const connection = value(await lab.transport().connect(addressAt(sshd, { replyTimeout: 1 })));
    expect(failure(await connection.exec('exec sleep 60', NO_INPUT))).toMatchObject({ tag: 'reply-timeout', cause: 'no end within 1 s' });
    await connection.closed;
  });

  test('closing does not wait for ever', async () => {
    const { connection, thaw } = await frozen({ farewell: 200 });
    try {
      connection.close();
      await connection.closed;
    } finally {
      thaw();
    }
  });

  test('five hundred connects leave nothing behind', { timeout: 120_000 }, async () => {
    const transport = lab.transport();
    const drop = await serve(socket => socket.destroy());
    const silent = await serve(() => undefined);
    const impatient = lab.transport({ timeouts: { connect: 2_000, handshake: 20, reply: 2_000 } });
    const warnings: Error[] = [];
    const warn = (warning: Error): void => void warnings.push(warning);
    process.on('warning', warn);
    const listeners = () => process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0);
    const resources = () => process.getActiveResourcesInfo().filter(name => /TCPSocket|Pipe|Timeout|Connect|GetAddrInfo/.test(name)).length;
    const before = { listeners: listeners(), resources: resources() };
    const round = async (): Promise<void> => {
      const results = await Promise.all([
        transport.connect(addressAt(sshd)),
        transport.connect(addressAt(sshd)),
        transport.connect(addressAt(sshd, { identityFiles: [key] })),
        ...Array.from({ length: 12 }, () => transport.connect(addressOfPort(drop, key))),
        ...Array.from({ length: 5 }, () => impatient.connect(addressOfPort(silent, key))),
      ]);
      for (const result of results) {
        if (!result.ok) continue;
        expect(value(await result.value.exec('true', NO_INPUT)).code).toBe(0);
        result.value.close();
        await result.value.closed;
      }
      const outcomes = results.map(result => (result.ok ? 'ok' : result.failure.tag));
      const expected = ['ok', 'ok', 'login-refused', ...Array(12).fill('dropped-in-handshake'), ...Array(5).fill('handshake-timeout')];
      expect(outcomes).toEqual(expected);
    };
    for (let at = 0; at < 25; at++) await round();
    // The server's own halves end a moment after ours.
    await vi.waitFor(() => expect(resources()).toBeLessThanOrEqual(before.resources), { timeout: 60_000, interval: 20 });
    expect(listeners()).toBe(before.listeners);
    expect(warnings).toEqual([]);
    expect(sshd.connectionsOpen()).toBe(0);
    process.off('warning', warn);
  });
});
