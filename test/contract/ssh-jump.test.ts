// Jump hosts over real sshds: what is reached through them, what closes when, and what is said of a hop that fails.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';
import { addressAt, addressOfPort, failure, type Lab, makeLab, NO_INPUT, text, value } from './ssh-lab.ts';

describe.skipIf(!sshdAvailable())('through jump hosts', () => {
  let lab: Lab;
  let first: Sshd;
  let second: Sshd;
  let target: Sshd;

  beforeAll(async () => {
    lab = makeLab();
    [first, second, target] = await Promise.all([
      startSshd({ config: ['AllowTcpForwarding yes'] }),
      startSshd({ config: ['AllowTcpForwarding yes'] }),
      startSshd({ environment: { THERE: 'target' } }),
    ]);
  });
  afterAll(async () => {
    await allClosed();
    await Promise.all([first, second, target].map(sshd => sshd.stop()));
    lab.remove();
  });

  const chain = (): Address => addressAt(target, { via: [addressAt(first, { name: 'j1' }), addressAt(second, { name: 'j2' })] });
  const open = (): number[] => [first, second, target].map(sshd => sshd.connectionsOpen());

  const allClosed = () => waitFor('every connection to close', () => (open().every(count => count === 0) ? true : undefined));

  test('two hops carry commands and bytes, and close as one', async () => {
    const connection = value(await lab.transport().connect(chain()));
    expect(open()).toEqual([1, 1, 1]);
    const big = Buffer.alloc(300_000, 'x');
    const reply = value(await connection.exec('echo $THERE; wc -c', big));
    expect(text(reply.stdout).split(/\s+/).filter(Boolean)).toEqual(['target', '300000']);
    connection.close();
    await connection.closed;
    await allClosed();
  });

  test('a jump host that dies takes its connection along', async () => {
    const connection = value(await lab.transport().connect(chain()));
    const running = connection.exec('sleep 30', NO_INPUT);
    first.dropConnections();
    expect(failure(await running).tag).toBe('connection-lost');
    await connection.closed;
    await allClosed();
  });

  test('what fails on the way names the hop, and leaves nothing open', async () => {
    const nobody = addressOfPort(9, target.keyPath);
    const at = (via: readonly Address[], changes: Partial<Address> = {}) => lab.transport().connect({ ...addressAt(target, changes), via });
    const j1 = addressAt(first, { name: 'j1' });
    expect(failure(await at([{ ...nobody, name: 'j1' }]))).toMatchObject({
      tag: 'refused',
      cause: expect.stringMatching(/^jump host j1: 127/),
    });
    expect(failure(await at([j1, { ...nobody, name: 'j2' }]))).toMatchObject({
      tag: 'refused',
      cause: expect.stringMatching(/^jump host j2: 127\.0\.0\.1 port 9: the jump host says: /),
    });
    expect(failure(await at([{ ...j1, identityFiles: [lab.makeKey('strange')] }]))).toMatchObject({
      tag: 'login-refused',
      cause: expect.stringMatching(/^jump host j1: /),
    });
    expect(failure(await at([j1], { knownHostsFiles: [] }))).toMatchObject({ tag: 'host-key-unknown' });
    await allClosed();
  });

  test('a key is not asked for at the wrong door: known_hosts is looked up by the name behind the jump', async () => {
    const connection = value(await lab.transport().connect(addressAt(target, { via: [addressAt(first, { name: 'j1' })] })));
    connection.close();
    await connection.closed;
    // ssh itself, over the same jump, says the same.
    const ssh = [
      ...['-F', '/dev/null', '-o', 'BatchMode=yes', '-o', `UserKnownHostsFile=${target.knownHostsPath} ${first.knownHostsPath}`],
      ...[
        '-i',
        target.keyPath,
        '-o',
        `ProxyCommand=ssh -F /dev/null -o BatchMode=yes -o UserKnownHostsFile=${first.knownHostsPath} -i ${first.keyPath} -p ${first.port} -W %h:%p ${first.host}`,
      ],
      ...['-p', String(target.port), `${target.user}@${target.host}`, 'echo $THERE'],
    ];
    expect(
      execFileSync('ssh', ssh, { stdio: ['ignore', 'pipe', 'ignore'] })
        .toString()
        .trim(),
    ).toBe('target');
  });

  const own = freshIdentity();
  jobsContract('a real sshd behind two jump hosts', async (identity = own) => {
    const jobs = makeJobs({ transport: lab.transport(), identity, nonce: () => hex(8), addressOf: chain });
    return value(await jobs.connect({ name: 'web1', address: undefined, gate: 'j1', hops: 2 }));
  });
});
