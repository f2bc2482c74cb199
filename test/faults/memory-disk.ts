// The only place for a state folder of the fault worlds that is kept in memory. It promises what docs/decisions/0001 does:
// everything outlives the process; intents and what came before them outlive the power; output bytes may be lost with it.
import type { Event, EventOf, Sighting } from '../../src/domain/event.ts';
import type { Jid, OutputStream } from '../../src/domain/job.ts';
import type { Heritage } from '../../src/driver/driver.ts';
import type { Entry } from '../../src/engine/ports.ts';

/** What a new driver finds. */
export type Found = Heritage & { readonly line: string; readonly lastEpoch: number };

/** The state folder of a world: it outlives the drivers. */
export type Disk = {
  /** Writes all of an entry, or only its bytes when the process dies in between. */
  write(entry: Entry, part: 'all' | 'bytes'): void;
  /** What a new driver takes up; brings files and events in agreement. @param at wall clock, ms */
  found(at: number): Found;
  events(): readonly Event[];
  /** Events that a loss of power would leave. */
  durable(): number;
  output(jid: Jid, stream: OutputStream): Uint8Array;
  /** The power goes: what was not synced may be lost. */
  losePower(random: () => number): void;
  /** A sign of life of the driver, wall clock, ms. */
  beat(at: number): void;
  /** Another folder with the same in it. */
  copy(): Disk;
  end(): void;
};

const line = 'a'.repeat(32);

export class MemoryDisk implements Disk {
  readonly #events: Event[] = [];
  readonly #bytes = new Map<string, Buffer>();
  readonly #sightings = new Map<Jid, Extract<Sighting, { type: 'job.seen' }>>();
  #durable = 0;
  #alive = 0;

  write({ events, output, sightings, durability }: Entry, part: 'all' | 'bytes'): void {
    for (const { jid, stream, offset, bytes } of output) {
      const key = `${jid} ${stream}`;
      const before = this.#bytes.get(key) ?? Buffer.alloc(0);
      if (offset > before.length) throw new Error(`output of ${key} has a gap: ${before.length} bytes, then from ${offset}`);
      this.#bytes.set(key, Buffer.concat([before.subarray(0, offset), bytes]));
    }
    if (part === 'bytes') return;
    for (const sighting of sightings) if (sighting.type === 'job.seen') this.#sightings.set(sighting.jid, sighting);
    this.#events.push(...(JSON.parse(JSON.stringify(events)) as Event[]));
    this.#alive = Math.max(this.#alive, this.#events.at(-1)?.at ?? 0);
    if (durability === 'intent') this.#durable = this.#events.length;
  }

  found(at: number): Found {
    this.#agree(at);
    const runs = this.#events.filter((event): event is EventOf<'run.queued'> => event.type === 'run.queued');
    const drivers = this.#events.filter((event): event is EventOf<'driver.started'> => event.type === 'driver.started');
    return {
      events: JSON.parse(JSON.stringify(this.#events)) as Event[],
      sightings: [...this.#sightings.values()],
      lastEventAt: this.#alive,
      nextRunNumber: Math.max(0, ...runs.map(({ number }) => number)) + 1,
      line,
      lastEpoch: Math.max(0, ...drivers.map(({ epoch }) => epoch)),
    };
  }

  events(): readonly Event[] {
    return this.#events;
  }

  durable(): number {
    return this.#durable;
  }

  output(jid: Jid, stream: OutputStream): Uint8Array {
    return this.#bytes.get(`${jid} ${stream}`) ?? new Uint8Array(0);
  }

  losePower(random: () => number): void {
    this.#events.splice(this.#durable);
    for (const [key, bytes] of this.#bytes) {
      if (random() < 0.4) this.#bytes.set(key, bytes.subarray(0, Math.floor(random() * (bytes.length + 1))));
    }
  }

  beat(at: number): void {
    this.#alive = Math.max(this.#alive, at);
  }

  copy(): Disk {
    const copy = new MemoryDisk();
    copy.#events.push(...this.#events);
    for (const [key, bytes] of this.#bytes) copy.#bytes.set(key, bytes);
    for (const [jid, sighting] of this.#sightings) copy.#sightings.set(jid, sighting);
    copy.#durable = this.#events.length;
    copy.#alive = this.#alive;
    return copy;
  }

  end(): void {}

  /** As src/journal/resume.ts has it: a longer file is cut back, a shorter one is told by one more event. */
  #agree(at: number): void {
    const counted = new Map<string, EventOf<'job.output'>>();
    for (const event of this.#events) if (event.type === 'job.output') counted.set(`${event.jid} ${event.stream}`, event);
    for (const [key, bytes] of this.#bytes) {
      const last = counted.get(key);
      const end = last === undefined ? 0 : last.from + last.length;
      if (bytes.length > end) this.#bytes.set(key, bytes.subarray(0, end));
      if (bytes.length >= end || last === undefined) continue;
      this.#events.push({ ...last, at, from: bytes.length, length: 0, lastLine: '' });
      this.#durable = this.#events.length;
    }
  }
}
