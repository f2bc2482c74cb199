// The only place for the shape of a run told without a screen: what an output is given and when.
import type { Event, Ways } from '../domain/event.ts';
import type { Jid, OutputStream } from '../domain/job.ts';
import type { State } from '../domain/run-state.ts';

/** What an output may ask of the world. */
export type OutputParts = {
  readonly write: (text: string) => void;
  /** Bytes of a job's stream that are kept here. */
  readonly bytesOf: (jid: Jid, stream: OutputStream) => Promise<Uint8Array>;
  /** How a command about it is typed: `rollcall attach 3`, with whatever names its state folder. */
  readonly command: (words: string) => string;
  /** Only what happens to this run is told. */
  readonly run: string;
};

/** One way to tell a run. */
export type Output = {
  /** Events in order, after the state took them in. */
  news(events: readonly Event[], state: State): void;
  /** A minute has passed in which nothing was told. */
  heartbeat(state: State, wall: number): void;
  /** What is in the way to hosts has changed. */
  ways?(before: Ways, state: State, wall: number): void;
  /** The run has ended. */
  ended(state: State): Promise<void>;
};

/** True when the event is about the run. */
export const isAbout = (event: Event, run: string, state: State): boolean => {
  if ('run' in event) return event.run === run;
  return 'jid' in event && state.jobs.get(event.jid)?.runId === run;
};
