// Shared connections to jump hosts over real sshds, counted by the servers: one for each chain, opened once, let go after the last.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Address, Connection } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';
import { addressAt, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('a connection to a jump host', () => {
  let lab: Lab;
  let first: Sshd;
  let second: Sshd;
  let target: Sshd;
  let forbids: Sshd;

  beforeAll(async () => {
    lab = makeLab();
    // Forwarded channels are no sessions, so that this says nothing of how many hosts may be behind it.
    const forwards = { config: ['AllowTcpForwarding yes', 'MaxSessions 1'] };
    [first, second, target, forbids] = await Promise.all([
      startSshd(forwards),
      startSshd(forwards),
      startSshd(),
      startSshd({ config: ['AllowTcpForwarding no'] }),
    ]);
  });
  beforeEach(() => untilOpen(0, 0, 0));
  afterAll(async () => {
    await untilOpen(0, 0, 0);
    await Promise.all([first, second, target, forbids].map(sshd => sshd.stop()));
    lab.remove();
  });

  const j1 = (): Address => addressAt(first, { name: 'j1' });
  const j2 = (): Address => addressAt(second, { name: 'j2' });
  const behind = (...via: readonly Address[]): Address => addressAt(target, { via });
  const open = (): number[] => [first, second, target].map(sshd => sshd.connectionsOpen());
  const untilOpen = (...counts: number[]) => waitFor(`${counts} connections`, () => (open().join() === counts.join() ? true : undefined));
  const closeAll = (connections: readonly Connection[]): Promise<unknown> =>
    Promise.all(
      connections.map(connection => {
        connection.close();
        return connection.closed;
      }),
    );

  test('is one for twelve hosts behind it, also when all ask for it at once, and goes with the last of them', async () => {
    const watch = first.watchConnections();
    const transport = lab.transport();
    const all = (await Promise.all(Array.from({ length: 12 }, () => transport.connect(behind(j1()))))).map(value);
    expect(open()).toEqual([1, 0, 12]);
    const replies = await Promise.all(all.map(connection => connection.exec('echo here', NO_INPUT)));
    expect(replies.map(reply => text(value(reply).stdout))).toEqual(Array(12).fill('here\n'));
    const [last, ...others] = all as [Connection, ...Connection[]];
    await closeAll(others);
    expect(text(value(await last.exec('echo still', NO_INPUT)).stdout)).toBe('still\n');
    expect(open()[0]).toBe(1);
    await closeAll([last]);
    await untilOpen(0, 0, 0);
    expect(watch.accepted()).toBe(1);
    watch.stop();
  });

  test('is shared by longer chains that begin with it, and kept while any of them is open', async () => {
    const transport = lab.transport();
    const near = value(await transport.connect(behind(j1())));
    const far = value(await transport.connect(behind(j1(), j2())));
    expect(open()).toEqual([1, 1, 2]);
    await closeAll([near]);
    expect(text(value(await far.exec('echo far', NO_INPUT)).stdout)).toBe('far\n');
    await closeAll([far]);
    await untilOpen(0, 0, 0);
  });

  test('is not shared with who logs in otherwise', async () => {
    const transport = lab.transport();
    const other = { ...j1(), hostKeyAlias: `[${first.host}]:${first.port}` };
    const all = [value(await transport.connect(behind(j1()))), value(await transport.connect(behind(other)))];
    expect(open()).toEqual([2, 0, 2]);
    await closeAll(all);
  });

  test('is kept a while for the next, told by name while it stands, and closed on demand', async () => {
    const transport = lab.transport({ hopPersist: 60_000 });
    const { hops } = transport;
    const address = behind(j1());
    const [name = ''] = hops?.of(address) ?? [];
    const closed: string[] = [];
    hops?.onChange(hop => hops.stateOf(hop) === 'none' && closed.push(hop));
    const once = value(await transport.connect(address));
    hops?.close(name);
    await closeAll([once]);
    await untilOpen(1, 0, 0);
    expect([hops?.stateOf(name), closed]).toEqual(['open', []]);
    const watch = first.watchConnections();
    await closeAll([value(await transport.connect(address))]);
    expect(watch.accepted()).toBe(0);
    hops?.close(name);
    // Whoever comes while it closes waits for that: two of one name would be counted as one.
    const next = transport.connect(address);
    await closeAll([value(await next)]);
    expect([watch.accepted(), watch.peak(), closed]).toEqual([1, 1, [name]]);
    watch.stop();
    hops?.close(name);
    await waitFor('the last word of it', () => (closed.length === 2 ? true : undefined));
    expect([hops?.stateOf(name), closed, first.connectionsOpen()]).toEqual(['none', [name, name], 0]);
  });

  test('that dies takes all behind it along, each told so, and the next opens another', async () => {
    const transport = lab.transport();
    const address = behind(j1(), j2());
    const all = (await Promise.all(Array.from({ length: 4 }, () => transport.connect(address)))).map(value);
    const running = all.map(connection => connection.exec('sleep 30', NO_INPUT));
    first.dropConnections();
    expect((await Promise.all(running)).map(reply => failure(reply).tag)).toEqual(Array(4).fill('connection-lost'));
    await Promise.all(all.map(connection => connection.closed));
    await closeAll([value(await transport.connect(address))]);
  });

  test('that dies behind another which lives takes all behind it along, and the next opens it anew', { timeout: 120_000 }, async () => {
    const transport = lab.transport();
    const all = (await Promise.all(Array.from({ length: 4 }, () => transport.connect(behind(j1(), j2()))))).map(value);
    const near = value(await transport.connect(behind(j1())));
    const waiting = all.map(connection => connection.exec('sleep 600', NO_INPUT));
    second.dropConnections();
    for (const reply of await Promise.all(waiting)) expect(failure(reply).tag).toBe('connection-lost');
    await Promise.all(all.map(connection => connection.closed));
    expect(text(value(await near.exec('echo near', NO_INPUT)).stdout)).toBe('near\n');
    const again = value(await transport.connect(behind(j1(), j2())));
    expect(text(value(await again.exec('echo again', NO_INPUT)).stdout)).toBe('again\n');
    await closeAll([near, again]);
  });

  test('that cannot be had is tried once for all who wait for it, and each is told the hop', async () => {
    const transport = lab.transport();
    const watch = first.watchConnections();
    const refused = { ...j1(), identityFiles: [lab.makeKey('stranger')] };
    const names = ['web1', 'web2', 'web3'];
    const all = await Promise.all(names.map(name => transport.connect({ ...behind(refused), name })));
    for (const [at, reply] of all.entries()) {
      expect(reply).toMatchObject({
        ok: false,
        failure: {
          tag: 'login-refused',
          host: names[at],
          cause: expect.stringMatching(/^jump host j1: /),
          facts: { hop: 'j1', passed: 0 },
        },
      });
    }
    expect(watch.accepted()).toBe(1);
    watch.stop();
  });

  test('that passes nobody on is told from a host that refuses', async () => {
    const reply = await lab.transport().connect(behind(addressAt(forbids, { name: 'strict' })));
    expect(failure(reply)).toMatchObject({
      tag: 'jump-refused',
      cause: expect.stringMatching(/^jump host strict does not pass anybody on to 127\.0\.0\.1 port \d+: /),
    });
    await waitFor('it to close', () => (forbids.connectionsOpen() === 0 ? true : undefined));
  });
});
