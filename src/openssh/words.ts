// The only place that reads what the system's ssh says when it fails (in English, LC_ALL=C) and makes a failure of it.
// It decides only which sentence people read: what may run again is never read from here.
import type { Failure, FailureTag } from '../domain/failure.ts';
import { safeText } from '../domain/safe-line.ts';

const signs: readonly (readonly [RegExp, FailureTag])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, 'host-key-changed'],
  [/REVOKED HOST KEY/, 'host-key-revoked'],
  [/Host key verification failed|No .* host key is known/, 'host-key-unknown'],
  [/Could not resolve hostname/, 'address-unknown'],
  [/Permission denied|Too many authentication failures/, 'login-refused'],
  [/Connection refused/, 'refused'],
  [/timed out/, 'connect-timeout'],
  [/No route to host|Network is unreachable/, 'unroutable'],
  [/no matching|Unable to negotiate/i, 'no-common-algorithm'],
  [/kex_exchange_identification|banner exchange|Connection (?:closed|reset)/, 'dropped-in-handshake'],
];

/** Why a connection could not be made. */
export const connectFailure = (said: string, fails: (tag: FailureTag, cause: string) => Failure): Failure => {
  // An ssh that says nothing was ended by somebody: nothing can have run, so it may be tried again.
  const tag = signs.find(([sign]) => sign.test(said))?.[1] ?? (said.trim() === '' ? 'dropped-in-handshake' : 'unroutable');
  return fails(tag, `ssh says: ${lastWords(said) || 'nothing'}`);
};

/** The last line that says something; the pictures around a changed key are left out. */
export const lastWords = (said: string): string => {
  const lines = said
    .split(/\r?\n/)
    .map(line => safeText(line, 200).trim())
    .filter(line => line !== '' && !/^[@*]+/.test(line));
  return lines.at(-1) ?? '';
};
