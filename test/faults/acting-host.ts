// The only place for a host of the fault worlds: it answers the real frames as runner.sh does, on the world's time, and
// keeps a ledger of what was really executed. It starts no process. Whatever befalls a host (reboot, reinstallation, full
// disk, a clock that jumps, a runner that dies half-way) befalls it here.
import type { Jid } from '../../src/domain/job.ts';
import type { JobReport } from '../../src/engine/ports.ts';
import type { HeardRequest } from '../../src/remote/frames.ts';
import { parseRequest } from '../../src/remote/frames.ts';
import { encodeReply, type Reply } from '../../src/remote/replies.ts';
import { ActingJob, workOf } from './acting-job.ts';
import type { Time } from './time.ts';

type Start = HeardRequest & { readonly kind: 'start' };
type Look = (HeardRequest & { readonly kind: 'look' })['jobs'][number];

/** One execution, as its side effect on the host would tell it. */
export type Execution = { readonly host: string; readonly jid: Jid; readonly job: ActingJob; readonly epoch: number };

/** What really happened on all hosts of a world. */
export class Ledger {
  readonly executions: Execution[] = [];
  /** Everything that any host ever had under a jid, also what never ran. */
  readonly jobs = new Map<Jid, ActingJob[]>();
  /** Told before anything of a start is done; throws when it must not have come. */
  onStart: (start: Start, host: string) => void = () => {};

  /** Told after a job has begun. */
  onExecution: (execution: Execution) => void = () => {};

  execute(execution: Execution): void {
    this.executions.push(execution);
    this.onExecution(execution);
  }

  note(job: ActingJob): void {
    this.jobs.set(job.jid, [...(this.jobs.get(job.jid) ?? []), job]);
  }

  wasReached(host: string): boolean {
    return this.executions.some(execution => execution.host === host);
  }
}

/** Where the process that answers dies: before its claim, between claim and supervisor, or with all of it done. */
export type Death = 'before the claim' | 'after the claim' | 'before the answer';

/** What a host says to a request: the bytes, and how many ms it took over them. */
export type Said = { readonly bytes: () => Uint8Array; readonly after: number };

export class ActingHost {
  readonly name: string;
  readonly #time: Time;
  readonly #ledger: Ledger;
  readonly #jobs = new Map<Jid, ActingJob>();
  readonly #epochs = new Map<string, { readonly epoch: number; readonly driverId: string }>();
  /** Hashes of runners that lie there. */
  readonly #runners = new Set<string>();
  boots = 1;
  /** How often it was made anew. */
  reinstalled = 0;
  #pid = 700;
  /** Seconds that its clock is ahead. */
  #ahead = 0;
  disk: 'ok' | 'full' = 'ok';
  /** It answers no packet until then, ms of the world. */
  downUntil = 0;

  constructor(name: string, time: Time, ledger: Ledger) {
    this.name = name;
    this.#time = time;
    this.#ledger = ledger;
    this.#pid += [...name].reduce((sum, letter) => sum * 7 + letter.charCodeAt(0), 0) % 5000;
  }

  now(): number {
    return this.#time.now();
  }

  get isDown(): boolean {
    return this.#time.now() < this.downUntil;
  }

  running(): readonly ActingJob[] {
    const now = this.#time.now();
    return [...this.#jobs.values()].filter(job => job.isRunning(now));
  }

  reboot(downFor: number): void {
    const now = this.#time.now();
    for (const job of this.#jobs.values()) if (job.isRunning(now)) job.rebootedAt = now;
    this.boots += 1;
    this.downUntil = now + downFor;
  }

  /** Everything in its homes is gone. */
  reinstall(downFor: number): void {
    const now = this.#time.now();
    this.reboot(downFor);
    this.reinstalled += 1;
    for (const job of this.#jobs.values()) job.reinstalledAt = now;
    this.#jobs.clear();
    this.#epochs.clear();
    this.#runners.clear();
  }

  jump(seconds: number): void {
    this.#ahead += seconds;
  }

  loseRunner(): void {
    this.#runners.clear();
  }

  /** What the bytes that arrived make it say; undefined when the process that would answer is killed. */
  hear(command: string, stdin: Uint8Array, death?: Death): Said | undefined {
    const heard = parseRequest(command, stdin);
    if (heard.kind === 'foreign') throw new Error(`an acting host was sent: ${command}`);
    const say = (reply: Reply): Said => ({ bytes: () => encodeReply(heard.nonce, reply), after: 0 });
    const hash = /' rollcall \w+ [0-9a-f]+ ([0-9a-f]+)/.exec(command)?.[1] ?? '';
    const isAlong = /' rollcall \w+ [0-9a-f]+ [0-9a-f]+ \d+$/.test(command);
    if (!isAlong && !this.#runners.has(hash)) return say({ kind: 'need' });
    if (heard.kind === 'cut') return say({ kind: 'refused', tag: 'request-cut', text: heard.where });
    if (isAlong && this.disk === 'ok') this.#runners.add(hash);
    const { request } = heard;
    const reply = this.#answer(request, death);
    if (death !== undefined) return undefined;
    if (request.kind !== 'start' || reply.kind !== 'start' || reply.answer.kind === 'taken') return say(reply);
    const { jid, linger } = request.start;
    const { kind } = reply.answer;
    const look = { jid, outFrom: 0, errFrom: 0, most: request.most };
    const bytes = (): Uint8Array => encodeReply(heard.nonce, { kind: 'start', answer: { kind, report: this.#report(look) } });
    return { bytes, after: Math.min(linger, this.#jobs.get(jid)?.untilEnd(this.#time.now()) ?? 0) };
  }

  #answer(request: HeardRequest, death?: Death): Reply {
    switch (request.kind) {
      case 'start':
        return this.#start(request, death);
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
        return { kind: 'cleaned', jids: [] };
    }
  }

  #start(request: Start, death: Death | undefined): Reply {
    const { start, by } = request;
    const newest = this.#epochs.get(by.line);
    if (newest !== undefined && (newest.epoch > by.epoch || (newest.epoch === by.epoch && newest.driverId !== by.driverId))) {
      return { kind: 'refused', tag: 'fenced', text: 'a newer driver was here' };
    }
    const known = this.#jobs.get(start.jid);
    if (this.disk === 'full' && (known === undefined || newest?.epoch !== by.epoch)) return full;
    this.#ledger.onStart(request, this.name);
    this.#epochs.set(by.line, by);
    const job = known ?? this.#stage(start.jid, start.script, start.limit, start.once);
    const answer = (kind: 'started' | 'exists'): Reply => ({ kind: 'start', answer: { kind, report: this.#report(quiet(start.jid)) } });
    if (death === 'before the claim') return answer('exists');
    if (job.claim !== 'runner') return answer('exists');
    const holder = start.once === undefined ? undefined : this.#holderOf(start.once, start.jid);
    if (holder !== undefined) {
      this.#jobs.delete(start.jid);
      return { kind: 'start', answer: { kind: 'taken', by: holder } };
    }
    job.began = this.#time.now();
    job.claim = death === 'after the claim' ? 'broken' : 'job';
    if (job.claim === 'job') {
      this.#ledger.execute({ host: this.name, jid: start.jid, job, epoch: by.epoch });
    }
    return answer(known === undefined ? 'started' : 'exists');
  }

  #stage(jid: Jid, script: string, limit: number, once: string | undefined): ActingJob {
    this.#pid += 7;
    const job = new ActingJob(jid, workOf(script), limit, once, { bootId: `boot-${this.boots}`, pid: this.#pid });
    this.#jobs.set(jid, job);
    this.#ledger.note(job);
    return job;
  }

  #holderOf(once: string, jid: Jid): Jid | undefined {
    const now = this.#time.now();
    return [...this.#jobs.values()].find(job => job.jid !== jid && job.once === once && job.isRunning(now))?.jid;
  }

  #cancel(jid: Jid): void {
    const known = this.#jobs.get(jid);
    if (known === undefined && this.disk === 'full') return;
    const job = known ?? this.#stage(jid, 'work 0 0 0 0', 0, undefined);
    const now = this.#time.now();
    if (job.claim === 'runner') job.claim = 'nobody';
    else if (job.isRunning(now)) job.cancelledAt ??= now;
  }

  #extend(jid: Jid, limit: number): Reply {
    const job = this.#jobs.get(jid);
    const state = job?.state(this.#time.now()).kind ?? 'unknown';
    if (job === undefined || state !== 'running') return { kind: 'refused', tag: 'host-refused', text: `the job is ${state}` };
    job.limit = limit;
    return { kind: 'extended', limit };
  }

  #report(look: Look): JobReport {
    const now = this.#time.now();
    const job = this.#jobs.get(look.jid);
    const isBorn = job !== undefined && job.claim === 'job';
    const chunk = (stream: 'out' | 'err', from: number) => {
      const written = job?.written(stream, now) ?? Buffer.alloc(0);
      return { size: written.length, from, bytes: written.subarray(from, from + look.most) };
    };
    return {
      jid: look.jid,
      state: job?.state(now) ?? { kind: 'unknown' },
      startedAt: isBorn ? Math.floor((this.#time.wall() - (now - job.began)) / 1000) + this.#ahead : 0,
      elapsed: job?.elapsed(now) ?? 0,
      limit: job?.limit ?? 0,
      pid: isBorn ? job.pid : 0,
      bootId: isBorn ? job.bootId : '',
      out: chunk('out', look.outFrom),
      err: chunk('err', look.errFrom),
      dropped: 0,
      left: false,
      ...(isBorn && this.#waits(job, now) && { waiting: 'waiting for the lock of another package manager' }),
    };
  }

  /** Some jobs are held up for a while. */
  #waits(job: ActingJob, now: number): boolean {
    const seconds = job.elapsed(now);
    return job.pid % 5 === 0 && job.isRunning(now) && seconds > 5 && seconds < 15;
  }
}

const quiet = (jid: Jid): Look => ({ jid, outFrom: 0, errFrom: 0, most: 0 });

const full: Reply = { kind: 'refused', tag: 'disk-full', text: 'No space left on device' };
