// The only place for a state folder of the fault worlds that is real: src/journal's SQLite and output files, in this thread.
// A loss of power is played by cutting the write-ahead log where the last sync left it, and output files anywhere.
import { copyFileSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../src/domain/event.ts';
import type { Jid, OutputStream } from '../../src/domain/job.ts';
import type { Entry } from '../../src/engine/ports.ts';
import { examineChain } from '../../src/journal/chain.ts';
import { type EventRow, eventOf } from '../../src/journal/event-row.ts';
import { outputPath, readOutputFile } from '../../src/journal/output-files.ts';
import { resumeFrom } from '../../src/journal/resume.ts';
import { openStore, type Store } from '../../src/journal/store.ts';
import type { Disk, Found } from './memory-disk.ts';

/** Where there is a disk in memory, thousands of worlds need no real one. */
const ground = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export class SqliteDisk implements Disk {
  #folder: string;
  #store: Store;
  /** Length of the write-ahead log after the last sync. */
  #synced = 0;
  #durable = 0;
  #count = 0;

  constructor(folder = mkdtempSync(join(ground, 'rollcall-faults-'))) {
    this.#folder = folder;
    this.#store = this.#open();
    this.#note();
  }

  write(entry: Entry, part: 'all' | 'bytes'): void {
    const [written] = this.#store.write([part === 'all' ? entry : { ...entry, events: [], sightings: [], durability: 'fact' }]);
    if (written?.ok === false) throw new Error(written.failure.cause);
    if (part === 'bytes') return;
    this.#count += entry.events.length;
    if (entry.durability === 'intent') this.#note();
  }

  found(at: number): Found {
    const resume = resumeFrom(this.#store, at);
    this.#count = this.#events().length;
    this.#note();
    return resume;
  }

  events(): readonly Event[] {
    const chain = examineChain(this.#store.db);
    if (chain.kind !== 'whole') throw new Error(`the chain of the journal is broken at ${chain.seq}: ${chain.why}`);
    return this.#events();
  }

  durable(): number {
    return this.#durable;
  }

  output(jid: Jid, stream: OutputStream): Uint8Array {
    return readOutputFile(outputPath(this.#folder, jid, stream), 0, 1 << 24).bytes;
  }

  losePower(random: () => number): void {
    const after = mkdtempSync(join(ground, 'rollcall-faults-'));
    copyFileSync(join(this.#folder, 'journal.db'), join(after, 'journal.db'));
    const log = join(after, 'journal.db-wal');
    copyFileSync(join(this.#folder, 'journal.db-wal'), log);
    truncateSync(log, this.#synced);
    if (existsSync(join(this.#folder, 'output'))) cpSync(join(this.#folder, 'output'), join(after, 'output'), { recursive: true });
    for (const file of filesUnder(join(after, 'output'))) {
      if (random() < 0.4) truncateSync(file, Math.floor(random() * (statSync(file).size + 1)));
    }
    this.#store.close();
    rmSync(this.#folder, { recursive: true });
    this.#folder = after;
    this.#store = this.#open();
    this.#count = this.#events().length;
    this.#note();
  }

  beat(at: number): void {
    this.#store.beat(at);
  }

  copy(): Disk {
    throw new Error('worlds with a mirror keep their folders in memory');
  }

  end(): void {
    this.#store.close();
    rmSync(this.#folder, { recursive: true });
  }

  #open(): Store {
    const store = openStore(this.#folder);
    if (!store.ok) throw new Error(store.failure.cause);
    // The log alone tells what was synced, as long as nothing of it is carried over.
    store.value.db.exec('pragma wal_autocheckpoint = 0');
    return store.value;
  }

  #note(): void {
    this.#synced = statSync(join(this.#folder, 'journal.db-wal'), { throwIfNoEntry: false })?.size ?? 0;
    this.#durable = this.#count;
  }

  #events(): Event[] {
    const rows = this.#store.db.prepare('select at, run, jid, type, actor, body from events order by seq').all();
    return rows.map(row => eventOf(row as unknown as EventRow));
  }
}

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter(entry => entry.isFile())
        .map(entry => join(entry.parentPath, entry.name))
    : [];
