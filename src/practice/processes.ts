// The only place that knows processes by more than their number: pid and start time together, written down so that
// a later practice process can end what a killed one left, and never a stranger that got the same number.
import { appendFileSync, readFileSync } from 'node:fs';

/** A process that cannot be confused with a later one of the same number. */
export type Known = { readonly pid: number; readonly startTime: string };

/** The process of that number as it is now; undefined when there is none or it has ended and waits to be reaped. */
export const lookUp = (pid: number): Known | undefined => {
  const fields = statOf(pid);
  // Field 3 is the state, field 22 the start time in clock ticks since boot; field 2 may hold blanks and brackets.
  const [state, startTime] = [fields?.[0], fields?.[19]];
  if (startTime === undefined || state === 'Z' || state === 'X') return undefined;
  return { pid, startTime };
};

/** Whether exactly this process still lives. */
export const isAlive = (known: Known): boolean => lookUp(known.pid)?.startTime === known.startTime;

/** Notes a process in the file, before anything depends on it. */
export const record = (path: string, pid: number): void => {
  const known = lookUp(pid);
  if (known !== undefined) appendFileSync(path, `${known.pid} ${known.startTime}\n`, { mode: 0o600 });
};

/** All processes noted in the file, alive or not. */
export const recorded = (path: string): readonly Known[] => {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return [];
  }
  return text.split('\n').flatMap(line => {
    const [pid, startTime] = line.split(' ');
    return pid !== undefined && startTime !== undefined ? [{ pid: Number(pid), startTime }] : [];
  });
};

/** Kills those that are still the same processes. */
export const endAll = (known: readonly Known[]): void => {
  for (const one of known) if (isAlive(one)) sendKill(one.pid);
};

/** SIGKILL to one process; a process that has just gone is no error. */
export const sendKill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // gone already
  }
};

/** The children of a process, as the kernel lists them; empty where it doesn't say. */
export const childrenOf = (pid: number): readonly number[] => {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return text.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
};

/** The fields of /proc/PID/stat from the third one on. */
const statOf = (pid: number): readonly string[] | undefined => {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
};
