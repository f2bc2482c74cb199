// A start over a real sshd, its link cut at seeded bytes: it ran once or not at all, and a second start makes it exactly one.
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { connect as connectTo, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Jid, jidOf } from '../../src/domain/job.ts';
import type { Jobs, StartRequest } from '../../src/engine/ports.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Address } from '../../src/remote/ports.ts';
import { makeSshTransport } from '../../src/ssh/transport.ts';
import { seeded } from '../support/fake-clock.ts';
import { type Sshd, sshdAvailable, startSshd } from '../support/sshd.ts';
import { waitFor } from '../support/wait-for.ts';

const seed = 20_261;
const cutCount = 200;
const parallel = 6;

describe.skipIf(!sshdAvailable())(`a start cut over a real sshd, seed ${seed}`, () => {
  let sshd: Sshd;
  let proxy: Server;
  let port = 0;
  /** Bytes that the next connections through the proxy may send, in order. */
  const allowances: number[] = [];
  let sent = 0;

  beforeAll(async () => {
    sshd = await startSshd();
    proxy = createServer(client => {
      let left = allowances.shift() ?? Number.POSITIVE_INFINITY;
      const upstream = connectTo(sshd.port, '127.0.0.1');
      const end = (): void => {
        client.destroy();
        upstream.destroy();
      };
      client.on('error', end).on('close', end);
      upstream.on('error', end).on('close', end);
      client.on('data', (chunk: Buffer) => {
        sent += chunk.length;
        upstream.write(chunk.subarray(0, left));
        left -= chunk.length;
        // What was let through must reach the server before the line dies.
        if (left <= 0) upstream.end(() => client.destroy());
      });
      upstream.on('data', (chunk: Buffer) => client.write(chunk));
    });
    await new Promise<void>(done => proxy.listen(0, '127.0.0.1', done));
    port = (proxy.address() as { port: number }).port;
  });
  afterAll(async () => {
    proxy.close();
    await sshd.stop();
  });

  const jobsOver = (to: number): Jobs => {
    const address = (name: string): Address => ({
      name,
      host: '127.0.0.1',
      port: to,
      user: sshd.user,
      identityFiles: [sshd.keyPath],
      knownHostsFiles: [],
      strictHostKeyChecking: 'no',
    });
    return makeJobs({
      transport: makeSshTransport({ timeouts: { connect: 10_000, handshake: 20_000, reply: 20_000 }, home: sshd.dir }),
      identity: { line: 'a'.repeat(32), epoch: 1, driverId: 'b'.repeat(32) },
      nonce: () => randomBytes(8).toString('hex'),
      addressOf: host => address(host.name),
    });
  };

  const requestOf = (jid: Jid): StartRequest => ({
    jid,
    script: 'echo ran >> "runs/$ROLLCALL_JID"',
    limit: 60,
    grace: 1,
    cap: 1 << 20,
    linger: 0,
    about: { runId: 'r', runNumber: 1, title: 't', operator: 'o', machine: 'm', host: 'h', task: '0.0', batch: '1/1', command: 'c' },
  });

  const start = async (jobs: Jobs, jid: Jid) => {
    const line = await jobs.connect({ name: 'h', address: undefined, gate: 'h' });
    if (!line.ok) return line;
    const reply = await line.value.start(requestOf(jid));
    line.value.close();
    await line.value.closed;
    return reply;
  };

  const runsOf = (jid: Jid): string => {
    const path = join(sshd.home, 'runs', jid);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  };

  test(`${cutCount} cuts, half of them in the last bytes: exactly one run each`, async () => {
    const straight = jobsOver(sshd.port);
    const prepared = await straight.connect({ name: 'h', address: undefined, gate: 'h' });
    if (!prepared.ok) throw new Error(prepared.failure.cause);
    const made = await prepared.value.start({ ...requestOf(jidFor(9000)), script: 'mkdir -p runs' });
    if (!made.ok) throw new Error(made.failure.cause);
    await waitFor('the folder of the counts', () => (existsSync(join(sshd.home, 'runs')) ? true : undefined));
    prepared.value.close();

    sent = 0;
    const whole = await start(jobsOver(port), jidFor(9001));
    expect(whole).toMatchObject({ ok: true, value: { kind: 'started' } });
    const total = sent;
    expect(total).toBeGreaterThan(1000);

    const random = seeded(seed);
    const cuts = Array.from({ length: cutCount }, (_, i) => (i % 2 === 0 ? Math.floor(random() * total) : total - 600 + i * 3));
    const told = { answered: 0, cut: 0 };
    const rest = cuts.map((cut, i) => ({ cut, jid: jidFor(i) }));
    await Promise.all(
      Array.from({ length: parallel }, async () => {
        for (let next = rest.shift(); next !== undefined; next = rest.shift()) {
          const { cut, jid } = next;
          allowances.push(cut);
          const first = await start(jobsOver(port), jid);
          if (first.ok) told.answered += 1;
          else told.cut += 1;
          const again = await start(straight, jid);
          if (!again.ok) throw new Error(`cut at ${cut}: ${again.failure.cause}`);
          // An answered start is never started a second time.
          if (first.ok) expect(again.value.kind).toBe('exists');
          await waitFor(`the run of ${jid}, cut at ${cut}`, () => (runsOf(jid) === '' ? undefined : true));
        }
      }),
    );
    expect(cuts.map((_, i) => runsOf(jidFor(i)))).toEqual(cuts.map(() => 'ran\n'));
    expect(told.cut).toBeGreaterThan(cutCount / 2);
  }, 300_000);
});

const jidFor = (i: number): Jid => jidOf({ runId: 'cuts', taskPath: '0.0', host: `h${i}`, item: 0, attempt: 1 });
