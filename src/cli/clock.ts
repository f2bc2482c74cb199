// The only place that asks the machine for the time.
import { readFileSync } from 'node:fs';
import { uptime as secondsUp } from 'node:os';
import type { Clock } from '../engine/ports.ts';

/** The three clocks of a machine. */
export type MachineClocks = {
  /** ms; stands still while the machine sleeps (CLOCK_MONOTONIC). */
  readonly monotonic: () => number;
  /** ms since 1970; may be set. */
  readonly wall: () => number;
  /** ms since the boot, sleep included (CLOCK_BOOTTIME): cannot be set, but is dear to ask for. */
  readonly sinceBoot: () => number;
};

/** The wall clock and the monotonic one drift apart by no more than this by themselves, ms. */
const leastJump = 1000;

/** A monotonic clock that counts sleep: it asks for the uptime only when the wall clock has jumped against the other. */
export const steadyClock = ({ monotonic, wall, sinceBoot }: MachineClocks): (() => number) => {
  const atBoot = sinceBoot() - monotonic();
  let lastApart = wall() - monotonic();
  let slept = 0;
  return () => {
    const now = monotonic();
    const apart = wall() - now;
    if (Math.abs(apart - lastApart) >= leastJump) {
      lastApart = apart;
      const behind = sinceBoot() - now - atBoot;
      if (behind - slept >= leastJump) slept = behind;
    }
    return now + slept;
  };
};

/** Milliseconds of the event loop and the wall. */
export const realClock: Clock = {
  now: steadyClock({ monotonic: () => performance.now(), wall: () => Date.now(), sinceBoot: () => secondsUp() * 1000 }),
  wall: () => Date.now(),
  after: (delay, fire) => {
    const timer = setTimeout(fire, delay);
    return () => clearTimeout(timer);
  },
};

/** Which boot this is and how long ago it was; undefined where the kernel gives a boot no name. */
export const uptime = (): { readonly boot: string; readonly seconds: number } | undefined => {
  try {
    return { boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(), seconds: secondsUp() };
  } catch {
    return undefined;
  }
};
