// The only place for the shape of what is written in one go. It is the engine's port said again, since this folder must not
// know the engine; a type test in test/journal holds the two equal. It knows nothing of SQLite or files.
import type { Event, Sighting } from '../domain/event.ts';
import type { Jid, OutputStream } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';

/** Bytes that must be on disk before the event that counts them. */
export type OutputBytes = {
  readonly jid: Jid;
  readonly stream: OutputStream;
  readonly offset: number;
  readonly bytes: Uint8Array;
};

/** What is written in one go: all of it, or nothing that counts. */
export type Entry = {
  readonly output: readonly OutputBytes[];
  readonly events: readonly Event[];
  readonly sightings: readonly Sighting[];
  /** `intent`: on disk (fsync) before the promise resolves. `fact`: ordered, durable with the next intent. */
  readonly durability: 'intent' | 'fact';
};

/** A sighting of a job, the kind of which the last one is kept. */
export type JobSeen = Extract<Sighting, { readonly type: 'job.seen' }>;

/** A sign of life dated by the wall clock, ms, and by the machine's uptime, s, which nobody can set; `boot` names the boot. */
export type Beat = { readonly at: number; readonly uptime: { readonly boot: string; readonly seconds: number } };

/** What a new driver needs to go on. Times are wall clock, ms. */
export type Resume = {
  /** In order: every event of runs that have not ended, that have outstanding jobs, or that ended last; and their fleets. */
  readonly events: readonly Event[];
  /** The last sighting kept of each outstanding job; up to a minute old. */
  readonly sightings: readonly JobSeen[];
  /** 0 when there was none. */
  readonly lastSightingAt: number;
  /** The newest sign of life of the last driver: event, sighting or its beat; 0 in a new journal. */
  readonly lastEventAt: number;
  /** Its last beat, where the machine tells its uptime. */
  readonly lastBeat?: Beat;
  readonly nextRunNumber: number;
  /** 32 hexadecimal digits, made with the journal. */
  readonly line: string;
  /** Of the last `driver.started`; 0 before the first. */
  readonly lastEpoch: number;
  /** Where the last driver kept a mirror. */
  readonly mirror?: string;
};

/** Where events go before they are acted on. */
export type Journal = {
  /** Resolves when the entry is written. Nothing of a failed entry counts, and nothing sent after it was written. */
  append(entry: Entry): Promise<Result<void>>;
};
