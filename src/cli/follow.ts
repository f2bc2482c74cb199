// The only place that follows a run without a screen: events to an output, heartbeat, Ctrl-C, exit code.

import { failureSentence, needsPerson } from '../domain/failure.ts';
import { holdWords } from '../domain/hold.ts';
import { isOutstanding, isUnsent, type Jid, type Job, shortJid } from '../domain/job.ts';
import { type Question, wanted, whatBecame } from '../domain/need.ts';
import { fold } from '../domain/nodeset.ts';
import { countHosts, exitCodeOf } from '../domain/recap.ts';
import { reduce, reduceSighting } from '../domain/reduce.ts';
import { emptyState, type State } from '../domain/run-state.ts';
import { allWell } from '../domain/ways.ts';
import type { Link, Push } from '../driver/protocol.ts';
import { readOutput } from '../journal/read.ts';
import { isAbout, type Output, type OutputParts } from '../outputs/output.ts';
import type { Answerer } from './answer.ts';
import { eventKey, missedEvents } from './missed.ts';
import { commandIn, type World } from './world.ts';

/** A minute without a word is followed by one. */
const heartbeatEvery = 60_000;

/** A host that has not let us in by then is told, ms; looked for so often. */
const loginWithin = 5000;
const lookEvery = 2500;

/** How long a follower who was told to stop waits for the driver's word, ms. */
const pauseWithin = 2000;

/** What ends a follower, but no job, and the exit code that tells it. */
export const stopCodes = { SIGINT: 99, SIGTERM: 143, SIGHUP: 129 } as const;

type Stop = keyof typeof stopCodes;

const signals = Object.keys(stopCodes) as Stop[];

/** How a follower ended. */
export type Followed = { readonly code: number; readonly state: State };

export type FollowParts = {
  readonly world: Pick<World, 'clock' | 'write' | 'say'>;
  readonly link: Link;
  readonly run: string;
  /** `--state`, as it was given. */
  readonly stateFlag: string | undefined;
  readonly makeOutput: (parts: OutputParts) => Output;
  /** `hold`: Ctrl-C pauses the run, for whoever started it; `leave`: for whoever only looks. */
  readonly onStop: 'hold' | 'leave';
  /** What is waited for: the run alone, or also the jobs that it let go. */
  readonly until: 'run ended' | 'jobs ended';
  /** Whoever sits there is asked; absent: only told that somebody must be. */
  readonly answerer?: Answerer;
};

/** Follows a run to its end. Jobs go on whatever happens to the follower. */
export const follow = ({ world, link, run, stateFlag, makeOutput, onStop, until, answerer }: FollowParts): Promise<Followed> => {
  let state = emptyState();
  let told = world.clock.now();
  const command = commandIn(stateFlag);
  const output = makeOutput({
    run,
    command,
    write: text => {
      told = world.clock.now();
      world.write(text);
    },
    bytesOf: outputHere(world, link.status.stateDir),
  });
  return new Promise<Followed>(resolve => {
    let over = false;
    let isEnding = false;
    let interrupts = 0;
    let banner: string | undefined;
    let hasDriverChanged = false;
    let waysTold = allWell;
    let waits = '';
    let questions: readonly Question[] = [];
    const slow = new Set<Jid>();
    let lastTold: string | undefined;
    const caughtUp = new Set<string>();
    /** The pause that has been told. */
    let pausedAt: number | undefined;
    let unlisten: () => void = () => {};
    let disarm: () => void = () => {};
    const finish = (code: number): void => {
      if (over) return;
      over = true;
      unlisten();
      disarm();
      answerer?.end();
      for (const signal of signals) process.off(signal, stop);
      resolve({ code, state });
    };
    const beat = (): void => {
      disarm = world.clock.after(lookEvery, () => {
        const words = slowWords(state, run, questions, slow, world.clock.wall());
        if (words !== undefined) world.say(words);
        if (world.clock.now() - told >= heartbeatEvery) output.heartbeat(state, world.clock.wall());
        beat();
      });
    };
    /** What the last driver wrote and did not tell, or the next one did before we came, is in the journal. */
    const catchUp = (): void => {
      for (const event of missedEvents(link.status.stateDir, run, lastTold)) {
        reduce(state, event);
        output.news([event], state);
        lastTold = eventKey(event);
        // It may be told again: the journal is ahead of the snapshot.
        caughtUp.add(lastTold);
      }
    };
    const tellPause = (): void => {
      const { number, phase } = state.runs.get(run) ?? {};
      if (number === undefined || phase?.kind !== 'paused' || phase.at === pausedAt) return;
      pausedAt = phase.at;
      world.say(
        `run ${number} is paused ${holdWords(phase)}: what runs goes on, nothing new starts until \`${command(`resume ${number}`)}\` (or attach ${number} --continue); \`${command(`abort ${number}`)}\` drops the rest`,
      );
    };
    const end = async (): Promise<void> => {
      const known = state.runs.get(run);
      if (known?.phase.kind !== 'ended' || over || isEnding) return;
      if (until === 'jobs ended' && unfinished(state, run).length > 0) return;
      isEnding = true;
      await output.ended(state);
      finish(isAPersonNeeded(state, run) ? personNeeded : exitCodeOf(countHosts(known, state.jobs)));
    };
    const stop = (signal: Stop): void => {
      interrupts += 1;
      const code = stopCodes[signal];
      if (interrupts > 1 || onStop === 'leave') {
        finish(code);
        return;
      }
      // A driver that cannot write (its disk is full) answers late or never; whoever wants to leave may.
      const late = new Promise<void>(resolve => world.clock.after(pauseWithin, resolve));
      void Promise.race([link.ask({ verb: 'pause', on: { run } }), late]).then(() => {
        for (const line of interruptedWords(state, run, command)) world.say(line);
        finish(code);
      });
    };
    for (const signal of signals) process.on(signal, stop);
    beat();
    unlisten = link.onPush((push: Push) => {
      // What is told of an end is told of one state.
      if (over || isEnding) return;
      switch (push.kind) {
        case 'snapshot':
          if (hasDriverChanged) catchUp();
          state = push.state;
          // Another driver finds out for itself.
          waysTold = allWell;
          tellPause();
          if (hasDriverChanged && !state.runs.has(run)) {
            world.say('the journal does not know this run any more: was the state folder removed? What runs on hosts goes on');
            finish(1);
          }
          // Jobs that were let go are asked only while somebody watches them.
          if (until === 'jobs ended') void link.ask({ verb: 'watch', jids: unfinished(state, run) });
          break;
        case 'events':
          for (const event of push.events) reduce(state, event);
          for (const sighting of push.sightings) reduceSighting(state, sighting);
          output.news(
            push.events.filter(event => !caughtUp.delete(eventKey(event))),
            state,
          );
          lastTold =
            push.events
              .filter(event => isAbout(event, run, state))
              .map(eventKey)
              .at(-1) ?? lastTold;
          break;
        case 'banner':
          if (push.failure !== undefined && push.failure.cause !== banner) world.say(failureSentence(push.failure));
          banner = push.failure?.cause;
          // Its run goes on over there; from here nothing of it would ever be told again.
          if (push.failure?.tag === 'fenced') finish(1);
          break;
        case 'questions': {
          questions = push.questions;
          const words = waitingWords(questions, state, run, command);
          // Whoever asks says it, too.
          if (words !== waits && words !== '' && answerer === undefined) world.say(words);
          waits = words;
          answerer?.show(questions);
          break;
        }
        case 'gone':
          hasDriverChanged = true;
          world.say('the driver went away; another one takes over, nothing is lost');
          break;
        case 'turned-down':
          break;
      }
      if (state.ways !== waysTold) output.ways?.(waysTold, state, world.clock.wall());
      waysTold = state.ways;
      void end();
    });
  });
};

/** Jobs of the run whose end is not known and that nobody has given up. */
export const unfinished = (state: State, run: string): readonly Jid[] =>
  [...state.jobs.values()].filter(job => job.runId === run && job.state.kind !== 'ended').map(({ jid }) => jid);

/** Exit code of a run in which something had to be answered and nobody could be asked. */
const personNeeded = 6;

const isAPersonNeeded = (state: State, run: string): boolean =>
  [...state.jobs.values()].some(
    ({ runId, state: { kind, ...rest } }) =>
      runId === run && kind === 'ended' && 'verdict' in rest && rest.verdict.kind === 'unreachable' && needsPerson(rest.verdict.failure),
  );

/** Which hosts of the run wait for what, and where it can be given; empty: none. */
const waitingWords = (questions: readonly Question[], state: State, run: string, command: (words: string) => string): string => {
  const known = state.runs.get(run);
  // Many hosts may each show a key of their own.
  const alike = new Map<string, string[]>();
  for (const { need, hosts, refused } of questions) {
    const words = `${wanted(need)}${refused === undefined ? '' : ` (${whatBecame(need, refused)})`}`;
    const ours = hosts.filter(host => known?.hosts.has(host));
    if (ours.length > 0) alike.set(words, [...new Set([...(alike.get(words) ?? []), ...ours])]);
  }
  const parts = [...alike].map(([words, ours]) => {
    const waits = ours.length === 1 ? `1 host waits (${ours[0]})` : `${ours.length} hosts wait (${fold(ours)})`;
    return `${waits} for ${words}`;
  });
  return parts.length === 0 ? '' : `${parts.join('; ')}: answer in \`${command(`attach ${known?.number}`)}\``;
};

/**
 * Everything kept here of a stream: it lies on the disk before any event counts it, so no driver has to live to tell it.
 * What cannot be read is told once.
 */
export const outputHere = (world: Pick<World, 'say'>, stateDir: string): OutputParts['bytesOf'] => {
  let told = '';
  return async (jid, stream) => {
    const piece = readOutput(stateDir, jid, stream, 0, Number.MAX_SAFE_INTEGER);
    if (piece.ok) return piece.value.bytes;
    if (told !== piece.failure.cause) world.say(`some output is missing below: ${failureSentence(piece.failure)}`);
    told = piece.failure.cause;
    return new Uint8Array(0);
  };
};

/** Hosts that have not let us in for a while, told once each; those that wait for a person are told as that. Undefined: none. */
const slowWords = (state: State, run: string, questions: readonly Question[], told: Set<Jid>, wall: number): string | undefined => {
  if (state.runs.get(run)?.phase.kind !== 'going') return undefined;
  const asked = new Set(questions.flatMap(({ hosts }) => hosts));
  const isSlow = (job: Job): boolean =>
    job.runId === run &&
    isUnsent(job) &&
    'at' in job.state &&
    wall - job.state.at >= loginWithin &&
    !told.has(job.jid) &&
    !asked.has(job.host);
  const slow = [...state.jobs.values()].filter(isSlow);
  for (const { jid } of slow) told.add(jid);
  return slow.length === 0
    ? undefined
    : `no login yet on ${foldedHosts(slow)} after ${loginWithin / 1000} s: it goes on trying, and nothing was sent there`;
};

/** What runs where, what has not begun, and the three commands that matter now; a line each. */
const interruptedWords = (state: State, run: string, command: (words: string) => string): readonly string[] => {
  const known = state.runs.get(run);
  const number = known?.number ?? 0;
  const outstanding = [...state.jobs.values()].filter(job => job.runId === run && isOutstanding(job));
  const unsent = outstanding.filter(isUnsent);
  const starting = outstanding.filter(job => job.state.kind === 'starting' && !isUnsent(job));
  const running = outstanding.filter(({ state }) => state.kind !== 'starting');
  const jids = running.slice(0, 3).map(({ jid, host }) => `${shortJid(jid)} on ${host}`);
  const where = [
    running.length === 0 ? 'nothing of it runs' : `${counted(running)} on: ${foldedHosts(running)}`,
    ...(jids.length > 0 ? [` (${jids.join(', ')}${running.length > 3 ? ', …' : ''})`] : []),
    ...(starting.length > 0 ? [`; not known to have begun: ${foldedHosts(starting)}`] : []),
    ...(unsent.length > 0 ? [`; not started: ${foldedHosts(unsent)}`] : []),
  ].join('');
  return [
    `interrupted; run ${number} starts nothing new, ${where}`,
    `  ${command(`attach ${number}`)}    follow it again`,
    `  ${command(`cancel ${number}`)}    end what runs`,
    `  ${command(`retry ${number}`)}     what failed, again; ${command(`resume ${number}`)} goes on`,
  ];
};

const counted = ({ length }: readonly Job[]): string => `${length} ${length === 1 ? 'job goes' : 'jobs go'}`;

const foldedHosts = (jobs: readonly Job[]): string => fold(jobs.map(({ host }) => host));
