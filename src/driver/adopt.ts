// The only place that makes jobs ours to see which this journal did not ask for: hosts are surveyed, what is new is written
// down as adopted, and from then on it is looked at like any other. Nothing of it is ever begun, retried or cleaned from here.
import type { Actor, Fleet, Origin, PlannedHost, RunOptions } from '../domain/event.ts';
import { mayRetryStart } from '../domain/failure.ts';
import { type Jid, jidOf, type Whereabouts } from '../domain/job.ts';
import type { Play } from '../domain/plan.ts';
import { ok, type Result } from '../domain/result.ts';
import type { Run, State } from '../domain/run-state.ts';
import { type Task, taskDefaults } from '../domain/task.ts';
import type { Engine } from '../engine/engine.ts';
import type { Clock, Found, Survey } from '../engine/ports.ts';
import type { Draft, Spine } from '../engine/spine.ts';
import { Turns } from '../engine/turns.ts';
import type { Adoption, Ask } from './protocol.ts';

/** The world of adoptions. */
export type AdopterParts = {
  readonly spine: Spine;
  readonly engine: Engine;
  readonly clock: Clock;
  /** Which of these the journal knows, also where this driver has not taken them up. */
  readonly journalled: Journalled;
  readonly newRunId: () => string;
  readonly nextNumber: () => number;
  readonly forks: number;
};

/** Looks jobs and runs up in the whole journal. */
export type Journalled = (names: { readonly jids: readonly Jid[]; readonly runs: readonly string[] }) => Result<{
  readonly jids: ReadonlySet<string>;
  readonly runs: ReadonlySet<string>;
}>;

type Wish = Extract<Ask, { verb: 'adopt' }>;

/** A job with the name under which it is followed. */
type Claim = Found & { readonly host: PlannedHost };

export class Adopter {
  readonly #parts: AdopterParts;
  readonly #turns = new Turns<'adopt'>();

  constructor(parts: AdopterParts) {
    this.#parts = parts;
  }

  /** Asks the hosts, over as many connections as forks allow. What is known already is not told again. */
  async adopt(wish: Wish, by: Actor): Promise<Result<Adoption>> {
    const wanted = new Set(wish.hosts);
    const hosts = wish.fleet.hosts.filter(({ name }) => wanted.has(name));
    const accounts = wish.become === 'yes' ? 'all' : 'own';
    const answers = await Promise.all(hosts.map(async host => ({ host, survey: await this.#survey(host, accounts) })));
    const surveys = answers.flatMap(({ host, survey }) => (survey.ok ? [{ host, survey: survey.value }] : []));
    let taken: Result<Taken> = ok({ jobs: [], skipped: 0 });
    await this.#turns.take('adopt', async () => {
      taken = await this.#take(wish.fleet, claimsOf(surveys), by);
    });
    if (!taken.ok) return taken;
    const { jobs, skipped } = taken.value;
    return ok({
      jobs,
      looked: surveys.flatMap(({ host, survey }) => survey.looked.map(place => ({ host: host.name, ...place }))),
      unasked: answers.flatMap(({ host, survey }) => (survey.ok ? [] : [{ host: host.name, ...survey }])),
      refused: surveys.flatMap(({ host, survey }) => (survey.refused === undefined ? [] : [{ host: host.name, why: survey.refused }])),
      skipped: surveys.reduce((sum, { survey }) => sum + survey.skipped, skipped),
    });
  }

  /** A link that broke is tried once more: nothing was changed by the first try. */
  async #survey(host: PlannedHost, accounts: 'own' | 'all'): Promise<Result<Survey>> {
    const { engine } = this.#parts;
    const first = await engine.survey(host, accounts);
    return first.ok || !mayRetryStart(first.failure) ? first : engine.survey(host, accounts);
  }

  async #take(fleet: Fleet, claims: readonly Claim[], by: Actor): Promise<Result<Taken>> {
    const { spine, engine, clock } = this.#parts;
    const unknown = claims.filter(({ jid }) => !spine.state.jobs.has(jid));
    const journalled = this.#parts.journalled({
      jids: unknown.map(({ jid }) => jid),
      runs: [...new Set(unknown.map(({ about }) => about.runId))].filter(run => run !== '' && !spine.state.runs.has(run)),
    });
    if (!journalled.ok) return journalled;
    const { jids, runs } = journalled.value;
    const fresh = unknown.filter(({ jid }) => !jids.has(jid));
    const events: Draft[] = spine.state.fleets.has(fleet.id) ? [] : [{ type: 'fleet.planned', fleet }];
    const mine: Claim[] = [];
    for (const [run, jobs] of byRun(fresh, this.#parts.newRunId())) {
      // A run that lies in the journal unread keeps its number and its jobs: nothing is added to it.
      const begun = runs.has(run) ? undefined : this.#eventsOf(run, jobs, fleet, by);
      if (begun === undefined) continue;
      events.push(...begun.events);
      mine.push(...begun.jobs);
    }
    if (mine.length === 0) return ok({ jobs: [], skipped: fresh.length });
    await spine.emit({ events, durability: 'intent' });
    const left = mine.flatMap(({ jid, host, report }) => {
      const job = spine.state.jobs.get(jid);
      return job === undefined ? [] : [{ job, host, report }];
    });
    engine.takeUp(left, { clockSet: 0, lastAlive: clock.wall() });
    for (const { job } of left) engine.look(job.jid);
    const jobs = left.map(({ job: { jid, host, runId }, report }) => {
      return { jid, host, run: runId, is: isOver(report) ? ('over' as const) : ('running' as const) };
    });
    return ok({ jobs, skipped: fresh.length - mine.length });
  }

  /** What is written of the jobs of one run; undefined when none of them can be taken. */
  #eventsOf(
    id: string,
    found: readonly Claim[],
    fleet: Fleet,
    by: Actor,
  ): { events: readonly Draft[]; jobs: readonly Claim[] } | undefined {
    const { state } = this.#parts.spine;
    const known = state.runs.get(id);
    const jobs = known !== undefined && known.origin === undefined ? found.filter(job => isReallyOf(job, known, state)) : found;
    if (jobs.length === 0) return undefined;
    const adoptions = [...jobs].sort(endedFirst).map(job => this.#adoption(id, job, by));
    if (known !== undefined && known.origin === undefined) return { events: adoptions, jobs };
    const hosts = [...new Set([...(known?.hosts.keys() ?? []), ...jobs.map(({ host }) => host.name)])];
    const planned = fleetWith(hosts, [state.fleets.get(known?.fleet ?? ''), fleet]);
    if (planned === undefined) return undefined;
    const [first] = jobs as [Claim];
    const origin = known?.origin ?? originOf(first);
    const title =
      known?.plan.title ?? (first.at.kind === 'ansible' ? 'adopted from Ansible' : first.about.title || first.about.command || '?');
    return {
      jobs,
      events: [
        {
          type: 'run.adopted',
          run: id,
          number: known?.number ?? this.#parts.nextNumber(),
          fleet: planned.id,
          plan: { title, plays: [playOf(title, hosts, jobs, known)] },
          options: known?.options ?? this.#options(jobs),
          origin,
          by,
        },
        ...adoptions,
      ],
    };
  }

  #adoption(run: string, { jid, host, at, about, report }: Claim, by: Actor): Draft {
    const wall = this.#parts.clock.wall();
    const isMine = at.kind === 'rollcall' && at.account === undefined && about.operator === (by.sudoUser ?? by.user);
    return {
      type: 'job.adopted',
      jid,
      run,
      host: host.name,
      path: about.task,
      attempt: attemptOf(jid, at),
      command: about.command,
      on: {
        pid: report.pid,
        bootId: report.bootId,
        startedThere: report.startedAt,
        // Of one that is over only the host's own clock tells when it was.
        startedAt: isOver(report) && report.startedAt > 0 ? report.startedAt * 1000 : wall - report.elapsed * 1000,
        limit: report.limit,
      },
      adopted: {
        at,
        operator: about.operator,
        machine: about.machine,
        owner: isMine ? 'us' : 'others',
        batch: about.batch,
        ...(about.become !== undefined && { become: about.become }),
      },
      by,
    };
  }

  /** A command that its driver kept out of job folders is a secret: then output is not fetched either. */
  #options(jobs: readonly Claim[]): RunOptions {
    return {
      forks: this.#parts.forks,
      giveUp: 30 * 60,
      grace: 30,
      cap: 0,
      log: jobs.some(({ at, about }) => at.kind === 'rollcall' && about.command === '') ? 'no' : 'yes',
      template: 'no',
      askedFrom: 'console',
      argv: ['adopt'],
      results: 'registered',
      extraVars: {},
    };
  }
}

type Taken = Pick<Adoption, 'jobs' | 'skipped'>;

/** One claim a jid. Two names of one account see the same jobs: the one that the job was started by has it, else the first. */
const claimsOf = (surveys: readonly { readonly host: PlannedHost; readonly survey: Survey }[]): readonly Claim[] => {
  const claims = new Map<Jid, Claim>();
  for (const { host, survey } of surveys) {
    for (const found of survey.found) {
      if (claims.has(found.jid) && found.about.host !== host.name) continue;
      claims.set(found.jid, { ...found, host });
    }
  }
  return [...claims.values()];
};

/** Jobs by their run; Ansible's are one run of this adoption. */
const byRun = (claims: readonly Claim[], ansible: string): ReadonlyMap<string, readonly Claim[]> => {
  const runs = new Map<string, Claim[]>();
  for (const claim of claims) {
    const run = claim.at.kind === 'ansible' ? ansible : claim.about.runId;
    const mates = runs.get(run) ?? [];
    runs.set(run, mates);
    mates.push(claim);
  }
  return runs;
};

/** A job that says it is of a run of our own must have its name from it, and be on a host that the run knows. */
const isReallyOf = ({ jid, at, about, host }: Claim, run: Run, state: State): boolean => {
  const attempt = Number(jid.split('.')[1]);
  const { item = 0 } = state.jobs.get(jid) ?? {};
  const isNamedSo = jid === jidOf({ runId: run.id, taskPath: about.task, host: host.name, item, attempt });
  const isPlanned = state.fleets.get(run.fleet)?.hosts.some(({ name }) => name === host.name) ?? false;
  return isNamedSo && isPlanned && at.account === undefined;
};

/** The first fleet that has all these hosts. */
const fleetWith = (hosts: readonly string[], fleets: readonly (Fleet | undefined)[]): Fleet | undefined =>
  fleets.find(fleet => {
    const names = new Set(fleet?.hosts.map(({ name }) => name));
    return hosts.every(host => names.has(host));
  });

const originOf = ({ at, about }: Claim): Origin =>
  at.kind === 'ansible'
    ? { kind: 'ansible' }
    : { kind: 'rollcall', number: about.runNumber, operator: about.operator, machine: about.machine };

/** Its tasks, as far as their jobs were found. Nothing of them is ever rendered or begun. */
const playOf = (title: string, hosts: readonly string[], jobs: readonly Claim[], known: Run | undefined): Play => {
  const tasks = new Map<string, Task>((known?.plan.plays[0]?.tasks ?? []).map(task => [task.path, task]));
  for (const { about, report } of jobs) {
    if (tasks.has(about.task)) continue;
    const noLog = about.command === '';
    tasks.set(about.task, {
      ...taskDefaults,
      path: about.task,
      name: noLog ? title : about.command,
      module: { name: 'shell', args: noLog ? {} : { cmd: about.command } },
      async: report.limit,
      noLog,
      templates: 'verbatim',
    });
  }
  return { name: title, pattern: hosts.join(','), hosts, vars: {}, strategy: 'linear', tasks: [...tasks.values()] };
};

const attemptOf = (jid: Jid, { kind }: Whereabouts): number => (kind === 'ansible' ? 1 : Number(jid.split('.')[1]));

const isOver = ({ state }: Found['report']): boolean => state.kind !== 'running' && state.kind !== 'stopping' && state.kind !== 'orphan';

/** The newest that runs is the one that a host's cell shows. */
const endedFirst = (a: Claim, b: Claim): number =>
  Number(isOver(b.report)) - Number(isOver(a.report)) || a.report.startedAt - b.report.startedAt;
