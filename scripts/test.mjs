// The only place that runs the tests: all of them, or those whose path or name the arguments give (vitest's own).
// The run's last line is `N passed, N failed` (test/support/reporter.ts).
import process from 'node:process';

// vitest colours a pipe, too, when it believes to be in CI.
if (!process.stdout.isTTY && process.env.FORCE_COLOR === undefined) process.env.NO_COLOR = '1';
process.argv.splice(2, 0, 'run');
await import(new URL('../node_modules/vitest/vitest.mjs', import.meta.url).href);
