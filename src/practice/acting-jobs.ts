// The only place where an acting host answers the runner's requests: jobs are plays in memory, judged by the clock.
// It keeps the same promises as runner.sh (one run per jid, fences, marks, first cause wins) and starts no process.
import type { Jid } from '../domain/job.ts';
import type { HeardRequest } from '../remote/frames.ts';
import type { Reply } from '../remote/replies.ts';
import type { Play } from './acting-play.ts';

type Report = (Reply & { kind: 'reports' })['reports'][number];
type State = Report['state'];
type Start = HeardRequest & { readonly kind: 'start' };
/** A question about one job. */
export type Look = (HeardRequest & { readonly kind: 'look' })['jobs'][number];

type Job = {
  readonly jid: Jid;
  readonly play: Play;
  /** Milliseconds since 1970. */
  readonly began: number;
  readonly bootId: string;
  readonly pid: number;
  readonly once: string | undefined;
  /** Seconds; 0 none. */
  limit: number;
  cut?: { readonly at: number; readonly by: 'cancel' | 'power' };
  gone: boolean;
};

/** Milliseconds that a job takes to obey a cancel or its limit. */
const obeying = 300;

/** What the jobs of one host need from it. */
export type Host = {
  readonly now: () => number;
  readonly bootId: () => string;
  readonly play: (script: string) => Play;
};

/** The jobs of one acting host. They outlive a reboot as a folder on a disk does. */
export class ActingJobs {
  readonly #host: Host;
  readonly #jobs = new Map<Jid, Job>();
  readonly #newest = new Map<string, { readonly epoch: number; readonly driverId: string }>();
  #lastPid = 800;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Answers a request as things stand now. */
  answer(request: HeardRequest): Reply {
    switch (request.kind) {
      case 'start':
        return this.#start(request);
      case 'look':
        return { kind: 'reports', reports: request.jobs.map(look => this.#report(look)) };
      case 'list':
        return { kind: 'reports', reports: [...this.#jobs.keys()].map(jid => this.#report(quiet(jid))) };
      case 'cancel':
        this.#cancel(request.jid);
        return { kind: 'reports', reports: [this.#report(quiet(request.jid))] };
      case 'extend':
        return this.#extend(request.jid, request.limit);
      case 'clean':
        return { kind: 'cleaned', jids: request.jids.filter(jid => this.#clean(jid)) };
    }
  }

  /** Milliseconds until a job has ended by itself; 0 when it has. */
  untilEnd(jid: Jid): number {
    const job = this.#jobs.get(jid);
    return job === undefined ? 0 : Math.max(0, endOf(job).at - this.#host.now());
  }

  /** The power goes: whatever runs ends without a verdict. */
  cutPower(): void {
    const at = this.#host.now();
    for (const job of this.#jobs.values()) if (endOf(job).at > at) job.cut = { at, by: 'power' };
  }

  /** Whether any job runs. */
  busy(): boolean {
    const now = this.#host.now();
    return [...this.#jobs.values()].some(job => endOf(job).at > now);
  }

  #start(request: Start): Reply {
    const { start, by } = request;
    const newest = this.#newest.get(by.line);
    if (newest !== undefined && (newest.epoch > by.epoch || (newest.epoch === by.epoch && newest.driverId !== by.driverId))) {
      return { kind: 'refused', tag: 'fenced', text: 'a newer driver was here' };
    }
    this.#newest.set(by.line, by);
    const look: Look = { ...quiet(start.jid), most: request.most };
    if (this.#jobs.has(start.jid)) return { kind: 'start', answer: { kind: 'exists', report: this.#report(look) } };
    const holder = start.once === undefined ? undefined : this.#holderOf(start.once);
    if (holder !== undefined) return { kind: 'start', answer: { kind: 'taken', by: holder } };
    this.#enter(start.jid, this.#host.play(start.script), start.limit, start.once);
    return { kind: 'start', answer: { kind: 'started', report: this.#report(look) } };
  }

  #enter(jid: Jid, play: Play, limit: number, once: string | undefined): Job {
    this.#lastPid += 7;
    const job: Job = { jid, play, began: this.#host.now(), bootId: this.#host.bootId(), pid: this.#lastPid, once, limit, gone: false };
    this.#jobs.set(jid, job);
    return job;
  }

  #holderOf(once: string): Jid | undefined {
    const now = this.#host.now();
    return [...this.#jobs.values()].find(job => job.once === once && endOf(job).at > now)?.jid;
  }

  /** A job that had not come yet never begins. */
  #cancel(jid: Jid): void {
    const job = this.#jobs.get(jid) ?? this.#enter(jid, nothing, 0, undefined);
    const at = this.#host.now();
    if (job.play === nothing) job.cut ??= { at: at - obeying, by: 'cancel' };
    else if (endOf(job).at > at) job.cut ??= { at, by: 'cancel' };
  }

  #extend(jid: Jid, limit: number): Reply {
    const job = this.#jobs.get(jid);
    const state = this.#stateOf(job).kind;
    if (job === undefined || state !== 'running') return { kind: 'refused', tag: 'host-refused', text: `the job is ${state}` };
    job.limit = limit;
    return { kind: 'extended', limit };
  }

  #clean(jid: Jid): boolean {
    const job = this.#jobs.get(jid);
    if (job === undefined || endOf(job).at > this.#host.now()) return false;
    job.gone = true;
    return true;
  }

  #stateOf(job: Job | undefined): State {
    if (job === undefined) return { kind: 'unknown' };
    if (job.gone) return { kind: 'cleaned' };
    const end = endOf(job);
    const now = this.#host.now();
    if (now >= end.at) return end.state;
    return now >= end.at - end.obeys ? { kind: 'stopping' } : { kind: 'running' };
  }

  #report(look: Look): Report {
    const job = this.#jobs.get(look.jid);
    const state = this.#stateOf(job);
    if (job === undefined || job.gone) {
      const none = (from: number) => ({ size: 0, from, bytes: new Uint8Array() });
      const nowhere = { startedAt: 0, elapsed: 0, limit: 0, pid: 0, bootId: '', dropped: 0, left: false };
      return { jid: look.jid, state, ...nowhere, out: none(look.outFrom), err: none(look.errFrom) };
    }
    const elapsed = Math.min(this.#host.now(), endOf(job).at) - job.began;
    return {
      jid: job.jid,
      state,
      startedAt: Math.floor(job.began / 1000),
      elapsed: elapsed / 1000,
      limit: job.limit,
      pid: job.pid,
      bootId: job.bootId,
      out: chunk(job, 'out', elapsed, look.outFrom, look.most),
      err: chunk(job, 'err', elapsed, look.errFrom, look.most),
      dropped: 0,
      left: false,
    };
  }
}

const quiet = (jid: Jid): Look => ({ jid, outFrom: 0, errFrom: 0, most: 0 });

const nothing: Play = { cues: [], lasts: 0, code: 143, locksFor: 0, reboots: false };

/** When and how a job ends, as things stand; of all causes the first. `obeys`: how much before it was told to. */
const endOf = (job: Job): { readonly at: number; readonly state: State; readonly obeys: number } => {
  const ends: { at: number; state: State; obeys: number }[] = [];
  if (job.cut?.by === 'cancel') ends.push({ at: job.cut.at + obeying, state: { kind: 'cancelled', rc: 143 }, obeys: obeying });
  if (job.cut?.by === 'power') ends.push({ at: job.cut.at, state: { kind: 'lost', why: 'reboot' }, obeys: 0 });
  if (job.limit > 0) ends.push({ at: job.began + job.limit * 1000 + obeying, state: { kind: 'timed-out', rc: 143 }, obeys: obeying });
  if (job.play !== nothing) ends.push({ at: job.began + job.play.lasts, state: { kind: 'done', rc: job.play.code }, obeys: 0 });
  return ends.reduce((first, end) => (end.at < first.at ? end : first));
};

const chunk = (job: Job, stream: 'out' | 'err', elapsed: number, from: number, most: number) => {
  const said = Buffer.concat(job.play.cues.filter(cue => cue.stream === stream && cue.at <= elapsed).map(cue => cue.bytes));
  return { size: said.length, from, bytes: said.subarray(from, from + most) };
};
