// The only place for a job's names and states: one task on its way on one host.
// Each state carries its own times and facts, so a running job without a start time cannot be written down.
import { createHash } from 'node:crypto';
import type { Failure } from './failure.ts';

/** `j` + 25 digits + `.` + attempt; see {@link jidOf}. */
export type Jid = string & { readonly __jid: never };

export type OutputStream = 'out' | 'err';

/** What a job is for. */
export type JobKey = {
  /** 128 random bits, hexadecimal. */
  readonly runId: string;
  /** Position of the task in the plan, such as `0.2` (play 0, task 2). */
  readonly taskPath: string;
  readonly host: string;
  /** Index of the loop item; 0 without a loop. */
  readonly item: number;
  /** Counts from 1 per (run, task, host, item). */
  readonly attempt: number;
};

/**
 * Names a job so that whoever continues the run names the same one.
 * The digits are the first 80 bits, zero-padded decimal, of SHA-256 over the length-prefixed parts;
 * Ansible's have at most 12 digits, so no jid of ours is ever one of Ansible's.
 */
export const jidOf = (key: JobKey): Jid => {
  const hash = createHash('sha256');
  for (const part of [key.runId, key.taskPath, key.host, String(key.item)]) {
    hash.update(`${Buffer.byteLength(part)}:${part}`);
  }
  const digits = BigInt(`0x${hash.digest('hex').slice(0, 20)}`)
    .toString()
    .padStart(25, '0');
  return `j${digits}.${key.attempt}` as Jid;
};

const jidPattern = /^j\d{25}\.[1-9]\d{0,5}$/;

/** Ansible's: up to twelve digits drawn there, and the pid of a launcher that has gone. */
const ansiblePattern = /^j\d{1,12}\.\d{1,10}$/;

/** The name of one of Ansible's jobs, which is a file name and nothing else; or undefined. */
export const parseAnsibleJid = (text: string): Jid | undefined => (ansiblePattern.test(text) ? (text as Jid) : undefined);

/** A jid as it came from outside, or undefined when it is not one of ours. */
export const parseJid = (text: string): Jid | undefined => (jidPattern.test(text) ? (text as Jid) : undefined);

/** What screens show of a jid. */
export const shortJid = (jid: Jid): string => jid.slice(0, 8);

/** Written into the job folder on the host, for auditors and for whoever adopts it. No secrets. */
export type JobAbout = {
  readonly runId: string;
  readonly runNumber: number;
  readonly title: string;
  /** Who asked, and from which machine. */
  readonly operator: string;
  readonly machine: string;
  readonly host: string;
  readonly task: string;
  /** `3/8`; `1/1` without serial. */
  readonly batch: string;
  /** The command as the operator may see it; empty with --no-log. */
  readonly command: string;
  /** The user that it became; absent: who logged in. */
  readonly become?: string;
};

/** Where an adopted job lives on its host. */
export type Whereabouts = {
  /** A folder of ours in ~/.rollcall, or a file of Ansible's in ~/.ansible_async. */
  readonly kind: 'rollcall' | 'ansible';
  /** Whose home it is in; absent: that of the account that logs in. */
  readonly account?: { readonly name: string; readonly home: string };
};

/** What is known of a job that this journal did not ask for. */
export type Adopted = {
  readonly at: Whereabouts;
  /** Who started it, as its host tells it; empty where nobody does. */
  readonly operator: string;
  readonly machine: string;
  /** `others`: it is cancelled only after a confirmation. */
  readonly owner: 'us' | 'others';
  /** `3/8`; empty for Ansible's. */
  readonly batch: string;
  /** The user that it became; absent: whose account it is in. */
  readonly become?: string;
};

/** Counts of one job's output. */
export type OutputCounts = {
  /** Bytes here, in order, from 0. */
  readonly out: number;
  readonly err: number;
  /** Bytes on the host at the last look (after its cap). */
  readonly outThere: number;
  readonly errThere: number;
  readonly dropped: number;
};

/** What the host told about a running job. */
export type OnHost = {
  readonly pid: number;
  readonly bootId: string;
  /** Host's clock, seconds since 1970. */
  readonly startedThere: number;
  /** Our wall clock at the acknowledgement, ms. */
  readonly startedAt: number;
  /** Seconds it may run; 0 none. */
  readonly limit: number;
};

/** Why a job that had begun has no exit status. */
export type LostWhy = 'reboot' | 'killed' | 'vanished' | 'session' | 'broken';

/**
 * The life of a job (design section 3). `at` is our wall clock, ms, of the change;
 * `seenAt` that of the last answer of the host.
 */
export type JobState =
  /** `sent`: whether anything of it was given to its host, as the driver that lives saw it; absent: not by that one. */
  | { readonly kind: 'starting'; readonly at: number; readonly sent?: 'no' | 'maybe' }
  | { readonly kind: 'running'; readonly on: OnHost; readonly seenAt: number }
  | { readonly kind: 'let-go'; readonly on: OnHost; readonly seenAt: number }
  | { readonly kind: 'waiting'; readonly on: OnHost; readonly seenAt: number; readonly for: string; readonly since: number }
  | {
      readonly kind: 'stale';
      /** Absent while it is not known whether the start arrived. */
      readonly on?: OnHost;
      readonly seenAt: number;
      readonly since: number;
      readonly failure: Failure;
      readonly tries: number;
    }
  | { readonly kind: 'ended'; readonly verdict: Verdict; readonly at: number; readonly on?: OnHost };

/** How a job ended, or why it never began. */
export type Verdict =
  | { readonly kind: 'ok'; readonly rc: number; readonly changed: boolean; readonly elapsed: number }
  | { readonly kind: 'failed'; readonly rc: number; readonly elapsed: number; readonly why?: string }
  | { readonly kind: 'timed-out'; readonly rc: number; readonly elapsed: number }
  | { readonly kind: 'cancelled'; readonly elapsed: number; readonly began?: 'never' }
  /** `started`: it may still run; it was given up and stays outstanding. */
  | { readonly kind: 'unreachable'; readonly failure: Failure; readonly began: 'never' | 'maybe' }
  | { readonly kind: 'lost'; readonly why: LostWhy; readonly elapsed: number };

/** One job as every view sees it. Replaced, never changed in place. */
export type Job = {
  readonly jid: Jid;
  readonly runId: string;
  readonly host: string;
  readonly taskPath: string;
  readonly attempt: number;
  /** Place of its item in the task's loop, from 0; absent without one. */
  readonly item?: number;
  /** With `--once`: the unfinished job of that name which this one follows instead of running. */
  readonly follows?: Jid;
  readonly state: JobState;
  readonly output: OutputCounts;
  /** Last line of output, sanitised, at most 200 characters. */
  readonly lastLine: string;
  /** When the host will be asked next, our wall clock in ms; absent when nobody will. */
  readonly nextLookAt?: number;
  /** Its output was removed here at that time, our wall clock, ms. */
  readonly outputRemovedAt?: number;
  /** Found on its host: it is looked at and may be cancelled, but never started or cleaned from here. */
  readonly adopted?: Adopted;
  /** More time was asked for, and the host has not confirmed it yet; the limit in seconds after its start. */
  readonly extendAsked?: { readonly at: number; readonly limit: number };
  readonly cancelAsked?: { readonly at: number; readonly by: string };
};

/** True while the host may still be running it. */
export const isOutstanding = (job: Job): boolean =>
  job.state.kind !== 'ended' || (job.state.verdict.kind === 'unreachable' && job.state.verdict.began === 'maybe');

/** True while its host has nothing of it, as far as a living driver tells: it waits for a line, a login or an answer. */
export const isUnsent = ({ state }: Job): boolean => state.kind === 'starting' && state.sent !== 'maybe';

/** What is told instead of output that is not here any more. */
export const outputRemovedWords = ({ outputRemovedAt }: Job): string | undefined =>
  outputRemovedAt === undefined
    ? undefined
    : `its output was removed here on ${new Date(outputRemovedAt).toISOString().slice(0, 10)} by retention`;
