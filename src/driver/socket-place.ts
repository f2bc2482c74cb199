// The only place that knows where the driver's socket lies: in the state folder, or, where that path would be too long for
// the kernel, in a folder of our own elsewhere, whose path then stands in the state folder.
import { chmodSync, chownSync, lstatSync, mkdtempSync, readFileSync, renameSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Sharing } from './ports.ts';

/** sockaddr_un holds 108 bytes on Linux and 104 on others; a NUL and some room are left. */
const longestPath = 100;

const socketName = 'driver.sock';

/** What the place depends on besides the folder. */
export type PlaceSetting = {
  /** XDG_RUNTIME_DIR, where there is one; else the folder for temporary files is used. */
  readonly runtimeDir?: string | undefined;
  /** The group whose folder it is. */
  readonly shared?: Sharing;
};

const besides = (stateDir: string): string => join(stateDir, socketName);

const pointer = (stateDir: string): string => join(stateDir, 'driver.sock.path');

const fits = (path: string): boolean => Buffer.byteLength(path) <= longestPath;

/** Where a driver is to listen; makes the folder where one is needed. Only for the holder of the lease. */
export const placeForSocket = (stateDir: string, { runtimeDir, shared }: PlaceSetting = {}): string => {
  const inside = besides(stateDir);
  if (fits(inside)) return inside;
  const known = pathOfSocket(stateDir);
  if (known !== undefined) return known;
  // mkdtemp makes it 0700 and ours, under a name that nobody could have taken before.
  const roots = [...(runtimeDir === undefined ? [] : [runtimeDir]), tmpdir(), '/tmp'];
  const root = roots.find(each => fits(join(each, 'rollcall-XXXXXX', socketName))) ?? '/tmp';
  const folder = mkdtempSync(join(root, 'rollcall-'));
  if (shared !== undefined) {
    chownSync(folder, -1, shared.gid);
    chmodSync(folder, 0o2750);
  }
  const path = join(folder, socketName);
  const fresh = `${pointer(stateDir)}.new`;
  writeFileSync(fresh, `${path}\n`, { mode: 0o600 });
  if (shared !== undefined) chmodSync(fresh, 0o660);
  renameSync(fresh, pointer(stateDir));
  return path;
};

/** Takes away what {@link placeForSocket} made. Only for the holder of the lease, when it listens no more. */
export const leavePlace = (stateDir: string): void => {
  const path = pathOfSocket(stateDir);
  if (path === undefined || path === besides(stateDir)) return;
  rmSync(pointer(stateDir), { force: true });
  try {
    rmdirSync(dirname(path));
  } catch {
    // Something else lies in it: not ours to remove.
  }
};

/** Where a driver would be listening; undefined where none can be. */
export const pathOfSocket = (stateDir: string): string | undefined => {
  const inside = besides(stateDir);
  if (fits(inside)) return inside;
  try {
    const path = readFileSync(pointer(stateDir), 'utf8').trim();
    return isOurs(dirname(path)) || isOurGroups(dirname(path), stateDir) ? path : undefined;
  } catch {
    return undefined;
  }
};

/** A folder under /tmp may be gone after a reboot, and its name taken by somebody else. */
const isOurs = (folder: string): boolean => {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found?.isDirectory() === true && found.uid === process.getuid?.() && (found.mode & 0o077) === 0;
};

/** A colleague's: only its owner may write into it, and it belongs to the group whose state folder names it. */
const isOurGroups = (folder: string, stateDir: string): boolean => {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  const state = lstatSync(stateDir);
  return found?.isDirectory() === true && found.gid === state.gid && (state.mode & 0o2070) === 0o2070 && (found.mode & 0o027) === 0;
};
