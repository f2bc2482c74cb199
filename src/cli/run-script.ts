// The only place that runs a program of the operator's on this machine to learn something: inventory scripts.
import { execFile } from 'node:child_process';
import { ok } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { RunScript } from '../files/inventory-script.ts';

/** A script that asks a cloud may take its time; one that hangs may not, ms. */
const longest = 120_000;
const mostBytes = 64 * 1024 * 1024;

export const runScript: RunScript = (path, args) =>
  new Promise(resolve => {
    const done = (error: (Error & { readonly code?: unknown; readonly killed?: boolean }) | null, out: string, err: string): void => {
      if (error === null) return resolve(ok(out));
      const said = safeText(err.trim().split('\n').at(-1) ?? '', 200).trim();
      const why =
        error.code === 'EACCES'
          ? `may not be run; make it executable: chmod +x ${path}`
          : error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER'
            ? 'printed more than 64 MiB'
            : error.killed === true
              ? `did not end within ${longest / 1000} s`
              : typeof error.code === 'number'
                ? `ended with ${error.code}${said === '' ? '' : `: ${said}`}`
                : `could not be run (${String(error.code)}); look at its first line`;
      resolve({ ok: false, failure: why });
    };
    const child = execFile(path, [...args], { timeout: longest, maxBuffer: mostBytes, encoding: 'utf8' }, done);
    child.stdin?.end();
  });
