// The only place that runs a program of the operator's on this machine to learn something: inventory scripts.
import { execFile } from 'node:child_process';
import { resolve as resolvePath } from 'node:path';
import { ok } from '../domain/result.ts';
import { safeText } from '../domain/safe-line.ts';
import type { RunScript } from '../files/inventory-script.ts';
import type { World } from './world.ts';

/** A script that asks a cloud may take its time; one that hangs may not, ms. */
const longest = 120_000;
/** After so long people want to know what is going on, ms. */
const silent = 2_000;
const mostBytes = 64 * 1024 * 1024;

/** Runs scripts, says once of each that it is slow, and ends one that hangs. */
export const runScript = ({ clock, say }: Pick<World, 'clock' | 'say'>): RunScript => {
  const told = new Set<string>();
  return (path, args) =>
    new Promise(resolve => {
      let isLate = false;
      const child = execFile(resolvePath(path), [...args], { maxBuffer: mostBytes, encoding: 'utf8' }, (error, out, err) => {
        disarm();
        stop();
        resolve(error === null && !isLate ? ok(out) : { ok: false, failure: isLate ? hung : whyFailed(path, error ?? {}, err) });
      });
      child.stdin?.end();
      const disarm = clock.after(silent, () => {
        if (!told.has(path)) say(`waiting for the inventory script ${path}, at most ${longest / 1000} s`);
        told.add(path);
      });
      const stop = clock.after(longest, () => {
        isLate = true;
        child.kill('SIGKILL');
        // What it has started may hold on to its output for ever.
        child.stdout?.destroy();
        child.stderr?.destroy();
      });
    });
};

const hung = `did not end within ${longest / 1000} s and was ended; run it by hand and look at what it waits for`;

type Ended = { readonly code?: unknown; readonly signal?: unknown };

const whyFailed = (path: string, { code, signal }: Ended, err: string): string => {
  if (code === 'EACCES') return `may not be run; make it executable: chmod +x ${path}`;
  if (code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return 'printed more than 64 MiB';
  if (typeof signal === 'string') return `was ended by ${signal}`;
  if (typeof code !== 'number') return `could not be run (${String(code)}); look at its first line`;
  const said = safeText(err.trim().split('\n').at(-1) ?? '', 200).trim();
  return `ended with ${code}${said === '' ? '' : `: ${said}`}`;
};
