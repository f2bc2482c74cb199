// The only place that makes sure of one practice process per folder, with a lock that dies with its holder.
import { closeSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import { nameOf } from './control.ts';

/** Lets the lock go; only needed to let somebody else take it before this process ends. */
export type Lock = { readonly release: () => void };

/**
 * Takes the lock of a practice folder; undefined when another living process holds it.
 * On Linux it is a socket name without a file, which the kernel frees with the process, however that ends.
 */
export const takeLock = (folder: string): Promise<Lock | undefined> =>
  process.platform === 'linux'
    ? takeName(`\0rollcall-practice-${process.getuid?.()}-${nameOf(folder)}`)
    : Promise.resolve(takeFile(folder));

const takeName = (name: string): Promise<Lock | undefined> =>
  new Promise((resolve, reject) => {
    const holder = net.createServer(socket => socket.destroy());
    holder.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)));
    holder.listen(name, () => {
      holder.unref();
      resolve({ release: () => holder.close() });
    });
  });

/** Elsewhere a file with our number; two that find the same dead holder at the same instant could both take over. */
const takeFile = (folder: string): Lock | undefined => {
  const path = join(folder, 'lock');
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      const file = openSync(path, 'wx', 0o600);
      writeSync(file, String(process.pid));
      closeSync(file);
      return { release: () => rmSync(path, { force: true }) };
    } catch {
      if (isHeld(path)) return undefined;
      rmSync(path, { force: true });
    }
  }
  return undefined;
};

const isHeld = (path: string): boolean => {
  try {
    process.kill(Number(readFileSync(path, 'utf8')), 0);
    return true;
  } catch {
    return false;
  }
};
