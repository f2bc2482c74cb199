// The only place that waits until hosts have confirmed what they were told, and says so host by host, folded: cancel and extend.
// What a silent host has not confirmed is pending: the intent is journalled, and is carried out at next contact.
import { formatDuration } from '../../domain/duration.ts';
import type { Event, Sighting } from '../../domain/event.ts';
import { describeFailure } from '../../domain/failure.ts';
import { isOutstanding, type Jid, type Job } from '../../domain/job.ts';
import { fold } from '../../domain/nodeset.ts';
import { reduce, reduceSighting } from '../../domain/reduce.ts';
import { onHostOf } from '../../domain/reduce-job.ts';
import { ok, type Result } from '../../domain/result.ts';
import type { HostProgress, State } from '../../domain/run-state.ts';
import { safeText } from '../../domain/safe-line.ts';
import type { Ask, Link, Selection } from '../../driver/protocol.ts';
import { jobsOf } from '../../driver/selection.ts';
import { stopCodes } from '../follow.ts';
import type { World } from '../world.ts';

export type ConfirmedAsk = Extract<Ask, { readonly verb: 'cancel' | 'extend' }>;

type Verb = ConfirmedAsk['verb'];

/** Hosts have so long beyond their jobs' grace, ms. */
const answerWithin = 30_000;

/** Some hosts have not confirmed it yet. */
const somePending = 75;

/** A driver that has not answered by then is told as that, ms. */
const lateAfter = 3000;

/** Asks; a driver answers once it has written down what it was asked for, which a full disk keeps it from. */
export const askPatiently = async (world: World, link: Link, ask: Ask): Promise<Result<unknown>> => {
  const { stateDir } = link.status;
  const disarm = world.clock.after(lateAfter, () =>
    world.say(
      `not written down yet: the driver waits until it can write in ${stateDir}; is there room on that disk? Ctrl-C takes nothing back`,
    ),
  );
  const answer = await link.ask(ask as Extract<Ask, { verb: 'status' }>);
  disarm();
  return answer;
};

/** Asks, waits for every host that answers, and prints a line per outcome. Exit code 0: all confirmed; 75: some are pending. */
export const untilConfirmed = async (world: World, link: Link, first: State, asks: readonly ConfirmedAsk[]): Promise<Result<number>> => {
  const verb: Verb = asks[0]?.verb ?? 'cancel';
  const selections = asks.map(({ on }) => on);
  const overBefore = new Set([...first.runs.values()].filter(({ phase }) => phase.kind === 'ended').map(({ id }) => id));
  const watched = watch(first, verb, selections);
  let news = (): void => {};
  const unlisten = link.onPush(push => {
    if (push.kind === 'snapshot') watched.state = push.state;
    if (push.kind === 'events') watched.take(push.events, push.sightings);
    news();
  });
  try {
    for (const ask of asks) {
      const answer = await askPatiently(world, link, ask);
      if (!answer.ok) return answer;
    }
    const stop = await waiting(world, watched, resolve => {
      news = resolve;
    });
    const jobs = watched.jobs();
    const done = verb === 'cancel' ? [...cancelLines(jobs), ...droppedLines(watched, selections, overBefore)] : extendLines(jobs);
    const lines = [...done, ...pendingLines(verb, watched)];
    const nothing = verb === 'cancel' ? 'nothing of it runs' : 'nothing of it runs with a time limit';
    for (const line of lines.length > 0 ? lines : [nothing]) world.write(`${line}\n`);
    return ok(stop ?? (watched.pending().length > 0 ? somePending : 0));
  } finally {
    unlisten();
  }
};

/** Resolves when every host that answers has confirmed, when their time is over, or with the exit code of whoever stops it. */
const waiting = (world: World, watched: Watched, listen: (news: () => void) => void): Promise<number | undefined> =>
  new Promise(resolve => {
    const stops = Object.entries(stopCodes).map(([signal, code]) => [signal, () => end(code)] as const);
    const end = (code?: number): void => {
      disarm();
      for (const [signal, stop] of stops) process.off(signal, stop);
      resolve(code);
    };
    const disarm = world.clock.after(answerWithin + watched.grace(), () => end());
    for (const [signal, stop] of stops) process.on(signal, stop);
    const news = (): void => {
      if (watched.pending().every(({ jid }) => watched.unheard.has(jid))) end();
    };
    listen(news);
    news();
  });

/** The jobs that were told, as they stand. */
type Watched = {
  state: State;
  /** Gave no answer since. */
  readonly unheard: ReadonlySet<Jid>;
  /** `run host` of those that were taken out since. */
  readonly dropped: ReadonlySet<string>;
  take(events: readonly Event[], sightings: readonly Sighting[]): void;
  jobs(): readonly Job[];
  pending(): readonly Job[];
  /** The longest time between TERM and KILL of any of them, ms. */
  grace(): number;
};

const watch = (first: State, verb: Verb, selections: readonly Selection[]): Watched => {
  const isPending = (job: Job): boolean =>
    verb === 'cancel' ? isOutstanding(job) : job.extendAsked !== undefined && job.state.kind !== 'ended';
  // What was asked for before and is still pending is waited for as well.
  const wasAsked = (job: Job): boolean => (verb === 'cancel' ? job.cancelAsked : job.extendAsked) !== undefined;
  const told = new Set(selections.flatMap(on => jobsOf(first, on).filter(wasAsked)).map(({ jid }) => jid));
  const unheard = new Set<Jid>();
  const dropped = new Set<string>();
  return {
    state: first,
    unheard,
    dropped,
    take(events, sightings) {
      for (const event of events) {
        reduce(this.state, event);
        const isAsking = event.type === 'job.cancel-asked' || event.type === 'job.extend-asked';
        if (isAsking && event.type === `job.${verb}-asked` && selections.some(on => isMeant(on, this.state.jobs.get(event.jid))))
          told.add(event.jid);
        if (event.type === 'job.fell-silent') unheard.add(event.jid);
        if (event.type === 'run.hosts-dropped') for (const host of event.hosts) dropped.add(`${event.run} ${host}`);
      }
      for (const sighting of sightings) {
        reduceSighting(this.state, sighting);
        if (sighting.type !== 'job.seen') continue;
        if (sighting.at === 0) unheard.add(sighting.jid);
        else unheard.delete(sighting.jid);
      }
    },
    jobs() {
      return [...told].flatMap(jid => this.state.jobs.get(jid) ?? []);
    },
    pending() {
      return this.jobs().filter(isPending);
    },
    grace() {
      return 1000 * Math.max(0, ...this.jobs().map(({ runId }) => this.state.runs.get(runId)?.options.grace ?? 0));
    },
  };
};

const isMeant = ({ run, hosts, jids }: Selection, job: Job | undefined): boolean =>
  job !== undefined && (run === undefined || job.runId === run) && (hosts?.includes(job.host) ?? true) && (jids?.includes(job.jid) ?? true);

/** Hosts where nothing had to be ended: those that this cancel took out, and those that a whole run had not come to. */
const droppedLines = (watched: Watched, selections: readonly Selection[], overBefore: ReadonlySet<string>): readonly string[] => {
  const told = new Set(watched.jobs().map(({ runId, host }) => `${runId} ${host}`));
  const rows = selections.flatMap(({ run = '', hosts, jids }) => {
    if (jids !== undefined || overBefore.has(run)) return [];
    const isMeantHere = ({ host, jid }: HostProgress): boolean =>
      hosts === undefined ? jid === undefined : hosts.includes(host) && watched.dropped.has(`${run} ${host}`);
    return [...(watched.state.runs.get(run)?.hosts.values() ?? [])].filter(row => isMeantHere(row) && !told.has(`${run} ${row.host}`));
  });
  const foldRows = (those: readonly HostProgress[]): string => fold([...new Set(those.map(({ host }) => host))]);
  const [fresh, begun] = [rows.filter(({ jid }) => jid === undefined), rows.filter(({ jid }) => jid !== undefined)];
  return [
    ...(fresh.length > 0 ? [`not begun, and begins no more: ${foldRows(fresh)}`] : []),
    ...(begun.length > 0 ? [`takes no further task: ${foldRows(begun)}`] : []),
  ];
};

const cancelLines = (jobs: readonly Job[]): readonly string[] => {
  const groups = new Map<string, Job[]>();
  for (const job of jobs) {
    if (!isOutstanding(job)) groups.set(howItEnded(job), [...(groups.get(howItEnded(job)) ?? []), job]);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([how, those]) => `${how}: ${foldHosts(those)}`);
};

const howItEnded = ({ state }: Job): string => {
  if (state.kind !== 'ended') return '';
  const { verdict } = state;
  if (verdict.kind === 'cancelled') return 'cancelled and gone';
  if (verdict.kind === 'unreachable') return 'never begun: unreachable';
  return `had ended by itself: ${verdict.kind}${'rc' in verdict ? ` rc ${verdict.rc}` : ''}`;
};

const extendLines = (jobs: readonly Job[]): readonly string[] => {
  const limits = new Map<string, Job[]>();
  for (const job of jobs) {
    const isOver = job.state.kind === 'ended';
    if (job.extendAsked !== undefined && !isOver) continue;
    const on = onHostOf(job.state);
    const words = isOver || on === undefined ? 'had ended before' : `limit now ${formatDuration(on.limit)}`;
    limits.set(words, [...(limits.get(words) ?? []), job]);
  }
  return [...limits].map(([words, those]) => `${words}: ${foldHosts(those)}`);
};

const pendingLines = (verb: Verb, watched: Watched): readonly string[] => {
  const pending = watched.pending();
  const silent = pending.filter(({ jid }) => watched.unheard.has(jid));
  const slow = pending.filter(({ jid }) => !watched.unheard.has(jid));
  const [one] = silent;
  const failure = one?.state.kind === 'stale' ? one.state.failure : undefined;
  const why = failure === undefined ? 'unreachable' : safeText(describeFailure({ ...failure, host: '' }).what.replace(/^: /, ''));
  return [
    ...(silent.length > 0 ? [`pending, ${why}: ${foldHosts(silent)}; it is journalled and will be carried out at next contact`] : []),
    ...(slow.length > 0 ? [`pending, ${verb === 'cancel' ? 'still ending' : 'not confirmed yet'}: ${foldHosts(slow)}`] : []),
  ];
};

const foldHosts = (jobs: readonly Job[]): string => fold([...new Set(jobs.map(({ host }) => host))]);
