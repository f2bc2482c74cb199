// Holds a real sshd to the same contract of jobs as the practice fleet and the simulated link.
import { afterAll, beforeAll, describe } from 'vitest';
import { makeJobs } from '../../src/remote/jobs.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { freshIdentity, hex, jobsContract } from './jobs-contract.ts';

describe.skipIf(!sshdAvailable())('over SSH', () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(() => sshd.stop());

  const own = freshIdentity();
  jobsContract('a real sshd', async (identity = own) => {
    const transport = makeSshTransport({
      timeouts: { connect: 10_000, handshake: 15_000, reply: 30_000 },
      home: sshd.dir,
      globalKnownHostsFiles: [],
    });
    const jobs = makeJobs({
      transport,
      identity,
      nonce: () => hex(8),
      addressOf: () => ({
        name: 'real',
        host: '127.0.0.1',
        port: sshd.port,
        user: sshd.user,
        identityFiles: [sshd.keyPath],
        knownHostsFiles: [sshd.knownHostsPath],
        strictHostKeyChecking: 'yes',
      }),
    });
    const line = await jobs.connect({ name: 'real', address: undefined, gate: 'real' });
    if (!line.ok) throw new Error(line.failure.cause);
    return line.value;
  });
});
