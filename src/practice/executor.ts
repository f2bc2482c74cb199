// The only place for the seam between a practice SSH server and what runs behind it: a machine that executes
// commands, can be busy and can lose its power. Two things fit it: namespaces.ts (a real shell) and acting.ts.
import type { Readable, Writable } from 'node:stream';
import type { PracticeMode } from './fleet.ts';

/** How a command ended: an exit code, or the signal (with its SIG) that ended it. */
export type Ending = { readonly code: number } | { readonly signal: string };

/** The wire end of one command. The executor reads `stdin` and writes the two others with back-pressure. */
export type Call = {
  readonly command: string;
  readonly stdin: Readable;
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Tells how the command ended; output may follow until {@link Call.close}. */
  readonly ended: (how: Ending) => void;
  /** Everything has been said. */
  readonly close: () => void;
  /** Aborted when the link has gone: pipes close, nothing that detached is killed. */
  readonly gone: AbortSignal;
};

/** One practice host's inside. */
export type Machine = {
  /** Runs a command; boots the machine first when it is off. */
  readonly run: (call: Call) => void;
  /** Whether something runs there that outlives its connection. */
  readonly busy: () => boolean;
  /** Ends everything on it at once, as a power cut does. What lies in the homes stays. */
  readonly cutPower: () => void;
};

/** What makes machines. */
export type Executor = {
  readonly mode: PracticeMode;
  /** Why it only acts. */
  readonly why?: string;
  /** `onPowerLost` is called each time a machine that was on has gone off, whoever asked for it. */
  readonly machine: (name: string, onPowerLost: () => void) => Machine;
  /** Ends all machines and whatever holds them; resolves when no process is left. */
  readonly close: () => Promise<void>;
};
