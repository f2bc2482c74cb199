// The SSH transport runs commands on a real sshd: bytes, statuses, limits, and what happens when the host goes away.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Connection } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('commands over a real sshd', () => {
  let sshd: Sshd;
  let lab: Lab;
  const open: Connection[] = [];

  beforeAll(async () => {
    lab = makeLab();
    sshd = await startSshd({ config: ['MaxSessions 2'] });
  });
  afterAll(async () => {
    for (const connection of open) connection.close();
    await Promise.all(open.map(connection => connection.closed));
    await sshd.stop();
    lab.remove();
  });

  const connect = async (options: Parameters<Lab['transport']>[0] = {}): Promise<Connection> => {
    const connection = value(await lab.transport(options).connect(addressAt(sshd)));
    open.push(connection);
    return connection;
  };

  test('bytes go in and out unchanged, with the exit status and standard error', async () => {
    const connection = await connect();
    const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
    const reply = value(await connection.exec('cat; printf oops >&2; exit 7', bytes));
    expect([...reply.stdout]).toEqual([...bytes]);
    expect(text(reply.stderr)).toBe('oops');
    expect(reply).toMatchObject({ code: 7, signal: undefined });
  });

  test('one connection runs one command after the other', async () => {
    const connection = await connect();
    for (let at = 0; at < 20; at++) expect(text(value(await connection.exec(`echo ${at}`, NO_INPUT)).stdout)).toBe(`${at}\n`);
    expect(value(await connection.exec('true', NO_INPUT)).code).toBe(0);
  });

  test('a signal is told by its name', async () => {
    const connection = await connect();
    expect(value(await connection.exec('kill -KILL $$', NO_INPUT))).toMatchObject({ code: undefined, signal: 'SIGKILL' });
  });

  test('more output than any buffer holds arrives whole', async () => {
    const connection = await connect();
    const reply = value(await connection.exec('head -c 12000000 /dev/zero', NO_INPUT));
    expect(reply.stdout.length).toBe(12_000_000);
    expect(reply.code).toBe(0);
  });

  test('more input than any buffer holds arrives whole', async () => {
    const connection = await connect();
    const reply = value(await connection.exec('wc -c', new Uint8Array(6_000_000)));
    expect(text(reply.stdout).trim()).toBe('6000000');
  });

  test('input that nobody reads is no failure', async () => {
    const connection = await connect();
    expect(value(await connection.exec('exec <&-; exit 3', new Uint8Array(6_000_000))).code).toBe(3);
  });

  test('standard error is drained, and its end is kept', async () => {
    const connection = await connect();
    const reply = value(await connection.exec('head -c 5000000 /dev/zero >&2; echo the reason >&2; echo out', NO_INPUT));
    expect(text(reply.stdout)).toBe('out\n');
    expect(reply.stderr.length).toBe(64 * 1024);
    expect(text(reply.stderr).endsWith('the reason\n')).toBe(true);
  });

  test('endless output is refused, and the connection with it', async () => {
    const connection = await connect({ stdoutMax: 1_000_000 });
    expect(failure(await connection.exec('cat /dev/zero', NO_INPUT))).toMatchObject({
      tag: 'reply-garbled',
      cause: 'it sent more than 1000000 bytes',
    });
    await connection.closed;
  });

  test('output up to the limit is let through', async () => {
    const connection = await connect({ stdoutMax: 1_000_000 });
    expect(value(await connection.exec('head -c 1000000 /dev/zero', NO_INPUT)).stdout.length).toBe(1_000_000);
  });

  test('a reply that does not come in time closes the connection; the first cause stays', async () => {
    const connection = await connect({ timeouts: { connect: 5_000, handshake: 5_000, reply: 300 } });
    const both = await Promise.all([connection.exec('sleep 5', NO_INPUT), connection.closed.then(() => connection.exec('true', NO_INPUT))]);
    expect(failure(both[0])).toMatchObject({ tag: 'reply-timeout', cause: 'no end within 0.3 s' });
    expect(failure(both[1])).toMatchObject({ tag: 'connection-lost', cause: 'a reply took too long' });
  });

  test('a session too many is refused while the connection lives on', async () => {
    const connection = await connect();
    const busy = [connection.exec('sleep 3', NO_INPUT), connection.exec('sleep 3', NO_INPUT)];
    expect(failure(await connection.exec('true', NO_INPUT))).toMatchObject({ tag: 'channel-refused' });
    for (const reply of await Promise.all(busy)) expect(value(reply).code).toBe(0);
    // sshd gives a session free when it has reaped its process, which may be a moment after the reply.
    let again = await connection.exec('true', NO_INPUT);
    for (let tries = 0; tries < 100 && !again.ok && again.failure.tag === 'channel-refused'; tries += 1) {
      again = await connection.exec('true', NO_INPUT);
    }
    expect(value(again).code).toBe(0);
  });

  test('a host that goes away in the middle of a command is a lost connection', async () => {
    const connection = await connect();
    // The session's own sshd is the parent of its shell; a server of its own would hide which one it was.
    const pid = Number(text(value(await connection.exec('echo $PPID', NO_INPUT)).stdout));
    expect(readFileSync(`/proc/${pid}/comm`, 'utf8')).toMatch(/^sshd/);
    const running = connection.exec('echo begun; sleep 20; echo never', NO_INPUT);
    const other = connection.exec('sleep 20', NO_INPUT);
    process.kill(pid, 'SIGKILL');
    expect(failure(await running)).toMatchObject({ tag: 'connection-lost' });
    expect(failure(await other)).toMatchObject({ tag: 'connection-lost' });
    await connection.closed;
    expect(failure(await connection.exec('true', NO_INPUT))).toMatchObject({ tag: 'connection-lost' });
  });

  test('closing ends what runs, is safe twice, and is over only when the socket has closed', async () => {
    const connection = await connect();
    const running = connection.exec('sleep 20', NO_INPUT);
    connection.close();
    connection.close();
    expect(failure(await running)).toMatchObject({ tag: 'connection-lost', cause: 'it was closed here' });
    await connection.closed;
    connection.close();
    expect(failure(await connection.exec('true', NO_INPUT))).toMatchObject({ tag: 'connection-lost', cause: 'it was closed here' });
  });

  test('fifty connections at once, each with its own answer, none left open', async () => {
    for (const connection of open.splice(0)) {
      connection.close();
      await connection.closed;
    }
    const transport = lab.transport();
    const watch = sshd.watchConnections();
    const answers = await Promise.all(
      Array.from({ length: 50 }, async (_, at) => {
        const connection = value(await transport.connect(addressAt(sshd)));
        const reply = value(await connection.exec('cat', Buffer.from(`host ${at}`)));
        connection.close();
        await connection.closed;
        return text(reply.stdout);
      }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, at) => `host ${at}`));
    expect(watch.accepted()).toBe(50);
    expect(sshd.connectionsOpen()).toBe(0);
    watch.stop();
  });
});
