// The only place that proves who speaks in a group's state folder: the driver names a nonce, the client makes a file of
// that name there, and the file's owner is the one who speaks. What a client says of itself is no proof.
import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const proofFile = (stateDir: string, nonce: string): string => join(stateDir, `proof.${nonce}`);

/** 32 hexadecimal digits: anything else would name a path. */
const isNonce = (nonce: string): boolean => /^[0-9a-f]{32}$/.test(nonce);

/**
 * The client's part. Colleagues may read the file, and nobody but its owner may write it: so nobody can make one of ours,
 * under another name, prove something else.
 * @throws the file system's error
 */
export const giveProof = (stateDir: string, nonce: string): void => {
  if (!isNonce(nonce)) return;
  const handle = openSync(proofFile(stateDir, nonce), 'wx', 0o640);
  try {
    fchmodSync(handle, 0o640);
    writeSync(handle, nonce);
  } finally {
    closeSync(handle);
  }
};

/** The uid of whoever made the file; undefined where it proves nothing. The file is removed. */
export const takeProof = (stateDir: string, nonce: string): number | undefined => {
  if (!isNonce(nonce)) return undefined;
  const path = proofFile(stateDir, nonce);
  let handle: number | undefined;
  try {
    handle = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const file = fstatSync(handle);
    const said = Buffer.alloc(64);
    const length = readSync(handle, said, 0, said.length, 0);
    const isTheirs = file.isFile() && file.nlink === 1 && (file.mode & 0o022) === 0 && said.toString('latin1', 0, length) === nonce;
    return isTheirs ? file.uid : undefined;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
    rmSync(path, { force: true });
  }
};
