// The only place that opens, uses and lets go of lines: which host is talked to next, about what, and for how long.
// Due looks go before starts; a spare line gives way at once. It performs; what an answer means is not its business.
import type { Failure } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import { cleanOver } from './clean.ts';
import type { Act, Desk, Manners } from './desk.ts';
import { type Place, Places, type Survey } from './places.ts';
import { answerWaitedFor, type Clock, type HostRef, type Jobs, type Line, type MayTry, type Survey as Surveyed } from './ports.ts';
import { sharedOut } from './requests.ts';
import { chainTooLong, type Slot, Slots, sizeOf } from './slots.ts';
import { afterRequest, type Start, type StartQueue } from './start-queue.ts';

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
  #rateTimer: (() => void) | undefined;
  #stopped = false;

  constructor(jobs: Jobs, desk: Desk, queue: StartQueue, clock: Clock, manners: Manners) {
    this.#jobs = jobs;
    this.#desk = desk;
    this.#queue = queue;
    this.#clock = clock;
    this.#manners = manners;
    this.#slots = new Slots(manners);
    jobs.answering?.onAnswer(() => this.pump());
  }

  get open(): number {
    return this.#slots.open;
  }

  /** Hosts that are owed something and wait for a person, by what they wait for. */
  waiting(): ReadonlyMap<string, ReadonlySet<string>> {
    const waiting = new Map<string, Set<string>>();
    for (const [what, host] of [...this.#places.waiting(), ...this.#queue.parked()]) {
      waiting.set(what, (waiting.get(what) ?? new Set()).add(host));
    }
    return waiting;
  }

  /** Looks due that have waited for a slot. */
  get waitingLooks(): number {
    return this.#due.size;
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
    const { looks, acts } = this.#places.of(host);
    looks.delete(jid);
    for (let i = acts.length - 1; i >= 0; i -= 1) if (acts[i]?.jid === jid && acts[i]?.kind !== 'clean') acts.splice(i, 1);
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
        waitsFor: start => this.#waitsFor(this.#places.of(start.host)) ?? start.waitsFor,
        mayTry: what => this.#mayTry(what),
      });
      if (start === undefined) break;
      const place = this.#places.of(start.host);
      place.starts.push(start);
      void this.#talk(place, start.run, start.waitsFor);
    }
    this.#giveUpSpares();
    this.#waitForRate();
  }

  /** Lets every line go and starts nothing more. */
  stop(): void {
    this.#stopped = true;
    this.#rateTimer?.();
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
    } else if (this.#canTalk(place, run)) void this.#talk(place, run);
  }

  /** What a person has to say before a line can be had. */
  #waitsFor(place: Place): string | undefined {
    return place.line === undefined && place.busy === 'no' ? place.waits?.for : undefined;
  }

  #mayTry(what: string): MayTry {
    return this.#jobs.answering?.mayTry(what) ?? 'all';
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
  async #talk(place: Place, run: string, tries = place.waits?.for): Promise<void> {
    place.busy = 'yes';
    const isBack = tries === undefined ? undefined : this.#jobs.answering?.setOut(tries);
    this.#due.delete(place);
    this.#spares.delete(place);
    const requested = place.starts.map(start => this.#desk.requested(start));
    const line = place.line === undefined ? await this.#connect(place, run) : ok(place.line);
    await Promise.all(requested);
    if (!line.ok) await this.#noLine(place, line.failure);
    else if (await this.#converse(place, line.value)) this.#keepOrLetGo(place);
    else this.#letGo(place);
    place.busy = 'no';
    isBack?.();
    if (this.#runDueAt(place) !== undefined) this.#due.add(place);
    this.pump();
  }

  async #connect(place: Place, run: string): Promise<Result<Line>> {
    const tooLong = chainTooLong(place.ref, this.#desk.forksOf(run));
    if (tooLong !== undefined) return fail(tooLong);
    const slot = this.#slots.take(place.ref, run, this.#isSilent(place));
    this.#tellSlots();
    if (place.waits !== undefined) this.#desk.waited([...place.looks], this.#clock.now() - place.waits.since);
    place.waits = undefined;
    const connected = await this.#jobs.connect(place.ref);
    if (!connected.ok) {
      // Whoever asks for an answer has answered.
      place.heard = answerWaitedFor(connected.failure) === undefined ? 'not-last-time' : 'yes';
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
      const what = reply.ok ? undefined : answerWaitedFor(reply.failure);
      if (what !== undefined) {
        this.#park(start, what);
        continue;
      }
      await this.#desk.answered(start, reply);
      if (!reply.ok) return this.#lineFailed(place);
    }
  }

  /** It comes again when somebody has answered; it has neither been tried nor failed. */
  #park(start: Start, what: string): void {
    if (this.#desk.mayPark(afterRequest(start))) this.#queue.park(afterRequest(start), what);
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
    if (delay === 0 || this.#rateTimer !== undefined || !this.#queue.wantsTurn(what => this.#mayTry(what))) return;
    this.#rateTimer = this.#clock.after(delay, () => {
      this.#rateTimer = undefined;
      this.pump();
    });
  }
}
