// The only place that says what is there in a world on its way, for those who act in it.
import type { ActingHost, Ledger } from './acting-host.ts';
import type { Fate } from './fate.ts';
import type { Life } from './life.ts';
import type { Disk } from './memory-disk.ts';
import type { Time } from './time.ts';
import type { World } from './world.ts';

export type Scene = {
  readonly world: World;
  readonly time: Time;
  readonly ledger: Ledger;
  readonly fate: Fate;
  readonly hosts: ReadonlyMap<string, ActingHost>;
  /** The newest driver; it may be dead. */
  readonly current: Life;
  /** Milliseconds that our wall clock is off. */
  skew: number;
  /** One line of the world's story. */
  readonly tell: (line: string) => void;
  /** A promise was broken. */
  blame(sentence: string): void;
  /** A new driver takes over from a copy of the folder; nobody brings the old one back. */
  takeOver(disk: Disk): void;
  /** The next driver dies while it takes up what was left. */
  killNext(how: string, dice: number): void;
};
