// The only place for the words that say why a run starts nothing new.
import { actorName } from './event.ts';
import type { RunPhase } from './run-state.ts';

/** `by ops1@bastion1`, or since when it stands still by itself. */
export const holdWords = ({ why, by }: Extract<RunPhase, { kind: 'paused' }>): string =>
  by === undefined ? words[why] : `by ${actorName(by)}`;

const words = {
  operator: 'by an operator',
  'client-vanished': 'since its client vanished',
  'driver-away': 'since the driver was away',
  interrupted: 'since it was interrupted',
} as const;
