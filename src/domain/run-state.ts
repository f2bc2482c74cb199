// The only place for what is known: runs, hosts in them, jobs. reduce.ts makes it from events; views only read it.
// Rows (Run, Job, HostProgress) are replaced, never changed in place, so identity tells a change.
import type { Become } from './become.ts';
import type { Course } from './course.ts';
import type { Actor, Fleet, HoldWhy, Origin, RunOptions, TaskResult, Ways } from './event.ts';
import type { Jid, Job } from './job.ts';
import type { Plan } from './plan.ts';

/** Ansible's counts for one host (`stats` of its recap). */
export type Tally = {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failures: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
};

/** Where one host of a run stands. */
export type HostProgress = {
  readonly host: string;
  /** Batch it belongs to, from 1; 0 while its batch has not opened. */
  readonly batch: number;
  /** Its newest job in this run. */
  readonly jid?: Jid;
  /** Its newest job when its batch opened: what it has to do there it does anew. */
  readonly before?: Jid;
  /** In an adopted run: all its jobs of that run. */
  readonly jids?: readonly Jid[];
  /** Task it is in, or was in last. */
  readonly path?: string;
  readonly at: 'queued' | 'open' | 'ended';
  /** Which task comes next, since it ended one in its batch. */
  readonly course?: Course;
  /** Out of the play since this task, how, and by which job. */
  readonly out?: { readonly path: string; readonly how: 'failed' | 'unreachable'; readonly jid?: Jid };
  /** The job of its last failure in this run. */
  readonly failedJob?: Jid;
  /** The operator took it out: it takes no further task. */
  readonly dropped?: 'yes';
  /** Of the loop that is under way: what its items came to, in their order. */
  readonly loop?: { readonly path: string; readonly results: readonly TaskResult[] };
  readonly wait?: { readonly path: string; readonly attempt: number; readonly retriesLeft: number; readonly nextAt: number };
  /** Number of the attempt under `until` that is under way; absent for the first. */
  readonly attempt?: number;
  readonly tally: Tally;
  /** Registered results by name. */
  readonly registered: Readonly<Record<string, unknown>>;
  /** Result of the task it ended last, and in which batch that was. */
  readonly last?: { readonly path: string; readonly batch: number; readonly result: TaskResult };
};

export type Batch = {
  readonly number: number;
  readonly of: number;
  readonly play: number;
  readonly hosts: readonly string[];
  readonly openedAt: number;
  readonly endedAt?: number;
  /** Retry batches begin each host at the task that put it out. */
  readonly kind: 'first' | 'retry';
};

export type RunPhase =
  | { readonly kind: 'going' }
  | { readonly kind: 'paused'; readonly at: number; readonly why: HoldWhy; readonly by?: Actor }
  /** Nothing new starts; it ends when what runs has ended. */
  | { readonly kind: 'aborting'; readonly at: number; readonly by?: Actor }
  | { readonly kind: 'ended'; readonly at: number; readonly message?: string };

export type Run = {
  readonly id: string;
  readonly number: number;
  readonly fleet: string;
  readonly plan: Plan;
  readonly options: RunOptions;
  readonly queuedAt: number;
  readonly by?: Actor;
  /** It was begun elsewhere: its jobs are followed, and nothing of it is ever begun here. */
  readonly origin?: Origin;
  readonly phase: RunPhase;
  readonly batches: readonly Batch[];
  /** Task open now in the open batch. */
  readonly open?: { readonly path: string; readonly hosts: readonly string[]; readonly left: number };
  /** Hosts that no batch has taken: an abort drops them, so that a retry brings back only whom it names. */
  readonly remaining: 'due' | 'dropped';
  /** Hosts of the retry asked for and not yet opened. */
  readonly retry: readonly string[];
  readonly hosts: ReadonlyMap<string, HostProgress>;
  readonly notes: readonly { readonly at: number; readonly by?: Actor; readonly text: string }[];
};

/** What a job's request says; the script is kept while it may have to be sent again. */
export type JobOrder = {
  readonly command: string;
  readonly script?: string;
  readonly limit: number;
  readonly mode: 'sync' | 'poll' | 'let-go';
  /** As whom; absent: as who logs in. */
  readonly become?: Become;
};

/** Everything that is known. */
export type State = {
  /** Grows with every event and sighting. */
  version: number;
  readonly fleets: Map<string, Fleet>;
  readonly runs: Map<string, Run>;
  readonly jobs: Map<Jid, Job>;
  readonly orders: Map<Jid, JobOrder>;
  slots: { readonly open: number; readonly forks: number; readonly behind: number };
  ways: Ways;
};

export const emptyState = (): State => ({
  version: 0,
  fleets: new Map(),
  runs: new Map(),
  jobs: new Map(),
  orders: new Map(),
  slots: { open: 0, forks: 0, behind: 0 },
  ways: { away: [], slowed: [] },
});

export const emptyTally: Tally = {
  ok: 0,
  changed: 0,
  unreachable: 0,
  failures: 0,
  skipped: 0,
  rescued: 0,
  ignored: 0,
};
