// The only place that turns what sockets and ssh2 say into failures as data.
// A cause is one printable line: never a stack, never a secret, never a control character that a host sent.
// It must not know how connections are made.
import type { Failure, FailureTag } from '../domain/failure.ts';
import { safeText } from '../domain/safe-line.ts';

/** Longest cause, in UTF-16 units. */
const CAUSE_MAX = 200;

/** Makes failures of one host; `host` is the inventory name. */
export type Fails = (tag: FailureTag, cause: string, facts?: Failure['facts']) => Failure;

/** @returns a maker of failures that all name this host and whose causes are clean. */
export const failsOf =
  (host: string): Fails =>
  (tag, cause, facts) => ({ tag, host, cause: causeLine(cause), ...(facts === undefined ? {} : { facts }) });

/** One printable line of at most 200 characters. */
export const causeLine = (text: string): string => safeText(text, CAUSE_MAX).trim();

/** Error codes of the system while the TCP connection is made. What is not here is {@link UNKNOWN_ROUTE}. */
const DIAL_TAGS: Readonly<Record<string, FailureTag>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'refused',
  ETIMEDOUT: 'connect-timeout',
  ENOTFOUND: 'address-unknown',
  EAI_AGAIN: 'address-unknown',
  EAI_FAIL: 'address-unknown',
  EAI_NODATA: 'address-unknown',
  EAI_NONAME: 'address-unknown',
  EINVAL: 'address-unknown',
};

const UNKNOWN_ROUTE: FailureTag = 'unroutable';

const DIAL_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  ETIMEDOUT: 'no answer',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOTFOUND: 'the name is not known',
  EAI_AGAIN: 'the name service does not answer',
  EADDRNOTAVAIL: 'BindAddress is no address of this machine',
  EMFILE: 'too many open files on this machine',
  ENFILE: 'too many open files on this machine',
};

/** The failure of a TCP connection that never stood. `where` is `host port N`, as people write it. */
export const dialFailure = (fails: Fails, where: string, error: Error): Failure => {
  const code = codeOf(error);
  const words = DIAL_WORDS[code] ?? error.message;
  return fails(DIAL_TAGS[code] ?? UNKNOWN_ROUTE, `${where}: ${words}${code === '' ? '' : ` (${code})`}`, { code });
};

/** The system's error code (`ECONNRESET`), or nothing. ssh2 puts numbers there, which are no such codes. */
export const codeOf = (error: Error): string => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'string' ? code : '';
};

/** The code of SSH_MSG_DISCONNECT that the host sent. @see RFC 4253 section 11.1 */
export const disconnectReason = (error: Error): number | undefined => {
  const code: unknown = (error as { code?: unknown }).code;
  return typeof code === 'number' ? code : undefined;
};

/** The layer that ssh2 blames: `client-socket`, `handshake`, `client-authentication`, `agent` …; it is often absent. */
export const levelOf = (error: Error): string => {
  const level: unknown = (error as { level?: unknown }).level;
  return typeof level === 'string' ? level : '';
};
