// The only place that starts Ink on a terminal and gives the terminal back: alternate screen, autowrap, exit.
// Streams and process come in as parameters; a console on something that is no terminal is refused by whoever calls.
import { render } from 'ink';
import type { Session } from '../app/session.ts';
import { Screen } from './Screen.tsx';
import { type HostProcess, terminalControl, wrapOff, wrapOn } from './terminal-control.ts';

/** What a console is drawn on. */
export type ConsoleParts = {
  readonly session: Session;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** NO_COLOR is honoured. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly process: HostProcess;
};

/**
 * Shows the console until the operator leaves.
 * Resolves after the main screen is back; the farewell is for the caller to print there.
 * Rejects with what was thrown if the screen as a whole failed; the terminal has been restored then too.
 */
export const startConsole = async ({ session, stdin, stdout, env, process }: ConsoleParts): Promise<{ readonly farewell: string }> => {
  const write = (text: string): void => void stdout.write(text);
  const restoreWrap = (): void => write(wrapOn);
  process.once('exit', restoreWrap);
  const control = terminalControl({
    stdin,
    write,
    process,
    stayAlive: session.stayAlive,
    redraw: () => {
      instance.clear();
      session.redraw();
    },
  });
  session.resize(stdout.columns, stdout.rows);
  const palette = (env['NO_COLOR'] ?? '') === '' ? 'colour' : 'plain';
  const instance = render(<Screen session={session} palette={palette} control={control} />, {
    stdin,
    stdout,
    alternateScreen: true,
    incrementalRendering: true,
    // A debounce, not a limiter: at its default a key waits for two frames. The session gathers what changes.
    maxFps: 120,
    exitOnCtrlC: false,
    patchConsole: true,
    // A terminal is a terminal, also where CI is set.
    interactive: true,
  });
  write(wrapOff);
  const ended = instance.waitUntilExit();
  try {
    const outcome = await Promise.race([session.left, ended.then(() => undefined)]);
    instance.unmount();
    await ended;
    return outcome ?? { farewell: '' };
  } finally {
    session.close();
    write(wrapOn);
    process.off('exit', restoreWrap);
  }
};
