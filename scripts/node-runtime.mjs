// The only place that judges which Node our npm scripts run on: the one of the lock file where there is one, else the machine's.

import { spawnSync } from 'node:child_process';
import { existsSync, unlinkSync } from 'node:fs';
import { join, sep } from 'node:path';

/** The oldest Node that Rollcall runs on; `engines` in package.json and src/bin.ts say the same. */
const OLDEST = { major: 22, minor: 13 };

/**
 * Where npm links the Node of the lock file; npm puts this folder first into the PATH of every script.
 * @param {string} root the clone
 */
export const ownNode = root => join(root, 'node_modules', '.bin', 'node');

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
  const link = ownNode(root);
  if (existsSync(link)) {
    if (spawnSync(link, ['-e', '0']).status === 0) return undefined;
    // A binary that cannot run here (another libc) would shadow the machine's own Node in every script.
    unlinkSync(link);
  }
  if (thisNodeIsNewEnough()) return undefined;
  return (
    `Rollcall needs Node ${OLDEST.major}.${OLDEST.minor} or newer; this is ${process.versions.node}, and no Node package runs on ` +
    `${process.platform}-${process.arch}: install Node 24 from https://nodejs.org and run the command again`
  );
}
