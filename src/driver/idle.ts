// The only place that decides when the driver has nothing left to do: nobody looks and nothing runs, for a while.
// It counts; who counts as busy is the driver's affair.
import type { After } from './ports.ts';

/** Counts what keeps the driver alive. */
export type Idle = {
  /** One more run, or one more console. */
  busy(): void;
  /** One less; each `busy` is given back once. */
  free(): void;
  /** Never fires again. */
  stop(): void;
};

export type IdleSetting = {
  /** How long nothing may keep it, ms. */
  readonly after: number;
  /** Called once. */
  readonly onIdle: () => void;
  readonly clock: { readonly after: After };
};

/** Begins idle: a driver whose client vanished before it came ends as well. */
export const makeIdle = ({ after, onIdle, clock }: IdleSetting): Idle => {
  let count = 0;
  let over = false;
  const arm = (): (() => void) =>
    clock.after(after, () => {
      over = true;
      onIdle();
    });
  let disarm = arm();
  return {
    busy() {
      count += 1;
      disarm();
    },
    free() {
      if (count === 0) throw new Error('free without busy');
      count -= 1;
      if (count === 0 && !over) disarm = arm();
    },
    stop() {
      over = true;
      disarm();
    },
  };
};
