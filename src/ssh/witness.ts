// The only place that tells somebody besides the engine what happened on the way in: the key that a host showed, and what it let in.
// It changes nothing: whoever watches sees what the login does anyway.
import type { AnyAuthMethod, ParsedKey } from 'ssh2';
import type { Address } from '../remote/ports.ts';
import type { Identity } from './identities.ts';
import type { Login } from './login.ts';

/** Is told of each address on the way, jump hosts included. */
export type Witness = {
  /** The key's blob, as the host showed it, before it is judged. */
  hostKey(address: Address, blob: Buffer): void;
  /** What the host let in: a path, what the agent calls a key, or the method's name. */
  login(address: Address, by: string): void;
};

/** The login, and a question for what was offered last. */
export const watchLogin = (login: Login, offers: readonly Identity[]): { readonly login: Login; readonly last: () => string } => {
  let last = 'none';
  return {
    last: () => last,
    login: {
      ...login,
      authHandler: (left, partial, answer) =>
        login.authHandler(left, partial, method => {
          if (typeof method === 'object' && method !== null) last = labelOf(method as AnyAuthMethod, offers) ?? method.type;
          answer(method);
        }),
    },
  };
};

const labelOf = (method: AnyAuthMethod, offers: readonly Identity[]): string | undefined => {
  const named = (key: unknown): string | undefined => offers.find(offer => offer.key === key)?.label;
  if (method.type === 'publickey') return named(method.key);
  if (method.type !== 'agent') return undefined;
  let label: string | undefined;
  // An agent of ours answers at once, with the one key that it stands for.
  if (typeof method.agent === 'object')
    method.agent.getIdentities((_error: unknown, keys?: readonly (ParsedKey | Buffer | string | object)[]) => {
      label = named(keys?.[0]);
    });
  return label;
};
