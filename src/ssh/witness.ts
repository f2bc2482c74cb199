// The only place that tells somebody besides the engine what happened on the way in: the key that a host showed, and what it let in.
// It changes nothing: whoever watches sees what the login does anyway.
import type { Address } from '../remote/ports.ts';

/** Is told of each address on the way, jump hosts included. */
export type Witness = {
  /** The key's blob, as the host showed it, before it is judged. */
  hostKey(address: Address, blob: Buffer): void;
  /** What the host let in: a path, what the agent calls a key, or the method's name; of several steps all, in order. */
  login(address: Address, by: string): void;
};
