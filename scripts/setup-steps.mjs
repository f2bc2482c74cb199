// The only place that makes a clone ready to run: the right Node, the packages of the lock file, the bundle.
// Every script of package.json comes through here first, so it must run on an old Node and be quick when there is nothing to do.
// It prints to stderr, one line per step: stdout belongs to the program.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, buildNeeded } from './bundle.mjs';
import { install, installNeeded } from './install.mjs';
import { nodeProblem } from './node-runtime.mjs';
import { withLock } from './setup-lock.mjs';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * Installs and builds what is not there yet.
 * @param {Set<string>} wishes `--rebuild`: build in any case; `--clean`: leave nothing of earlier builds
 * @returns {Promise<number>} the exit code
 */
export async function setUp(wishes) {
  try {
    return await setUpOrThrow(wishes);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** @param {Set<string>} wishes */
async function setUpOrThrow(wishes) {
  const rebuild = wishes.has('--rebuild');
  if (rebuild || installNeeded(ROOT) || buildNeeded(ROOT)) {
    await withLock(ROOT, say, async joinedBy => {
      // Asked again: whoever held the lock before us may have done it all.
      if (installNeeded(ROOT)) await step('installing what package-lock.json says', () => install(ROOT, joinedBy));
      if (rebuild || buildNeeded(ROOT)) await step('building dist', () => build(ROOT, wishes.has('--clean') ? 'clean' : 'keep-recent'));
    });
  }
  const problem = nodeProblem(ROOT);
  if (problem === undefined) return 0;
  say(problem);
  return 1;
}

/**
 * @param {string} what
 * @param {() => Promise<string | void>} work returns what is worth saying besides the time
 */
async function step(what, work) {
  const began = Date.now();
  process.stderr.write(`rollcall: ${what} ... `);
  try {
    const note = await work();
    process.stderr.write(`${((Date.now() - began) / 1000).toFixed(1)} s${note ? ` (${note})` : ''}\n`);
  } catch (error) {
    process.stderr.write('failed\n');
    throw error;
  }
}

/** @param {string} line */
function say(line) {
  process.stderr.write(`rollcall: ${line}\n`);
}
