// A real terminal for tests: tmux on a socket of its own. It alone has job control, stty and a real shell around a program.
// Nothing but this server is ever ended.
import { execFileSync } from 'node:child_process';

/** A shell in a real terminal. */
export type TmuxTerminal = {
  /** Sends keys as tmux names them: `C-z`, `Enter`, or text. */
  keys(...keys: readonly string[]): void;
  /** What is on the screen. */
  screen(): string;
  /** A tmux format, such as `#{alternate_on}`. */
  value(format: string): string;
  resize(columns: number, rows: number): void;
  /** Waits, within a bounded time, until the screen fits. */
  waitFor(what: string | RegExp | ((screen: string) => boolean), within?: number): Promise<string>;
  close(): void;
};

let opened = 0;

/** Whether there is a tmux here. */
export const hasTmux = (): boolean => {
  try {
    execFileSync('tmux', ['-V'], { stdio: 'pipe' });
    return true;
  } catch {
    return false;
  }
};

/** Opens bash, without anybody's settings, in a terminal of a size. */
export const openTmux = (columns: number, rows: number, cwd: string): TmuxTerminal => {
  opened += 1;
  const socket = `rollcall-test-${process.pid}-${opened}`;
  const tmux = (...args: readonly string[]): string =>
    execFileSync('tmux', ['-L', socket, '-f', '/dev/null', ...args], { encoding: 'utf8', stdio: 'pipe' });
  tmux(
    'new-session',
    '-d',
    '-s',
    't',
    '-x',
    String(columns),
    '-y',
    String(rows),
    '-c',
    cwd,
    'env',
    'PS1=prompt: ',
    'bash',
    '--norc',
    '--noprofile',
  );
  const screen = (): string => tmux('capture-pane', '-p', '-t', 't');
  return {
    keys: (...keys) => void tmux('send-keys', '-t', 't', ...keys),
    screen,
    value: format => tmux('display-message', '-p', '-t', 't', format).trim(),
    resize: (width, height) => void tmux('resize-window', '-t', 't', '-x', String(width), '-y', String(height)),
    waitFor: async (what, within = 60_000) => {
      const end = performance.now() + within;
      for (;;) {
        const seen = screen();
        if (typeof what === 'string' ? seen.includes(what) : what instanceof RegExp ? what.test(seen) : what(seen)) return seen;
        if (performance.now() > end) throw new Error(`the terminal never showed ${String(what)}:\n${seen}`);
        await new Promise(resolve => setTimeout(resolve, 30));
      }
    },
    close: () => {
      try {
        tmux('kill-server');
      } catch {
        // It ended with its shell.
      }
    },
  };
};
