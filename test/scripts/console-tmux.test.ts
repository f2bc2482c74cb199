// The console in a real terminal with a real shell around it: job control, sizes, and the terminal as it was found.
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasTmux, openTmux, type TmuxTerminal } from '../support/tmux.ts';

const dir = mkdtempSync(join(tmpdir(), 'rollcall-tmux-'));

describe.skipIf(!hasTmux())('in tmux (skipped where there is none)', () => {
  beforeAll(async () => {
    const { outputFiles } = await build({
      entryPoints: [fileURLToPath(new URL('../support/console-program.ts', import.meta.url))],
      bundle: true,
      format: 'esm',
      platform: 'node',
      target: 'node22.13',
      jsx: 'automatic',
      write: false,
      logLevel: 'silent',
      define: { 'process.env.NODE_ENV': '"production"', 'process.env.DEV': '"false"' },
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
      external: ['react-devtools-core'],
      plugins: [
        { name: 'no-devtools', setup: b => b.onResolve({ filter: /devtools\.js$/ }, () => ({ path: 'node:module', external: true })) },
      ],
    });
    for (const { contents } of outputFiles) writeFileSync(join(dir, 'console.mjs'), contents);
    await stop();
    symlinkSync(process.execPath, join(dir, 'node'));
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  const running = async (columns: number, rows: number, use: (terminal: TmuxTerminal) => Promise<void>): Promise<void> => {
    const terminal = openTmux(columns, rows, dir);
    try {
      await terminal.waitFor('prompt:');
      // A long path would wrap the line that is looked for afterwards.
      terminal.keys('TZ=UTC ./node console.mjs', 'Enter');
      await terminal.waitFor('RUNNING');
      await use(terminal);
    } finally {
      terminal.close();
    }
  };

  test('Ctrl-Z gives the shell back, fg brings the console, and keys work on', { timeout: 60_000 }, async () => {
    await running(80, 24, async terminal => {
      expect(terminal.value('#{alternate_on}')).toBe('1');
      terminal.keys('C-z');
      await terminal.waitFor('Stopped');
      expect(terminal.value('#{alternate_on} #{cursor_flag}')).toBe('0 1');
      terminal.keys('stty -a', 'Enter');
      await terminal.waitFor(/ icanon/);
      terminal.keys('fg', 'Enter');
      await terminal.waitFor('needs a hand: 4');
      terminal.keys('j');
      await terminal.waitFor('>web1');
    });
  });

  test('q leaves the main screen as it was, with what goes on below, and the terminal sane', { timeout: 60_000 }, async () => {
    await running(80, 24, async terminal => {
      terminal.keys('q');
      const screen = await terminal.waitFor('comes back here.');
      expect(screen).toContain('console.mjs');
      expect(screen).toContain('5 jobs go on');
      expect(terminal.value('#{alternate_on} #{cursor_flag} #{wrap_flag}')).toBe('0 1 1');
      terminal.keys('stty -a', 'Enter');
      await terminal.waitFor(/ icanon/);
    });
  });

  test('a real window may change its size at any time', { timeout: 60_000 }, async () => {
    await running(80, 24, async terminal => {
      for (const [columns, rows] of [
        [60, 15],
        [150, 45],
        [50, 10],
        [80, 24],
      ] as const) {
        terminal.resize(columns, rows);
        await terminal.waitFor(screen => {
          const lines = screen.split('\n');
          return columns < 60
            ? screen.startsWith(`need 60x15, have ${columns}x${rows}`)
            : lines[rows - 1]?.includes('q leave') === true && lines[0]?.includes('PRACTICE') === true;
        });
      }
    });
  });

  test('Ctrl-C twice leaves from a dialog too', { timeout: 60_000 }, async () => {
    await running(80, 24, async terminal => {
      terminal.keys('n');
      await terminal.waitFor('-- new task');
      terminal.keys('C-c', 'C-c');
      await terminal.waitFor('comes back here.');
    });
  });
});
