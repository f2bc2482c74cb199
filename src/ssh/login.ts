// The only place that logs in: tries one method after the other, in OpenSSH's order and no more often than a host allows.
// It exists because ssh2's own order fails where a host wants several methods, and its one message for all refusals says nothing.
// It must not know sockets or host keys, and never waits for a person: what lacks an answer ends.
import type { AnyAuthMethod, AuthenticationType, NextAuthHandler, ParsedKey } from 'ssh2';
import type { Failure } from '../domain/failure.ts';
import { noSecrets, type Outcome, type Secrets } from '../domain/need.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Address } from '../remote/ports.ts';
import { type RsaHash, signWithAgent } from './agent.ts';
import { asksToChange, type HostPrompt, hasToChange, isAccountsFault, makeAnswers } from './answers.ts';
import type { Fails } from './failures.ts';
import type { Identities, Identity } from './identities.ts';
import { certainFailure, type LoginStory, loginFailure } from './login-words.ts';
import { OneKeyAgent, type Signer } from './one-key-agent.ts';
import type { Hearer } from './overhear.ts';

/** One login on its way. */
export type Login = Hearer & {
  /** ssh2's authHandler. */
  readonly authHandler: (methodsLeft: AuthenticationType[] | null, partial: boolean | null, next: NextAuthHandler) => void;
  /** Told when the login cannot go on without somebody, or at all; the socket has to be closed then. */
  onStop(listener: (failure: Failure) => void): void;
  /** The host asks for a new password. */
  passwordIsOver(): void;
  /** Whether it lets us in for nothing but that. */
  hasToChange(): boolean;
  /** True from the moment when there is nothing left to offer. */
  exhausted(): boolean;
  /** Whether any offer was sent. */
  begun(): boolean;
  /** Whether the host has turned at least one offer down, or said something about one. */
  refused(): boolean;
  /** True while the agent is asked to sign, which may wait for a finger or a dialog. */
  waitsForAgent(): boolean;
  /** What opened the door, by the names that people know keys and methods by. */
  by(): string;
  /** Why nobody got in; `said` is how the host ended the matter. */
  failure(said?: string): Failure;
  /** How it went with what was sent last. */
  judged(outcome: Outcome): void;
  /** Lets go of the agent. */
  end(): void;
};

/** OpenSSH's own order, without what ssh2 cannot do. @see ssh_config(5), PreferredAuthentications */
const USUAL_ORDER = ['publickey', 'keyboard-interactive', 'password'] as const;
type Method = (typeof USUAL_ORDER)[number];
const isOurs = (method: string): method is Method => (USUAL_ORDER as readonly string[]).includes(method);

/** sshd ends a login after so many refusals unless told otherwise. @see sshd_config(5), MaxAuthTries */
const MAX_AUTH_TRIES = 6;
/** As OpenSSH's NumberOfPasswordPrompts. */
const MOST_TRIES = 3;

type Attempt = { readonly kind: 'none' | 'password' | 'keyboard-interactive' } | { readonly kind: 'key'; readonly identity: Identity };

/** The failure that is certain before a connection is made: a key was named, none can be offered, and nobody can give a password. */
export const hopeless = (address: Address, identities: Identities, secrets: Secrets, fails: Fails): Failure | undefined =>
  secrets === noSecrets || !methodsOf(address).some(method => method !== 'publickey') ? certainFailure(identities, fails) : undefined;

const methodsOf = ({ preferredAuthentications }: Address): readonly Method[] => preferredAuthentications?.filter(isOurs) ?? USUAL_ORDER;

/** Who logs in where, with what. */
export type LoginParts = {
  /** Of the host itself, or of a jump host on the way. */
  readonly address: Address;
  readonly identities: Identities;
  readonly secrets: Secrets;
  /** Whether the host has shown the key that is known for it, or a new one; nothing is typed at another. */
  readonly isTrusted: () => boolean;
};

/** @param fails makes failures of the host that is connected to */
export const makeLogin = ({ address, identities, secrets, isTrusted }: LoginParts, fails: Fails): Login => {
  const { user } = address;
  const order = methodsOf(address);
  const answers = makeAnswers(address, secrets, fails);
  const agentWork = new AbortController();
  const tried: string[] = [];
  const notes: string[] = [];
  const accepted: Attempt[] = [];
  let offers = identities.offers;
  const spent = new Set<Method | Attempt['kind']>();
  let tries = 0;
  let usedAnswers = false;
  let methods: readonly string[] | undefined;
  let attempt: Attempt | undefined;
  let refusals = 0;
  let words: string | undefined;
  let blocked: LoginStory['blocked'];
  let stopped: Failure | undefined;
  let listener: ((failure: Failure) => void) | undefined;
  let isSigning = false;
  let isAnswered = false;
  let isRefused = false;
  let isDone = false;

  const stop = (failure: Failure): void => {
    stopped ??= failure;
    listener?.(stopped);
  };

  /** Nobody has the answer now. Where it may come, the login ends at once; else other ways are left. */
  const lacks = (failure: Failure, what: 'key' | 'answer' = 'answer'): void => {
    blocked ??= { failure, what };
    if (failure.tag === 'waits-for-answer') stop(failure);
  };

  const judged = (outcome: Outcome): void => {
    const end = answers.settle(outcome);
    if (end === undefined) return;
    if (attempt !== undefined) spent.add(attempt.kind);
    lacks(end);
  };

  const mayType = (method: Method): boolean =>
    method !== 'publickey' && secrets !== noSecrets && isTrusted() && !spent.has(method) && methods?.includes(method) !== false;

  const open = (identity: Identity & { kind: 'locked' }): boolean => {
    if (identity.file.opened() !== undefined) return true;
    let isFit = true;
    const given = answers.passphrase(identity.label, passphrase => {
      const outcome = identity.file.open(passphrase);
      isFit = outcome !== 'unfit';
      return outcome !== 'wrong';
    });
    if (!given.ok) lacks(given.failure, 'key');
    else if (!isFit) notes.push(`${identity.label}: its format is not known here; rewrite it with ssh-keygen -p`);
    return given.ok && isFit;
  };

  const signer = (identity: Identity): Signer => {
    const sign = (key: ParsedKey | undefined, data: Buffer, hash: RsaHash | undefined): Buffer | undefined => {
      const signature = key?.sign(data, hash);
      return signature instanceof Error ? undefined : signature;
    };
    return async (data, hash) => {
      isAnswered = true;
      if (identity.kind === 'file') return sign(identity.key, data, hash);
      if (identity.kind === 'locked') return open(identity) ? sign(identity.file.opened(), data, hash) : undefined;
      isSigning = true;
      const answer = await signWithAgent(identity.socket, identity.blob, data, hash ?? 'sha1', agentWork.signal);
      isSigning = false;
      if (answer.ok) return answer.value;
      notes.push(`the agent ${answer.why}: ${identity.label}`);
      return undefined;
    };
  };

  /** Signed only once the host has said that it takes the key, so a passphrase is asked for only then, where that can be. */
  const keyMethod = (identity: Identity): AnyAuthMethod | undefined => {
    const key = identity.key ?? (identity.kind === 'locked' && open(identity) ? identity.file.opened() : undefined);
    return key && { type: 'agent', username: user, agent: new OneKeyAgent(key, signer(identity)) };
  };

  const converse = (name: string, instruction: string, prompts: readonly HostPrompt[], reply: (values: string[]) => void): void => {
    if (asksToChange([name, instruction, ...prompts.map(({ prompt }) => prompt)].join(' '))) {
      passwordIsOver();
      return;
    }
    isAnswered = true;
    const given = answers.conversation(name, instruction, prompts);
    if (given.ok) {
      usedAnswers = true;
      reply([...given.value]);
      return;
    }
    // A conversation has no polite end: an empty answer would count as a wrong one.
    if (given.failure.tag === 'waits-for-answer') answers.settle('put-off');
    lacks(given.failure);
    stop(failure());
  };

  const passwordIsOver = (): void => {
    answers.settle('accepted');
    stop(fails('password-expired', `${user} has to change it before anything else there`, { user }));
  };

  const next = (): AnyAuthMethod | undefined => {
    for (const method of order) {
      if (methods?.includes(method) === false) continue;
      if (method === 'publickey') {
        while (offers.length > 0 && stopped === undefined) {
          // The last try is for a password, where one may help.
          if (refusals >= MAX_AUTH_TRIES - 1 && order.some(mayType)) break;
          const [identity, ...rest] = offers;
          if (identity === undefined) break;
          offers = rest;
          const offer = keyMethod(identity);
          if (offer === undefined) continue;
          attempt = { kind: 'key', identity };
          tried.push(identity.label);
          return offer;
        }
      } else if (methods !== undefined && mayType(method)) {
        if (method === 'keyboard-interactive') {
          answers.beginConversation();
          begin(method);
          return {
            type: method,
            username: user,
            prompt: (name, instruction, _language, prompts, reply) => converse(name, instruction, prompts, reply),
          };
        }
        const given = answers.password();
        if (given.ok) {
          begin(method);
          usedAnswers = true;
          return { type: method, username: user, password: given.value };
        }
        spent.add(method);
        lacks(given.failure);
      }
      if (stopped !== undefined) return undefined;
      // "none" is the question for what the host takes; it comes first, where no host counts it.
      if (attempt === undefined) break;
    }
    if (attempt !== undefined || stopped !== undefined) return undefined;
    attempt = { kind: 'none' };
    return { type: 'none', username: user };
  };

  const begin = (kind: 'password' | 'keyboard-interactive'): void => {
    tries = attempt?.kind === kind ? tries + 1 : 1;
    attempt = { kind };
    usedAnswers = false;
    if (!tried.includes(kind)) tried.push(kind);
  };

  const failure = (said?: string): Failure =>
    loginFailure(
      {
        user,
        identities,
        tried,
        untried: offers.map(identity => identity.label),
        accepted: accepted.map(nameOf),
        methods,
        words,
        notes,
        blocked,
        isDistrusted: !isTrusted(),
        said,
      },
      fails,
    );

  return {
    authHandler: (_methods, _partial, answer) => {
      if (stopped !== undefined) return;
      const offer = next();
      if (stopped !== undefined) return;
      isDone = offer === undefined;
      // ssh2 ends the login on `false`, which its types leave out.
      answer(offer ?? (false as unknown as AnyAuthMethod));
    },
    heardRefusal: (left, isPartial) => {
      isAnswered = true;
      isRefused = true;
      methods = left;
      if (isPartial) {
        answers.settle('accepted');
        if (attempt !== undefined) accepted.push(attempt);
        // What was refused before may be right for the next step.
        offers = identities.offers.filter(identity => !accepted.some(step => step.kind === 'key' && step.identity === identity));
        spent.clear();
        return;
      }
      if (attempt?.kind !== 'none') refusals++;
      if (attempt?.kind === 'password' || attempt?.kind === 'keyboard-interactive') {
        // Again only after something that somebody gave was refused: a host that says no without asking says it always.
        if (!usedAnswers || tries === MOST_TRIES) spent.add(attempt.kind);
        if (words !== undefined && isAccountsFault(words)) {
          answers.settle('unknown');
          return stop(failure());
        }
      }
      judged('refused');
    },
    heardWords: text => {
      // What comes before any offer was answered is for everybody: a notice, not a reason.
      if (isAnswered) words = safeText(text, 120).trim() || words;
    },
    onStop: told => {
      listener = told;
    },
    passwordIsOver,
    exhausted: () => isDone,
    begun: () => attempt !== undefined,
    refused: () => isRefused || words !== undefined,
    hasToChange: () => words !== undefined && hasToChange(words),
    waitsForAgent: () => isSigning,
    by: () => [...accepted, ...(attempt === undefined ? [] : [attempt])].map(nameOf).join(', '),
    judged,
    end: () => agentWork.abort(),
    failure,
  };
};

const nameOf = (attempt: Attempt): string => (attempt.kind === 'key' ? attempt.identity.label : attempt.kind);
