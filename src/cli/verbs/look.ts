// The only place for the verbs that only look: jobs, history, attach.
import { formatDuration } from '../../domain/duration.ts';
import { actorName } from '../../domain/event.ts';
import type { Failure } from '../../domain/failure.ts';
import { holdWords } from '../../domain/hold.ts';
import { isOutstanding, isUnsent, type Jid, type Job } from '../../domain/job.ts';
import { fold } from '../../domain/nodeset.ts';
import { countHosts, exitCodeOf, lastLineOf } from '../../domain/recap.ts';
import { reduce } from '../../domain/reduce.ts';
import { fail, ok, type Result } from '../../domain/result.ts';
import { emptyState, type HostProgress, type Run, type State } from '../../domain/run-state.ts';
import { safeJson, safeText } from '../../domain/safe-line.ts';
import { connectDriver } from '../../driver/link.ts';
import { type Link, protocolVersion } from '../../driver/protocol.ts';
import { runNamed } from '../../driver/selection.ts';
import { type JobEntry, readHistory, readJobs, readRunEvents } from '../../journal/read.ts';
import { asksHere, makeAnswerer } from '../answer.ts';
import type { RunFlags } from '../flags.ts';
import { follow, outputHere, stopCodes, unfinished } from '../follow.ts';
import { askForMirror, readMirrorWish } from '../mirror.ts';
import { reach } from '../reach.ts';
import { commandIn, stateDirOf, type World } from '../world.ts';
import { jobLine, pendingWords } from './job-line.ts';
import { jobObject } from './job-object.ts';
import { outputOf } from './run.ts';

type LookFlags = Pick<RunFlags, 'state' | 'json' | 'output'> & { readonly all?: boolean; readonly look?: boolean };

type AttachFlags = LookFlags & Pick<RunFlags, 'mirror'> & { readonly continue?: boolean; readonly hold?: boolean };

/** A host that has not answered by then does not answer, ms. */
const answerWithin = 45_000;

/** Who waits for a host longer than this is told for whom, ms. */
const tellAfter = 3000;

/** A follower was told to stop. */
const stopped: ReadonlySet<number> = new Set(Object.values(stopCodes));

/** Some jobs run: what `--look` ends with. */
const stillRunning = 75;

/** `rollcall jobs [--all] [--json] [--look]`. */
export const jobsVerb = async (world: World, flags: LookFlags): Promise<Result<number>> => {
  const stateDir = stateDirOf(world, flags.state);
  const looked = flags.look === true ? await lookAtAll(world, stateDir) : ok([]);
  if (!looked.ok) return looked;
  // What has come home in this very look is told too.
  const read = readJobs(stateDir, flags.all === true ? { which: 'all' } : { which: 'outstanding', and: looked.value });
  if (!read.ok) return read;
  const entries = await withLiveStarts(world, stateDir, read.value);
  if (flags.json === true) for (const entry of entries) world.write(`${safeJson(jobObject(entry, world.clock.wall()))}\n`);
  else if (entries.length === 0) world.write(flags.all === true ? 'no jobs yet\n' : 'nothing is outstanding\n');
  else for (const entry of entries) world.write(`${jobLine(entry, world.clock.wall())}\n`);
  if (flags.look !== true) return ok(0);
  if (entries.some(({ job }) => isOutstanding(job))) return ok(stillRunning);
  const asked = new Set(looked.value);
  return ok(worst(entries.filter(({ job }) => asked.has(job.jid)).map(({ job }) => exitCodeOfJob(job))));
};

/** Whether the host was given anything of a start knows its driver alone; where none lives it may have been. */
const withLiveStarts = async (world: World, stateDir: string, entries: readonly JobEntry[]): Promise<readonly JobEntry[]> => {
  if (!entries.some(({ job }) => job.state.kind === 'starting')) return entries;
  const hello = { hello: protocolVersion, actor: world.actor, client: 'command', wants: 'state' } as const;
  const link = await connectDriver({ stateDir, hello });
  const live = link.ok ? (await firstState(link.value)).jobs : new Map<Jid, Job>();
  if (link.ok) link.value.close();
  return entries.map(entry => {
    const { job } = entry;
    if (job.state.kind !== 'starting') return entry;
    return { ...entry, job: live.get(job.jid) ?? { ...job, state: { ...job.state, sent: 'maybe' } } };
  });
};

const exitCodeOfJob = ({ state }: Job): 0 | 2 | 4 => {
  if (state.kind !== 'ended' || state.verdict.kind === 'ok') return 0;
  return state.verdict.kind === 'unreachable' ? 4 : 2;
};

/** `rollcall history [RUN] [--json]`: all runs, or what one run came to. */
export const historyVerb = async (world: World, named: string | undefined, flags: LookFlags): Promise<Result<number>> => {
  if (named !== undefined) return reportVerb(world, named, flags);
  const read = readHistory(stateDirOf(world, flags.state), { limit: flags.all === true ? 100_000 : 50 });
  if (!read.ok) return read;
  if (flags.json === true) for (const run of read.value) world.write(`${safeJson(run)}\n`);
  else if (read.value.length === 0) world.write('no runs yet\n');
  else {
    for (const run of read.value) {
      const { counts } = run;
      const trouble = counts.failed + counts.unreachable + counts.lost + counts.timedOut + counts.cancelled;
      const when = new Date(run.queuedAt).toISOString().slice(0, 16).replace('T', ' ');
      const took = run.phase.kind === 'ended' ? formatDuration(Math.round((run.phase.at - run.queuedAt) / 1000)) : run.phase.kind;
      // A run that let its jobs go is over long before they are.
      const letGo = run.phase.kind === 'ended' && run.outstanding > 0 ? `, ${run.outstanding} let go and not home` : '';
      const who = run.by === undefined ? '' : `  ${actorName(run.by)}`;
      world.write(
        `${run.number}  ${when}  ${run.fleet}  ${run.hosts} ${run.hosts === 1 ? 'host' : 'hosts'}  ok ${counts.ok + counts.changed}  trouble ${trouble}  ${took}${letGo}${who}  ${safeText(run.title)}\n`,
      );
    }
  }
  return ok(0);
};

/** The recap of a run, from the journal alone. */
const reportVerb = async (world: World, named: string, flags: LookFlags): Promise<Result<number>> => {
  const stateDir = stateDirOf(world, flags.state);
  const read = readRunEvents(stateDir, /^\d+$/.test(named) ? Number(named) : named);
  if (!read.ok) return read;
  const state = read.value.reduce(reduce, emptyState());
  const [run] = state.runs.values();
  if (run === undefined) return fail(noSuchRun(named, flags));
  await outputOf(flags)({ run: run.id, command: commandIn(flags.state), write: world.write, bytesOf: outputHere(world, stateDir) }).ended(
    state,
  );
  return ok(0);
};

const noSuchRun = (named: string, { state }: LookFlags): Failure => ({
  tag: 'bad-input',
  cause: `there is no run ${named} here; ${commandIn(state)('history')} lists them`,
});

/** `rollcall attach [RUN] [--look] [--continue|--hold]`: waits for what is outstanding and ends as the run would have. */
export const attachVerb = async (world: World, named: string | undefined, flags: AttachFlags): Promise<Result<number>> => {
  const stateDir = stateDirOf(world, flags.state);
  if (flags.continue === true && flags.hold === true)
    return fail({ tag: 'bad-input', cause: '--continue and --hold are opposites: give one of them' });
  const mirror = readMirrorWish(world, stateDir, flags.mirror);
  if (!mirror.ok) return mirror;
  // A driver that has to be started would else begin what is to be held before anybody could say so.
  const link = await reach(world, stateDir, 'command', flags.hold === true ? { hold: named === undefined ? 'all' : { run: named } } : {});
  if (!link.ok) return link;
  const state = await firstState(link.value);
  const runs = named === undefined ? openRuns(state) : [runNamed(state, named)].filter(run => run !== undefined);
  if (named !== undefined && runs.length === 0) {
    link.value.close();
    return fail(noSuchRun(named, flags));
  }
  const mirrored = await askForMirror(link.value, mirror.value);
  if (!mirrored.ok) return mirrored;
  const decided = await decide(link.value, runs, named, flags);
  if (!decided.ok) return decided;
  if (flags.look === true) {
    await lookNow(world, link.value, state);
    const after = await stateOf(link.value, world, stateDir);
    link.value.close();
    const jobs = [...after.jobs.values()].filter(job => runs.some(({ id }) => id === job.runId));
    const wall = world.clock.wall();
    const read = readJobs(stateDir, { which: 'outstanding', and: [...state.jobs.values()].filter(isOutstanding).map(({ jid }) => jid) });
    if (!read.ok) return read;
    const ours = read.value.filter(({ job }) => runs.some(({ id }) => id === job.runId));
    for (const entry of await withLiveStarts(world, stateDir, ours))
      world.write(flags.json === true ? `${safeJson(jobObject(entry, wall))}\n` : `${jobLine(entry, wall)}\n`);
    for (const run of flags.json === true ? [] : runs)
      if (hasToBegin(after.runs.get(run.id))) world.write(`${toBeginLine(after.runs.get(run.id) ?? run, flags)}\n`);
    if (jobs.some(isOutstanding) || runs.some(({ id }) => hasToBegin(after.runs.get(id)))) return ok(stillRunning);
    return ok(worst(runs.map(run => exitCodeOf(countHosts(after.runs.get(run.id) ?? run, after.jobs)))));
  }
  if (runs.length === 0) {
    link.value.close();
    world.write('nothing is outstanding\n');
    return ok(0);
  }
  link.value.close();
  const codes: number[] = [];
  for (const run of runs) {
    const asks = asksHere(world, flags);
    const own = await reach(world, stateDir, 'command', {}, asks);
    if (!own.ok) return own;
    if (run.phase.kind === 'ended' && unfinished(state, run.id).length === 0) {
      world.write(`${lastLineOf(run, countHosts(run, state.jobs))}\n`);
      codes.push(exitCodeOf(countHosts(run, state.jobs)));
    } else {
      world.say(waitsFor(state, run));
      codes.push(
        (
          await follow({
            world,
            link: own.value,
            run: run.id,
            stateFlag: flags.state,
            makeOutput: outputOf(flags),
            onStop: 'leave',
            until: 'jobs ended',
            ...(asks !== undefined && { answerer: makeAnswerer(world, own.value) }),
          })
        ).code,
      );
    }
    own.value.close();
    if (stopped.has(codes.at(-1) ?? 0)) break;
  }
  return ok(worst(codes));
};

/** `--continue` and `--hold`: what becomes of everything that had not begun. */
const decide = async (link: Link, runs: readonly Run[], named: string | undefined, flags: AttachFlags): Promise<Result<unknown>> => {
  if (flags.continue !== true && flags.hold !== true) return ok(undefined);
  const verb = flags.hold === true ? 'pause' : 'resume';
  for (const { id, phase } of runs) {
    if (phase.kind !== (verb === 'pause' ? 'going' : 'paused')) continue;
    // An operator's own pause is ended by whoever names the run.
    if (phase.kind === 'paused' && phase.why === 'operator' && named === undefined) continue;
    const done = await link.ask({ verb, on: { run: id } });
    if (!done.ok) return done;
  }
  return ok(undefined);
};

/** The state that the driver tells first. */
export const firstState = (link: Link): Promise<State> =>
  new Promise(resolve => {
    const unlisten = link.onPush(push => {
      if (push.kind !== 'snapshot') return;
      queueMicrotask(() => unlisten());
      resolve(push.state);
    });
  });

/** Whom an attach waits for, before anything happens. */
const waitsFor = (state: State, { id, number, hosts }: Run): string => {
  const jobs = [...state.jobs.values()].filter(job => job.runId === id && isOutstanding(job));
  const waiting = [...hosts.values()].filter(isToBegin).length;
  const parts = [
    ...toldTogether(jobs.filter(job => !isUnsent(job))),
    ...toldTogether(jobs.filter(isUnsent)),
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'host' : 'hosts'} to begin`] : []),
  ];
  return `run ${number}: waiting for ${parts.join(' and ') || 'its end'}`;
};

const toldTogether = (jobs: readonly Job[]): readonly string[] => {
  const held = [...new Set(jobs.flatMap(pendingWords))];
  return jobs.length === 0 ? [] : [`${fold(jobs.map(({ host }) => host))}${held.length > 0 ? ` (${held.join(', ')})` : ''}`];
};

const toBeginLine = (run: Run, flags: LookFlags): string => {
  const waiting = [...run.hosts.values()].filter(isToBegin);
  const why =
    run.phase.kind === 'paused'
      ? `paused ${holdWords(run.phase)}; ${commandIn(flags.state)(`resume ${run.number}`)} goes on`
      : 'their turn comes';
  return `run ${run.number}  ${fold(waiting.map(({ host }) => host))}  not begun: ${why}`;
};

/** Some host of it has its turn before it, now or when the run is resumed. */
const hasToBegin = (run: Run | undefined): boolean =>
  (run?.phase.kind === 'going' || run?.phase.kind === 'paused') && [...run.hosts.values()].some(isToBegin);

const isToBegin = ({ jid, last, out }: HostProgress): boolean => jid === undefined && last === undefined && out === undefined;

const openRuns = (state: State): readonly Run[] =>
  [...state.runs.values()].filter(({ id, phase }) => phase.kind !== 'ended' || unfinished(state, id).length > 0);

const worst = (codes: readonly number[]): number =>
  codes.find(code => stopped.has(code)) ?? (codes.includes(4) ? 4 : Math.max(0, ...codes));

/** Returns the jobs that it asked about. */
const lookAtAll = async (world: World, stateDir: string): Promise<Result<readonly Jid[]>> => {
  const link = await reach(world, stateDir, 'command');
  if (!link.ok) return link;
  const state = await firstState(link.value);
  await lookNow(world, link.value, state);
  link.value.close();
  return ok([...state.jobs.values()].filter(isOutstanding).map(({ jid }) => jid));
};

/** Asks about every outstanding job once and waits until each has answered or gone unanswered. */
const lookNow = async (world: World, link: Link, state: State): Promise<void> => {
  // A host that has nothing of a job has nothing to say of it.
  const waiting = new Map([...state.jobs.values()].filter(job => isOutstanding(job) && !isUnsent(job)).map(({ jid, host }) => [jid, host]));
  if (waiting.size === 0) return;
  const slow = world.clock.after(tellAfter, () =>
    world.say(`waiting for an answer of ${fold([...new Set(waiting.values())])}, ${answerWithin / 1000} s at most`),
  );
  const answered = new Promise<void>(resolve => {
    world.clock.after(answerWithin, resolve);
    link.onPush(push => {
      if (push.kind === 'gone') return resolve();
      if (push.kind !== 'events') return;
      for (const event of push.events) if ('jid' in event && event.type !== 'job.output') waiting.delete(event.jid);
      for (const sighting of push.sightings) if (sighting.type === 'job.seen') waiting.delete(sighting.jid);
      if (waiting.size === 0) resolve();
    });
  });
  await link.ask({ verb: 'ask', on: { jids: [...waiting.keys()] } });
  await answered;
  slow();
};

const stateOf = async (link: Link, world: World, stateDir: string): Promise<State> => {
  const again = await reach(world, stateDir, 'command');
  if (!again.ok) return firstState(link);
  const state = await firstState(again.value);
  again.value.close();
  return state;
};
