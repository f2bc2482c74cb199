// The only place where requests and replies are cut at every byte, and the process that answers is killed at any moment:
// the command runs once or not at all, the answer says which, and the same start sent again makes it exactly once.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Result } from '../../src/domain/result.ts';
import type { StartReply, StartRequest } from '../../src/engine/ports.ts';
import { encodeRequest } from '../../src/remote/frames.ts';
import { makeJobs } from '../../src/remote/jobs.ts';
import type { Transport } from '../../src/remote/ports.ts';
import runnerText from '../../src/remote/runner.sh';
import { type Fault, findShell, makeSimulatedLink, runnerFor, type SimulatedLink } from '../support/simulated-link.ts';
import { addressOf } from './address.ts';
import { freshIdentity, hex, lookUntil, startOf, value } from './jobs-contract.ts';

const shell = findShell('dash') ?? findShell('bash') ?? findShell('busybox');
if (shell === undefined) throw new Error('a machine without any shell cannot run these tests');
const runner = runnerFor(runnerText, shell);
const identity = freshIdentity();
const atOnce = 6;

describe('a start', { timeout: 600_000 }, () => {
  test('cut at any byte runs nothing, says so, and runs once when it is sent again', async () => {
    const link = await prepared();
    const length = small(counted()).length;
    const answers = await forAll(range(0, length), async cut => {
      const start = counted();
      const heard = cut % 2 === 0;
      const first = await send(link, start, { kind: 'cut-request', after: cut, answer: heard ? 'heard' : 'lost' });
      expect(first.ok ? first.value.kind : first.failure.tag, `cut after ${cut}`).toBe(heard ? 'request-cut' : 'connection-lost');
      expect(runs(link, start), `cut after ${cut}`).toBe(0);
      return [start, value(await send(link, start)).kind] as const;
    });
    // `started` means that nothing had claimed it before.
    expect(answers.filter(([, kind]) => kind !== 'started')).toEqual([]);
    await allRanOnce(
      link,
      answers.map(([start]) => start),
    );
  });

  test('that arrived whole, of which only the answer was lost, is not run again', async () => {
    const link = await prepared();
    const start = counted();
    const first = await send(link, start, { kind: 'cut-request', after: small(start).length, answer: 'lost' });
    expect(first).toMatchObject({ ok: false, failure: { tag: 'connection-lost' } });
    expect(value(await send(link, start)).kind).toBe('exists');
    await allRanOnce(link, [start]);
  });

  test('with the runner along, cut inside the runner, leaves the host as it was', async () => {
    const link = makeSimulatedLink(shell);
    const whole = runner.bytes.length;
    const cuts = new Set([...range(0, 40), ...range(whole - 40, whole), ...range(0, whole).filter(at => at % 97 === 0)]);
    const starts = await forAll([...cuts], async cut => {
      const start = counted();
      const first = await send(link, start, { kind: 'delay', ms: 0 }, { kind: 'cut-request', after: cut, answer: 'heard' });
      expect(first, `cut after ${cut} of ${whole}`).toMatchObject({ ok: false, failure: { tag: 'request-cut' } });
      return start;
    });
    expect(readdirSync(link.home)).toEqual([]);
    mkdirSync(join(link.home, 'runs'));
    const some = starts.filter((_, index) => index % 20 === 0);
    await forAll(some, async start => expect(value(await send(link, start)).kind).toBe('started'));
    await allRanOnce(link, some);
  });

  test('with the runner along, cut behind the runner, installs it whole and runs nothing', async () => {
    const whole = runner.bytes.length;
    const body = Buffer.from(small(counted())).toString('latin1');
    const borders = range(0, body.length).filter(at => at < 30 || at > body.length - 10 || body.slice(at - 1, at + 1).includes('\n'));
    await forAll(borders, async cut => {
      const link = makeSimulatedLink(shell);
      mkdirSync(join(link.home, 'runs'));
      const start = counted();
      const first = await send(link, start, { kind: 'delay', ms: 0 }, { kind: 'cut-request', after: whole + cut, answer: 'heard' });
      expect(first, `cut ${cut} behind the runner`).toMatchObject({ ok: false, failure: { tag: 'request-cut' } });
      const installed = readFileSync(join(link.home, '.rollcall/bin', `runner-${runner.hash}.sh`));
      expect(installed.subarray(0, -1).equals(runner.bytes)).toBe(true);
      expect(runs(link, start)).toBe(0);
      expect(value(await send(link, start)).kind).toBe('started');
      await allRanOnce(link, [start]);
    });
  });

  test('whose reply is cut at any byte is asked again and has run once', async () => {
    const link = await prepared();
    const length = await replyLength(link);
    const starts = await forAll(range(0, length), async cut => {
      const start = counted();
      const first = await send(link, start, { kind: 'cut-reply', after: cut });
      expect(first.ok ? first.value.kind : first.failure.tag, `cut after ${cut} of ${length}`).toBe('connection-lost');
      expect(value(await send(link, start)).kind).toBe('exists');
      return start;
    });
    await allRanOnce(link, starts);
  });

  test('that arrives twice at the same time runs once', async () => {
    const link = await prepared();
    const starts = await forAll(range(0, 20), async () => {
      const start = counted();
      value(await send(link, start, { kind: 'twice' }));
      return start;
    });
    await allRanOnce(link, starts);
  });

  test('whose answering process is killed at any moment runs once when it is sent again', async () => {
    const link = await prepared();
    const starts = await forAll(range(0, 60), async ms => {
      const start = counted();
      await send(link, start, { kind: 'kill', afterMs: ms });
      value(await send(link, start));
      return start;
    });
    await allRanOnce(link, starts);
  });
});

/** A start whose runs can be counted. */
const counted = (): StartRequest => {
  const start = startOf('', { linger: 0 });
  const about = { ...start.about, runId: '1', title: 't', command: 'c' };
  return { ...start, about, script: `echo x >>"$HOME/runs/${start.jid}"` };
};

const small = (start: StartRequest): Uint8Array =>
  encodeRequest({ kind: 'start', start, by: identity, most: 65_536 }, hex(8), runner).stdin;

const runs = (link: SimulatedLink, start: StartRequest): number => {
  const file = join(link.home, 'runs', start.jid);
  return existsSync(file) ? readFileSync(file, 'utf8').length / 2 : 0;
};

/** A home with the runner in it. */
const prepared = async (): Promise<SimulatedLink> => {
  const link = makeSimulatedLink(shell);
  mkdirSync(join(link.home, 'runs'));
  value(await send(link, counted()));
  return link;
};

/** Sends a start over a connection of its own; its execs meet these faults. */
const send = async (link: SimulatedLink, start: StartRequest, ...faults: Fault[]): Promise<Result<StartReply>> => {
  const line = value(
    await makeJobs({ transport: link.withFaults(faults), identity, nonce: () => hex(8), addressOf, runner }).connect(host),
  );
  return line.start(start);
};

const host = { name: 'web1', address: undefined, gate: 'web1' };

const replyLength = async (link: SimulatedLink): Promise<number> => {
  let length = 0;
  const transport: Transport = {
    connect: async address => {
      const connection = value(await link.connect(address));
      const exec = async (command: string, stdin: Uint8Array) => {
        const reply = value(await connection.exec(command, stdin));
        length = reply.stdout.length;
        return { ok: true as const, value: reply };
      };
      return { ok: true, value: { ...connection, exec } };
    },
  };
  const line = value(await makeJobs({ transport, identity, nonce: () => hex(8), addressOf, runner }).connect(host));
  value(await line.start(counted()));
  // A pid or an elapsed time may have a digit less next time.
  return length - 8;
};

const allRanOnce = async (link: SimulatedLink, starts: readonly StartRequest[]): Promise<void> => {
  const line = value(await makeJobs({ transport: link, identity, nonce: () => hex(8), addressOf, runner }).connect(host));
  for (const start of starts) await lookUntil(line, start.jid, 'done');
  expect(starts.map(start => runs(link, start))).toEqual(starts.map(() => 1));
};

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, index) => from + index);

/** A few at once, all of them in the end. */
const forAll = async <T, U>(items: readonly T[], act: (item: T) => Promise<U>): Promise<U[]> => {
  const results: U[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) results[at] = await act(items[at] as T);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return results;
};
