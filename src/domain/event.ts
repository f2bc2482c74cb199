// The only place for what can happen: events in the past tense, the only source of state.
// Facts are journalled before they are acted on; sightings (a poll that found nothing new) are only shown.
import type { Become } from './become.ts';
import type { Failure } from './failure.ts';
import type { Adopted, Jid, OnHost, OutputStream, Verdict } from './job.ts';
import type { Plan } from './plan.ts';

/** Who did it. */
export type Actor = {
  readonly user: string;
  /** The account behind sudo, where there is one. */
  readonly sudoUser?: string;
  readonly machine: string;
  readonly tty?: string;
  /** SSH_CONNECTION of the operator's session. */
  readonly from?: string;
};

/** `ops1@bastion1`, as screens show an actor. */
export const actorName = (actor: Actor): string => `${actor.sudoUser ?? actor.user}@${actor.machine}`;

/** A planned host: how to reach it and its variables, as the inventory said when the run was made. */
export type PlannedHost = {
  readonly name: string;
  /** Plain data; remote knows its shape. */
  readonly address: unknown;
  readonly gate: string;
  /** Jump hosts on the way to it. Absent: none. */
  readonly hops?: number;
  readonly groups: readonly string[];
  readonly vars: Readonly<Record<string, unknown>>;
};

/** The hosts of an inventory, once per distinct content. */
export type Fleet = {
  /** SHA-256 of the content, hexadecimal. */
  readonly id: string;
  readonly label: string;
  /** `red` …, from the inventory or rollcall.yml. */
  readonly colour?: string;
  /** Where it was read. */
  readonly source: string;
  readonly practice: 'no' | 'namespaces' | 'acting';
  readonly hosts: readonly PlannedHost[];
};

/** What the operator asked for besides the plan. */
export type RunOptions = {
  readonly forks: number;
  /** Seconds between looks, exactly; absent: growing from 1 to 60. */
  readonly poll?: number;
  /** Seconds after which a silent host is given up. */
  readonly giveUp: number;
  readonly grace: number;
  readonly cap: number;
  readonly once?: string;
  /** Chosen by the client: what is submitted twice, because an answer was lost, is queued once. */
  readonly submission?: string;
  /** Its jobs are told to Ansible too, in ~/.ansible_async on each host. */
  readonly ansibleAsync?: 'yes';
  readonly log: 'yes' | 'no';
  /** What matched `--mask` is `***` here; the driver that was asked knows it, and nobody else. */
  readonly masked?: 'yes';
  readonly template: 'yes' | 'no';
  readonly reason?: string;
  /** `headless`: held when its client vanishes; `console`: goes on. */
  readonly askedFrom: 'headless' | 'console';
  /** argv with secrets masked. */
  readonly argv: readonly string[];
  /** `all`: the result of every task is kept in its event, for reports that need it. */
  readonly results: 'registered' | 'all';
  readonly extraVars: Readonly<Record<string, unknown>>;
};

/** How one task came out on one host. */
export type TaskResult = {
  readonly status: 'ok' | 'changed' | 'failed' | 'unreachable' | 'skipped' | 'ignored';
  /** Ansible's result keys; kept for registered tasks and shown by debug. Never templated. */
  readonly value?: Readonly<Record<string, unknown>>;
  readonly register?: string;
  readonly message?: string;
  readonly attempts?: number;
  /** It changed something, and failed. */
  readonly changed?: 'yes';
  /** Variables that its host has from then on. */
  readonly facts?: Readonly<Record<string, unknown>>;
};

/** When it happened and who asked for it. */
export type Base = {
  /** Our wall clock, ms since 1970. */
  readonly at: number;
  /** Whoever asked for it; absent for what the driver does by itself. */
  readonly by?: Actor;
};

/** Why a run does not start anything new. */
export type HoldWhy = 'operator' | 'client-vanished' | 'driver-away' | 'interrupted';

/** Where an adopted run came from: another driver's journal, as hosts tell it, or Ansible. */
export type Origin =
  | { readonly kind: 'rollcall'; readonly number: number; readonly operator: string; readonly machine: string }
  | { readonly kind: 'ansible' };

/** `12@laptop1`: the name that a run has where it came from. */
export const originName = (origin: Origin): string =>
  origin.kind === 'ansible' ? 'Ansible' : `${origin.number}@${origin.machine === '' ? '?' : origin.machine}`;

/** What happens to runs, batches and tasks. */
export type RunFact =
  | { readonly type: 'driver.started'; readonly driver: string; readonly epoch: number; readonly pid: number; readonly version: string }
  | { readonly type: 'fleet.planned'; readonly fleet: Fleet }
  | {
      readonly type: 'run.queued';
      readonly run: string;
      readonly number: number;
      readonly fleet: string;
      readonly plan: Plan;
      readonly options: RunOptions;
    }
  /** A run from elsewhere of which hosts know jobs; told again with all its hosts when more are found. */
  | {
      readonly type: 'run.adopted';
      readonly run: string;
      /** Its number here. */
      readonly number: number;
      readonly fleet: string;
      readonly plan: Plan;
      readonly options: RunOptions;
      readonly origin: Origin;
    }
  | { readonly type: 'run.paused'; readonly run: string; readonly why: HoldWhy }
  | { readonly type: 'run.resumed'; readonly run: string }
  /** Nothing of it starts any more; what runs goes on or is cancelled on its own. */
  | { readonly type: 'run.aborted'; readonly run: string }
  /** Hosts whose last attempt ended badly get another; the run is open again. */
  | { readonly type: 'run.retried'; readonly run: string; readonly hosts: readonly string[] }
  /** The operator took hosts out: they take no further task of it; what runs there is cancelled on its own. */
  | { readonly type: 'run.hosts-dropped'; readonly run: string; readonly hosts: readonly string[] }
  | { readonly type: 'run.ended'; readonly run: string; readonly message?: string }
  /** Whoever took the run over logs in otherwise: laid over the address of each of its hosts. Plain data; remote knows its shape. */
  | { readonly type: 'run.login-changed'; readonly run: string; readonly login: Readonly<Record<string, unknown>> }
  | { readonly type: 'run.noted'; readonly run: string; readonly text: string }
  /** Hosts of the run wait for something that somebody has to say, and somebody was asked. `about`: what, in words; never a value. */
  | { readonly type: 'question.asked'; readonly run: string; readonly about: string; readonly hosts: readonly string[] }
  | {
      readonly type: 'question.answered';
      readonly run: string;
      readonly about: string;
      readonly hosts: readonly string[];
      readonly answer: 'given' | 'declined';
    }
  | {
      readonly type: 'batch.opened';
      readonly run: string;
      readonly play: number;
      /** Counts from 1; retry batches go on counting. */
      readonly batch: number;
      readonly of: number;
      readonly hosts: readonly string[];
      /** Retry batches begin each host at the task that put it out. */
      readonly kind: 'first' | 'retry';
    }
  | { readonly type: 'batch.ended'; readonly run: string; readonly batch: number }
  | { readonly type: 'task.opened'; readonly run: string; readonly path: string; readonly hosts: readonly string[] }
  | { readonly type: 'task.ended'; readonly run: string; readonly path: string; readonly host: string; readonly result: TaskResult }
  /** One item of a loop, from 0; the others may still be to come. */
  | {
      readonly type: 'task.item-ended';
      readonly run: string;
      readonly path: string;
      readonly host: string;
      readonly item: number;
      readonly result: TaskResult;
    }
  /** A wait (async_status, until) that looks again later. `retriesLeft` as Ansible prints it. */
  | {
      readonly type: 'task.waiting';
      readonly run: string;
      readonly path: string;
      readonly host: string;
      readonly attempt: number;
      readonly retriesLeft: number;
      readonly nextAt: number;
    };

/** What is removed because its time has come, or because somebody asked for it. */
export type KeepFact =
  /** The intent: the host's folders of these jobs are to go; their last bytes are on disk here before this is written. */
  | { readonly type: 'host.clean-asked'; readonly host: string; readonly jids: readonly Jid[] }
  /** Nothing of these jobs is on the host any more but the marks of their names. */
  | { readonly type: 'host.cleaned'; readonly host: string; readonly jids: readonly Jid[] }
  /** The output of these jobs goes from this disk; its counts and last lines stay. */
  | { readonly type: 'output.removed'; readonly run: string; readonly jids: readonly Jid[]; readonly bytes: number }
  /** Events of the oldest runs were taken out of the journal. Each such event names all that ever were. */
  | { readonly type: 'journal.pruned'; readonly before: number; readonly removed: number; readonly gaps: readonly Gap[] };

/** Events that are gone: numbers of the first and the last, and the hash of the last, which the next one follows. */
export type Gap = readonly [first: number, last: number, hash: string | null];

/** The intent: on disk before the host hears of it. `script` is absent with no-log. */
export type JobRequest = {
  readonly type: 'job.requested';
  readonly jid: Jid;
  readonly run: string;
  readonly host: string;
  readonly path: string;
  readonly attempt: number;
  /** Place of the loop's item, from 0; absent without a loop. */
  readonly item?: number;
  readonly command: string;
  readonly script?: string;
  /** Seconds; 0 none. */
  readonly limit: number;
  /** `sync`: counts against forks until it ended; `poll`: asked until it ended; `let-go`: looked at once. */
  readonly mode: 'sync' | 'poll' | 'let-go';
  /** As whom; absent: as who logs in. */
  readonly become?: Become;
};

/** A job found on a host that was asked for elsewhere. Nothing of it is ever sent from here. */
export type JobAdoption = {
  readonly type: 'job.adopted';
  readonly jid: Jid;
  readonly run: string;
  readonly host: string;
  readonly path: string;
  readonly attempt: number;
  /** Empty where it is not told. */
  readonly command: string;
  readonly on: OnHost;
  readonly adopted: Adopted;
};

/** What happens to a job that was requested. */
export type JobFact =
  | { readonly type: 'job.started'; readonly jid: Jid; readonly on: OnHost }
  /** The host's claim on the run's `--once` name is another job's: this one follows it. */
  | { readonly type: 'job.joined'; readonly jid: Jid; readonly other: Jid }
  | {
      readonly type: 'job.output';
      readonly jid: Jid;
      readonly stream: OutputStream;
      readonly from: number;
      readonly length: number;
      readonly there: number;
      readonly dropped: number;
      /** Sanitised last line, at most 200 characters. */
      readonly lastLine: string;
    }
  | { readonly type: 'job.waiting'; readonly jid: Jid; readonly for: string }
  | { readonly type: 'job.answered'; readonly jid: Jid }
  | { readonly type: 'job.fell-silent'; readonly jid: Jid; readonly failure: Failure }
  | { readonly type: 'job.cancel-asked'; readonly jid: Jid }
  | { readonly type: 'job.extend-asked'; readonly jid: Jid; readonly limit: number }
  | { readonly type: 'job.extended'; readonly jid: Jid; readonly limit: number }
  | { readonly type: 'job.ended'; readonly jid: Jid; readonly verdict: Verdict };

/** Everything that can be journalled. */
export type Event = Base & (RunFact | KeepFact | JobRequest | JobAdoption | JobFact);

/** What is in the way to hosts at the moment. */
export type Ways = {
  /** Did not answer several times in a row: tried by one connect at growing intervals, and whoever is behind it waits for that. */
  readonly away: readonly {
    readonly kind: 'host' | 'jump host';
    readonly name: string;
    /** Of a jump host: the gate of those behind it. */
    readonly gate?: string;
    readonly failure: Failure;
    readonly tries: number;
    /** Our wall clock, ms; in the past: as soon as somebody wants it. */
    readonly nextTryAt: number;
  }[];
  /** Gates that dropped handshakes: so many at once at most, for now. */
  readonly slowed: readonly { readonly gate: string; readonly handshakes: number }[];
};

/** A poll that found nothing new, or (`at` is 0) a change of plan about the next one. Shown, not journalled. */
export type Sighting =
  | {
      readonly type: 'job.seen';
      readonly jid: Jid;
      readonly at: number;
      readonly nextLookAt?: number;
      readonly tries?: number;
      /** Of a job that is starting: whether anything of it was given to its host. */
      readonly sent?: 'no' | 'maybe';
    }
  /** All that is in the way at the moment; what was told before is replaced. */
  | { readonly type: 'ways.seen'; readonly away: Ways['away']; readonly slowed: Ways['slowed'] }
  | { readonly type: 'slots.seen'; readonly open: number; readonly forks: number; readonly behind: number };

/** The event of one type. */
export type EventOf<T extends Event['type']> = Extract<Event, { readonly type: T }>;
