// The only way from a happening to the state: journal first, then reduce, then tell the readers.
// One write is under way at a time; what happens meanwhile goes together into the next one.
import type { Actor, Event, Sighting } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { reduce, reduceSighting } from '../domain/reduce.ts';
import type { State } from '../domain/run-state.ts';
import type { Clock, Entry, Journal, OutputBytes } from './ports.ts';

type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** An event before the spine has dated it. */
export type Draft = Without<Event, 'at' | 'by'> & { readonly by?: Actor };

/** What a happening brings with it. */
export type Happening = {
  readonly events: readonly Draft[];
  readonly output?: readonly OutputBytes[];
  /** `intent` when an effect follows that must not happen unrecorded. */
  readonly durability?: Entry['durability'];
};

export type Reader = (events: readonly Event[], sightings: readonly Sighting[]) => void;

/** Pause between two tries to write when the disk here is full, ms. */
const writeAgainAfter = 2000;

/** A sighting of a job is journalled at most this often, ms. */
const sightingEvery = 60_000;

type Waiting = { readonly happening: Happening; readonly done: () => void };

/** The event log of one driver. */
export class Spine {
  readonly state: State;
  /** Why nothing can be written at the moment; every start waits while it is set. */
  trouble: Failure | undefined;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #readers = new Set<Reader>();
  readonly #troubleReaders = new Set<() => void>();
  readonly #lastKept = new Map<string, number>();
  #queue: Waiting[] = [];
  #sightings: Sighting[] = [];
  #writing = false;

  constructor(journal: Journal, clock: Clock, state: State) {
    this.#journal = journal;
    this.#clock = clock;
    this.state = state;
  }

  /** Resolves once the events are written and the state has them; effects come after that. */
  emit(happening: Happening): Promise<void> {
    return new Promise(done => {
      this.#queue.push({ happening, done });
      void this.#write();
    });
  }

  /** Shows what was seen, at once. Only what an answer of the host has brought is worth keeping. */
  sight(sighting: Sighting): void {
    reduceSighting(this.state, sighting);
    for (const reader of this.#readers) reader([], [sighting]);
    if (sighting.type !== 'job.seen' || sighting.at === 0) return;
    const now = this.#clock.now();
    if (now - (this.#lastKept.get(sighting.jid) ?? Number.NEGATIVE_INFINITY) < sightingEvery) return;
    this.#lastKept.set(sighting.jid, now);
    this.#sightings.push(sighting);
    void this.#write();
  }

  /** Called after each write, in order; the returned function ends it. */
  subscribe(reader: Reader): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Called when {@link trouble} comes or goes. */
  onTrouble(reader: () => void): () => void {
    this.#troubleReaders.add(reader);
    return () => this.#troubleReaders.delete(reader);
  }

  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // Everything that falls due in this tick joins the first write.
    await Promise.resolve();
    while (this.#queue.length > 0 || this.#sightings.length > 0) {
      const batch = this.#queue;
      const sightings = this.#sightings;
      this.#queue = [];
      this.#sightings = [];
      const events = batch.flatMap(({ happening }) => happening.events.map(draft => this.#dated(draft)));
      await this.#append({
        events,
        sightings,
        output: batch.flatMap(({ happening }) => happening.output ?? []),
        durability: batch.some(({ happening }) => happening.durability === 'intent') ? 'intent' : 'fact',
      });
      for (const event of events) {
        reduce(this.state, event);
        if (event.type === 'job.ended') this.#lastKept.delete(event.jid);
      }
      if (events.length > 0) for (const reader of this.#readers) reader(events, []);
      for (const { done } of batch) done();
    }
    this.#writing = false;
  }

  async #append(entry: Entry): Promise<void> {
    for (;;) {
      const written = await this.#journal.append(entry);
      if (written.ok) break;
      this.#setTrouble(written.failure);
      await new Promise<void>(again => this.#clock.after(writeAgainAfter, again));
    }
    this.#setTrouble(undefined);
  }

  #setTrouble(failure: Failure | undefined): void {
    if (this.trouble === failure) return;
    this.trouble = failure;
    for (const reader of this.#troubleReaders) reader();
  }

  #dated(draft: Draft): Event {
    return { ...draft, at: this.#clock.wall() } as Event;
  }
}
