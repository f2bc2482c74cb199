// The only place for starts between the wish and the host: asked for once, written as intents, tried again, taken back.
// It knows what became of each of them here; what a host answers is not its business.
import type { Jid, Job } from '../domain/job.ts';
import type { JobOrder, Run } from '../domain/run-state.ts';
import { startAgainDelay, startTries } from './cadence.ts';
import type { Clock, Random } from './ports.ts';
import { isHidden } from './requests.ts';
import type { Spine } from './spine.ts';
import { afterRequest, type Start, StartQueue } from './start-queue.ts';
import { Timers } from './timers.ts';

export type StartsParts = { readonly spine: Spine; readonly clock: Clock; readonly random: Random; readonly rate: number };

export class Starts {
  readonly queue: StartQueue;
  readonly #parts: StartsParts;
  readonly #timers: Timers;
  /** Asked for, and not in the state yet. */
  readonly #asked = new Set<Jid>();
  /** Could not be sent, and wait to be tried again. */
  readonly #later = new Map<Jid, Start>();
  /** Scripts of no-log and masked jobs, which the state does not hold; gone with the driver. */
  readonly #scripts = new Map<Jid, string>();

  constructor(parts: StartsParts) {
    this.#parts = parts;
    this.#timers = new Timers(parts.clock);
    this.queue = new StartQueue(parts.clock, parts.rate);
  }

  /** Waits to be tried again. */
  get waiting(): number {
    return this.#later.size;
  }

  /** Once per jid, however often it is asked for. Returns whether its turn might have come. */
  ask(start: Omit<Start, 'stage' | 'tries'>): boolean {
    if (this.#asked.has(start.jid) || this.#parts.spine.state.jobs.has(start.jid)) return false;
    this.#asked.add(start.jid);
    return this.queue.add({ ...start, stage: 'asked', tries: 0 });
  }

  /** Writes the intent; resolves when it is durable. */
  async request(start: Start, run: Run | undefined): Promise<void> {
    const { script, secret, ...order } = start.order;
    const hidden = isHidden(run, start.path);
    const isKept = hidden || run?.options.masked === 'yes' || secret === 'yes';
    if (isKept && script !== undefined) this.#scripts.set(start.jid, script);
    await this.#parts.spine.emit({
      durability: 'intent',
      events: [
        {
          type: 'job.requested',
          jid: start.jid,
          run: start.run,
          host: start.host.name,
          path: start.path,
          attempt: start.attempt,
          ...(start.item !== undefined && { item: start.item }),
          ...order,
          ...(hidden && { command: '' }),
          ...(!isKept && script !== undefined && { script }),
        },
      ],
    });
    this.#asked.delete(start.jid);
  }

  /** Puts a start that could not be sent back for later; false when it has been tried often enough. */
  tryLater(start: Start, whenBack: () => void): boolean {
    const tries = start.tries + 1;
    if (tries >= startTries) return false;
    this.#later.set(start.jid, { ...afterRequest(start), tries });
    this.#timers.arm(start.jid, startAgainDelay(tries, this.#parts.random), () => {
      const back = this.#later.get(start.jid);
      this.#later.delete(start.jid);
      if (back !== undefined) this.queue.add(back);
      whenBack();
    });
    return true;
  }

  /** The same start under the same jid; false when its script is known no more. */
  sendAgain(job: Job, host: Start['host'], order: JobOrder, script = order.script ?? this.#scripts.get(job.jid)): boolean {
    if (script === undefined) return false;
    const { jid, runId: run, taskPath: path, attempt, item } = job;
    this.queue.add({
      jid,
      run,
      host,
      path,
      attempt,
      ...(item !== undefined && { item }),
      order: { ...order, script },
      stage: 'sent',
      tries: 0,
    });
    return true;
  }

  /** Takes starts back whose turn has not come. */
  drop(run: string, isMeant: (start: Start) => boolean): readonly Start[] {
    const later = [...this.#later.values()].filter(start => start.run === run && isMeant(start));
    for (const { jid } of later) this.forget(jid);
    const dropped = this.queue.drop(run, isMeant);
    for (const { jid } of dropped) this.#asked.delete(jid);
    return [...dropped, ...later];
  }

  /** The job is over. */
  forget(jid: Jid): void {
    this.#timers.disarm(jid);
    this.#later.delete(jid);
    this.#scripts.delete(jid);
    this.queue.forget(jid);
  }

  stop(): void {
    this.#timers.stop();
  }
}
