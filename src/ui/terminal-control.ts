// The only place for what must be done to the terminal itself: autowrap, redraw, Ctrl-Z. Streams and process come in.
import type { SuspendTerminal } from 'ink';

/** The part of a process that stopping and going on needs. */
export type HostProcess = {
  kill(pid: number, signal: 'SIGTSTP'): unknown;
  once(event: 'SIGCONT' | 'exit', listener: () => void): unknown;
  off(event: 'exit', listener: () => void): unknown;
};

/** What a screen may ask of the terminal. */
export type TerminalControl = { redraw(): void; suspend(suspendTerminal: SuspendTerminal): Promise<void> };

/** Autowrap off: one letter measured wrongly would otherwise scroll the whole screen. */
export const wrapOff = '\x1b[?7l';
export const wrapOn = '\x1b[?7h';

type Parts = {
  readonly stdin: { pause(): unknown };
  readonly write: (text: string) => void;
  readonly redraw: () => void;
  readonly process: HostProcess;
  /** Keeps the process alive while nothing else does; the returned function ends that. */
  readonly stayAlive: () => () => void;
};

/** Control over one terminal. */
export const terminalControl = ({ stdin, write, redraw, process, stayAlive }: Parts): TerminalControl => ({
  redraw,
  suspend: async suspendTerminal => {
    const letGo = stayAlive();
    const suspended = await suspendTerminal();
    write(wrapOn);
    // Ink has let go of the keyboard, but Node reads on until it is paused a turn later.
    await new Promise<void>(resolve => void setImmediate(resolve));
    stdin.pause();
    process.once('SIGCONT', () => {
      letGo();
      write(wrapOff);
      void suspended.resume();
    });
    process.kill(0, 'SIGTSTP');
  },
});
