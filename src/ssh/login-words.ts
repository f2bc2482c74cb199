// The only place that says why nobody got in, once all has been tried that may be: one failure, and one line of what was tried, refused, left.
// It decides nothing and asks nobody.
import type { Failure } from '../domain/failure.ts';
import { isAccountsFault } from './answers.ts';
import type { Fails } from './failures.ts';
import type { Identities } from './identities.ts';
import { byOpenssh } from './private-keys.ts';

/** How a login went. Keys and methods stand under the names that people know them by. */
export type LoginStory = {
  readonly user: string;
  readonly identities: Identities;
  readonly tried: readonly string[];
  readonly untried: readonly string[];
  readonly accepted: readonly string[];
  /** What the host takes now, where it said so. */
  readonly methods: readonly string[] | undefined;
  /** What it said to people while it refused. */
  readonly words: string | undefined;
  readonly notes: readonly string[];
  /** What nobody had an answer for: the passphrase of a key that the host takes, or what it asks for instead of a key. */
  readonly blocked: { readonly failure: Failure; readonly what: 'key' | 'answer' } | undefined;
  /** Nothing was typed because of the host's key. */
  readonly isDistrusted: boolean;
  /** How the host ended the matter: "it said: …", "it closed the connection". */
  readonly said: string | undefined;
};

/** The failure that is certain when keys are all there is: one was named, none can be offered. */
export const certainFailure = ({ offers, unusable, agentTrouble }: Identities, fails: Fails): Failure | undefined => {
  if (offers.length > 0) return undefined;
  const first = unusable[0];
  if (first !== undefined) return fails('key-unusable', `${first.path}: ${first.why}`, { path: first.path });
  return agentTrouble === undefined ? undefined : fails('agent-unreachable', agentTrouble);
};

/** @returns account-refused, key-unusable, agent-unreachable, login-refused, or what nobody had an answer for */
export const loginFailure = (story: LoginStory, fails: Fails): Failure => {
  const { user, identities, tried, untried, accepted, methods, words, notes, blocked, said } = story;
  const { unusable, agentTrouble, strange } = identities;
  if (words !== undefined && isAccountsFault(words)) return fails('account-refused', `${user}: it said: ${words}`, { user });
  if (blocked !== undefined && isTheCause(blocked, story)) return blocked.failure;
  // Where a password was judged, keys are not what it failed by.
  const named = tried.some(isKnownHere) ? undefined : unusable.find(key => key.named);
  if (named !== undefined) return fails('key-unusable', `${named.path}: ${named.why}${refusedToo(tried)}`, { path: named.path });
  const nothing = tried.length === 0 ? certainFailure(identities, fails) : undefined;
  if (nothing !== undefined) return nothing;
  const facts = { user, methods: methods?.join(',') ?? '', tried: tried.join(', ') };
  const parts = [
    accepted.length === 0 ? refusal(user, tried) : `${user}: ${accepted.join(', ')} was accepted, but the host asks for more`,
    ...(said === undefined ? [] : [said]),
    ...(methods === undefined
      ? []
      : [
          `it takes ${methods.join(', ') || 'nothing more'}${methods.some(isKnownHere) || methods.length === 0 ? '' : `, which only ssh itself can do${byOpenssh}`}`,
        ]),
    ...(untried.length > 0 && (said !== undefined || tried.some(isKnownHere)) ? [`not tried: ${untried.join(', ')}`] : []),
    ...(story.isDistrusted ? ['no password is sent there, since its host key is not the known one'] : []),
    ...(blocked === undefined ? [] : [blocked.failure.cause]),
    ...unusable.map(key => `${key.path}: ${key.why}`),
    ...(words === undefined ? [] : [`it said: ${words}`]),
    ...notes,
    ...strange,
    ...(agentTrouble === undefined ? [] : [agentTrouble]),
  ];
  return fails('login-refused', parts.join('; '), facts);
};

/** A password that nobody can give is the cause only where nothing else was refused: most hosts would take one, few are meant to. */
const isTheCause = ({ failure, what }: NonNullable<LoginStory['blocked']>, { tried, accepted }: LoginStory): boolean =>
  failure.tag !== 'needs-person' || what === 'key' || accepted.length > 0 || tried.every(isKnownHere);

const isKnownHere = (method: string): boolean => ['publickey', 'password', 'keyboard-interactive'].includes(method);

const refusal = (user: string, tried: readonly string[]): string =>
  tried.length === 0 ? `${user}: there was no key to offer` : `${user} with ${tried.join(', ')}`;

const refusedToo = (tried: readonly string[]): string => (tried.length === 0 ? '' : `; refused: ${tried.join(', ')}`);
