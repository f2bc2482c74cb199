// The only place that opens, uses and lets go of lines: which host is talked to next, about what, and for how long.
// Due looks go before starts; a spare line gives way at once. It performs; what an answer means is not its business.
import type { Failure } from '../domain/failure.ts';
import type { Jid, Whereabouts } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { type CleanAct, cleanOver } from './clean.ts';
import type {
  Clock,
  HostRef,
  HostState,
  JobReport,
  Jobs,
  Line,
  LookRequest,
  StartReply,
  StartRequest,
  Survey as Surveyed,
} from './ports.ts';
import { sharedOut } from './requests.ts';
import { chainTooLong, type Slot, type SlotLimits, Slots, sizeOf } from './slots.ts';
import { afterRequest, type Start, type StartQueue } from './start-queue.ts';

/** Something to tell a host about a job; `there` is the jid that it goes by there (another's with `--once`). */
export type Act =
  | { readonly kind: 'cancel'; readonly jid: Jid; readonly there: Jid; readonly grace: number; readonly at?: Whereabouts }
  | { readonly kind: 'extend'; readonly jid: Jid; readonly there: Jid; readonly limit: number }
  | CleanAct;

/** Somebody wants to know what jobs a host knows. */
type Survey = { readonly accounts: 'own' | 'all'; readonly done: (found: Result<Surveyed>) => void };

/** What the dispatcher needs to know, and whom it tells. Each resolves when the answer is written down. */
export type Desk = {
  isGoing(run: string): boolean;
  hasSeat(run: string): boolean;
  forksOf(run: string): number;
  runOf(jid: Jid): string;
  /** Writes the intent; must resolve before the host hears of the start. */
  requested(start: Start): Promise<void>;
  startRequest(start: Start, linger: number): StartRequest;
  lookRequest(jid: Jid): LookRequest | undefined;
  answered(start: Start, reply: Result<StartReply>): Promise<void>;
  /** No line could be had: nothing was sent. */
  unreached(start: Start, failure: Failure): Promise<void>;
  looked(jids: readonly Jid[], reports: Result<readonly JobReport[]>): Promise<void>;
  acted(act: Exclude<Act, CleanAct>, answer: Result<HostState | number>): Promise<void>;
  /** Milliseconds until the next look at a job of the host is due. */
  nextDueIn(host: string): number | undefined;
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

type Place = {
  readonly ref: HostRef;
  readonly looks: Set<Jid>;
  readonly acts: Act[];
  readonly starts: Start[];
  readonly surveys: Survey[];
  line: Line | undefined;
  slot: Slot | undefined;
  busy: 'yes' | 'no';
  heard: 'never' | 'yes' | 'not-last-time';
};

export class Dispatcher {
  readonly #places = new Map<string, Place>();
  /** Hosts with looks or acts due, in the order they fell due. */
  readonly #due = new Set<Place>();
  /** Hosts with an idle line kept for a look that is due soon, longest kept first. */
  readonly #spares = new Set<Place>();
  readonly #slots: Slots;
  readonly #jobs: Jobs;
  readonly #desk: Desk;
  readonly #queue: StartQueue;
  readonly #clock: Clock;
  readonly #manners: Manners;
  /** Whose chain of jump hosts waits until enough of the forks are free together: nobody overtakes it. */
  #saving: Place | undefined;
  #rateTimer: (() => void) | undefined;
  #stopped = false;

  constructor(jobs: Jobs, desk: Desk, queue: StartQueue, clock: Clock, manners: Manners) {
    this.#jobs = jobs;
    this.#desk = desk;
    this.#queue = queue;
    this.#clock = clock;
    this.#manners = manners;
    this.#slots = new Slots(manners);
  }

  get open(): number {
    return this.#slots.open;
  }

  /** Looks due that have waited for a slot. */
  get waitingLooks(): number {
    return this.#due.size;
  }

  look(host: HostRef, jid: Jid): void {
    const place = this.#place(host);
    place.looks.add(jid);
    this.#due.add(place);
    this.pump();
  }

  act(host: HostRef, act: Act): void {
    const place = this.#place(host);
    place.acts.push(act);
    this.#due.add(place);
    this.pump();
  }

  /** Comes to the host when a slot is free, like a look that is due. */
  survey(host: HostRef, accounts: Survey['accounts']): Promise<Result<Surveyed>> {
    const place = this.#place(host);
    return new Promise(done => {
      place.surveys.push({ accounts, done });
      this.#due.add(place);
      this.pump();
    });
  }

  /** The job is over: nobody asks about it any more. */
  forget(host: HostRef, jid: Jid): void {
    this.#places.get(keyOf(host))?.looks.delete(jid);
  }

  /** Hands out slots to whoever may go now. Called after everything that could change the answer. */
  pump(): void {
    if (this.#stopped) return;
    this.#saving = undefined;
    for (const place of this.#due) this.#serve(place);
    for (;;) {
      const start = this.#queue.next({
        isGoing: run => this.#desk.isGoing(run),
        hasSeat: run => this.#desk.hasSeat(run),
        canTalk: ({ host, run }) => this.#canTalk(this.#place(host), run),
      });
      if (start === undefined) break;
      const place = this.#place(start.host);
      place.starts.push(start);
      void this.#talk(place, start.run);
    }
    this.#giveUpSpares();
    this.#waitForRate();
  }

  /** Lets every line go and starts nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#rateTimer?.();
    for (const place of this.#places.values()) place.line?.close();
  }

  #serve(place: Place): void {
    const run = this.#runDueAt(place);
    if (run === undefined) {
      this.#due.delete(place);
      return;
    }
    if (this.#canTalk(place, run)) void this.#talk(place, run);
  }

  /** The run for which the host is to be talked to; a survey is nobody's. */
  #runDueAt(place: Place): string | undefined {
    const jid = place.looks.values().next().value ?? place.acts[0]?.jid;
    if (jid !== undefined) return this.#desk.runOf(jid);
    return place.surveys.length > 0 ? '' : undefined;
  }

  #canTalk(place: Place, run: string): boolean {
    if (place.busy === 'yes') return false;
    if (place.line !== undefined) return true;
    if (this.#saving !== undefined) return false;
    const forks = this.#desk.forksOf(run);
    // It would wait for ever: whoever talks to it is told so at once.
    if (chainTooLong(place.ref, forks) !== undefined) return true;
    const size = sizeOf(place.ref);
    if (this.#slots.canTake(place.ref, run, forks, this.#isSilent(place))) return true;
    if (size > 1 && this.#slots.free < size) this.#saving = place;
    return false;
  }

  #isSilent(place: Place): Slot['silent'] {
    return place.heard === 'yes' ? 'no' : 'yes';
  }

  /** One conversation: everything that the host is owed, then the line is kept as a spare or let go. */
  async #talk(place: Place, run: string): Promise<void> {
    place.busy = 'yes';
    this.#due.delete(place);
    this.#spares.delete(place);
    const requested = place.starts.map(start => this.#desk.requested(start));
    const line = place.line === undefined ? await this.#connect(place, run) : ok(place.line);
    await Promise.all(requested);
    if (!line.ok) await this.#noLine(place, line.failure);
    else if (await this.#converse(place, line.value)) this.#keepOrLetGo(place);
    else this.#letGo(place);
    place.busy = 'no';
    if (this.#runDueAt(place) !== undefined) this.#due.add(place);
    this.pump();
  }

  async #connect(place: Place, run: string): Promise<Result<Line>> {
    const tooLong = chainTooLong(place.ref, this.#desk.forksOf(run));
    if (tooLong !== undefined) return fail(tooLong);
    const slot = this.#slots.take(place.ref, run, this.#isSilent(place));
    this.#tellSlots();
    const connected = await this.#jobs.connect(place.ref);
    if (!connected.ok) {
      place.heard = 'not-last-time';
      this.#release(slot);
      return connected;
    }
    place.heard = 'yes';
    this.#slots.shaken(slot);
    const line = connected.value;
    place.line = line;
    place.slot = slot;
    void line.closed.then(() => {
      if (place.line === line) {
        place.line = undefined;
        this.#spares.delete(place);
      }
      this.#release(slot);
      this.pump();
    });
    this.pump();
    return connected;
  }

  #release(slot: Slot): void {
    this.#slots.release(slot);
    this.#tellSlots();
  }

  #tellSlots(): void {
    this.#desk.slotsSeen(this.#slots.open, this.#slots.limits.forks);
  }

  async #noLine(place: Place, failure: Failure): Promise<void> {
    const starts = place.starts.splice(0);
    const acts = place.acts.splice(0);
    for (const { done } of place.surveys.splice(0)) done({ ok: false, failure });
    const looks = [...place.looks];
    place.looks.clear();
    await Promise.all([
      ...starts.map(start => this.#desk.unreached(start, failure)),
      ...acts.map(act => (act.kind === 'clean' ? act.done({ ok: false, failure }) : this.#desk.acted(act, { ok: false, failure }))),
      ...(looks.length > 0 ? [this.#desk.looked(looks, { ok: false, failure })] : []),
    ]);
  }

  /** Says what there is to say; false when the line is of no use any more. */
  async #converse(place: Place, line: Line): Promise<boolean> {
    for (;;) {
      const act = place.acts.shift();
      if (act?.kind === 'clean') {
        if (!(await cleanOver(line, act))) return this.#lineFailed(place);
        continue;
      }
      if (act !== undefined) {
        const answer = act.kind === 'cancel' ? await line.cancel(act.there, act.grace, act.at) : await line.extend(act.there, act.limit);
        await this.#desk.acted(act, answer);
        if (!answer.ok) return this.#lineFailed(place);
        continue;
      }
      if (place.looks.size > 0) {
        const asked = [...place.looks];
        place.looks.clear();
        const requests = sharedOut(asked.flatMap(jid => this.#desk.lookRequest(jid) ?? []));
        if (requests.length === 0) continue;
        const reports = await line.look(requests);
        await this.#desk.looked(asked, reports);
        if (!reports.ok) return this.#lineFailed(place);
        continue;
      }
      const survey = place.surveys.shift();
      if (survey !== undefined) {
        const found = await line.survey(survey.accounts);
        survey.done(found);
        if (!found.ok) return this.#lineFailed(place);
        continue;
      }
      const start = place.starts.shift();
      if (start === undefined) return true;
      const linger = this.#starved() === undefined ? this.#manners.linger : 0;
      const reply = await line.start(this.#desk.startRequest(start, linger));
      await this.#desk.answered(start, reply);
      if (!reply.ok) return this.#lineFailed(place);
    }
  }

  #lineFailed(place: Place): false {
    place.heard = 'not-last-time';
    for (const start of place.starts.splice(0)) this.#queue.add(afterRequest(start));
    return false;
  }

  #keepOrLetGo(place: Place): void {
    const due = this.#desk.nextDueIn(place.ref.name);
    const isSoon = this.#manners.persist > 0 && due !== undefined && due <= this.#manners.persist;
    if (isSoon && place.line !== undefined && this.#starved() === undefined) this.#spares.add(place);
    else this.#letGo(place);
  }

  #letGo(place: Place): void {
    this.#spares.delete(place);
    const { line } = place;
    place.line = undefined;
    line?.close();
  }

  /** A spare gives way at once to whoever lacks nothing but its slot. */
  #giveUpSpares(): void {
    const starved = this.#starved();
    if (starved === undefined) return;
    for (const place of this.#spares) {
      if (starved.run !== undefined && place.slot?.run !== starved.run) continue;
      this.#letGo(place);
      return;
    }
  }

  /** Who waits for a slot: anybody (all forks are taken), or a run at its own limit. */
  #starved(): { readonly run?: string } | undefined {
    const isFull = this.#slots.free <= 0 || this.#saving !== undefined;
    const lacksSlot = (run: string): boolean => isFull || this.#slots.heldBy(run) >= this.#desk.forksOf(run);
    for (const place of this.#due) {
      if (place.busy === 'yes' || place.line !== undefined) continue;
      const run = this.#runDueAt(place);
      if (run !== undefined && lacksSlot(run)) return isFull ? {} : { run };
    }
    for (const run of this.#queue.waitingRuns(this.#desk)) {
      if (lacksSlot(run)) return isFull ? {} : { run };
    }
    return undefined;
  }

  #waitForRate(): void {
    const delay = this.#queue.rateDelay();
    if (delay === 0 || this.#rateTimer !== undefined || this.#queue.size === 0) return;
    this.#rateTimer = this.#clock.after(delay, () => {
      this.#rateTimer = undefined;
      this.pump();
    });
  }

  #place(ref: HostRef): Place {
    const key = keyOf(ref);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place: Place = {
      ref,
      looks: new Set(),
      acts: [],
      starts: [],
      surveys: [],
      line: undefined,
      slot: undefined,
      busy: 'no',
      heard: 'never',
    };
    this.#places.set(key, place);
    return place;
  }
}

/** A name at one address: an inventory edited between two runs must not make one use the other's line. */
const keyOf = (ref: HostRef): string => {
  let key = keys.get(ref);
  if (key === undefined) {
    key = `${ref.name} ${JSON.stringify(ref.address)}`;
    keys.set(ref, key);
  }
  return key;
};

const keys = new WeakMap<HostRef, string>();
