// The only place that says how a host's state is written on a screen: letter, word, tone, and how much it needs a hand.
// The states are those of design section 3; it knows neither times nor rows.
import type { Tone } from './style.ts';

/** What one host of the grid is up to. */
export type CellKind =
  | 'idle'
  | 'queued'
  | 'held'
  | 'starting'
  | 'running'
  | 'let-go'
  | 'waiting'
  | 'between'
  | 'stale'
  | 'ok'
  | 'failed'
  | 'timed-out'
  | 'cancelled'
  | 'unreachable'
  | 'lost'
  | 'skipped';

type Look = {
  readonly letter: string;
  readonly word: string;
  readonly tone: Tone;
  /** 0: needs no hand; else the worst first. */
  readonly hand: number;
};

const look = (letter: string, word: string, tone: Tone, hand = 0): Look => ({ letter, word, tone, hand });

/** Letters alone must be enough; trouble is in reverse video without colours too; done and queued recede. */
export const looks: Readonly<Record<CellKind, Look>> = {
  idle: look('-', 'idle', 'dim'),
  queued: look('.', 'queued', 'dim'),
  held: look('H', 'held', 'wait'),
  starting: look('C', 'starting', 'busy'),
  running: look('R', 'running', 'busy'),
  'let-go': look('G', 'let go', 'busy'),
  waiting: look('K', 'waiting', 'warning', 4),
  between: look('R', 'asks again', 'busy'),
  stale: look('?', 'stale', 'warning', 5),
  ok: look('D', 'done', 'good'),
  failed: look('F', 'failed', 'alarm', 2),
  'timed-out': look('T', 'timed out', 'alarm', 3),
  cancelled: look('X', 'cancelled', 'wait'),
  unreachable: look('U', 'unreachable', 'away', 6),
  lost: look('L', 'lost', 'alarm', 1),
  skipped: look('S', 'skipped', 'dim'),
};

/** True when a job of it is out there now. */
export const isOut = (kind: CellKind): boolean => ['starting', 'running', 'let-go', 'waiting', 'stale'].includes(kind);
