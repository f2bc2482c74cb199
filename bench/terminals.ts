// The only place that opens the real console in a terminal of its own (`script` of util-linux): how soon it shows, what it costs.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpuOf, descendantsOf, endAll, until } from './measure.ts';

/** A program in a terminal. */
export type Terminal = {
  /** Milliseconds from start to the first frame. */
  readonly firstFrame: number;
  /** CPU seconds so far of the program and all below it. */
  cpu(): number;
  /** Presses the key that leaves, and waits for the end. */
  leave(): Promise<void>;
};

/** What only the hosts screen says. */
const mark = 'HOSTS';

/** Starts a command line in a terminal of 120×40 and waits for its first frame. @throws Error after 30 s */
export const openConsole = async (command: readonly string[], cwd: string): Promise<Terminal> => {
  const began = performance.now();
  const line = `stty cols 120 rows 40; exec ${command.map(word => `'${word}'`).join(' ')}`;
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd,
    stdio: ['pipe', 'pipe', 'ignore'],
    env: { ...process.env, TERM: 'xterm-256color', SHELL: '/bin/sh' },
  });
  let broken: Error | undefined;
  child.on('error', error => {
    broken = error;
  });
  child.stdin.on('error', () => {});
  let said = '';
  let firstFrame: number | undefined;
  child.stdout.on('data', (chunk: Buffer) => {
    if (firstFrame !== undefined) return;
    said += chunk.toString();
    if (said.includes(mark)) firstFrame = performance.now() - began;
  });
  try {
    await until('the first frame', () => firstFrame !== undefined || broken !== undefined || child.exitCode !== null, 30);
    if (broken !== undefined) throw broken;
    if (firstFrame === undefined) throw new Error(`the console ended without a frame: ${said.slice(-200)}`);
  } catch (error) {
    endTree(child);
    throw error;
  }
  return {
    firstFrame: firstFrame ?? Number.NaN,
    cpu: () => descendantsOf(child.pid ?? -1).reduce((sum, pid) => sum + cpuOf(pid), 0),
    leave: async () => {
      child.stdin.write('q');
      await until('the console to leave', () => child.exitCode !== null, 5).catch(() => endTree(child));
    },
  };
};

const endTree = (child: ChildProcess): void => {
  if (child.pid !== undefined) endAll([...descendantsOf(child.pid), child.pid]);
};
