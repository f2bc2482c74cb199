// The only place for the verbs by which operators steer runs and jobs that there are: pause, resume, abort, cancel, retry, extend, note.
// Each says what it wants to the engine, then writes who wanted it; it knows neither clients nor submissions.
import { type Actor, type Origin, originName } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import { isOutstanding, type Jid, type Job, shortJid } from '../domain/job.ts';
import { hasEndedLastTask } from '../domain/recap.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { HostProgress, Run, State } from '../domain/run-state.ts';
import type { Engine } from '../engine/engine.ts';
import type { Draft, Spine } from '../engine/spine.ts';
import type { Answers, Selection } from './protocol.ts';
import { hostsToRetry, jobsOf, runsOf } from './selection.ts';

/** The operators' hands on one driver's runs. */
export class Steering {
  readonly #spine: Spine;
  readonly #engine: Engine;
  /** Everything was paused, so whatever is asked for now comes paused as well. */
  pausedAll: Actor | undefined;

  constructor(spine: Spine, engine: Engine) {
    this.#spine = spine;
    this.#engine = engine;
    this.pausedAll = whoPausedAll(spine.state);
  }

  async pause(on: Selection, by: Actor): Promise<Result<Answers['pause']>> {
    if (on.run === undefined) this.pausedAll = by;
    const runs = runsOf(this.#spine.state, on).filter(({ phase }) => phase.kind === 'going');
    for (const { id } of runs) this.#engine.hold(id);
    await this.#spine.emit({
      events: runs.map(({ id }) => ({ type: 'run.paused', run: id, why: 'operator', by })),
      durability: 'intent',
    });
    return touched(runs.length);
  }

  async resume(on: Selection, by: Actor): Promise<Result<Answers['resume']>> {
    if (on.run === undefined) this.pausedAll = undefined;
    const runs = runsOf(this.#spine.state, on).filter(({ phase }) => phase.kind === 'paused');
    for (const { id } of runs) this.#engine.release(id);
    await this.#spine.emit({ events: runs.map(({ id }) => ({ type: 'run.resumed', run: id, by })), durability: 'intent' });
    this.#engine.pump();
    return touched(runs.length);
  }

  async abort(runs: readonly Run[], by: Actor): Promise<Result<Answers['abort']>> {
    const open = runs.filter(({ phase }) => phase.kind === 'going' || phase.kind === 'paused');
    for (const { id } of open) {
      this.#engine.hold(id);
      this.#engine.drop(id, () => true);
    }
    await this.#spine.emit({ events: open.map(({ id }) => ({ type: 'run.aborted', run: id, by })), durability: 'intent' });
    return touched(open.length);
  }

  /** A whole run: nothing of it starts any more and what runs is ended. Some hosts or jobs: only those. */
  async cancel(on: Selection, by: Actor, confirmed?: 'yes'): Promise<Result<Answers['cancel']>> {
    const refusal = whyNotCancel(jobsOf(this.#spine.state, on), confirmed);
    if (refusal !== undefined) return fail(refusal);
    let dropped = 0;
    if (on.jids === undefined && on.hosts === undefined) await this.abort(runsOf(this.#spine.state, on), by);
    else if (on.jids === undefined) dropped = await this.#dropHosts(on, by);
    // Only now: a start that was being written when this was asked for is in the state as well.
    const jobs = jobsOf(this.#spine.state, on).filter(({ adopted }) => adopted?.at.kind !== 'ansible');
    const asked = await Promise.all(jobs.map(({ jid }) => this.#engine.cancel(jid, by)));
    // Who asks again wants what is pending carried out now, if the host answers.
    for (const { jid, cancelAsked } of jobs) if (cancelAsked !== undefined) this.#engine.ask(jid);
    return touched(dropped + asked.filter(Boolean).length);
  }

  /** Hosts take no further task of their runs. Returns how many of them had nothing running. */
  async #dropHosts({ run, hosts = [] }: Selection, by: Actor): Promise<number> {
    const wanted = new Set(hosts);
    const { state } = this.#spine;
    const events: Draft[] = [];
    let count = 0;
    for (const known of runsOf(state, run === undefined ? {} : { run })) {
      const rows = [...known.hosts.values()].filter(row => wanted.has(row.host) && hasTasksLeft(known, row));
      if (rows.length === 0) continue;
      const starts = this.#engine.drop(known.id, ({ host, stage }) => wanted.has(host.name) && stage === 'asked');
      count += rows.filter(({ jid }) => !isOutIn(state, jid)).length;
      events.push({ type: 'run.hosts-dropped', run: known.id, hosts: rows.map(({ host }) => host), by });
      for (const { host, path } of starts) {
        const result = { status: 'skipped', message: 'cancelled before it began' } as const;
        events.push({ type: 'task.ended', run: known.id, path, host: host.name, result, by });
      }
    }
    if (events.length > 0) await this.#spine.emit({ events, durability: 'intent' });
    return count;
  }

  async retry(on: Selection, which: 'failed' | 'unreachable' | 'both', by: Actor): Promise<Result<Answers['retry']>> {
    const adopted = runsOf(this.#spine.state, on).find(({ origin }) => origin !== undefined);
    if (on.run !== undefined && adopted?.origin !== undefined) return fail(noRetry(adopted.number, adopted.origin));
    const events: Draft[] = [];
    let count = 0;
    let mayRun: readonly string[] = [];
    for (const run of on.run === undefined ? this.#spine.state.runs.values() : runsOf(this.#spine.state, on)) {
      const found = hostsToRetry(this.#spine.state, run, which, on.hosts);
      mayRun = [...mayRun, ...found.mayRun];
      if (found.ready.length === 0 || run.phase.kind === 'aborting') continue;
      count += found.ready.length;
      if (run.phase.kind === 'ended') this.#engine.release(run.id);
      events.push({ type: 'run.retried', run: run.id, hosts: found.ready, by });
    }
    if (count === 0 && mayRun.length > 0) {
      return fail({
        tag: 'bad-input',
        cause: `the last attempt on ${mayRun.length === 1 ? mayRun[0] : `${mayRun.length} hosts`} may still run, so no other begins; ask it (r) or cancel it (X) first`,
      });
    }
    if (events.length > 0) await this.#spine.emit({ events, durability: 'intent' });
    return touched(count);
  }

  async extend(on: Selection, seconds: number, by: Actor): Promise<Result<Answers['extend']>> {
    let count = 0;
    for (const { jid, state, adopted } of jobsOf(this.#spine.state, on)) {
      if (adopted?.owner === 'others') continue;
      const limit = state.kind === 'starting' ? 0 : (state.on?.limit ?? 0);
      if (limit > 0 && (await this.#engine.extend(jid, limit + seconds, by))) count += 1;
    }
    return touched(count);
  }

  async note(on: Selection, text: string, by: Actor): Promise<Result<Answers['note']>> {
    const runs = runsOf(this.#spine.state, on);
    await this.#spine.emit({ events: runs.map(({ id }) => ({ type: 'run.noted', run: id, text, by })) });
    return touched(runs.length);
  }
}

/** Somebody else's jobs are ended only by whoever said so once more, and Ansible's not at all. */
const whyNotCancel = (jobs: readonly Job[], confirmed: 'yes' | undefined): Failure | undefined => {
  const theirs = jobs.find(({ adopted }) => adopted?.owner === 'others' && adopted.at.kind === 'rollcall');
  if (theirs?.adopted !== undefined && confirmed === undefined) {
    const { operator, machine, at } = theirs.adopted;
    const owner = operator === '' ? (at.account?.name ?? 'somebody else') : `${operator}@${machine}`;
    return {
      tag: 'needs-person',
      cause: `job ${shortJid(theirs.jid)} on ${theirs.host} was started by ${owner}; to end it all the same, say --yes`,
    };
  }
  const isAnsible = ({ adopted }: Job): boolean => adopted?.at.kind === 'ansible';
  if (jobs.length === 0 || !jobs.every(isAnsible)) return undefined;
  return { tag: 'bad-input', cause: 'Ansible has no way to end a job; end its async_wrapper.py on the host' };
};

const noRetry = (number: number, origin: Origin): Failure => ({
  tag: 'bad-input',
  cause: `run ${number} was adopted from ${originName(origin)}: nothing of it is begun from here, so retry it where it came from`,
});

/** Something of the run may still begin there. */
const hasTasksLeft = (run: Run, row: HostProgress): boolean =>
  run.phase.kind !== 'ended' &&
  row.dropped === undefined &&
  !hasEndedLastTask(row, run) &&
  (row.out === undefined || row.at === 'open' || run.retry.includes(row.host));

const isOutIn = ({ jobs }: State, jid: Jid | undefined): boolean => {
  const job = jid === undefined ? undefined : jobs.get(jid);
  return job !== undefined && isOutstanding(job);
};

/** Several runs are open and an operator has paused each: that was everything, and a new driver keeps it so. */
const whoPausedAll = (state: State): Actor | undefined => {
  const open = [...state.runs.values()].map(({ phase }) => phase).filter(({ kind }) => kind !== 'ended');
  const by = open.map(phase => (phase.kind === 'paused' && phase.why === 'operator' ? phase.by : undefined));
  return open.length > 1 && by.every(actor => actor !== undefined) ? by[0] : undefined;
};

/** How many jobs, hosts or runs a verb touched. */
export const touched = (count: number): Result<{ readonly touched: number }> => ok({ touched: count });
