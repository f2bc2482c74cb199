// The only place that counts what a host has to fork: the runner in a process namespace of its own, where the next pid tells.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeRequest, encodeWithRunner, type Frame, type Request } from '../src/remote/frames.ts';
import { runner } from '../src/remote/runner-text.ts';
import { jidIn, startIn } from './request.ts';

/** Forks of one start, until its job is under way, and of one look at one quiet job; beyond the shell that sshd starts. */
export type Forks = { readonly start: number; readonly look: number };

/** @returns the reason where no namespace can be had */
export const countForks = (): Forks | string => {
  const dir = mkdtempSync(join(tmpdir(), 'rollcall-bench-forks-'));
  try {
    const write = (name: string, { command, stdin }: Frame): void => {
      writeFileSync(join(dir, `${name}.sh`), command);
      writeFileSync(join(dir, `${name}.in`), stdin);
    };
    write('install', encodeWithRunner(start('first'), nonce(), runner));
    write('start', encodeRequest(start('second'), nonce(), runner));
    write(
      'look',
      encodeRequest({ kind: 'look', jobs: [{ jid: jidIn(run, 'second'), outFrom: 0, errFrom: 0, most: 65_536 }] }, nonce(), runner),
    );
    // `ask` is one fork, as the shell of sshd is; `mark` is one; the pause is one.
    const script = [
      'ask() { /bin/sh -c "$(cat $1.sh)" <$1.in >$1.out 2>&1; }',
      "mark() { /bin/sh -c 'echo $$'; }",
      'ask install; sleep 1',
      'mark; ask start; sleep 1; mark; ask look; sleep 1; mark',
      'grep -q "^S started" start.out && grep -q " running " look.out || echo refused',
    ].join('\n');
    const unshare = [...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']), '--pid', '--fork', '--mount-proc', '--kill-child'];
    const ran = spawnSync('unshare', [...unshare, '/bin/sh', '-c', script], {
      cwd: dir,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], HOME: dir },
      timeout: 40_000,
      killSignal: 'SIGKILL',
    });
    if (ran.status !== 0) return 'no process namespace can be had here';
    const [before, between, after] = ran.stdout.split('\n').map(Number);
    if (before === undefined || between === undefined || after === undefined || ran.stdout.includes('refused'))
      return 'the runner refused the request of the count';
    // Of each difference: the mark itself, `ask` and the `cat` in it, the pause.
    return { start: between - before - 4, look: after - between - 4 };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
};

const run = randomBytes(16).toString('hex');
const epoch = Date.now();
const nonce = (): string => randomBytes(8).toString('hex');
const start = (host: string): Request => startIn(run, host, 'exec sleep 30', { line: run, epoch, driverId: run });
