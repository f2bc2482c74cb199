// The only place that shows ssh2 one key at a time as if an agent held it, so that each offer is ours, can be named, and is signed
// only when the host has said that it takes the key.
import ssh2, { type ParsedKey } from 'ssh2';
import type { RsaHash } from './agent.ts';

/** Signs with the private half, RSA with this hash; undefined: it does not. */
export type Signer = (data: Buffer, hash: RsaHash | undefined) => Promise<Buffer | undefined>;

type SignCallback = (error?: Error | null, signature?: Buffer) => void;
type SignOptions = { readonly hash?: RsaHash };

export class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey;
  readonly #sign: Signer;

  constructor(key: ParsedKey, sign: Signer) {
    super();
    this.#key = key;
    this.#sign = sign;
  }

  override getIdentities(done: (error?: Error | null, keys?: ParsedKey[]) => void): void {
    done(null, [this.#key]);
  }

  override sign(_key: ParsedKey, data: Buffer, options: SignOptions | SignCallback, callback?: SignCallback): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? undefined : options.hash;
    void this.#sign(data, hash).then(signature => {
      if (signature === undefined) done?.(new Error('nobody signed'));
      else done?.(null, signature);
    });
  }
}
