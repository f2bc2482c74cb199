// The only place that holds the runner's text and the name under which hosts keep it.
// The bundle and the tests both load runner.sh as text; nobody else reads that file.
import { createHash } from 'node:crypto';
import text from './runner.sh';

/** The runner as it travels. */
export type Runner = {
  /** ASCII, ends with the mark that tells a host that it is whole. */
  readonly bytes: Uint8Array;
  /** First 16 hexadecimal digits of its SHA-256: part of the name of the file on the host. */
  readonly hash: string;
};

/** Wraps a runner's text; tests give theirs another shell or another boot id. */
export const runnerOf = (source: string): Runner => {
  const bytes = Buffer.from(source.trimEnd());
  if (!source.trimEnd().endsWith('\n#EOR')) throw new Error('the runner has no end mark');
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex').slice(0, 16) };
};

/** The runner of this version. */
export const runner: Runner = runnerOf(text);
