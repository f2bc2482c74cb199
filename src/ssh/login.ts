// The only place that logs in: offers one identity after the other and, when all were refused, tells why.
// It exists because ssh2's own order fails where a host wants several methods, and its one message for all refusals says nothing.
// It must not know sockets or host keys.
import ssh2, { type AnyAuthMethod, type AuthenticationType, type NextAuthHandler, type ParsedKey } from 'ssh2';
import type { Failure } from '../domain/failure.ts';
import { signWithAgent } from './agent.ts';
import type { Fails } from './failures.ts';
import type { Identities, Identity } from './identities.ts';

/** One login on its way. */
export type Login = {
  /** ssh2's authHandler. */
  readonly authHandler: (methodsLeft: AuthenticationType[] | null, partial: boolean | null, next: NextAuthHandler) => void;
  /** True from the moment when there is nothing left to offer. */
  exhausted(): boolean;
  /** Whether any offer was sent. */
  begun(): boolean;
  /** Whether the host has turned at least one offer down. */
  refused(): boolean;
  /** True while the agent is asked to sign, which may wait for a finger or a dialog. */
  waitsForAgent(): boolean;
  /** Why nobody got in; `said` is what the host said when it ended the matter. */
  failure(said?: string): Failure;
  /** Lets go of the agent. */
  end(): void;
};

/** The failure that is certain before a connection is made: a key was named, none can be offered. */
export const hopeless = ({ offers, unusable, agentTrouble }: Identities, fails: Fails): Failure | undefined => {
  if (offers.length > 0) return undefined;
  const first = unusable[0];
  if (first !== undefined) return fails('key-unusable', `${first.path}: ${first.why}`, { path: first.path });
  return agentTrouble === undefined ? undefined : fails('agent-unreachable', agentTrouble);
};

/** @param user the remote user */
export const makeLogin = (user: string, identities: Identities, fails: Fails): Login => {
  const { offers, unusable, agentTrouble } = identities;
  const agentWork = new AbortController();
  const offered: string[] = [];
  const notes: string[] = [];
  let methods: readonly string[] | undefined;
  let accepted: string | undefined;
  let last: 'file' | 'agent' | 'none' | undefined;
  let answered = false;
  let signing = false;
  let done = false;

  const method = (identity: Identity): AnyAuthMethod => {
    if (identity.kind === 'file') return { type: 'publickey', username: user, key: identity.key };
    const sign = async (data: Buffer, hash: 'sha1' | 'sha256' | 'sha512'): Promise<Buffer | undefined> => {
      signing = true;
      const answer = await signWithAgent(identity.socket, identity.blob, data, hash, agentWork.signal);
      signing = false;
      if (answer.ok) return answer.value;
      notes.push(`the agent ${answer.why}: ${identity.label}`);
      return undefined;
    };
    return { type: 'agent', username: user, agent: new OneKeyAgent(identity.key, sign) };
  };

  const next = (): AnyAuthMethod | undefined => {
    if (methods !== undefined && !methods.includes('publickey')) return undefined;
    const identity = offers[offered.length];
    if (identity !== undefined) {
      last = identity.kind;
      offered.push(identity.label);
      return method(identity);
    }
    // ssh2 does not pass on the methods left after an agent's key; "none" is the question for them, and opens an account without a lock.
    if (methods !== undefined || last === 'none') return undefined;
    last = 'none';
    return { type: 'none', username: user };
  };

  return {
    authHandler: (methodsLeft, partial, answer) => {
      if (last !== undefined) answered = true;
      if (last !== undefined && last !== 'agent') {
        methods = methodsLeft ?? undefined;
        if (partial === true && accepted === undefined) accepted = offered.at(-1);
      }
      const attempt = next();
      done = attempt === undefined;
      // ssh2 ends the login on `false`, which its types leave out.
      answer(attempt ?? (false as unknown as AnyAuthMethod));
    },
    exhausted: () => done,
    begun: () => last !== undefined,
    refused: () => answered,
    waitsForAgent: () => signing,
    end: () => agentWork.abort(),
    failure: said => {
      const named = unusable.find(key => key.named);
      if (named !== undefined) return fails('key-unusable', `${named.path}: ${named.why}${refusedToo(offered)}`, { path: named.path });
      const rest = offers.slice(offered.length).map(identity => identity.label);
      const facts = { user, methods: methods?.join(',') ?? '', tried: offered.join(', ') };
      const parts = [
        accepted === undefined ? refusal(user, offered) : `${user}: ${accepted} was accepted, but the host asks for more`,
        ...(said === undefined ? [] : [`it said: ${said}`]),
        ...(methods === undefined ? [] : [`it takes ${methods.join(', ') || 'nothing more'}`]),
        ...(rest.length > 0 && said !== undefined ? [`not tried: ${rest.join(', ')}`] : []),
        ...unusable.map(key => `${key.path}: ${key.why}`),
        ...notes,
        ...(agentTrouble === undefined ? [] : [agentTrouble]),
      ];
      return fails('login-refused', parts.join('; '), facts);
    },
  };
};

const refusal = (user: string, offered: readonly string[]): string =>
  offered.length === 0 ? `${user}: there was no key to offer` : `${user} with ${offered.join(', ')}`;

const refusedToo = (offered: readonly string[]): string => (offered.length === 0 ? '' : `; refused: ${offered.join(', ')}`);

type SignCallback = (error?: Error | null, signature?: Buffer) => void;
type SignOptions = { readonly hash?: 'sha1' | 'sha256' | 'sha512' };

/** Shows ssh2 one key of the agent at a time, so that each offer is ours and can be named. */
class OneKeyAgent extends ssh2.BaseAgent<ParsedKey> {
  readonly #key: ParsedKey;
  readonly #sign: (data: Buffer, hash: 'sha1' | 'sha256' | 'sha512') => Promise<Buffer | undefined>;

  constructor(key: ParsedKey, sign: (data: Buffer, hash: 'sha1' | 'sha256' | 'sha512') => Promise<Buffer | undefined>) {
    super();
    this.#key = key;
    this.#sign = sign;
  }

  override getIdentities(done: (error?: Error | null, keys?: ParsedKey[]) => void): void {
    done(null, [this.#key]);
  }

  override sign(_key: ParsedKey, data: Buffer, options: SignOptions | SignCallback, callback?: SignCallback): void {
    const done = typeof options === 'function' ? options : callback;
    const hash = typeof options === 'function' ? 'sha1' : (options.hash ?? 'sha1');
    void this.#sign(data, hash).then(signature => {
      if (signature === undefined) done?.(new Error('the agent did not sign'));
      else done?.(null, signature);
    });
  }
}
