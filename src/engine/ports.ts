// The only place that says what the engine needs from the world: a clock, randomness, hosts that run jobs, a journal.
// Nothing here knows ssh, shells, files or SQLite; simulated hosts and real ones implement the same `Jobs`.
import type { Become } from '../domain/become.ts';
import type { Event, Sighting } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { Jid, JobAbout, OutputStream, Whereabouts } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';

/** Time, in milliseconds. */
export type Clock = {
  /** Monotonic; only differences mean anything. */
  now(): number;
  /** Wall clock, ms since 1970; may jump. */
  wall(): number;
  /** Calls `fire` once after `delay` ms; the returned function disarms it. */
  after(delay: number, fire: () => void): () => void;
};

/** Uniform in [0, 1); tests own the seed. */
export type Random = () => number;

/** A host as the engine names it: inventory name, plus an opaque key that tells remote how to reach it. */
export type HostRef = {
  readonly name: string;
  /** How to reach it; opaque to the engine, read by remote. */
  readonly address: unknown;
  /** What handshakes are counted against: the jump host, or the address itself. */
  readonly gate: string;
  /** Jump hosts on the way to it; each takes one of the forks along. Absent: none. */
  readonly hops?: number;
};

/** What a host is told when a job starts. */
export type StartRequest = {
  readonly jid: Jid;
  /** POSIX sh text, LF line ends, no NUL. */
  readonly script: string;
  /** Time limit in seconds; 0 means none. */
  readonly limit: number;
  /** Seconds between TERM and KILL. */
  readonly grace: number;
  /** Most bytes of output kept on the host, both streams together counted apart; head and tail are kept. */
  readonly cap: number;
  /** How long the start may linger on the line for a quick result, ms; 0 while anybody waits for the slot. */
  readonly linger: number;
  /** Most bytes of each stream that the answer may bring; absent: as many as the wire likes. */
  readonly most?: number;
  /** `--once NAME`: the host's claim includes this name. */
  readonly once?: string;
  /** Whether the host tells Ansible of it too, in ~/.ansible_async. */
  readonly ansibleAsync?: 'yes';
  /** As whom; absent: as who logs in. */
  readonly become?: Become;
  /** Told to auditors and to `adopt`: written into the job folder. */
  readonly about: JobAbout;
};

/** A question about one job: how is it, and what came after these offsets. */
export type LookRequest = {
  readonly jid: Jid;
  readonly outFrom: number;
  readonly errFrom: number;
  /** Most new bytes wanted per stream. */
  readonly most: number;
  /** Absent: in ~/.rollcall of the account that logs in. */
  readonly at?: Whereabouts;
};

/** New bytes of one stream. */
export type Chunk = {
  /** Size of the stream on the host, bytes (after the cap). */
  readonly size: number;
  /** Offset of the first byte of `bytes`. */
  readonly from: number;
  readonly bytes: Uint8Array;
};

/** How a job is, in the host's words. */
export type HostState =
  | { readonly kind: 'unclaimed' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'running' }
  /** Its limit or a cancel was reached and the session is being ended. */
  | { readonly kind: 'stopping' }
  /** The supervisor died, the job itself lives: no exit status will come. */
  | { readonly kind: 'orphan' }
  | { readonly kind: 'done'; readonly rc: number }
  | { readonly kind: 'timed-out'; readonly rc: number }
  | { readonly kind: 'cancelled'; readonly rc: number }
  | { readonly kind: 'lost'; readonly why: 'reboot' | 'killed' | 'broken' }
  /** Another machine answers, through a shared home or a shared name: nothing is known of how the job is. */
  | { readonly kind: 'elsewhere' }
  /** The host keeps only the mark of this jid: it ran once and was cleaned. */
  | { readonly kind: 'cleaned' }
  /** The host has never heard of this jid. */
  | { readonly kind: 'unknown' };

/** The host's answer about one job. */
export type JobReport = {
  readonly jid: Jid;
  readonly state: HostState;
  /** Host's clock at the start, seconds since 1970; 0 when not known. */
  readonly startedAt: number;
  /** Seconds it ran so far, or in all. */
  readonly elapsed: number;
  /** Time limit in force, seconds; 0 none. */
  readonly limit: number;
  readonly pid: number;
  readonly bootId: string;
  readonly out: Chunk;
  readonly err: Chunk;
  /** Bytes that the cap dropped, both streams. */
  readonly dropped: number;
  /** Processes of its session outlived the job. */
  readonly left: boolean;
  /** What the host says it is held up by (package lock …), one line; of a job elsewhere: its machine. */
  readonly waiting?: string;
};

/** The host's answer to a start. */
export type StartReply =
  /** Claimed now by this request. */
  | { readonly kind: 'started'; readonly report: JobReport }
  /** This jid was claimed before; it is never run a second time. */
  | { readonly kind: 'exists'; readonly report: JobReport }
  /** Another unfinished job holds the `--once` name. */
  | { readonly kind: 'taken'; readonly by: Jid };

/** A job that a host knows, whoever started it. */
export type Found = {
  readonly jid: Jid;
  readonly at: Whereabouts;
  /** As far as the host tells; of Ansible's only the command, once it has ended. */
  readonly about: JobAbout;
  readonly report: JobReport;
};

/** What was found on one host. */
export type Survey = {
  /** Accounts whose homes were looked into, the one that logs in first. */
  readonly looked: readonly { readonly account: string; readonly home: string }[];
  readonly found: readonly Found[];
  /** Entries that are none, or not to be trusted: links, foreign, too large, half written, not begun. */
  readonly skipped: number;
  /** Why the other accounts could not be looked into although that was asked for. */
  readonly refused?: string;
};

/** An open line to one host. Calls are made one at a time. */
export type Line = {
  /** @failure any tag of the stages transfer and host */
  start(request: StartRequest): Promise<Result<StartReply>>;
  /** One round trip for all jobs of the host; one report per request, in the same order. An account that refuses is left out. */
  look(requests: readonly LookRequest[]): Promise<Result<readonly JobReport[]>>;
  /** Asks the host to end a job; the next looks tell when it is gone. A job that had not begun never begins. */
  cancel(jid: Jid, grace: number, at?: Whereabouts): Promise<Result<HostState>>;
  /** Sets the limit to `limit` seconds after the job's start; resolves with the limit in force. */
  extend(jid: Jid, limit: number): Promise<Result<number>>;
  /** Finds jobs that nobody here has asked for, also of other accounts. Reads only. */
  survey(accounts: 'own' | 'all'): Promise<Result<Survey>>;
  /** Removes finished jobs' folders and keeps their marks. */
  clean(jids: readonly Jid[]): Promise<Result<readonly Jid[]>>;
  /** Asks the socket to close. */
  close(): void;
  /** Settles when the socket has closed; the slot is free only then. Never rejects. */
  readonly closed: Promise<void>;
};

/** Who of those that wait for one answer may try again. */
export type MayTry = 'nobody' | 'one' | 'all';

/** What people have to answer before a host can be talked to, or before a job can start there. Answers have names; nothing else is known of them here. */
export type Answering = {
  /** `one`: a fresh answer is tried by one first; also where nobody can answer any more, and whoever tries is told so. */
  mayTry(what: string): MayTry;
  /** Somebody tries; the returned function tells that he is back. */
  setOut(what: string): () => void;
  /** Has `listener` called whenever {@link mayTry} may have changed. */
  onAnswer(listener: () => void): void;
};

/** Hosts that run jobs. */
export type Jobs = {
  /** Opens one line. @failure any tag of the stages connect, handshake and login */
  connect(host: HostRef): Promise<Result<Line>>;
  /** Absent: nobody is ever waited for. */
  readonly answering?: Answering | undefined;
  /** Absent: each host has jump hosts of its own. */
  readonly hops?: Hops | undefined;
};

/** Connections to jump hosts, shared by all hosts behind them. Each has a name, which means nothing here. */
export type Hops = {
  /** The connections that a host is reached through, in the order of passing; empty: it shares none. */
  of(host: HostRef): readonly string[];
  /** It is one of the connections in any state but `none`. */
  stateOf(hop: string): HopState;
  /** Whether a person would have to type a code again to make another. */
  isDear(hop: string): boolean;
  /** Lets go of it unless somebody is behind it. One that is dear goes in no other way. */
  close(hop: string): void;
  /** Told whenever the state of one has changed. */
  onChange(listener: (hop: string) => void): void;
};

export type HopState = 'none' | 'opening' | 'open' | 'closing';

/** How many jump hosts had let a connect pass that failed at the next; undefined when it failed at the host itself. */
export const hopsPassed = ({ facts }: Failure): number | undefined => {
  const passed = facts?.['passed'];
  return typeof passed === 'number' ? passed : undefined;
};

/** The answer that a failed connect or start waits for. */
export const answerWaitedFor = ({ tag, facts }: Failure): string | undefined =>
  tag === 'waits-for-answer' && typeof facts?.['waitsFor'] === 'string' ? facts['waitsFor'] : undefined;

/** Bytes that must be on disk before the event that counts them. */
export type OutputBytes = {
  readonly jid: Jid;
  readonly stream: OutputStream;
  readonly offset: number;
  readonly bytes: Uint8Array;
};

/** What is written in one go. */
export type Entry = {
  readonly output: readonly OutputBytes[];
  readonly events: readonly Event[];
  /** Kept at most once a minute and job; never durable. */
  readonly sightings: readonly Sighting[];
  /** `intent`: on disk (fsync) before the promise resolves. `fact`: ordered, durable with the next intent. */
  readonly durability: 'intent' | 'fact';
};

/** Where events go before they are acted on. */
export type Journal = {
  /** Resolves when the entry is written. @failure disk-full-here, state-folder */
  append(entry: Entry): Promise<Result<void>>;
};
