// The only place for one job on an acting host of the fault worlds: what it writes, when and how it ends, as things stand.
// Of all causes the first wins. It starts no process; its command is `work SECONDS RC OUT-BYTES ERR-BYTES`.
import type { Jid, OutputStream } from '../../src/domain/job.ts';
import type { HostState } from '../../src/engine/ports.ts';
import { seeded } from '../support/fake-clock.ts';

/** How it really went, whatever anybody was told. */
export type Truth =
  /** Nothing of it was ever executed. */
  | { readonly kind: 'never' }
  | { readonly kind: 'runs' }
  | { readonly kind: 'done'; readonly rc: number }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'lost'; readonly why: 'reboot' | 'killed' | 'broken' | 'reinstalled' };

/** Milliseconds that a job takes to obey a cancel or its limit. */
const obeying = 700;

/** After so long a claim without a supervisor is broken, ms. */
const unbornFor = 60_000;

/** More than any job writes, bytes. */
const enough = 96 * 1024;

/** What jobs write: no line ends for long stretches, carriage returns, NUL, half characters, and words that look like a reply. */
const writings = (() => {
  const random = seeded(77);
  const pieces = [
    'line of text\n',
    '\r 42 %',
    '\0\x01\xff\xfe',
    'é€😀',
    '\nA 00 1\n',
    '\nZ 00\nS started\n',
    'J j 1 2 3\n',
    'E fenced\n',
    '\x1b[31m',
  ];
  const parts: Buffer[] = [];
  for (let size = 0; size < enough; ) {
    const part = Buffer.from(pieces[Math.floor(random() * pieces.length)] as string, random() < 0.5 ? 'utf8' : 'latin1');
    parts.push(part);
    size += part.length;
  }
  return Buffer.concat(parts);
})();

/** What the command says. */
export type Work = { readonly seconds: number; readonly rc: number; readonly out: number; readonly err: number };

export const workOf = (script: string): Work => {
  const [, seconds, rc, out, err] = /work (\d+) (\d+) (\d+) (\d+)/.exec(script) ?? [];
  if (err === undefined) throw new Error(`an acting host does not know: ${script}`);
  return { seconds: Number(seconds), rc: Number(rc), out: Number(out), err: Number(err) };
};

export class ActingJob {
  readonly jid: Jid;
  readonly once: string | undefined;
  readonly bootId: string;
  readonly pid: number;
  /** `runner`: staged and not claimed; `nobody`: claimed so that it never runs; `broken`: claimed, and who did so died; `job`: it ran. */
  claim: 'runner' | 'nobody' | 'broken' | 'job' = 'runner';
  /** Milliseconds of the world. */
  began = 0;
  readonly work: Work;
  limit: number;
  cancelledAt: number | undefined;
  /** Killed from outside, all of it. */
  killedAt: number | undefined;
  /** Only who would have told its exit status was killed. */
  orphanedAt: number | undefined;
  rebootedAt: number | undefined;
  reinstalledAt: number | undefined;
  /** By a driver that had been replaced, at a host that the newer one had not reached: nobody can know there. */
  byReplaced = false;

  constructor(jid: Jid, work: Work, limit: number, once: string | undefined, host: { readonly bootId: string; readonly pid: number }) {
    this.jid = jid;
    this.work = work;
    this.limit = limit;
    this.once = once;
    this.bootId = host.bootId;
    this.pid = host.pid;
  }

  /** When and how it ends, as things stand. */
  #end(): { readonly at: number; readonly state: HostState; readonly told: number } {
    const natural = this.began + this.work.seconds * 1000;
    const isOrphan = this.orphanedAt !== undefined && this.orphanedAt < natural;
    const own: HostState = isOrphan ? { kind: 'lost', why: 'killed' } : { kind: 'done', rc: this.work.rc };
    let end: { at: number; state: HostState; told: number } = { at: natural, state: own, told: natural };
    const limit = this.began + this.limit * 1000;
    if (this.limit > 0 && limit < end.told)
      end = { at: Math.min(natural, limit + obeying), state: { kind: 'timed-out', rc: 143 }, told: limit };
    if (this.cancelledAt !== undefined && this.cancelledAt < end.told) {
      end = { at: Math.min(natural, this.cancelledAt + obeying), state: { kind: 'cancelled', rc: 143 }, told: this.cancelledAt };
    }
    if (this.killedAt !== undefined && this.killedAt < end.at)
      end = { at: this.killedAt, state: { kind: 'lost', why: 'killed' }, told: this.killedAt };
    if (this.rebootedAt !== undefined && this.rebootedAt < end.at) {
      end = { at: this.rebootedAt, state: { kind: 'lost', why: 'reboot' }, told: this.rebootedAt };
    }
    return end;
  }

  /** Milliseconds until it has ended by itself. */
  untilEnd(now: number): number {
    return this.claim === 'job' ? Math.max(0, this.#end().at - now) : 0;
  }

  isRunning(now: number): boolean {
    return this.claim === 'job' && this.reinstalledAt === undefined && this.#end().at > now;
  }

  /** In the host's words. */
  state(now: number): HostState {
    switch (this.claim) {
      case 'runner':
        return { kind: 'unclaimed' };
      case 'nobody':
        return { kind: 'cancelled', rc: 143 };
      case 'broken':
        return now - this.began > unbornFor ? { kind: 'lost', why: 'broken' } : { kind: 'starting' };
      case 'job': {
        const end = this.#end();
        if (now >= end.at) return end.state;
        if (now >= end.told) return { kind: 'stopping' };
        return this.orphanedAt !== undefined && now >= this.orphanedAt ? { kind: 'orphan' } : { kind: 'running' };
      }
    }
  }

  truth(now: number): Truth {
    if (this.claim === 'runner' || this.claim === 'nobody') return { kind: 'never' };
    if (this.claim === 'broken') return { kind: 'lost', why: this.reinstalledAt === undefined ? 'broken' : 'reinstalled' };
    const end = this.#end();
    if (this.reinstalledAt !== undefined && this.reinstalledAt <= end.at) return { kind: 'lost', why: 'reinstalled' };
    if (now < end.at) return { kind: 'runs' };
    switch (end.state.kind) {
      case 'done':
        return { kind: 'done', rc: end.state.rc };
      case 'timed-out':
      case 'cancelled':
        return { kind: end.state.kind };
      default:
        return { kind: 'lost', why: end.state.kind === 'lost' ? end.state.why : 'killed' };
    }
  }

  /** Seconds it ran. */
  elapsed(now: number): number {
    return this.claim === 'job' ? Math.max(0, Math.min(now, this.#end().at) - this.began) / 1000 : 0;
  }

  /** Everything that it has written so far. */
  written(stream: OutputStream, now: number): Buffer {
    if (this.claim !== 'job') return Buffer.alloc(0);
    const total = this.work[stream];
    const share = this.work.seconds === 0 ? 1 : Math.min(1, this.elapsed(now) / this.work.seconds);
    const from = (this.pid * (stream === 'out' ? 131 : 173)) % (writings.length - total);
    return writings.subarray(from, from + Math.floor(total * share));
  }
}
