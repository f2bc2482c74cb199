// The only place that turns events into state: reduce(state, event). Journal replay, driver and consoles all call it.
// It owns the state's maps and changes them in place; same events in the same order give the same state.
import { courseAfter, courseAt, isRescued, nextPath } from './course.ts';
import type { Event, EventOf, Sighting, TaskResult } from './event.ts';
import type { JobState } from './job.ts';
import { type Plan, type Play, playWith, taskAt } from './plan.ts';
import { type JobEvent, jobAfter } from './reduce-job.ts';
import { emptyTally, type HostProgress, type Run, type State, type Tally } from './run-state.ts';
import type { Task } from './task.ts';

/** Applies one event. Same events in the same order give the same state, one by one or replayed. */
export const reduce = (state: State, event: Event): State => {
  state.version += 1;
  switch (event.type) {
    case 'driver.started':
    case 'host.clean-asked':
    case 'host.cleaned':
    case 'journal.pruned':
      return state;
    case 'output.removed':
      for (const jid of event.jids) {
        const job = state.jobs.get(jid);
        if (job !== undefined) state.jobs.set(jid, { ...job, outputRemovedAt: event.at });
      }
      return state;
    case 'fleet.planned':
      state.fleets.set(event.fleet.id, event.fleet);
      return state;
    case 'run.queued':
      state.runs.set(event.run, {
        id: event.run,
        number: event.number,
        fleet: event.fleet,
        plan: event.plan,
        options: event.options,
        queuedAt: event.at,
        ...(event.by && { by: event.by }),
        phase: { kind: 'going' },
        batches: [],
        remaining: 'due',
        retry: [],
        hosts: queuedHosts(event.plan),
        notes: [],
      });
      return state;
    case 'run.adopted':
      return adoptRun(state, event);
    case 'run.paused':
      return changeRun(state, event.run, () => ({
        phase: { kind: 'paused', at: event.at, why: event.why, ...(event.by && { by: event.by }) },
      }));
    case 'run.resumed':
      return changeRun(state, event.run, () => ({ phase: { kind: 'going' } }));
    case 'run.aborted':
      return changeRun(state, event.run, () => ({
        phase: { kind: 'aborting', at: event.at, ...(event.by && { by: event.by }) },
        remaining: 'dropped',
      }));
    case 'run.ended':
      return changeRun(state, event.run, () => ({
        phase: { kind: 'ended', at: event.at, ...(event.message !== undefined && { message: event.message }) },
      }));
    case 'run.noted':
      return changeRun(state, event.run, run => ({
        notes: [...run.notes, { at: event.at, text: event.text, ...(event.by && { by: event.by }) }],
      }));
    case 'question.asked':
    case 'question.answered':
      return state;
    case 'run.login-changed':
      return changeLogin(state, event);
    case 'run.hosts-dropped':
      changeHosts(state, event.run, event.hosts, row => ({ ...row, dropped: 'yes' }));
      return changeRun(state, event.run, run => ({ retry: run.retry.filter(host => !event.hosts.includes(host)) }));
    case 'run.retried':
      changeHosts(state, event.run, event.hosts, ({ dropped: _, ...row }) => row);
      // A pause stays a pause: the retry waits for its resume.
      return changeRun(state, event.run, run => ({
        phase: run.phase.kind === 'ended' ? { kind: 'going' } : run.phase,
        retry: [...run.retry, ...event.hosts],
      }));
    case 'batch.opened':
      return openBatch(state, event);
    case 'batch.ended':
      return endBatch(state, event);
    case 'task.opened':
      return changeRun(state, event.run, () => ({
        open: { path: event.path, hosts: event.hosts, left: event.hosts.length },
      }));
    case 'task.ended':
      return endTask(state, event);
    case 'task.item-ended':
      return changeHosts(state, event.run, [event.host], ({ wait: _, attempt: __, ...row }) => ({
        ...row,
        loop: { path: event.path, results: [...(row.loop?.path === event.path ? row.loop.results : []), event.result] },
      }));
    case 'task.waiting':
      return changeHosts(state, event.run, [event.host], row => ({
        ...row,
        path: event.path,
        wait: {
          path: event.path,
          attempt: event.attempt,
          retriesLeft: event.retriesLeft,
          nextAt: event.nextAt,
        },
      }));
    case 'job.requested':
      state.jobs.set(event.jid, {
        jid: event.jid,
        runId: event.run,
        host: event.host,
        taskPath: event.path,
        attempt: event.attempt,
        ...(event.item !== undefined && { item: event.item }),
        state: { kind: 'starting', at: event.at },
        output: { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 },
        lastLine: '',
      });
      state.orders.set(event.jid, {
        command: event.command,
        ...(event.script !== undefined && { script: event.script }),
        limit: event.limit,
        mode: event.mode,
        ...(event.become !== undefined && { become: event.become }),
      });
      return changeHosts(state, event.run, [event.host], ({ wait, ...row }) => ({
        ...row,
        jid: event.jid,
        path: event.path,
        ...(wait?.path === event.path && { attempt: wait.attempt }),
      }));
    case 'job.adopted':
      return adoptJob(state, event);
    default:
      return reduceJob(state, event);
  }
};

/** Applies what was only seen. */
export const reduceSighting = (state: State, sighting: Sighting): State => {
  state.version += 1;
  if (sighting.type === 'slots.seen') {
    state.slots = { open: sighting.open, forks: sighting.forks, behind: sighting.behind };
    return state;
  }
  if (sighting.type === 'ways.seen') {
    state.ways = { away: sighting.away, slowed: sighting.slowed };
    return state;
  }
  const job = state.jobs.get(sighting.jid);
  if (job === undefined || job.state.kind === 'ended') return state;
  const { nextLookAt: _, ...rest } = job;
  const seen: JobState =
    job.state.kind === 'stale'
      ? { ...job.state, tries: sighting.tries ?? job.state.tries }
      : job.state.kind === 'starting'
        ? { ...job.state, ...(sighting.sent !== undefined && { sent: sighting.sent }) }
        : { ...job.state, seenAt: Math.max(job.state.seenAt, sighting.at) };
  state.jobs.set(job.jid, {
    ...rest,
    state: seen,
    ...(sighting.nextLookAt !== undefined && { nextLookAt: sighting.nextLookAt }),
  });
  return state;
};

const reduceJob = (state: State, event: JobEvent): State => {
  const job = state.jobs.get(event.jid);
  if (job === undefined) return state;
  state.jobs.set(event.jid, jobAfter(job, event, state.orders.get(event.jid)));
  if (event.type === 'job.ended') forgetScript(state, event.jid);
  return state;
};

/** A job that has ended is never sent again; its command is still told. */
const forgetScript = (state: State, jid: JobEvent['jid']): void => {
  const order = state.orders.get(jid);
  if (order === undefined) return;
  const { script: _, ...kept } = order;
  state.orders.set(jid, kept);
};

const queuedHosts = (plan: Plan): Map<string, HostProgress> => {
  const hosts = new Map<string, HostProgress>();
  for (const play of plan.plays) {
    for (const host of play.hosts) {
      hosts.set(host, { host, batch: 0, at: 'queued', tally: emptyTally, registered: {} });
    }
  }
  return hosts;
};

/** The run has a fleet of its own from then on: others that were planned on the same one reach their hosts as before. */
const changeLogin = (state: State, { run, login }: EventOf<'run.login-changed'>): State =>
  changeRun(state, run, before => {
    const fleet = state.fleets.get(before.fleet);
    if (fleet === undefined) return {};
    const id = `${fleet.id.slice(0, 64)}+${run}`;
    const hosts = fleet.hosts.map(host => ({ ...host, address: { ...(host.address as object), ...login } }));
    state.fleets.set(id, { ...fleet, id, hosts });
    return { fleet: id };
  });
/** All its hosts are in one open batch, whatever they were in where it came from. What it had before stays. */
const adoptRun = (state: State, event: EventOf<'run.adopted'>): State => {
  const { run: id, number, fleet, plan, options, origin, at, by } = event;
  const known = state.runs.get(id);
  if (known !== undefined && known.origin === undefined) return state;
  const hosts = new Map(known?.hosts);
  for (const [host, row] of queuedHosts(plan)) if (!hosts.has(host)) hosts.set(host, { ...row, batch: 1, at: 'open' });
  state.runs.set(id, {
    id,
    number,
    fleet,
    plan,
    options,
    origin,
    queuedAt: known?.queuedAt ?? at,
    ...(by && { by }),
    phase: { kind: 'going' },
    batches: [{ number: 1, of: 1, play: 0, hosts: [...hosts.keys()], openedAt: known?.queuedAt ?? at, kind: 'first' }],
    remaining: 'dropped',
    retry: [],
    hosts,
    notes: known?.notes ?? [],
  });
  return state;
};

/** It was running when it was found, or had ended: the first look tells. */
const adoptJob = (state: State, { jid, run, host, path, attempt, command, on, adopted, at }: EventOf<'job.adopted'>): State => {
  state.jobs.set(jid, {
    jid,
    runId: run,
    host,
    taskPath: path,
    attempt,
    adopted,
    state: { kind: 'running', on, seenAt: at },
    output: { out: 0, err: 0, outThere: 0, errThere: 0, dropped: 0 },
    lastLine: '',
  });
  state.orders.set(jid, { command, limit: on.limit, mode: 'poll' });
  return changeHosts(state, run, [host], row => ({ ...row, jid, path, jids: [...(row.jids ?? []), jid] }));
};

const openBatch = (state: State, event: EventOf<'batch.opened'>): State => {
  changeHosts(state, event.run, event.hosts, row => ({
    ...row,
    batch: event.batch,
    at: 'open',
    ...(row.jid !== undefined && { before: row.jid }),
  }));
  return changeRun(state, event.run, run => ({
    batches: [
      ...run.batches,
      {
        number: event.batch,
        of: event.of,
        play: event.play,
        hosts: event.hosts,
        openedAt: event.at,
        kind: event.kind,
      },
    ],
    retry: event.kind === 'retry' ? run.retry.filter(host => !event.hosts.includes(host)) : run.retry,
  }));
};

const endBatch = (state: State, event: EventOf<'batch.ended'>): State => {
  const hosts = state.runs.get(event.run)?.batches.find(b => b.number === event.batch)?.hosts ?? [];
  changeHosts(state, event.run, hosts, row => ({ ...row, at: 'ended' }));
  return changeRun(
    state,
    event.run,
    run => ({
      batches: run.batches.map(batch => (batch.number === event.batch ? { ...batch, endedAt: event.at } : batch)),
    }),
    'drop-open',
  );
};

/** Replaces the run's row; `open` tells whether the open task stays. */
const changeRun = (state: State, id: string, change: (run: Run) => Partial<Run>, open: 'keep-open' | 'drop-open' = 'keep-open'): State => {
  const run = state.runs.get(id);
  if (run === undefined) return state;
  const { open: wasOpen, ...rest } = run;
  const kept = open === 'drop-open' || wasOpen === undefined ? rest : run;
  state.runs.set(id, { ...kept, ...change(run) });
  return state;
};

/** Replaces rows of hosts, and the run's row, so that a view of the run notices. */
const changeHosts = (state: State, id: string, names: readonly string[], change: (progress: HostProgress) => HostProgress): State =>
  changeRun(state, id, run => {
    const rows = run.hosts as Map<string, HostProgress>;
    for (const name of names) {
      const row = rows.get(name);
      if (row !== undefined) rows.set(name, change(row));
    }
    return {};
  });

const endTask = (state: State, event: EventOf<'task.ended'>): State => {
  const { result, path } = event;
  const run = state.runs.get(event.run);
  const task = run && taskAt(run.plan, path);
  const play = run && playWith(run.plan, path);
  if (run === undefined || task === undefined || play === undefined) return state;
  const rescued = isRescued(play, task);
  changeHosts(state, event.run, [event.host], row => ({
    ...goneOn(row, play, task, result),
    tally: tallyWith(row.out?.path === path ? withoutFailure(row.tally, row.out.how) : row.tally, result, rescued),
    last: { path, batch: row.batch, result },
  }));
  // One host did it for all: they have its result and its failure, and none of its counts.
  if (task.runOnce !== undefined && result.status !== 'unreachable') {
    const batch = run.batches.at(-1);
    const others = (batch?.hosts ?? []).filter(host => {
      const row = run.hosts.get(host);
      return host !== event.host && batch !== undefined && row !== undefined && nextPath(play, batch, row) === path;
    });
    changeHosts(state, event.run, others, row => goneOn(row, play, task, result));
  }
  return changeRun(state, event.run, ({ open }) => (open?.path === path ? { open: { ...open, left: open.left - 1 } } : {}));
};

/** A host's row after a task, its counts apart. */
const goneOn = (
  { wait: _, attempt: __, out: ___, loop: ____, ...row }: HostProgress,
  play: Play,
  task: Task,
  result: TaskResult,
): HostProgress => {
  const before = row.course?.batch === row.batch ? row.course : courseAt(task, row.batch);
  const how = result.status === 'failed' || result.status === 'unreachable' ? result.status : 'well';
  const course = courseAfter(play, before, task, { how, changed: result.status === 'changed' });
  const failedJob = how === 'well' ? row.failedJob : row.jid;
  return {
    ...row,
    course,
    ...(failedJob !== undefined && { failedJob }),
    ...(course.out !== undefined && { out: { ...course.out, ...(failedJob !== undefined && { jid: failedJob }) } }),
    ...((result.register !== undefined || result.facts !== undefined) && {
      registered: {
        ...row.registered,
        ...result.facts,
        ...(result.register !== undefined && { [result.register]: result.value ?? {} }),
      },
    }),
  };
};

/** A retry takes the failure that it repairs out of the count. */
const withoutFailure = (tally: Tally, how: 'failed' | 'unreachable'): Tally =>
  how === 'failed' ? { ...tally, failures: tally.failures - 1 } : { ...tally, unreachable: tally.unreachable - 1 };

const tallyWith = (tally: Tally, result: TaskResult, rescued: boolean): Tally => {
  switch (result.status) {
    case 'ok':
      return { ...tally, ok: tally.ok + 1 };
    case 'changed':
      return { ...tally, ok: tally.ok + 1, changed: tally.changed + 1 };
    case 'failed':
      return rescued ? { ...tally, rescued: tally.rescued + 1 } : { ...tally, failures: tally.failures + 1 };
    case 'ignored':
      return { ...tally, ok: tally.ok + 1, ignored: tally.ignored + 1, changed: tally.changed + (result.changed === undefined ? 0 : 1) };
    case 'unreachable':
      return { ...tally, unreachable: tally.unreachable + 1 };
    case 'skipped':
      return { ...tally, skipped: tally.skipped + 1 };
  }
};
