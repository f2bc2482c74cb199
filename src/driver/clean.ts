// The only place that decides what is kept and for how long: job folders on hosts, output here, events of runs long over.
// The host's copy goes only after the last bytes and the verdict are on disk here; what is open or outstanding is never touched.
import type { Actor, PlannedHost } from '../domain/event.ts';
import type { Jid } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock, Random } from '../engine/ports.ts';
import type { Spine } from '../engine/spine.ts';
import type { Answers, Ask, Cleaned, CleanedHost } from './protocol.ts';

const day = 24 * 3600_000;

/** How long things are kept, ms and bytes. The host removes by itself what nobody collected for 90 days. */
export const keptFor = {
  thereByItself: 14 * day,
  thereAtMost: 90 * day,
  outputHere: 30 * day,
  outputBytes: 5 * 1024 ** 3,
  events: 400 * day,
} as const;

/** What the driver asks of the journal about what is kept; journal/keeping.ts has the same. Times are wall clock, ms. */
export type Keeping = {
  keep(ask: {
    readonly what: 'left-there';
    readonly from: number;
    readonly to: number;
    readonly hosts?: readonly string[];
  }): Promise<Result<readonly { readonly jid: Jid; readonly host: PlannedHost; readonly bytes: number }[]>>;
  keep(ask: {
    readonly what: 'output-due';
    readonly endedBefore: number;
    readonly most: number;
    readonly hosts?: readonly string[];
  }): Promise<Result<readonly { readonly jid: Jid; readonly run: string; readonly bytes: number }[]>>;
  keep(ask: { readonly what: 'remove-output'; readonly jids: readonly Jid[] }): Promise<Result<number>>;
  keep(ask: { readonly what: 'prune'; readonly before: number; readonly at: number }): Promise<Result<number>>;
  keep(ask: { readonly what: 'last-pass'; readonly at?: number }): Promise<Result<number>>;
};

export type CleaningParts = {
  readonly keeping: Keeping;
  readonly spine: Spine;
  readonly engine: Engine;
  readonly clock: Clock;
  readonly random: Random;
  readonly settings: { readonly forks: number };
  readonly isBusy: () => boolean;
};

/** How often it is looked whether a pass is due, ms: cheap, and often enough for drivers that live a minute. */
const lookEvery = 20_000;

/** A pass a day, when nothing runs; a driver that always runs something waits no longer than another day. */
const passEvery = day;

/** Between two passes; what is longer is believed a day later, when it is still so, ms. */
const trustedGap = 60 * day;

/** Hosts that a pass of its own accord talks to. */
const hostsAPass = 100;

/** Jobs whose output goes with one event. */
const outputsAtOnce = 500;

type Wish = { readonly from: number; readonly to: number; readonly hosts?: readonly string[] };
type Folders = { readonly host: PlannedHost; readonly jobs: readonly { readonly jid: Jid; readonly bytes: number }[] };

export class Cleaning {
  readonly #parts: CleaningParts;
  #lastPass: number | undefined;
  #disarm = (): void => {};
  #isPassing = false;
  #isOver = false;

  constructor(parts: CleaningParts) {
    this.#parts = parts;
  }

  /** Looks from now on whether a pass is due. */
  begin(): void {
    if (this.#isOver) return;
    this.#disarm = this.#parts.clock.after(lookEvery, () => {
      void this.#passIfDue().finally(() => this.begin());
    });
  }

  stop(): void {
    this.#isOver = true;
    this.#disarm();
  }

  /** What an operator asks for: every folder that is whole here, however young. */
  async clean({ hosts, mode }: Extract<Ask, { verb: 'clean' }>, by: Actor): Promise<Result<Answers['clean']>> {
    const { engine, spine } = this.#parts;
    const hindered = engine.fenced ?? spine.trouble;
    if (hindered !== undefined) return fail(hindered);
    const folders = await this.#folders({ from: 0, to: Number.MAX_SAFE_INTEGER, ...(hosts !== undefined && { hosts }) });
    if (!folders.ok) return folders;
    const told =
      mode === 'dry'
        ? folders.value.map(({ host, jobs }) => ({ host: host.name, jobs: jobs.length, bytes: sumOf(jobs), left: 0 }))
        : await this.#cleanAll(folders.value, by);
    const here = await this.#output(mode, hosts, by);
    if (!here.ok) return here;
    const events = mode === 'dry' || hosts !== undefined ? ok(0) : await this.#prune();
    const there = told.toSorted((a, b) => (a.host < b.host ? -1 : 1));
    return events.ok ? ok({ there, here: here.value, events: events.value }) : events;
  }

  async #passIfDue(): Promise<void> {
    const { keeping, clock, engine, spine, isBusy, random } = this.#parts;
    if (this.#isPassing || (engine.fenced ?? spine.trouble) !== undefined) return;
    if (this.#lastPass === undefined) {
      const last = await keeping.keep({ what: 'last-pass' });
      if (!last.ok) return;
      this.#lastPass = last.value;
    }
    const now = clock.wall();
    const age = now - this.#lastPass;
    // Never passed here, or not for so long that the clock may have been set: nothing goes for another day.
    const isFirst = age < 0 || age > trustedGap;
    if (!isFirst && (age < passEvery || (isBusy() && age < 2 * passEvery))) return;
    this.#lastPass = now;
    await keeping.keep({ what: 'last-pass', at: now });
    if (isFirst) return;
    this.#isPassing = true;
    await this.#output('clean', undefined, undefined);
    await this.#prune();
    const due = await this.#folders({ from: now - keptFor.thereAtMost, to: now - keptFor.thereByItself });
    // Any of them, so that dead hosts do not keep the others waiting for ever.
    if (due.ok) await this.#cleanAll(due.value.toSorted(() => random() - 0.5).slice(0, hostsAPass), undefined);
    this.#isPassing = false;
  }

  async #folders(wish: Wish): Promise<Result<readonly Folders[]>> {
    const left = await this.#parts.keeping.keep({ what: 'left-there', ...wish });
    if (!left.ok) return left;
    const places = new Map<string, { host: PlannedHost; jobs: { jid: Jid; bytes: number }[] }>();
    for (const { jid, host, bytes } of left.value) {
      const key = `${host.name} ${JSON.stringify(host.address)}`;
      const place = places.get(key) ?? { host, jobs: [] };
      place.jobs.push({ jid, bytes });
      places.set(key, place);
    }
    return ok([...places.values()]);
  }

  /** A few hosts at a time: whoever starts something does not wait for this. */
  async #cleanAll(folders: readonly Folders[], by: Actor | undefined): Promise<readonly CleanedHost[]> {
    const waiting = [...folders];
    const told: CleanedHost[] = [];
    const work = async (): Promise<void> => {
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) told.push(await this.#cleanHost(next, by));
    };
    await Promise.all(Array.from({ length: Math.max(1, Math.floor(this.#parts.settings.forks / 4)) }, work));
    return told;
  }

  async #cleanHost({ host, jobs }: Folders, by: Actor | undefined): Promise<CleanedHost> {
    const { spine, engine } = this.#parts;
    const jids = jobs.map(({ jid }) => jid) as [Jid, ...Jid[]];
    await spine.emit({ durability: 'intent', events: [{ type: 'host.clean-asked', host: host.name, jids, ...(by && { by }) }] });
    const cleaned = await engine.clean(host, jids);
    if (!cleaned.ok) return { host: host.name, jobs: 0, bytes: 0, left: jobs.length, failure: cleaned.failure };
    const gone = new Set(cleaned.value);
    if (gone.size > 0) await spine.emit({ events: [{ type: 'host.cleaned', host: host.name, jids: [...gone], ...(by && { by }) }] });
    return {
      host: host.name,
      jobs: gone.size,
      bytes: sumOf(jobs.filter(({ jid }) => gone.has(jid))),
      left: jobs.length - gone.size,
    };
  }

  /** The event first: output that is gone is told as such. */
  async #output(mode: 'clean' | 'dry', hosts: readonly string[] | undefined, by: Actor | undefined): Promise<Result<Cleaned['here']>> {
    const { keeping, clock, spine } = this.#parts;
    const due = await keeping.keep({
      what: 'output-due',
      endedBefore: clock.wall() - keptFor.outputHere,
      most: keptFor.outputBytes,
      ...(hosts !== undefined && { hosts }),
    });
    if (!due.ok) return due;
    if (mode === 'clean') {
      for (let first = 0; first < due.value.length; first += outputsAtOnce) {
        const some = due.value.slice(first, first + outputsAtOnce);
        const byRun = Map.groupBy(some, ({ run }) => run);
        const events = [...byRun].map(([run, jobs]) => ({
          type: 'output.removed' as const,
          run,
          jids: jobs.map(({ jid }) => jid),
          bytes: sumOf(jobs),
          ...(by && { by }),
        }));
        await spine.emit({ durability: 'intent', events });
        const removed = await keeping.keep({ what: 'remove-output', jids: some.map(({ jid }) => jid) });
        if (!removed.ok) return removed;
      }
    }
    return ok({ jobs: due.value.length, bytes: sumOf(due.value) });
  }

  async #prune(): Promise<Result<number>> {
    const { keeping, clock } = this.#parts;
    let all = 0;
    for (;;) {
      const went = await keeping.keep({ what: 'prune', before: clock.wall() - keptFor.events, at: clock.wall() });
      if (!went.ok) return went;
      all += went.value;
      if (went.value === 0) return ok(all);
    }
  }
}

const sumOf = (jobs: readonly { readonly bytes: number }[]): number => jobs.reduce((sum, { bytes }) => sum + bytes, 0);
