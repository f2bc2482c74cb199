// The only place for what a console remembers: the driver's state as it was told, and what this operator looks at and types.
// Data is changed in place by the session alone; View is replaced at every key, so that a frame sees one of each.
import type { Fleet } from '../domain/event.ts';
import type { Failure } from '../domain/failure.ts';
import type { Jid } from '../domain/job.ts';
import type { Question } from '../domain/need.ts';
import { emptyState, type State } from '../domain/run-state.ts';
import type { SafeLine } from '../domain/safe-line.ts';
import type { Line } from './line-editor.ts';

/** What the driver told. `version` grows with every change. */
export type Data = {
  version: number;
  state: State;
  /** Jobs of each host, oldest first. */
  readonly jobsOf: Map<string, Jid[]>;
  /** What happened since this console opened, in words, oldest first; bounded. */
  readonly happened: { readonly at: number; readonly text: string }[];
  banner?: Failure;
  /** What people are asked now. */
  questions: readonly Question[];
  link: 'up' | 'gone';
  /** Tails of the jobs looked at. */
  readonly tails: Map<Jid, Tail>;
};

/** Lines of one job's output here: its last ones, or a part of the whole log. */
export type Tail = {
  /** Lines before the first one here; 0 unless they were counted. */
  readonly first: number;
  /** Whether lines follow that were not loaded; `coming`: they are being loaded. */
  readonly after: 'nothing' | 'more' | 'coming';
  readonly lines: readonly { readonly stream: 'out' | 'err'; readonly text: SafeLine }[];
  /** Lines that no longer fit into the ring, or that were never loaded. */
  readonly before: 'nothing' | 'more';
};

export const tabs = ['hosts', 'jobs', 'roll', 'output', 'events'] as const;
export type Tab = (typeof tabs)[number];
export const orders = ['auto', 'group', 'batch', 'trouble'] as const;
export type Order = (typeof orders)[number];

/** When a dialog opened: it takes nothing from that chunk of keys, nor in its first 300 ms. */
export type Opened = { readonly at: number; readonly chunk: number };

/** What lies over the tab. The last one gets the keys. */
export type Mode =
  | { readonly kind: 'job'; readonly jid: Jid }
  | { readonly kind: 'log'; readonly jid: Jid; readonly at: number | 'end'; readonly wrap: 'cut' | 'wrap'; readonly search: string }
  | { readonly kind: 'search'; readonly line: Line }
  | { readonly kind: 'help'; readonly at: number }
  | { readonly kind: 'palette'; readonly line: Line; readonly at: number; readonly opened: Opened }
  | { readonly kind: 'filter'; readonly line: Line; readonly before: string }
  | Prompt
  | StartDialog
  | CancelDialog
  | RetryDialog
  | AdoptDialog
  | AnswerDialog
  | { readonly kind: 'note'; readonly run: string; readonly line: Line; readonly opened: Opened; readonly error?: string }
  | { readonly kind: 'extend'; readonly jids: readonly Jid[]; readonly line: Line; readonly opened: Opened; readonly error?: string };

/** The task prompt. */
export type Prompt = {
  readonly kind: 'prompt';
  readonly pattern: Line;
  readonly command: Line;
  readonly focus: 'pattern' | 'command';
  readonly opened: Opened;
  /** Place in the history of typed commands; 0 is the line being typed. */
  readonly past: number;
  readonly error?: string;
};

/** The preview of a start, which waits for Enter or for the number of hosts. */
export type StartDialog = {
  readonly kind: 'start';
  readonly hosts: readonly string[];
  readonly pattern: string;
  readonly command: string;
  readonly pace: 'first-one' | 'all-at-once';
  readonly number: Line;
  readonly opened: Opened;
};

/** Cancelling jobs, or only what a run has not begun; Enter lands on keeping. */
export type CancelDialog = {
  readonly kind: 'cancel';
  readonly about: CancelAbout;
  readonly hosts: readonly string[];
  readonly on: 'keep' | 'act';
  readonly number: Line;
  readonly opened: Opened;
};

/** What is cancelled. `hosts`: jobs and starts that wait there; `rest`: only what the run has not begun. */
export type CancelAbout =
  | { readonly kind: 'job'; readonly run: string; readonly jid: Jid }
  | { readonly kind: 'hosts'; readonly parts: readonly { readonly run: string; readonly hosts: readonly string[] }[] }
  | { readonly kind: 'run' | 'rest'; readonly run: string };

/** Something that hosts want to be told. `ids`: of the questions that one answer is for. */
export type AnswerDialog = {
  readonly kind: 'answer';
  readonly ids: readonly string[];
  /** What was typed for the prompts before this one. */
  readonly typed: readonly string[];
  /** The question went while somebody was typing: what they go on typing must not reach the next one. */
  readonly isOver?: 'yes';
  readonly line: Line;
  readonly opened: Opened;
  readonly error?: string;
};

export type RetryWhich = 'failed' | 'unreachable' | 'both';

/** Which hosts of a run get another attempt. */
export type RetryDialog = {
  readonly kind: 'retry';
  readonly run: string;
  readonly failed: readonly string[];
  readonly unreachable: readonly string[];
  /** Not to be tried again: they may still run. */
  readonly silent: readonly string[];
  readonly which?: RetryWhich;
  readonly number: Line;
  readonly opened: Opened;
};

/** Asking hosts for jobs begun elsewhere; `found`: what came of it. */
export type AdoptDialog = {
  readonly kind: 'adopt';
  readonly hosts: readonly string[];
  /** Also in other accounts. */
  readonly become: 'yes' | 'no';
  readonly found?: 'asking' | readonly string[];
  readonly opened: Opened;
};

/** What one operator looks at. */
export type View = {
  readonly columns: number;
  readonly rows: number;
  readonly tab: Tab;
  /** Host under the cursor. */
  readonly cursor: string;
  /** Line of *needs a hand* that the cursor was sent to; empty: none, as soon as the cursor moves on. */
  readonly hand: string;
  /** Lines taken off *needs a hand*. */
  readonly dealt: ReadonlySet<string>;
  /** First line of the grid's window when the last key was handled. */
  readonly top: number;
  readonly marks: ReadonlySet<string>;
  /** Host where `v` began a range; empty: none. */
  readonly range: string;
  /** Marks taken away by `u`, which brings them back. */
  readonly marksBefore: ReadonlySet<string>;
  readonly filter: string;
  readonly order: Order;
  readonly zoom: 'off' | 'on';
  /** Run in focus; absent: the newest that matters. */
  readonly focus?: string;
  /** Cursor in the lists of the other tabs. */
  readonly at: Readonly<Record<Exclude<Tab, 'hosts'>, number>>;
  readonly modes: readonly Mode[];
  /** Questions that Esc put away: they open no dialog by themselves. */
  readonly putAway: ReadonlySet<string>;
  /** Said in the hint row until the next key, or for some seconds; empty: nothing. */
  readonly toast: string;
};

/** What stays the same while a console is open. */
export type Setting = {
  readonly fleet: Fleet;
  /** What brings the operator back here: `npm start`, `rollcall`. */
  readonly comeBack: string;
  /** Seconds that a typed task may run. */
  readonly limit: number;
  readonly driverPid: number;
};

/** One frame's worth. */
export type Console = {
  readonly setting: Setting;
  readonly data: Data;
  readonly view: View;
  /** Wall clock of this frame, ms. */
  readonly wall: number;
  readonly frame: number;
};

export const emptyData = (): Data => ({
  version: 0,
  state: emptyState(),
  jobsOf: new Map(),
  happened: [],
  questions: [],
  link: 'up',
  tails: new Map(),
});

export const firstView = (fleet: Fleet, columns: number, rows: number): View => ({
  columns,
  rows,
  tab: 'hosts',
  cursor: fleet.hosts[0]?.name ?? '',
  hand: '',
  dealt: new Set(),
  top: 0,
  marks: new Set(),
  range: '',
  marksBefore: new Set(),
  filter: '',
  order: 'auto',
  zoom: 'off',
  at: { jobs: 0, roll: 0, output: 0, events: 0 },
  modes: [],
  putAway: new Set(),
  toast: '',
});

/** The mode that gets the keys, if one lies over the tab. */
export const topMode = (view: View): Mode | undefined => view.modes.at(-1);
