// The only place that installs: `npm ci`, without install scripts, and only when node_modules is not what the lock file says.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { ownNode, thisNodeIsNewEnough } from './node-runtime.mjs';

/** Enough of an entry of a lock file to tell two packages apart. @typedef {{version?: string, integrity?: string, optional?: boolean}} Entry */

const CI = [
  'ci',
  '--ignore-scripts',
  // NODE_ENV=production or omit=dev in somebody's settings would drop what the build needs.
  '--include=dev',
  '--include=optional',
  '--no-audit',
  '--no-fund',
  '--loglevel=error',
];

/**
 * Compares the lock file with the one that npm writes last into node_modules, so an install that was cut short counts as none.
 * @param {string} root the clone
 */
export function installNeeded(root) {
  const wanted = entries(join(root, 'package-lock.json'));
  const found = entries(join(root, 'node_modules', '.package-lock.json'));
  if (found === undefined) return true;
  for (const [path, entry] of Object.entries(wanted ?? {})) {
    const there = found[path];
    if (path === '' || (there === undefined && entry.optional)) continue;
    if (there === undefined || there.version !== entry.version || there.integrity !== entry.integrity) return true;
  }
  return !thisNodeIsNewEnough() && relative(root, dirname(dirname(ownNode(root)))) in found && !existsSync(ownNode(root));
}

/**
 * @param {string} root the clone
 * @param {(pid: number) => void} begun told npm's process, which goes on if we are killed
 * @returns {Promise<string | undefined>} how many packages there are now
 */
export async function install(root, begun) {
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('.js') ? [process.execPath, [npm, ...CI]] : ['npm', CI];
  const { code, told } = await run(command, args, root, begun);
  if (code !== 0)
    throw new Error(`npm ci failed (${code}): check the network and npm's registry setting, then run the command again\n${told.trimEnd()}`);
  const count = Object.keys(entries(join(root, 'node_modules', '.package-lock.json')) ?? {}).length;
  return `${count} packages`;
}

/**
 * @param {string} path
 * @returns {Record<string, Entry> | undefined}
 */
function entries(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 * @param {(pid: number) => void} begun
 * @returns {Promise<{code: number | string, told: string}>}
 */
function run(command, args, cwd, begun) {
  return new Promise(resolve => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    if (child.pid !== undefined) begun(child.pid);
    let told = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', text => {
        told += text;
      });
    }
    child.on('error', error => resolve({ code: error.message, told }));
    child.on('close', (code, signal) => resolve({ code: code ?? signal ?? 1, told }));
  });
}
