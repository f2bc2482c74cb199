// The only place that reads what the system's ssh says when it fails (in English, LC_ALL=C) and makes a failure of it.
// It decides only which sentence people read: what may run again is never read from here.
import type { Failure, FailureTag } from '../domain/failure.ts';
import { safeText } from '../domain/safe-line.ts';

/** What is said where there is no ssh. */
export const noSsh = 'there is no ssh on this machine; install openssh-client';

const signs: readonly (readonly [RegExp, FailureTag])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED/, 'host-key-changed'],
  [/REVOKED HOST KEY|is revoked by|marked as revoked/, 'host-key-revoked'],
  [/No .* host key is known|Host key verification failed/, 'host-key-unknown'],
  [
    /Bad owner or permissions on|Bad configuration option|bad configuration options|Bad SSH2 |command-line line \d+|there is no ssh on/,
    'bad-input',
  ],
  [/Could not resolve hostname/, 'address-unknown'],
  [/Permission denied|Too many authentication failures/, 'login-refused'],
  [/Connection refused/, 'refused'],
  [/timed out/, 'connect-timeout'],
  [/No route to host|Network is unreachable/, 'unroutable'],
  [/no matching|Unable to negotiate/i, 'no-common-algorithm'],
  [/kex_exchange_identification|banner exchange|Connection (?:closed|reset)/, 'dropped-in-handshake'],
];

/** Why a connection could not be made. */
export const connectFailure = (said: string, fails: (tag: FailureTag, cause: string, facts?: Failure['facts']) => Failure): Failure => {
  // An ssh that says nothing was ended by somebody: nothing can have run, so it may be tried again.
  const [sign, tag] = signs.find(([sign]) => sign.test(said)) ?? [
    undefined,
    said.trim() === '' ? ('dropped-in-handshake' as const) : ('unroutable' as const),
  ];
  // Behind a jump host the last line only says that the way broke; the line with the reason stands before it.
  const telling =
    sign === undefined || tag.startsWith('host-key')
      ? undefined
      : lastWords(
          linesOf(said)
            .filter(line => sign.test(line))
            .join('\n'),
        );
  if (!tag.startsWith('host-key')) return fails(tag, `ssh says: ${telling || lastWords(said) || 'nothing'}`);
  const facts = keyFacts(said);
  const known = linesOf(said).find(line => /No .* host key is known/.test(line));
  const where = facts?.['line'] === undefined ? '' : `, but ${facts['file']}:${facts['line']} has another key`;
  const shown = facts?.['fingerprint'] === undefined ? undefined : `it shows ${facts['type'] ?? 'a key'} ${facts['fingerprint']}${where}`;
  return fails(tag, shown ?? `ssh says: ${safeText(known ?? lastWords(said), 200)}`, facts);
};

/** What ssh says of a key that it refuses: its type and fingerprint, and the line that speaks against it. */
const keyFacts = (said: string): Failure['facts'] => {
  const [, type, fingerprint] = /fingerprint for the (\S+) key sent by the remote host is\s+(SHA256:[\w+/=]+)/.exec(said) ?? [];
  const [, file, line] = /^Offending .* in (.+):(\d+)\s*$/m.exec(said) ?? [];
  const facts = {
    ...(type !== undefined && { type: safeText(type, 40) }),
    ...(fingerprint !== undefined && { fingerprint }),
    ...(file !== undefined && { file: safeText(file, 200), line: Number(line) }),
  };
  return Object.keys(facts).length === 0 ? undefined : facts;
};

const linesOf = (said: string): readonly string[] => said.split(/\r?\n/);

/** The last line that says something; the pictures around a changed key are left out. */
export const lastWords = (said: string): string => {
  const lines = linesOf(said)
    .map(line => safeText(line, 200).trim())
    .filter(line => line !== '' && !/^[@*]+/.test(line));
  return lines.at(-1) ?? '';
};
