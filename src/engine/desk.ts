// The only place that says what the dispatcher is told to do, what it must know, and whom it tells.
import type { Failure } from '../domain/failure.ts';
import type { Jid, Whereabouts } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';
import type { Away } from './breaker.ts';
import type { CleanAct } from './clean.ts';
import type { Slowed } from './gates.ts';
import type { Clock, HostRef, HostState, JobReport, Jobs, LookRequest, Random, StartReply, StartRequest } from './ports.ts';
import type { SlotLimits } from './slots.ts';
import type { Spine } from './spine.ts';
import type { Start } from './start-queue.ts';

/** Something to tell a host about a job; `there` is the jid that it goes by there (another's with `--once`). */
export type Act =
  | { readonly kind: 'cancel'; readonly jid: Jid; readonly there: Jid; readonly grace: number; readonly at?: Whereabouts }
  | { readonly kind: 'extend'; readonly jid: Jid; readonly there: Jid; readonly limit: number }
  | CleanAct;

/** What the dispatcher needs to know, and whom it tells. Each resolves when the answer is written down. */
export type Desk = {
  isGoing(run: string): boolean;
  hasSeat(start: Start): boolean;
  forksOf(run: string): number;
  runOf(jid: Jid): string;
  /** Writes the intent; must resolve before the host hears of the start. */
  requested(start: Start): Promise<void>;
  startRequest(start: Start, linger: number): StartRequest;
  lookRequest(jid: Jid): LookRequest | undefined;
  answered(start: Start, reply: Result<StartReply>): Promise<void>;
  /** A person has to answer before it can go on: nothing of it was sent now. False when it is not wanted any more. */
  mayPark(start: Start): boolean;
  /** A person has answered after so many ms, in which nobody could ask for these jobs. */
  waited(jids: readonly Jid[], ms: number): void;
  /** No line could be had: nothing was sent. */
  unreached(start: Start, failure: Failure): Promise<void>;
  looked(jids: readonly Jid[], reports: Result<readonly JobReport[]>): Promise<void>;
  acted(act: Exclude<Act, CleanAct>, answer: Result<HostState | number>): Promise<void>;
  /** Milliseconds until the next look at a job of the host is due. */
  nextDueIn(host: string): number | undefined;
  /** Their host is away: these jobs are asked about after so many ms at the earliest. */
  putOff(jids: readonly Jid[], ms: number): void;
  /** These hosts may answer again: who was silent there may be asked now. */
  back(hosts: readonly HostRef[]): void;
  /** What is known of the ways to hosts may have changed. */
  waysSeen(away: readonly Away[], slowed: readonly Slowed[]): void;
  /** Hosts with jobs that somebody waits for, or that a run has not done with; some of them twice. */
  left(): Iterable<HostRef>;
  /** Slots changed. */
  slotsSeen(open: number, forks: number): void;
};

/** How long lines are kept and lingered on. */
export type Manners = SlotLimits & {
  /** A spare is kept when a look falls due within this many ms; 0 lets go at once. */
  readonly persist: number;
  /** Most ms that a start stays on the line for a quick result. */
  readonly linger: number;
};

/** Limits and habits of a driver. */
export type EngineSettings = Manners & {
  /** Starts a second; 0 for no limit. */
  readonly startRate: number;
  /** Most bytes of one stream that one look brings. */
  readonly lookBytes: number;
};

/** The world of an engine. */
export type EngineParts = {
  readonly spine: Spine;
  readonly jobs: Jobs;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: EngineSettings;
  /** Told once, when another driver of this line has taken over. */
  readonly onFenced?: () => void;
};
