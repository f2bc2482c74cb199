// The only place for what a client and the driver say to each other: one JSON object a line over a Unix socket.
// Types only, plus the snapshot of a state; it knows neither sockets nor the engine.
import type { Actor, Event, Fleet, RunOptions, Sighting } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { Jid, Job, OutputStream } from '../domain/job.ts';
import type { Entrusted, Question, TurnedDown } from '../domain/need.ts';
import type { Plan } from '../domain/plan.ts';
import type { HostProgress, JobOrder, Run, State } from '../domain/run-state.ts';
import type { Vars } from '../domain/value.ts';

/** Grows when a message changes its meaning; a driver refuses a client of another number. */
export const protocolVersion = 1;

/** First line of a client. `wants: state` asks for a snapshot and everything after it. */
export type Hello = {
  readonly hello: number;
  readonly actor: Actor;
  readonly client: 'console' | 'headless' | 'command';
  readonly wants: 'state' | 'nothing';
  /** SSH_AUTH_SOCK of the client, used for the runs it submits. */
  readonly agentSocket?: string;
  /** Somebody sits there who can be asked; at a console always. */
  readonly asks?: 'yes';
  /** Runs that this client submitted headless to an earlier driver of the folder. */
  readonly owns?: readonly string[];
};

/** The file that was asked for is there. */
export type Proven = { readonly proven: string };

/** Which jobs or hosts a verb is about. */
export type Selection = {
  /** Run id; absent: all runs. */
  readonly run?: string;
  /** Absent: all hosts of the run. */
  readonly hosts?: readonly string[];
  readonly jids?: readonly Jid[];
};

/** What a client can ask for. Each gets one {@link Answer}. */
export type Ask =
  /** `mask`: regular expressions; what matches is kept out of the journal, and so are they. */
  /** `secretVars`: variables that were encrypted, open, by host; they stay in the driver's memory. */
  | {
      readonly verb: 'submit';
      readonly fleet: Fleet;
      readonly plan: Plan;
      readonly options: RunOptions;
      readonly mask?: readonly string[];
      readonly secretVars?: Readonly<Record<string, Vars>>;
    }
  | { readonly verb: 'pause'; readonly on: Selection }
  | { readonly verb: 'resume'; readonly on: Selection }
  /** Nothing new of the run starts; with jobs, what runs is cancelled as well. */
  | { readonly verb: 'abort'; readonly on: Selection }
  /** `confirmed`: also jobs that are somebody else's. */
  | { readonly verb: 'cancel'; readonly on: Selection; readonly confirmed?: 'yes' }
  | { readonly verb: 'retry'; readonly on: Selection; readonly which: 'failed' | 'unreachable' | 'both' }
  /** Look now, without waiting for the timer; at most once a second per host. */
  | { readonly verb: 'ask'; readonly on: Selection }
  | { readonly verb: 'extend'; readonly on: Selection; readonly by: number }
  | { readonly verb: 'note'; readonly on: Selection; readonly text: string }
  /** Jobs whose tails are on this client's screen; replaces the set named before. */
  | { readonly verb: 'watch'; readonly jids: readonly Jid[] }
  /** Bytes of a stream kept here, from an offset; negative: from the end. */
  | { readonly verb: 'output'; readonly jid: Jid; readonly stream: OutputStream; readonly from: number; readonly most: number }
  /** Removes there what is whole here, and here what is past its time; `dry`: only tells what would go. Absent hosts: all. */
  | { readonly verb: 'clean'; readonly hosts?: readonly string[]; readonly mode: 'clean' | 'dry' }
  /** A copy of the journal is kept there from now on, by the drivers of this folder to come as well; null: none any more. */
  | { readonly verb: 'mirror'; readonly to: string | null }
  /** Finds jobs that this journal doesn't have; with `become` in every account of the hosts. */
  | { readonly verb: 'adopt'; readonly fleet: Fleet; readonly hosts: readonly string[]; readonly become: 'yes' | 'no' }
  /** Passwords and passphrases that a client knows; sent before the run that needs them, kept in memory only. `turnedDown`: with earlier drivers. */
  | { readonly verb: 'entrust'; readonly secrets: readonly Entrusted[]; readonly turnedDown?: readonly TurnedDown[] }
  /** What somebody typed where these were asked, one value for each prompt; or that they will not be answered. */
  | { readonly verb: 'answer'; readonly questions: readonly string[]; readonly values: readonly string[] }
  | { readonly verb: 'answer'; readonly questions: readonly string[]; readonly refuse: true }
  | { readonly verb: 'status' }
  | { readonly verb: 'stop' };

/** What an ask brings back. */
export type Answers = {
  readonly submit: { readonly run: string; readonly number: number; readonly joined: 'no' | 'yes' };
  readonly pause: Touched;
  readonly resume: Touched;
  readonly abort: Touched;
  readonly cancel: Touched;
  readonly retry: Touched;
  readonly ask: Touched;
  readonly extend: Touched;
  readonly note: Touched;
  readonly watch: Touched;
  readonly output: { readonly from: number; readonly size: number; readonly base64: string };
  readonly clean: Cleaned;
  readonly mirror: Touched;
  readonly adopt: Adoption;
  readonly entrust: Touched;
  /** Questions that were still open. */
  readonly answer: Touched;
  readonly status: DriverStatus;
  readonly stop: Touched;
};

/** What went, or would go. Bytes are those that are known here. */
export type Cleaned = {
  readonly there: readonly CleanedHost[];
  readonly here: { readonly jobs: number; readonly bytes: number };
  /** Events of runs whose time in the journal was over. */
  readonly events: number;
};

/** One host: folders that went, those that are still there, and why. */
export type CleanedHost = {
  readonly host: string;
  readonly jobs: number;
  readonly bytes: number;
  readonly left: number;
  readonly failure?: Failure;
};

/** What came of looking for jobs. */
export type Adoption = {
  /** Those that are new here; what else is known of them stands in the state. */
  readonly jobs: readonly { readonly jid: Jid; readonly host: string; readonly run: string; readonly is: 'running' | 'over' }[];
  readonly looked: readonly { readonly host: string; readonly account: string; readonly home: string }[];
  readonly unasked: readonly { readonly host: string; readonly failure: Failure }[];
  /** Hosts that did not let us look into other accounts. */
  readonly refused: readonly { readonly host: string; readonly why: string }[];
  /** Entries that were not taken for jobs, or not believed. */
  readonly skipped: number;
};

/** How many jobs, hosts or runs a verb touched. */
export type Touched = { readonly touched: number };

export type DriverStatus = {
  readonly pid: number;
  readonly driver: string;
  readonly epoch: number;
  readonly version: string;
  /** The account that it runs as: hosts are reached with its keys. */
  readonly user?: string;
  readonly stateDir: string;
  readonly forks: number;
  readonly open: number;
  readonly running: number;
};

export type ServerLine =
  /** In a group's folder, before the welcome: make this file there, then say {@link Proven}. */
  | { readonly prove: string }
  | { readonly welcome: number; readonly status: DriverStatus }
  | { readonly refused: string }
  | { readonly snapshot: Snapshot }
  | { readonly events: readonly Event[]; readonly sightings: readonly Sighting[] }
  /** Something that every screen must show: fenced, disk full here. */
  | { readonly banner: Failure | null }
  /** Everything that people are asked now. */
  | { readonly questions: readonly Question[] }
  /** Something entrusted; told at once, since the next driver can know it from its clients alone. */
  | { readonly turnedDown: TurnedDown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };

/** A state as JSON. */
export type Snapshot = {
  readonly fleets: readonly Fleet[];
  readonly runs: readonly (Omit<Run, 'hosts'> & { readonly hosts: readonly HostProgress[] })[];
  readonly jobs: readonly Job[];
  readonly orders: readonly (readonly [Jid, JobOrder])[];
  readonly slots: State['slots'];
  readonly ways: State['ways'];
};

/** The state as it goes over the wire. */
export const snapshotOf = (state: State): Snapshot => ({
  fleets: [...state.fleets.values()],
  runs: [...state.runs.values()].map(run => ({ ...run, hosts: [...run.hosts.values()] })),
  jobs: [...state.jobs.values()],
  orders: [...state.orders],
  slots: state.slots,
  ways: state.ways,
});

/** The state that a snapshot tells. */
export const stateFrom = (snapshot: Snapshot): State => ({
  version: 1,
  fleets: new Map(snapshot.fleets.map(fleet => [fleet.id, fleet])),
  runs: new Map(snapshot.runs.map(run => [run.id, { ...run, hosts: new Map(run.hosts.map(host => [host.host, host])) }])),
  jobs: new Map(snapshot.jobs.map(job => [job.jid, job])),
  orders: new Map(snapshot.orders),
  slots: snapshot.slots,
  ways: snapshot.ways,
});

/** A client's end of the wire; the in-memory link of tests has the same type. */
export type Link = {
  ask<V extends Ask['verb']>(
    ask: Extract<Ask, { readonly verb: V }>,
  ): Promise<{ readonly ok: true; readonly value: Answers[V] } | { readonly ok: false; readonly failure: Failure }>;
  /** Called for each push in order; the returned function ends it. */
  onPush(listener: (push: Push) => void): () => void;
  readonly status: DriverStatus;
  close(): void;
};

/** What comes without being asked for. `gone`: the driver closed the line. */
export type Push =
  | { readonly kind: 'snapshot'; readonly state: State }
  | { readonly kind: 'events'; readonly events: readonly Event[]; readonly sightings: readonly Sighting[] }
  | { readonly kind: 'banner'; readonly failure: Failure | undefined }
  | { readonly kind: 'questions'; readonly questions: readonly Question[] }
  | { readonly kind: 'turned-down'; readonly turnedDown: TurnedDown }
  | { readonly kind: 'gone' };
