// The only place that reads what work cost: CPU of processes by the kernel's books, medians, waits with an end.
// It must not know what is measured.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a piece of work cost. Seconds. */
export type Cost = { readonly wall: number; readonly cpu: number };

/** CPU seconds of a process so far, its own threads only; 0 when it has gone. */
export const cpuOf = (pid: number): number => {
  const fields = statOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / 100;
};

const statOf = (pid: number): string[] => {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return [];
  const stat = readFileSync(path, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
};

/** Counts the CPU of the hosts' side. `end` says false while somebody is still in it. `whole`: with everything that left its session, by a control group; else what sshd waited for. */
export type HostMeter = { readonly whole: 'yes' | 'no'; seconds(): number; readonly end: () => boolean };

/** Meters a server that has not served anybody yet. */
export const meterHosts = (pid: number): HostMeter => {
  const mount = /^\S+ (\S+) cgroup2 /m.exec(readFileSync('/proc/mounts', 'utf8'))?.[1];
  const group = join(mount ?? '', `rollcall-bench-${process.pid}`);
  try {
    if (mount === undefined) throw new Error('no control groups here');
    mkdirSync(group);
    writeFileSync(join(group, 'cgroup.procs'), String(pid));
  } catch {
    // Only root may, as a rule.
    return { whole: 'no', seconds: () => (Number(statOf(pid)[13]) + Number(statOf(pid)[14])) / 100, end: () => true };
  }
  return {
    whole: 'yes',
    seconds: () => Number(/^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8'))?.[1] ?? Number.NaN) / 1e6,
    end: () => {
      try {
        rmdirSync(group);
        return true;
      } catch {
        return false;
      }
    },
  };
};

/** Children of a process, and theirs. */
export const descendantsOf = (pid: number): readonly number[] => {
  const path = `/proc/${pid}/task/${pid}/children`;
  if (!existsSync(path)) return [];
  const children = readFileSync(path, 'latin1').split(' ').filter(Boolean).map(Number);
  return children.flatMap(child => [child, ...descendantsOf(child)]);
};

/** Processes whose command line names a folder that only this benchmark has, and all below them. */
export const processesOf = (dir: string): readonly number[] => {
  const named = readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter(pid => commandLine(pid).includes(dir));
  return [...new Set(named.flatMap(pid => [pid, ...descendantsOf(pid)]))];
};

const commandLine = (pid: number): string => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return '';
  }
};

/** Ends processes that we started. */
export const endAll = (pids: readonly number[]): void => {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It had ended by itself.
    }
  }
};

/** Runs a command in a process group of its own, with all that it starts accounted for by the shell. */
export const timed = async (command: readonly string[], env: NodeJS.ProcessEnv, seconds: number): Promise<Cost> => {
  const child = spawn('bash', ['-c', 'TIMEFORMAT="%R %U %S"; time "$@" >/dev/null 2>&1', 'time', ...command], {
    env: { ...process.env, ...env },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const late = setTimeout(() => child.pid !== undefined && endAll([-child.pid]), seconds * 1000);
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  clearTimeout(late);
  if (code !== 0) throw new Error(`${command[0]} ended with ${code ?? `the end of its ${seconds} s`}`);
  const [wall = 0, user = 0, system = 0] = said.trim().split(/\s+/).map(Number);
  return { wall, cpu: user + system };
};

/** Waits for a fact. @throws Error when it is not so within `seconds` */
export const until = async (what: string, holds: () => boolean, seconds: number): Promise<void> => {
  const end = performance.now() + seconds * 1000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s: ${what}`);
    await pause(0.02);
  }
};

/** A promise that must be kept within `seconds`. */
export const within = async <T>(what: string, seconds: number, work: Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not within ${seconds} s: ${what}`)), seconds * 1000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
};

export const pause = (seconds: number): Promise<void> => new Promise(resolve => setTimeout(resolve, seconds * 1000));

/** Median with its neighbours' range. */
export type Spread = { readonly median: number; readonly least: number; readonly most: number };

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, least: at(0), most: at(sorted.length - 1) };
};
