// The only place that keeps jobs going: it asks the machine what an answer means, writes that down, then acts.
// Verbs of the operator come in here too. It knows nothing of plays, shells or wires.
import type { Actor, PlannedHost } from '../domain/event.ts';
import { type Failure, isRefusal, mayRetryStart } from '../domain/failure.ts';
import { isOutstanding, type Jid, type Job } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';
import { Ages, type Earlier } from './ages.ts';
import type { Desk, EngineParts } from './desk.ts';
import { Dispatcher } from './dispatcher.ts';
import { looksAfter } from './gaps.ts';
import { advance, anotherMachine, type Effect, type Input, isBeingEnded, isOverThere, leftOut } from './job-machine.ts';
import { Known } from './known.ts';
import { Onlookers } from './onlookers.ts';
import type { HostRef, HostState, JobReport, StartReply, Survey } from './ports.ts';
import { graceOf, lookRequestOf, startRequestOf } from './requests.ts';
import { Roster } from './roster.ts';
import { seePutOff, seeSent, seeUnsent, seeWays } from './sightings.ts';
import { afterRequest, type Start } from './start-queue.ts';
import { Starts } from './starts.ts';
import { Timers } from './timers.ts';
import { Turns } from './turns.ts';

export class Engine {
  readonly #parts: EngineParts;
  readonly #timers: Timers;
  readonly #starts: Starts;
  readonly #dispatcher: Dispatcher;
  readonly #roster = new Roster();
  readonly #ages: Ages;
  readonly #known: Known;
  readonly #onlookers: Onlookers;
  /** Wait to be sent again, and not to be looked at: a pause may make that long. */
  readonly #toSend = new Set<Jid>();
  /** Runs that are being paused or aborted. */
  readonly #held = new Set<string>();
  readonly #turns = new Turns<Jid>();
  /** Another driver of this line took over: nothing starts here any more. */
  fenced: Failure | undefined;

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#known = new Known(parts.spine.state, parts.settings.forks);
    this.#ages = new Ages(parts.clock);
    this.#timers = new Timers(parts.clock, ms => this.#ages.gap(ms));
    this.#starts = new Starts({ ...parts, rate: parts.settings.startRate });
    this.#dispatcher = new Dispatcher({ ...parts, desk: this.#desk(), queue: this.#starts.queue, manners: parts.settings });
    this.#onlookers = new Onlookers({
      known: this.#known,
      roster: this.#roster,
      clock: parts.clock,
      urge: host => this.#dispatcher.urge([host]),
      look: jid => this.#lookIn(jid, 0),
    });
    parts.spine.sight({ type: 'slots.seen', open: 0, forks: parts.settings.forks, behind: 0 });
  }

  get open(): number {
    return this.#dispatcher.open;
  }

  get armed(): number {
    return this.#timers.size + this.#starts.waiting;
  }

  get queued(): number {
    return this.#starts.queue.size;
  }

  /** Hosts that a person keeps waiting, by what they wait for. */
  readonly waiting = (): ReadonlyMap<string, ReadonlySet<string>> => this.#dispatcher.waiting();

  /** Asks for a job to be started when its turn comes; once per jid, however often it is asked for. */
  start(start: Omit<Start, 'stage' | 'tries'>): void {
    if (this.#starts.ask(start)) this.#dispatcher.pump();
  }

  /** Starts nothing of the run from this moment on, before the event that says so is written. */
  hold(run: string): void {
    this.#held.add(run);
  }

  /** The run may start things again. */
  release(run: string): void {
    this.#held.delete(run);
    this.#dispatcher.pump();
  }

  /** Something outside changed who may go: a pause, a resume, a new run. */
  pump(): void {
    this.#dispatcher.pump();
  }

  /** Takes up outstanding jobs of an earlier driver with the timers that they had. @see Earlier */
  takeUp(left: readonly { readonly job: Job; readonly host: PlannedHost }[], { clockSet, lastAlive }: Earlier): void {
    const { clock, spine } = this.#parts;
    const wall = clock.wall() - clockSet;
    const delays = looksAfter(
      left.map(({ job }) => ({ job, poll: this.#known.pollOf(job) })),
      wall,
    );
    for (const [i, { job, host }] of left.entries()) {
      const after = delays[i] as number;
      this.#roster.follow(job, host);
      this.#ages.takeUp(job, wall, lastAlive);
      if (spine.state.orders.get(job.jid)?.mode === 'sync' && job.state.kind !== 'ended') this.#roster.sit(job.runId, job.jid);
      this.#lookIn(job.jid, after);
      spine.sight({ type: 'job.seen', jid: job.jid, at: 0, nextLookAt: clock.wall() + after, sent: 'maybe' });
    }
  }

  /** Asks a host for the jobs that it knows, whoever started them, when its turn comes. */
  survey(host: PlannedHost, accounts: 'own' | 'all'): Promise<Result<Survey>> {
    return this.#dispatcher.survey(host, accounts);
  }

  /** Looks at a job as soon as a slot is free. */
  look(jid: Jid): void {
    this.#lookIn(jid, 0);
  }

  /** Looks now, once a second per host at most. Returns whether a look is on its way. */
  readonly ask = (jid: Jid): boolean => this.#onlookers.ask(jid);

  /** Names the jobs whose tails are on a screen: they are asked at once, then each 2 s unless `-P` was given. */
  readonly watch = (jids: ReadonlySet<Jid>): void => this.#onlookers.watch(jids);

  /** A person wants these hosts of a run (all of them) tried now, also those that are tried at growing intervals only. */
  urge(run: string, hosts?: readonly string[]): void {
    this.#dispatcher.urge(this.#known.hostsOf(run, hosts));
  }

  /** Ends a job on its host; it counts as cancelled only after the host has said that it is gone. */
  async cancel(jid: Jid, by: Actor | undefined): Promise<boolean> {
    const job = this.#known.job(jid);
    if (job === undefined || !isOutstanding(job) || job.cancelAsked !== undefined) return false;
    await this.#parts.spine.emit({
      events: [{ type: 'job.cancel-asked', jid, ...(by && { by }) }],
      durability: 'intent',
    });
    // Only what was never sent can still be taken back, and that has not begun; to cancel thousands costs no search for each.
    const isNew = job.state.kind === 'starting';
    const [withdrawn] = isNew ? this.#starts.drop(job.runId, start => start.jid === jid && start.stage === 'requested') : [];
    if (withdrawn !== undefined) await this.#advance(jid, { kind: 'withdrawn' });
    else if (isOutstanding(this.#known.job(jid) ?? job)) this.#sendCancel(job);
    return true;
  }

  /** Moves the limit of a running job to `limit` seconds after its start. */
  async extend(jid: Jid, limit: number, by: Actor | undefined): Promise<boolean> {
    const job = this.#known.job(jid);
    if (job === undefined || job.state.kind === 'ended') return false;
    await this.#parts.spine.emit({
      events: [{ type: 'job.extend-asked', jid, limit, ...(by && { by }) }],
      durability: 'intent',
    });
    this.#sendExtend(job, limit);
    return true;
  }

  /** Has a host remove the folders of jobs that are over; resolves with those of which nothing is there any more. */
  clean(host: HostRef, jids: readonly [Jid, ...Jid[]]): Promise<Result<readonly Jid[]>> {
    return new Promise(done => this.#dispatcher.act(host, { kind: 'clean', jid: jids[0], jids, done }));
  }

  /** Takes starts back whose turn has not come. Those returned were never written; the jobs of the others are ended. */
  drop(run: string, isMeant: (start: Start) => boolean): readonly Start[] {
    const dropped = this.#starts.drop(run, isMeant);
    for (const start of dropped) this.#withdraw(start);
    // A jump host may have been kept for them.
    this.#dispatcher.pump();
    return dropped.filter(({ stage }) => stage === 'asked');
  }

  #withdraw({ jid, stage }: Start): void {
    if (stage === 'requested') void this.#advance(jid, { kind: 'withdrawn' });
    if (stage === 'sent') void this.cancel(jid, undefined);
  }

  /** What the host may know of keeps its seat: it may be running there. */
  #mayPark(start: Start): boolean {
    const job = this.#known.job(start.jid);
    const isWanted = job !== undefined && this.#known.isWanted(job);
    if (!isWanted) this.#withdraw(start);
    else if (start.stage !== 'sent') this.#roster.stand(seeUnsent(this.#parts, job));
    return isWanted;
  }

  /** Lets go of everything; jobs on hosts go on. */
  stop(): void {
    this.#timers.stop();
    this.#starts.stop();
    this.#dispatcher.stop();
  }

  #desk(): Desk {
    return {
      isGoing: run =>
        !this.#held.has(run) &&
        this.fenced === undefined &&
        this.#parts.spine.trouble === undefined &&
        this.#known.run(run)?.phase.kind === 'going',
      hasSeat: start => this.#roster.hasSeat(start, this.#known.forksOf(start.run)),
      forksOf: run => this.#known.forksOf(run),
      runOf: jid => this.#known.job(jid)?.runId ?? '',
      requested: start => this.#requested(start),
      startRequest: (start, linger) => startRequestOf(this.#known.run(start.run), seeSent(this.#parts, start), linger),
      lookRequest: jid => lookRequestOf(this.#known.runOf(jid), this.#known.job(jid), this.#parts.settings.lookBytes),
      mayPark: start => this.#mayPark(start),
      waited: (jids, ms) => this.#ages.unasked(jids, ms),
      answered: (start, reply) => this.#answered(start, reply),
      unreached: (start, failure) => this.#unreached(start, failure),
      looked: (jids, reports) => this.#looked(jids, reports),
      acted: (act, answer) => this.#acted(act, answer),
      nextDueIn: host => this.#nextDueIn(host),
      left: () => [...this.#roster.hosts(jid => !this.#known.isLetGo(jid)), ...this.#known.hostsToCome()],
      putOff: (jids, ms) => seePutOff(this.#parts, jids, ms),
      back: hosts => this.#back(hosts),
      waysSeen: (away, slowed) => seeWays(this.#parts, away, slowed),
      slotsSeen: (open, forks) => this.#parts.spine.sight({ type: 'slots.seen', open, forks, behind: this.#dispatcher?.waitingLooks ?? 0 }),
    };
  }

  async #requested(start: Start): Promise<void> {
    if (start.order.mode === 'sync') this.#roster.sit(start.run, start.jid);
    if (start.stage !== 'asked') return;
    this.#roster.follow(start, start.host);
    await this.#starts.request(start, this.#known.run(start.run));
  }

  async #answered(start: Start, reply: Result<StartReply>): Promise<void> {
    if (reply.ok) return this.#advance(start.jid, { kind: 'answered', reply: reply.value }, start);
    if (reply.failure.tag === 'fenced') return this.#watchFromNowOn(start, reply.failure);
    // A refusal says nothing of a start that was sent before this one and may still be on its way.
    const sent = isRefusal(reply.failure) && start.stage !== 'sent' ? 'no' : 'maybe';
    await this.#advance(start.jid, { kind: 'start-failed', failure: reply.failure, sent }, start);
  }

  /** Whoever took over has this start too, under the same jid: it stays where it is and nothing is said of its job. */
  #watchFromNowOn(start: Start, failure: Failure): void {
    const isFirst = this.fenced === undefined;
    this.fenced = failure;
    this.#starts.queue.add(afterRequest(start));
    if (isFirst) this.#parts.onFenced?.();
  }

  async #unreached(start: Start, failure: Failure): Promise<void> {
    const job = this.#known.job(start.jid);
    if (job === undefined) return;
    if (job.state.kind !== 'starting') return this.#advance(start.jid, { kind: 'unheard', failure }, start);
    const again = this.#known.isWanted(job) && mayRetryStart(failure) && this.#starts.tryLater(start, () => this.#dispatcher.pump());
    if (again) return;
    await this.#advance(start.jid, { kind: 'start-failed', failure, sent: start.stage === 'sent' ? 'maybe' : 'no' }, start);
  }

  async #looked(jids: readonly Jid[], reports: Result<readonly JobReport[]>): Promise<void> {
    const byJid = new Map(reports.ok ? reports.value.map(report => [report.jid, report]) : []);
    const inputOf = (jid: Jid): Input => {
      const report = byJid.get(this.#known.job(jid)?.follows ?? jid);
      if (!reports.ok) return { kind: 'unheard', failure: reports.failure };
      return report === undefined ? leftOut : { kind: 'looked', report };
    };
    await Promise.all(jids.map(jid => this.#advance(jid, inputOf(jid))));
  }

  async #acted(act: Parameters<Desk['acted']>[0], answer: Result<HostState | number>): Promise<void> {
    const job = this.#known.job(act.jid);
    if (job === undefined || !isOutstanding(job)) return;
    if (!answer.ok) {
      if (act.kind === 'extend' && isOverThere(answer.failure)) return this.#lookIn(act.jid, 0);
      return this.#advance(act.jid, { kind: 'unheard', failure: answer.failure });
    }
    if (act.kind === 'extend' && typeof answer.value === 'number') {
      await this.#parts.spine.emit({ events: [{ type: 'job.extended', jid: act.jid, limit: answer.value }] });
      return;
    }
    if (typeof answer.value === 'object' && answer.value.kind === 'elsewhere') {
      await this.#advance(act.jid, { kind: 'unheard', failure: anotherMachine() });
      return;
    }
    this.#lookIn(act.jid, 500);
  }

  /** One step at a time per job: what a step is told is judged by the state that the one before it left. */
  #advance(jid: Jid, input: Input, start?: Start): Promise<void> {
    return this.#turns.take(jid, () => this.#step(jid, input, start));
  }

  async #step(jid: Jid, input: Input, start: Start | undefined): Promise<void> {
    const { spine, clock, random } = this.#parts;
    const job = this.#known.job(jid);
    if (job === undefined) return;
    const step = advance(job, input, {
      wall: clock.wall(),
      random,
      order: spine.state.orders.get(jid),
      poll: this.#known.pollOf(job),
      watched: this.#onlookers.see(jid),
      crowded: this.#starts.queue.size > 0,
      log: this.#known.run(job.runId)?.options.log ?? 'yes',
      masked: this.#known.run(job.runId)?.options.masked,
    });
    if (step.events.length > 0) await spine.emit({ events: step.events, output: step.output });
    this.#ages.note(jid, step.events, input);
    await this.#perform(jid, step.effect, input, start);
  }

  async #perform(jid: Jid, effect: Effect, input: Input, start: Start | undefined): Promise<void> {
    const job = this.#known.job(jid);
    if (job === undefined) return;
    if (!isOutstanding(job)) return this.#settle(job);
    if (effect.kind === 'send') {
      this.#toSend.add(jid);
      this.#timers.arm(jid, effect.after, () => this.#sendAgain(jid, start));
      return;
    }
    if (this.#ages.isToBeGivenUp(this.#known.run(job.runId), job)) {
      this.#roster.stand(job);
      await this.#step(jid, { kind: 'given-up' }, undefined);
      this.#lookIn(jid, effect.kind === 'look' ? effect.after : 0);
      return;
    }
    if (effect.kind === 'look') this.#lookIn(jid, effect.after);
    // Its last bytes are still there: the answer is not whole yet, so nobody is told of it.
    if (effect.kind === 'look' && effect.after === 0) return;
    const nextLookAt = effect.kind === 'look' ? this.#parts.clock.wall() + effect.after : undefined;
    this.#parts.spine.sight({
      type: 'job.seen',
      jid,
      at: input.kind === 'looked' || input.kind === 'answered' ? this.#parts.clock.wall() : 0,
      ...(nextLookAt !== undefined && { nextLookAt }),
      ...(job.state.kind === 'stale' && input.kind === 'unheard' && { tries: job.state.tries + 1 }),
    });
    // The host answers again: what it was to be told while it was silent is told now.
    if (input.kind !== 'looked' && input.kind !== 'answered') return;
    if (job.cancelAsked !== undefined && !isBeingEnded(input)) this.#sendCancel(job);
    if (job.extendAsked !== undefined) this.#sendExtend(job, job.extendAsked.limit);
  }

  /**
   * The same start under the same jid: nothing of it is known there. One that must not begin any more is claimed on its
   * host instead: the start may still be on its way, so only the host's claim makes "never" true.
   */
  #sendAgain(jid: Jid, start: Start | undefined): void {
    const order = this.#parts.spine.state.orders.get(jid);
    const job = this.#known.job(jid);
    const host = job && this.#roster.hostOf(job);
    if (host === undefined || job === undefined || order === undefined || !isOutstanding(job)) return;
    const mayBegin = this.#known.isWanted(job) && job.state.kind !== 'ended';
    if (!mayBegin || !this.#starts.sendAgain(job, host, order, start?.order.script)) this.#sendCancel(job);
    this.#dispatcher.pump();
  }

  #sendCancel(job: Job): void {
    const host = this.#roster.hostOf(job);
    if (host === undefined) return;
    const grace = graceOf(this.#known.run(job.runId));
    const at = job.adopted && { at: job.adopted.at };
    this.#dispatcher.act(host, { kind: 'cancel', jid: job.jid, there: job.follows ?? job.jid, grace, ...at });
  }

  #sendExtend(job: Job, limit: number): void {
    const host = this.#roster.hostOf(job);
    if (host !== undefined) this.#dispatcher.act(host, { kind: 'extend', jid: job.jid, there: job.follows ?? job.jid, limit });
  }

  #settle(job: Job): void {
    this.#ages.forget(job.jid);
    this.#timers.disarm(job.jid);
    this.#toSend.delete(job.jid);
    const host = this.#roster.hostOf(job);
    this.#onlookers.leave(job.jid);
    this.#starts.forget(job.jid);
    this.#roster.leave(job);
    if (host !== undefined) this.#dispatcher.forget(host, job.jid);
    this.#dispatcher.pump();
  }

  #lookIn(jid: Jid, after: number): void {
    this.#toSend.delete(jid);
    this.#timers.arm(jid, after, () => {
      const job = this.#known.job(jid);
      const host = job && this.#roster.hostOf(job);
      if (host !== undefined && job !== undefined) this.#dispatcher.look(host, jid);
    });
  }

  /** Recovery is no matter of each job's own patience: whoever was silent there is asked now. */
  #back(hosts: readonly HostRef[]): void {
    const jids = hosts.flatMap(({ name }) => [...this.#roster.jobsOn(name)]).filter(jid => !this.#toSend.has(jid));
    for (const jid of jids) if (this.#known.job(jid)?.state.kind === 'stale') this.#lookIn(jid, 0);
  }

  #nextDueIn(host: string): number | undefined {
    const looked = [...this.#roster.jobsOn(host)].filter(jid => !this.#toSend.has(jid));
    const due = looked.flatMap(jid => this.#timers.dueIn(jid) ?? []);
    return due.length === 0 ? undefined : Math.min(...due);
  }
}
