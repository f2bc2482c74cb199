// The only place that reaches into ssh2's insides: ssh2 keeps for itself what a host answers to an agent's key (also that it was accepted
// and more is asked for), and what it says without asking anything. It only listens; what ssh2 does with the messages stays as it is.
import type { Client } from 'ssh2';

/** What a login wants to hear. */
export type Hearer = {
  /** Each refusal, with what the host takes now; `partial`: that was right, but not enough. */
  heardRefusal(methods: readonly string[], partial: boolean): void;
  /** A sentence of the host's. */
  heardWords(text: string): void;
};

type Handler = (...args: readonly unknown[]) => unknown;
type Insides = { readonly _protocol?: { readonly _handlers?: Record<string, Handler | undefined> } };

/** To be called right after `connect`, before the first byte. @throws Error with an ssh2 that is built otherwise */
export const overhear = (client: Client, hearer: Hearer): void => {
  const handlers = (client as unknown as Insides)._protocol?._handlers;
  const failure = handlers?.['USERAUTH_FAILURE'];
  const request = handlers?.['USERAUTH_INFO_REQUEST'];
  if (handlers === undefined || failure === undefined || request === undefined)
    throw new Error('ssh2 is not the one that this was made for');
  handlers['USERAUTH_FAILURE'] = (protocol, methods, partial) => {
    hearer.heardRefusal(Array.isArray(methods) ? methods.map(String).filter(Boolean) : [], partial === true);
    return failure(protocol, methods, partial);
  };
  handlers['USERAUTH_INFO_REQUEST'] = (protocol, name, instruction, prompts) => {
    if (Array.isArray(prompts) && prompts.length === 0) hearer.heardWords(`${String(name)} ${String(instruction)}`);
    return request(protocol, name, instruction, prompts);
  };
  client.on('banner', text => hearer.heardWords(text));
};
