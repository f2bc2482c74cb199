// The only place that runs a program of the operator's on this machine to learn something: inventory scripts.
import { execFile } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { ok } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { RunScript } from '../files/inventory-script.ts';

/** A script that asks a cloud may take its time; one that hangs may not, ms. */
const longest = 120_000;
const mostBytes = 64 * 1024 * 1024;

export const runScript: RunScript = (path, args) =>
  new Promise(resolve => {
    const done = (error: Ended | null, out: string, err: string): void =>
      resolve(error === null ? ok(out) : { ok: false, failure: whyFailed(path, error, err) });
    const child = execFile(resolvePath(path), [...args], { timeout: longest, maxBuffer: mostBytes, encoding: 'utf8' }, done);
    child.stdin?.end();
  });

type Ended = Error & { readonly code?: unknown; readonly killed?: boolean };

const whyFailed = (path: string, { code, killed }: Ended, err: string): string => {
  if (code === 'EACCES') return `may not be run; make it executable: chmod +x ${path}`;
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed more than 64 MiB';
  if (killed === true) return `did not end within ${longest / 1000} s`;
  if (typeof code !== 'number') return `could not be run (${String(code)}); look at its first line`;
  const said = safeText(err.trim().split('\n').at(-1) ?? '', 200).trim();
  return `ended with ${code}${said === '' ? '' : `: ${said}`}`;
};
