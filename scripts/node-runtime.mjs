// The only place that judges which Node our npm scripts run on: the one of the lock file where there is one, else the machine's.

import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** The oldest Node that Rollcall runs on; `engines` in package.json and src/bin.ts say the same. */
const OLDEST = { major: 22, minor: 13 };

/**
 * The Node that the lock file brings for this platform; it may not be there.
 * @param {string} root the clone
 */
export const ownNode = root => join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');

/** Whether the Node that runs this very script is new enough. */
export function thisNodeIsNewEnough() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}

/**
 * One sentence when there is no Node here that Rollcall runs on. Asked after the install.
 * @param {string} root the clone
 * @returns {string | undefined}
 */
export function nodeProblem(root) {
  if (process.execPath.startsWith(join(root, 'node_modules') + sep)) return undefined;
  if (linkOwnNode(root) || thisNodeIsNewEnough()) return undefined;
  return (
    `Rollcall needs Node ${OLDEST.major}.${OLDEST.minor} or newer; this is ${process.versions.node}, and no Node package runs on ` +
    `${process.platform}-${process.arch}: install Node 24 from https://nodejs.org and run the command again`
  );
}

/**
 * Puts our Node where npm looks first in every script. npm does it itself, but npm 10 takes the link away again
 * together with the package of another platform; and a binary that cannot run here (another libc) must not shadow the machine's Node.
 * @param {string} root
 * @returns {boolean} whether our Node is what the scripts will get
 */
function linkOwnNode(root) {
  const link = join(root, 'node_modules', '.bin', 'node');
  const runs = spawnSync(ownNode(root), ['-e', '0']).status === 0;
  if (runs && existsSync(link)) return true;
  rmSync(link, { force: true });
  if (runs) symlinkSync(relative(dirname(link), ownNode(root)), link);
  return runs;
}
