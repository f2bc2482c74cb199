// The only place for the shape of a command: keys, words, when it works, what it does. All commands are data of this shape.
import { type Console, type Tab, topMode } from '../console-state.ts';
import type { Hands } from '../hands.ts';

/** Where keys go when no dialog has them. */
export type Place = Tab | 'job' | 'log' | 'help';

export type Command = {
  /** Verb of the palette; the command line's own where there is one. */
  readonly id: string;
  readonly keys: readonly string[];
  /** What it does, for help, palette and README. */
  readonly title: string;
  /** One or two words for the hint row; absent: not shown there. */
  readonly hint?: string;
  readonly group: 'global' | 'move' | 'choose' | 'look' | 'act';
  readonly places: readonly Place[];
  /** Changes the world: such a key in a pasted chunk is never run. */
  readonly changes?: 'the world';
  /** True, or the reason why not, which goes to the hint row. */
  readonly when: (console: Console) => true | string;
  readonly act: (hands: Hands) => void;
};

/** Works always. */
export const always = (): true => true;

export const everywhere: readonly Place[] = ['hosts', 'jobs', 'roll', 'output', 'events', 'job', 'log', 'help'];
export const onTabs: readonly Place[] = ['hosts', 'jobs', 'roll', 'output', 'events'];

/** Where the operator is, under any dialog. */
export const placeOf = ({ view }: Console): Place => {
  const mode =
    topMode(view) === undefined ? undefined : view.modes.findLast(m => m.kind === 'job' || m.kind === 'log' || m.kind === 'help');
  return mode === undefined ? view.tab : (mode.kind as Place);
};
