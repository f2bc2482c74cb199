// The only place where a job prints more than anybody wants to keep: a host's disk and memory stay bounded, head and tail
// are exact, and every byte that fell out is counted.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Jid } from '../../src/domain/job.ts';
import { lastSafeLine } from '../../src/domain/safe-line.ts';
import type { RemoteLine } from '../../src/remote/jobs.ts';
import { makeSimulatedLink, type Shell, type SimulatedLink } from '../support/simulated-link.ts';
import { waitFor } from '../support/wait-for.ts';
import { hex, lookAt, lookOnce, lookUntil, startOf, value } from './jobs-contract.ts';
import { jobFolder, openLine, processesAbout, underEachShell } from './runner-kit.ts';

const cap = 8 << 20;
/** A line of 16 bytes says where it stands. */
const row = (at: number): string => `${String(at).padStart(15, '0')}\n`;

/** All of a stream, piece by piece as a driver fetches it. */
const fetched = async (line: RemoteLine, jid: Jid, piece: number): Promise<Buffer> => {
  const pieces: Buffer[] = [];
  for (let from = 0; ; ) {
    const [report] = value(await line.look([lookAt(jid, { outFrom: from, most: piece })]));
    const bytes = Buffer.from(report?.out.bytes ?? []);
    if (bytes.length === 0) return Buffer.concat(pieces);
    pieces.push(bytes);
    from += bytes.length;
  }
};

const bytesOnDisk = (link: SimulatedLink, jid: Jid): number =>
  readdirSync(jobFolder(link, jid)).reduce((sum, name) => sum + statSync(join(jobFolder(link, jid), name)).blocks * 512, 0);

/** Resident bytes of all that we keep running for the job. */
const memoryOf = (link: SimulatedLink, jid: Jid): number =>
  processesAbout(link, jid)
    .map(pid => {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
      } catch {
        return 0;
      }
    })
    .reduce((sum, bytes) => sum + bytes, 0);

underEachShell(boundsOutput);

function boundsOutput(shell: Shell): void {
  const link = makeSimulatedLink(shell);

  describe(`the output of a job in ${shell.name}`, { timeout: 240_000 }, () => {
    const megabytes = { dash: 150, busybox: 20 }[shell.name] ?? 0;
    test.runIf(megabytes > 0)(`of ${megabytes} MB is 8 MiB there: its head, its tail, and a count`, async () => {
      const rows = megabytes * 65_536;
      const line = await openLine(shell, link);
      const start = startOf(`awk 'BEGIN { for (i = 0; i < ${rows}; i++) printf "%015d\\n", i }'; exit 3`, { cap, limit: 200 });
      value(await line.start(start));
      const peak = { disk: 0, memory: 0 };
      const report = await waitFor(
        'its end',
        async () => {
          peak.memory = Math.max(peak.memory, memoryOf(link, start.jid));
          const seen = await lookOnce(line, start.jid);
          peak.disk = Math.max(peak.disk, bytesOnDisk(link, start.jid));
          return seen.state.kind === 'running' ? undefined : seen;
        },
        200,
      );
      expect(report.state).toEqual({ kind: 'done', rc: 3 });
      expect(report.out.size).toBeLessThanOrEqual(cap);
      expect(peak.disk).toBeLessThan(cap + 200_000);
      expect(peak.memory).toBeLessThan(64 << 20);
      const kept = (await fetched(line, start.jid, 1 << 20)).toString('latin1');
      expect(kept.length).toBe(report.out.size);
      const head = kept.slice(0, cap - 65_536);
      expect(head).toBe(Array.from({ length: head.length / 16 }, (_, at) => row(at)).join(''));
      expect(kept.endsWith(Array.from({ length: 4096 }, (_, at) => row(rows - 4096 + at)).join(''))).toBe(true);
      // The block that the limit refused is not counted.
      expect(Math.abs(report.dropped + report.out.size - rows * 16)).toBeLessThanOrEqual(512);
    });

    test('is byte exact, whatever the bytes are and wherever it is cut into pieces', async () => {
      const line = await openLine(shell, link);
      // No line end for long, NUL, every byte, a progress bar, and what is no UTF-8.
      const bytes = Buffer.concat([
        Buffer.alloc(70_000, 0),
        Buffer.from(Array.from({ length: 100_000 }, (_, at) => (at * 31) % 256)),
        Buffer.from(Array.from({ length: 2000 }, (_, at) => `\r\x1b[32m${at % 100}%\x1b[0m`).join('')),
        Buffer.from([0xff, 0xfe, 0xc3]),
      ]);
      const file = join(link.home, hex(8));
      writeFileSync(file, bytes);
      const start = startOf(`cat "${file}"`);
      value(await line.start(start));
      await lookUntil(line, start.jid, 'done');
      const sum = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex');
      for (const piece of [9973, 65_536, 1 << 20]) expect(sum(await fetched(line, start.jid, piece))).toBe(sum(bytes));
      expect(lastSafeLine(new TextDecoder().decode(bytes.subarray(-800)))).toMatch(/^99%/);
    });
  });
}
