// The only place that takes what a login needs from people, and tells how it went with it: once for each thing taken.
// It knows what a host may ask; it must not know in which order methods are tried, nor sockets.
import type { Failure } from '../domain/failure.ts';
import { accountOf, type Need, type Outcome, type Prompt, type Secrets, type Taken } from '../domain/need.ts';
import { safeText } from '../domain/safe-line.ts';
import type { Address } from '../remote/ports.ts';
import type { Fails } from './failures.ts';

/** What is there to send, or why there is nothing. */
export type Answered<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** The answers of one login. */
export type Answers = {
  /** For the method `password`. */
  password(): Answered<string>;
  /** A method in which the host may ask several times begins. */
  beginConversation(): void;
  /** What the host asks in it, once per round; one value for each prompt. */
  conversation(name: string, instruction: string, prompts: readonly HostPrompt[]): Answered<readonly string[]>;
  /** Tries passphrases on a key file until one fits. */
  passphrase(path: string, fits: (passphrase: string) => boolean): Answered<true>;
  /** Whether something that was sent has not been judged yet. */
  isPending(): boolean;
  /**
   * The host has judged, or will not.
   * @returns after a refusal, why nothing more may be sent; undefined where there is another value
   */
  settle(outcome: Outcome): Failure | undefined;
};

/** A prompt as ssh2 gives it. */
export type HostPrompt = { readonly prompt: string; readonly echo?: boolean };

/** Longest text of a prompt, a name, an instruction, in UTF-16 units. */
const longestText = 300;
/** More questions at once are nobody's. */
const mostPrompts = 16;
/** As OpenSSH's NumberOfPasswordPrompts. */
const mostTries = 3;

/** @param fails makes failures of the host that is connected to, which is another than `address` where that is a jump host */
export const makeAnswers = (address: Address, secrets: Secrets, fails: Fails): Answers => {
  const account = accountOf(address);
  let pending: { need: Need; taken: Taken & { kind: 'have' } }[] = [];
  let hasSentPassword = false;

  const take = (need: Need): Answered<readonly string[]> => {
    const taken = secrets.take(need);
    if (taken.kind === 'not-now') return { ok: false, failure: ofHere(taken.failure, fails) };
    pending.push({ need, taken });
    return { ok: true, value: taken.values };
  };

  const password = (): Answered<string> => {
    const taken = take({ kind: 'password', account });
    return taken.ok ? { ok: true, value: taken.value[0] ?? '' } : taken;
  };

  return {
    password,
    beginConversation: () => {
      hasSentPassword = false;
    },
    conversation: (name, instruction, prompts) => {
      const [only] = prompts;
      // A second password in one conversation is another system's, or the first was wrong: nothing is sent twice.
      if (prompts.length === 1 && only?.echo !== true && isPassword(only?.prompt ?? '') && !hasSentPassword) {
        const taken = password();
        hasSentPassword = taken.ok;
        return taken.ok ? { ok: true, value: [taken.value] } : taken;
      }
      const asked = prompts
        .slice(0, mostPrompts)
        .map(({ prompt, echo }): Prompt => ({ text: safeText(prompt, longestText).trim(), echo: echo === true }));
      const need: Need = { kind: 'codes', account, name: words(name), instruction: words(instruction), prompts: asked };
      const taken = take(need);
      return taken.ok ? { ok: true, value: prompts.map((_, at) => taken.value[at] ?? '') } : taken;
    },
    passphrase: (path, fits) => {
      for (let tries = 0; ; tries++) {
        const taken = secrets.take({ kind: 'passphrase', path, host: account.host });
        if (taken.kind === 'not-now') return { ok: false, failure: ofHere(taken.failure, fails) };
        const isRight = fits(taken.values[0] ?? '');
        taken.settle(isRight ? 'accepted' : 'refused');
        if (isRight) return { ok: true, value: true };
        if (tries + 1 === mostTries) return { ok: false, failure: fails('key-unusable', `${path}: no passphrase fits`, { path }) };
      }
    },
    isPending: () => pending.length > 0,
    settle: outcome => {
      const judged = pending;
      pending = [];
      for (const { taken } of judged) taken.settle(outcome);
      if (outcome !== 'refused') return undefined;
      // To take again is to learn how to end; what was meant for another try is given back.
      const ends = judged.map(({ need }) => secrets.take(need));
      for (const end of ends) if (end.kind === 'have') end.settle('unknown');
      const end = ends.find(again => again.kind === 'not-now');
      return end && ofHere(end.failure, fails);
    },
  };
};

/** What hosts ask for a password with, save one that is for once or that is to be changed. */
const isPassword = (prompt: string): boolean =>
  /password/i.test(prompt) && !/one[- ]?time|\botp\b|passcode|token|verification/i.test(prompt);

/** Whether a host says that a password is over, in the words of PAM and shadow. */
export const hasToChange = (text: string): boolean => /(?:required|have) to change your password|password has expired/i.test(text);

/** Whether it asks for a new one. */
export const asksToChange = (text: string): boolean => hasToChange(text) || /(?:new|current) (?:unix )?password|\(current\)/i.test(text);

/** Whether a host refuses the account, whatever the password is. */
export const isAccountsFault = (text: string): boolean => /account (?:has |is )?(?:temporarily )?(?:expired|locked|disabled)/i.test(text);

const words = (text: string): string => safeText(text, longestText).trim();

const ofHere = ({ tag, cause, facts }: Failure, fails: Fails): Failure => fails(tag, cause, facts);
