// The only place where practice hosts start no process at all: this process answers what it knows, by the clock, and
// refuses the rest with the reason. It must never run anything that a client sent.
import { randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { emptySurvey, type HeardRequest, heardSurvey, parseRequest } from '../remote/frames.ts';
import { encodeReply, type Reply } from '../remote/replies.ts';
import { ActingJobs, type Look } from './acting-jobs.ts';
import { type Play, playOf } from './acting-play.ts';
import type { Call, Executor, Machine } from './executor.ts';
import { seeded, seedOf } from './faults.ts';

/** An executor whose machines only act; `why` says why there is no real shell. */
export const actingExecutor = (why: string, now: () => number = Date.now): Executor => {
  const machines: ActingMachine[] = [];
  return {
    mode: 'acting',
    why,
    machine: (name, onPowerLost) => {
      const machine = new ActingMachine({ name, why, now, onPowerLost });
      machines.push(machine);
      return machine;
    },
    close: async () => {
      for (const machine of machines) machine.forgetAll();
    },
  };
};

type Parts = { readonly name: string; readonly why: string; readonly now: () => number; readonly onPowerLost: () => void };

class ActingMachine implements Machine {
  readonly #parts: Parts;
  readonly #jobs: ActingJobs;
  readonly #kept = new Set<string>();
  readonly #running = new Set<string>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #random;
  #bootId = randomUUID();
  #bootedAt: number;
  #lockedUntil = 0;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#random = seeded(seedOf(`acting ${parts.name}`));
    this.#bootedAt = parts.now();
    this.#jobs = new ActingJobs({ now: parts.now, bootId: () => this.#bootId, play: script => this.#play(script) });
  }

  run(call: Call): void {
    // A link that breaks in the middle of its input has asked nothing.
    buffer(call.stdin).then(
      stdin => call.gone.aborted || this.#answer(call, stdin),
      () => {},
    );
  }

  busy(): boolean {
    return this.#jobs.busy();
  }

  cutPower(): void {
    this.#jobs.cutPower();
    this.forgetAll();
    this.#running.clear();
    this.#lockedUntil = 0;
    this.#bootId = randomUUID();
    this.#bootedAt = this.#parts.now();
    this.#parts.onPowerLost();
  }

  /** Nothing that was meant to happen will. */
  forgetAll(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }

  #answer(call: Call, stdin: Buffer): void {
    const heard = parseRequest(call.command, stdin);
    const survey = heardSurvey(call.command);
    if (survey !== undefined) say(call, emptySurvey(survey, 'practice'));
    else if (heard.kind === 'foreign') this.#perform(call);
    else if (heard.kind === 'cut') tell(call, heard.nonce, { kind: 'refused', tag: 'request-cut', text: heard.where });
    else if (heard.request.kind === 'start') this.#start(call, heard.nonce, heard.request);
    else tell(call, heard.nonce, this.#jobs.answer(heard.request));
  }

  /** A quick command is answered by its start: the answer waits for the end, but no longer than it may linger. */
  #start(call: Call, nonce: string, request: HeardRequest & { readonly kind: 'start' }): void {
    const { jid, linger } = request.start;
    const reply = this.#jobs.answer(request);
    const answer = () => tell(call, nonce, this.#freshen(reply, { jid, outFrom: 0, errFrom: 0, most: request.most }));
    this.#later(Math.min(linger, this.#jobs.untilEnd(jid)), answer);
  }

  #freshen(reply: Reply, look: Look): Reply {
    if (reply.kind !== 'start' || reply.answer.kind === 'taken') return reply;
    const fresh = this.#jobs.answer({ kind: 'look', jobs: [look] });
    const report = fresh.kind === 'reports' ? fresh.reports[0] : undefined;
    return report === undefined ? reply : { kind: 'start', answer: { kind: reply.answer.kind, report } };
  }

  /** A command that is no request of the runner: played over the open connection. */
  #perform(call: Call): void {
    const play = this.#play(call.command);
    for (const cue of play.cues)
      this.#later(cue.at, () => call.gone.aborted || call[cue.stream === 'out' ? 'stdout' : 'stderr'].write(cue.bytes));
    this.#later(play.lasts, () => {
      call.ended({ code: play.code });
      call.close();
    });
  }

  #play(script: string): Play {
    const now = this.#parts.now();
    const up = (now - this.#bootedAt) / 1000;
    const facts = {
      host: this.#parts.name,
      bootId: this.#bootId,
      up,
      at: now,
      random: this.#random,
      kept: this.#kept,
      running: this.#running,
      lockedFor: Math.max(0, this.#lockedUntil - now),
    };
    const play = playOf(script, facts, this.#parts.why);
    if (play.locksFor > 0) this.#lockedUntil = now + play.locksFor;
    if (play.reboots) this.#later(play.lasts + 1000, () => this.cutPower());
    return play;
  }

  #later(milliseconds: number, act: () => void): void {
    // More than 24 days is never: the timers of Node end there.
    const timer = setTimeout(
      () => {
        this.#timers.delete(timer);
        act();
      },
      Math.min(milliseconds, 2 ** 31 - 1),
    );
    this.#timers.add(timer);
  }
}

const tell = (call: Call, nonce: string, reply: Reply): void => say(call, encodeReply(nonce, reply));

const say = (call: Call, bytes: Uint8Array): void => {
  if (call.gone.aborted) return;
  call.stdout.write(bytes);
  call.ended({ code: 0 });
  call.close();
};
