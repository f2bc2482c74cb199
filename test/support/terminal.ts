// A terminal without a window: Ink writes into it as into a real one, and a test reads what is left on the screen.
// It knows nothing of the console; keys are bytes, answers are cells.
import { Console } from 'node:console';
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import xterm from '@xterm/headless';

/** A headless terminal with a keyboard. */
export type TestTerminal = {
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  /** Rows as text, each as wide as the terminal. */
  screen(): Promise<string[]>;
  /** Rows as text, each followed by a row of `^` under its cells in reverse video, where there are any. */
  picture(): Promise<string>;
  /** All bytes written so far. */
  raw(): string;
  /** Which buffer is shown. */
  buffer(): Promise<'normal' | 'alternate'>;
  cursor(): Promise<{ readonly x: number; readonly y: number }>;
  type(bytes: string): void;
  resize(columns: number, rows: number): void;
  /** Waits until the screen, as one text, fits; fails with the screen after the bounded time. */
  waitFor(what: string | RegExp | ((screen: string) => boolean), within?: number): Promise<string>;
  dispose(): void;
};

// vitest puts a console of its own in place, without the constructor that Ink's patching needs.
if (!('Console' in console)) Object.assign(console, { Console });

/** Opens a terminal of a size. */
export const openTerminal = (columns: number, rows: number): TestTerminal => {
  const terminal = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true, scrollback: 100, convertEol: true });
  let written = '';
  let pending = Promise.resolve();
  const out = Object.assign(new EventEmitter(), {
    isTTY: true as const,
    columns,
    rows,
    write: (chunk: string | Uint8Array, ...rest: unknown[]): boolean => {
      const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString();
      written += text;
      const done = rest.find(value => typeof value === 'function') as (() => void) | undefined;
      pending = pending.then(
        () =>
          new Promise<void>(resolve =>
            terminal.write(text, () => {
              done?.();
              resolve();
            }),
          ),
      );
      return true;
    },
    getColorDepth: () => 24,
    hasColors: () => true,
  });
  const keyboard = Object.assign(new PassThrough(), {
    isTTY: true as const,
    isRaw: false,
    setRawMode: () => keyboard,
    ref: () => keyboard,
    unref: () => keyboard,
  });
  const settled = async (): Promise<void> => {
    let seen: Promise<void> | undefined;
    while (seen !== pending) {
      seen = pending;
      await seen;
    }
  };
  const lines = (): string[] =>
    Array.from(
      { length: terminal.rows },
      (_, row) => terminal.buffer.active.getLine(terminal.buffer.active.baseY + row)?.translateToString(false) ?? '',
    );
  const reverseOf = (row: number): string => {
    const line = terminal.buffer.active.getLine(terminal.buffer.active.baseY + row);
    return Array.from({ length: terminal.cols }, (_, column) => (line?.getCell(column)?.isInverse() ? '^' : ' ')).join('');
  };
  return {
    stdin: keyboard as unknown as NodeJS.ReadStream,
    stdout: out as unknown as NodeJS.WriteStream,
    screen: async () => {
      await settled();
      return lines();
    },
    picture: async () => {
      await settled();
      return lines()
        .map((text, row) => {
          const marks = reverseOf(row).trimEnd();
          return marks === '' ? `|${text}|` : `|${text}|\n ${marks}`;
        })
        .join('\n');
    },
    raw: () => written,
    buffer: async () => {
      await settled();
      return terminal.buffer.active.type;
    },
    cursor: async () => {
      await settled();
      return { x: terminal.buffer.active.cursorX, y: terminal.buffer.active.cursorY };
    },
    type: bytes => void keyboard.write(bytes),
    resize: (width, height) => {
      terminal.resize(width, height);
      out.columns = width;
      out.rows = height;
      out.emit('resize');
    },
    waitFor: async (what, within = 20_000) => {
      const fits = (screen: string): boolean =>
        typeof what === 'string' ? screen.includes(what) : what instanceof RegExp ? what.test(screen) : what(screen);
      const end = performance.now() + within;
      for (;;) {
        await settled();
        const screen = lines().join('\n');
        if (fits(screen)) return screen;
        if (performance.now() > end) throw new Error(`the screen never showed ${String(what)}:\n${screen}`);
        await new Promise(resolve => setTimeout(resolve, 5));
      }
    },
    dispose: () => terminal.dispose(),
  };
};
