// The only place that takes an open socket through SSH's handshake and login, and says at which point it went wrong.
// The first cause wins; whatever ssh2 reports after it is silence. On failure the socket has closed.
import ssh2, { type Algorithms, type Client } from 'ssh2';
import type { Failure } from '../domain/failure.ts';
import { fail, ok, type Result } from '../domain/result.ts';
import type { Dialled } from './dial.ts';
import { causeLine, codeOf, disconnectReason, type Fails, levelOf } from './failures.ts';
import { listenForIdent } from './ident.ts';
import type { Login } from './login.ts';
import { overhear } from './overhear.ts';
import { byOpenssh } from './private-keys.ts';

/** A client that is logged in. */
export type Link = {
  readonly client: Client;
  readonly closed: Promise<void>;
  /** True from the moment when nothing can be sent any more, which is before {@link closed} settles. */
  isOver(): boolean;
  /** Ends the socket without a farewell; the first cause stays. */
  cut(cause: string): void;
  /** Why the link broke, where somebody said so. */
  cause(): string | undefined;
  /** A person typed a code for it: it is not to be made again without need. */
  readonly isDear?: boolean;
};

/** What a handshake needs to know of the host. */
export type Expectation = {
  /** What to ask the host for; what is absent is ssh2's own. */
  readonly algorithms: Algorithms;
  /** Judges the key; a failure ends the handshake. */
  readonly verify: (blob: Buffer) => Promise<Failure | undefined> | Failure | undefined;
  readonly login: Login;
  /** Time from here until logged in, ms. */
  readonly patience: number;
  readonly keepalive: { readonly every: number; readonly times: number };
  readonly user: string;
};

type Phase = 'ident' | 'keys' | 'login' | 'ready';

/**
 * @failure dropped-in-handshake, handshake-timeout, not-ssh, no-common-algorithm, what `verify` says, and the login's own
 */
export const shakeHands = async ({ socket, closed }: Dialled, expected: Expectation, fails: Fails): Promise<Result<Link>> => {
  const { login, patience } = expected;
  const client = new ssh2.Client();
  const ident = listenForIdent(socket);
  let phase: Phase = 'ident';
  let first: Failure | undefined;
  let broken: string | undefined;

  const giveUp = (failure: Failure): void => {
    first ??= failure;
    end();
  };
  const cut = (cause: string): void => {
    broken ??= causeLine(cause);
    end();
  };
  const reached = (): Phase => (phase === 'ident' && ident.isSsh() ? 'keys' : phase);

  // A channel of a jump host stays half open when the other end goes; what is behind it would be waited for without end.
  let isOver = false;
  const end = (): void => {
    isOver = true;
    socket.destroy();
  };
  socket.once('end', end).once('close', end);
  client.on('error', (error: Error) => {
    if (phase === 'ready') return cut(brokenWords(error, expected.keepalive));
    // The agent's troubles end one offer, not the login; login.ts keeps them.
    if (levelOf(error) === 'agent') return;
    if (levelOf(error) === 'client-authentication') {
      if (login.exhausted()) giveUp(login.failure());
      return;
    }
    // Who is thrown out with something unjudged was wrong, as far as we may guess.
    if (disconnectReason(error) !== undefined) login.judged('refused');
    giveUp(handshakeFailure(error, reached(), ident.heard(), login, fails));
  });
  client.on('change password', () => login.passwordIsOver());
  login.onStop(giveUp);
  client.once('handshake', () => {
    phase = 'login';
  });
  const ready = new Promise<boolean>(resolve => {
    client.once('ready', () => {
      if (login.hasToChange()) login.passwordIsOver();
      if (first === undefined) phase = 'ready';
      resolve(first === undefined);
    });
    socket.once('close', () => resolve(false));
  });
  const timer = setTimeout(() => giveUp(tooLate(reached(), ident.heard(), patience, login, fails)), patience);

  const verifyHost = (blob: Buffer, answer: (valid: boolean) => void): void => {
    void Promise.resolve(expected.verify(blob)).then(refusal => {
      if (refusal === undefined) return answer(true);
      giveUp(refusal);
    });
  };
  client.connect({
    sock: socket,
    username: expected.user,
    authHandler: login.authHandler as never,
    hostVerifier: verifyHost,
    readyTimeout: 0,
    keepaliveInterval: expected.keepalive.every,
    keepaliveCountMax: expected.keepalive.times,
    algorithms: expected.algorithms,
  });
  overhear(client, login);

  const isReady = await ready;
  clearTimeout(timer);
  ident.stop();
  login.judged(isReady ? 'accepted' : 'unknown');
  login.end();
  if (isReady) return ok({ client, closed, isOver: () => isOver, cut, cause: () => broken });
  const seen = reached();
  await closed;
  return fail(first ?? closedEarly(seen, ident.heard(), login, fails));
};

const brokenWords = (error: Error, { every, times }: Expectation['keepalive']): string => {
  if (error.message === 'Keepalive timeout') return `no sign of life for ${(every * (times + 1)) / 1000} s`;
  return codeOf(error) || error.message;
};

const handshakeFailure = (error: Error, phase: Phase, heard: string, login: Login, fails: Fails): Failure => {
  const text = error.message;
  const noMatch = /^Handshake failed: (no matching .*)$/.exec(text)?.[1];
  if (noMatch !== undefined) return fails('no-common-algorithm', noMatch);
  if (/^SSH-1\./.test(heard)) return fails('no-common-algorithm', `it speaks only the old protocol: ${heard}`);
  const reason = disconnectReason(error);
  if (reason !== undefined) {
    if (phase === 'login' && login.begun()) return login.failure(`it said: ${text}`);
    return reason === KEY_EXCHANGE_FAILED ? fails('no-common-algorithm', text) : fails('dropped-in-handshake', `it said: ${text}`);
  }
  if (levelOf(error) === 'client-socket' || text === 'Connection lost before handshake') {
    return closedEarly(phase, heard, login, fails, codeOf(error));
  }
  // Keys were agreed on: it is SSH, in messages that ssh2 does not take.
  if (phase === 'login') return fails('login-refused', `what it sends during the login cannot be read here (${text})${byOpenssh}`);
  return fails('not-ssh', heard === '' ? text : `${text} after "${heard}"`);
};

/** SSH_DISCONNECT_KEY_EXCHANGE_FAILED. @see RFC 4253 section 11.1 */
const KEY_EXCHANGE_FAILED = 3;

/** sshd says so in plain text, before its identification, when it has too many logins under way or bears a grudge. */
const TURNED_AWAY = /MaxStartups|Not allowed at this time|Too many connections/i;

const closedEarly = (phase: Phase, heard: string, login: Login, fails: Fails, code = ''): Failure => {
  const how = code === '' ? 'it closed the connection' : `the connection broke (${code})`;
  if (phase === 'ident' && heard !== '')
    return TURNED_AWAY.test(heard) ? fails('dropped-in-handshake', `it said: ${heard}`) : notSsh(heard, fails);
  if (phase === 'ident') return fails('dropped-in-handshake', `${how} before it said who it is`);
  if (phase === 'keys') return fails('dropped-in-handshake', `${how} during the key exchange`);
  return login.refused() ? login.failure(how) : fails('dropped-in-handshake', `${how} during the login`);
};

const tooLate = (phase: Phase, heard: string, patience: number, login: Login, fails: Fails): Failure => {
  const within = `within ${patience / 1000} s`;
  if (phase === 'ident') return heard === '' ? fails('handshake-timeout', `it said nothing ${within}`) : notSsh(heard, fails);
  if (login.waitsForAgent()) return fails('agent-unreachable', `the agent did not sign ${within}`);
  return fails('handshake-timeout', `${phase === 'keys' ? 'no keys were agreed on' : 'the login did not end'} ${within}`);
};

const notSsh = (heard: string, fails: Fails): Failure => fails('not-ssh', `it answered "${heard}"`);
