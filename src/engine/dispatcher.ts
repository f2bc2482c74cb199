// The only place that opens, uses and lets go of lines: which host is talked to next, about what, and for how long.
// Due looks go before starts; a spare line gives way at once. It performs; what an answer means is not its business.
import type { Failure } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { Alarm } from './alarm.ts';
import { converse, type Talker } from './conversation.ts';
import type { Act, Desk, Manners } from './desk.ts';
import { Gates } from './gates.ts';
import { type Place, Places, type Survey } from './places.ts';
import {
  answerWaitedFor,
  type Clock,
  type HostRef,
  type Jobs,
  type Line,
  type MayTry,
  type Random,
  type Survey as Surveyed,
} from './ports.ts';
import { chainTooLong, type Slot, Slots } from './slots.ts';
import { afterRequest, type Start, type StartQueue } from './start-queue.ts';
import { asToldTo, isForPerson, Ways } from './ways.ts';

/** What a dispatcher is made of. */
export type DispatcherParts = {
  readonly jobs: Jobs;
  readonly desk: Desk;
  readonly queue: StartQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly manners: Manners;
};

export class Dispatcher {
  readonly #places = new Places();
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
  readonly #ways: Ways;
  readonly #talker: Talker;
  readonly #alarm: Alarm;
  #stopped = false;

  constructor({ jobs, desk, queue, clock, random, manners }: DispatcherParts) {
    this.#jobs = jobs;
    this.#desk = desk;
    this.#queue = queue;
    this.#clock = clock;
    this.#alarm = new Alarm(clock, () => this.pump());
    this.#manners = manners;
    const gates = new Gates(manners, clock);
    this.#slots = new Slots(manners, gates, jobs.hops);
    this.#ways = new Ways({ slots: this.#slots, gates, hops: jobs.hops, clock, random });
    this.#talker = {
      desk,
      linger: () => (this.#starved() === undefined ? manners.linger : 0),
      park: (start, what) => this.#park(start, what),
    };
    jobs.answering?.onAnswer(() => this.pump());
    jobs.hops?.onChange(hop => {
      this.#slots.hopChanged(hop);
      this.#tellSlots();
      this.pump();
    });
  }

  get open(): number {
    return this.#slots.open;
  }

  /** Hosts that are owed something and wait for a person, by what they wait for. */
  waiting(): ReadonlyMap<string, ReadonlySet<string>> {
    const waiting = new Map<string, Set<string>>();
    for (const [what, host] of [...this.#places.waiting(), ...this.#queue.parked()].filter(([what]) => isForPerson(what))) {
      waiting.set(what, (waiting.get(what) ?? new Set()).add(host));
    }
    return waiting;
  }

  /** Looks due that have waited for a slot. */
  get waitingLooks(): number {
    return this.#due.size;
  }

  /** A person wants to know now: who is away is tried at once. */
  urge(hosts: Iterable<HostRef>): void {
    for (const host of hosts) this.#ways.urge(host);
    this.pump();
  }

  look(host: HostRef, jid: Jid): void {
    const place = this.#places.of(host);
    place.looks.add(jid);
    this.#due.add(place);
    this.pump();
  }

  act(host: HostRef, act: Act): void {
    const place = this.#places.of(host);
    place.acts.push(act);
    this.#due.add(place);
    this.pump();
  }

  /** Comes to the host when a slot is free, like a look that is due. */
  survey(host: HostRef, accounts: Survey['accounts']): Promise<Result<Surveyed>> {
    const place = this.#places.of(host);
    return new Promise(done => {
      place.surveys.push({ accounts, done });
      this.#due.add(place);
      this.pump();
    });
  }

  /** The job is over: nobody asks about it any more. */
  forget(host: HostRef, jid: Jid): void {
    const place = this.#places.of(host);
    const { looks, acts } = place;
    looks.delete(jid);
    for (let i = acts.length - 1; i >= 0; i -= 1) if (acts[i]?.jid === jid && acts[i]?.kind !== 'clean') acts.splice(i, 1);
    // A spare may have been kept for a look at this job alone.
    if (this.#spares.has(place)) this.#keepOrLetGo(place);
  }

  /** Hands out slots to whoever may go now. Called after everything that could change the answer. */
  pump(): void {
    if (this.#stopped) return;
    this.#saving = undefined;
    for (const place of this.#places.takeBack(what => this.#mayTry(what) !== 'nobody')) this.#due.add(place);
    for (const place of this.#due) this.#serve(place);
    for (;;) {
      const start = this.#queue.next({
        isGoing: run => this.#desk.isGoing(run),
        hasSeat: start => this.#desk.hasSeat(start),
        canTalk: ({ host, run }) => this.#canTalk(this.#places.of(host), run),
        waitsFor: start => this.#startWaitsFor(start),
        mayTry: what => this.#mayTry(what),
      });
      if (start === undefined) break;
      const place = this.#places.of(start.host);
      place.starts.push(start);
      if (place.line === undefined) this.#ways.spend(place.ref);
      void this.#talk(place, start.run, start.waitsFor);
    }
    this.#giveUpSpares();
    this.#waitForTime();
  }

  /** Lets every line go and starts nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#alarm.disarm();
    for (const place of this.#places.all()) place.line?.close();
  }

  #serve(place: Place): void {
    const run = this.#runDueAt(place);
    if (run === undefined) {
      this.#due.delete(place);
      return;
    }
    const what = this.#waitsFor(place);
    if (what !== undefined && this.#mayTry(what) === 'nobody') {
      this.#due.delete(place);
      this.#places.putAside(place, what);
      const after = this.#ways.delay(what);
      if (after !== undefined) this.#desk.putOff([...place.looks], after);
    } else if (this.#canTalk(place, run)) void this.#talk(place, run);
  }

  /** What a person has to say, or what has to pass, before a line can be had. */
  #waitsFor(place: Place): string | undefined {
    return place.line === undefined && place.busy === 'no' ? (place.waits?.for ?? this.#ways.hindrance(place.ref)) : undefined;
  }

  #startWaitsFor({ host, waitsFor }: Start): string | undefined {
    const place = this.#places.of(host);
    const what = this.#waitsFor(place) ?? (waitsFor !== undefined && isForPerson(waitsFor) ? waitsFor : undefined);
    return what ?? (place.line === undefined && place.busy === 'no' ? this.#ways.startHindrance(host) : undefined);
  }

  #mayTry(what: string): MayTry {
    return this.#ways.mayTry(what) ?? this.#jobs.answering?.mayTry(what) ?? 'all';
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
    if (this.#ways.hindrance(place.ref) !== undefined) return false;
    if (this.#slots.canTake(place.ref, run, forks, this.#ways.hopeFor(place.ref, place.heard))) return true;
    const cost = this.#slots.costOf(place.ref);
    if (cost > 1 && this.#slots.free < cost) this.#saving = place;
    return false;
  }

  /** One conversation: everything that the host is owed, then the line is kept as a spare or let go. */
  async #talk(place: Place, run: string, tries = place.waits?.for): Promise<void> {
    place.busy = 'yes';
    const isBack = tries === undefined || !isForPerson(tries) ? undefined : this.#jobs.answering?.setOut(tries);
    this.#due.delete(place);
    this.#spares.delete(place);
    const requested = place.starts.map(start => this.#desk.requested(start));
    const line = place.line === undefined ? await this.#connect(place, run) : ok(place.line);
    await Promise.all(requested);
    if (!line.ok) await this.#noLine(place, line.failure);
    else if (await converse(place, line.value, this.#talker)) this.#keepOrLetGo(place);
    else this.#lineFailed(place);
    place.busy = 'no';
    isBack?.();
    this.#owed(place);
  }

  async #connect(place: Place, run: string): Promise<Result<Line>> {
    const tooLong = chainTooLong(place.ref, this.#desk.forksOf(run));
    if (tooLong !== undefined) return fail(tooLong);
    const slot = this.#slots.take(place.ref, run, this.#ways.hopeFor(place.ref, place.heard));
    this.#tellSlots();
    if (place.waits !== undefined) this.#desk.waited([...place.looks], this.#clock.now() - place.waits.since);
    place.waits = undefined;
    this.#ways.setOut(place.ref);
    const connected = await this.#jobs.connect(place.ref);
    const failure = connected.ok ? undefined : connected.failure;
    this.#slots.shaken(slot, failure);
    this.#shown(place.ref, failure);
    if (!connected.ok) {
      // Whoever asks for an answer has answered.
      place.heard = answerWaitedFor(connected.failure) === undefined ? 'not-last-time' : 'yes';
      this.#release(slot);
      return connected;
    }
    place.heard = 'yes';
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

  /** What a try has shown of others: who is behind the same jump host need not find out for himself. */
  #shown(host: HostRef, failure: Failure | undefined): void {
    const { failedHop: failed, back } = this.#ways.cameBack(host, failure);
    this.#desk.waysSeen(this.#ways.away(), this.#slots.gates.slowed());
    for (const { hop } of back) this.#desk.back(hop === undefined ? [host] : this.#behind(hop));
    if (failed === undefined || failure === undefined) return;
    const isMeant = (what: string, ref: HostRef): boolean => !isForPerson(what) && this.#ways.of(ref).includes(failed);
    const places = this.#places.takeWaiting((what, { ref }) => isMeant(what, ref));
    const starts = this.#queue.takeParked((what, { host: ref, run }) => isMeant(what, ref) && this.#desk.isGoing(run));
    for (const place of places) void this.#noLine(place, asToldTo(place.ref, failure)).then(() => this.#owed(place));
    for (const start of starts) void this.#tellStart(start, asToldTo(start.host, failure));
  }

  #behind(hop: string): readonly HostRef[] {
    return [...this.#places.all()].flatMap(({ ref }) => (this.#ways.of(ref).includes(hop) ? [ref] : []));
  }

  async #tellStart(start: Start, failure: Failure): Promise<void> {
    const what = answerWaitedFor(failure);
    if (what !== undefined) return this.#queue.park(start, what);
    await this.#desk.requested(start);
    await this.#desk.unreached(start, failure);
    this.pump();
  }

  #owed(place: Place): void {
    if (place.busy === 'no' && this.#runDueAt(place) !== undefined) this.#due.add(place);
    this.pump();
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
    const what = answerWaitedFor(failure);
    if (what !== undefined) {
      place.waits = { for: what, since: this.#clock.now() };
      for (const start of starts) this.#park(start, what);
      return;
    }
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

  /** It comes again when somebody has answered; it has neither been tried nor failed. */
  #park(start: Start, what?: string): void {
    if (this.#desk.mayPark(afterRequest(start))) this.#queue.putAside(afterRequest(start), what);
  }

  #lineFailed(place: Place): void {
    place.heard = 'not-last-time';
    for (const start of place.starts.splice(0)) this.#queue.add(afterRequest(start));
    this.#letGo(place);
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
    // Rather one more code than that nobody gets on.
    const isStandstill = starved !== undefined && this.#slots.nobodyTalks;
    for (const hop of this.#slots.idleHops()) {
      const isDear = this.#jobs.hops?.isDear(hop) === true;
      if (isDear ? this.#isWanted(hop) && !isStandstill : starved === undefined) continue;
      this.#jobs.hops?.close(hop);
      return;
    }
    if (starved === undefined) return;
    for (const place of this.#spares) {
      if (starved.run !== undefined && place.slot?.run !== starved.run) continue;
      this.#letGo(place);
      return;
    }
  }

  /** Something is left to be done behind it. */
  #isWanted(hop: string): boolean {
    const isBehind = (ref: HostRef): boolean => this.#ways.of(ref).includes(hop);
    for (const place of this.#due) if (isBehind(place.ref)) return true;
    for (const ref of this.#desk.left()) if (isBehind(ref)) return true;
    return false;
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
    for (const run of this.#queue.waitingRuns(this.#desk, what => this.#mayTry(what))) {
      if (lacksSlot(run)) return isFull ? {} : { run };
    }
    return undefined;
  }

  /** Comes back when the start rate allows another, or when who is away may be tried. */
  #waitForTime(): void {
    const rate = this.#queue.wantsTurn(what => this.#mayTry(what)) ? this.#queue.rateDelay() : 0;
    const others = [...this.#places.awaited(), ...this.#queue.awaited()].map(what => this.#ways.delay(what) ?? 0);
    this.#alarm.ring(Math.min(...[rate, ...others].filter(delay => delay > 0)));
  }
}
