// The only place for what a person may have to give before a host lets us in or lets a command run: needs, and what taking one brings.
// Values pass through here and are kept nowhere; whoever keeps them does it in memory only.
import type { Failure } from './failure.ts';

/** A login on a host, as people write it. */
export type Account = {
  /** Inventory name, or that of a jump host. */
  readonly host: string;
  readonly user: string;
  /** `user@address:port`; the same for two names of one account. */
  readonly at: string;
};

/** A question as a host puts it. */
export type Prompt = {
  /** Sanitised. */
  readonly text: string;
  /** Whether the answer may be shown while it is typed. */
  readonly echo: boolean;
};

/** What somebody has to know or to decide. */
export type Need =
  /** Of an encrypted key file. `host`: where it was to be offered. */
  | { readonly kind: 'passphrase'; readonly path: string; readonly host: string }
  /** For logging in, also where a host asks for it by keyboard-interactive. */
  | { readonly kind: 'password'; readonly account: Account }
  /** Whatever else keyboard-interactive asks for: one-time codes. */
  | {
      readonly kind: 'codes';
      readonly account: Account;
      /** Sanitised, as the two that follow. */
      readonly name: string;
      readonly instruction: string;
      readonly prompts: readonly Prompt[];
    }
  /** For becoming `user` by way of `method`. */
  | { readonly kind: 'become'; readonly account: Account; readonly method: 'sudo' | 'su' | 'doas'; readonly user: string }
  /** Whether an unknown key is the host's. `file`: the known_hosts that it would be written to. */
  | { readonly kind: 'host-key'; readonly account: Account; readonly type: string; readonly fingerprint: string; readonly file: string };

/**
 * How it went with a value. `unknown`: the link was cut before the host said anything; `put-off`: the host asks for something else
 * before it says anything, and who tried comes back with both.
 */
export type Outcome = 'accepted' | 'refused' | 'unknown' | 'put-off';

/** What taking a need brings. */
export type Taken =
  | {
      readonly kind: 'have';
      /** One for each prompt; one for all other kinds, `yes` for a host key. */
      readonly values: readonly string[];
      /** Called exactly once. accepted: everybody may use it; refused: nobody does until somebody gives another; unknown: the next one tries. */
      settle(outcome: Outcome): void;
    }
  /**
   * The connect or start ends with this failure as it is; nothing that could run may have been sent.
   * Tags: waits-for-answer, needs-person, password-refused, host-key-unknown.
   */
  | { readonly kind: 'not-now'; readonly failure: Failure };

/** Where values are taken from. After a refusal is settled, taking the need again tells how to end. */
export type Secrets = { take(need: Need): Taken };

/** Names an account by how it is reached. */
export const accountOf = ({
  name,
  host,
  port,
  user,
}: {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly user: string;
}): Account => ({ host: name, user, at: `${user}@${host.includes(':') ? `[${host}]` : host}:${port}` });

/** Where nobody can be asked and nothing was given. */
export const noSecrets: Secrets = { take: need => ({ kind: 'not-now', failure: nobodyToAsk(need) }) };

/** Why a need cannot be met where nobody can be asked, with what to run. */
export const nobodyToAsk = (need: Need): Failure => {
  const host = hostOf(need);
  if (need.kind === 'host-key') return { tag: 'host-key-unknown', host, cause: `${need.type} ${need.fingerprint}` };
  return { tag: 'needs-person', host, cause: `${wanted(need)} is asked for; ${howToGive(need)}`, facts: { needs: need.kind } };
};

const howToGive = (need: Need): string => {
  switch (need.kind) {
    case 'passphrase':
      return `add it to an agent (ssh-add ${need.path})`;
    case 'password':
      return 'give -k or --connection-password-file FILE';
    case 'codes':
      return 'nothing but a person has it';
    case 'become':
      return 'give -K or --become-password-file FILE';
    case 'host-key':
      return 'add it to known_hosts, or run it in a terminal';
  }
};

/** What is wanted, as a sentence names it: "the password of ops". */
export const wanted = (need: Need): string => {
  switch (need.kind) {
    case 'passphrase':
      return `the passphrase of ${need.path}`;
    case 'password':
      return `the password of ${need.account.user}`;
    case 'codes':
      return `a one-time code of ${need.account.user}`;
    case 'become':
      return need.method === 'su' ? `the password of ${need.user} for su` : `the ${need.method} password of ${need.account.user}`;
    case 'host-key':
      return 'a yes to an unknown host key';
  }
};

/** Who turned a value down, and whether another host had taken the same. `untold`: nobody ever said whether it is right. */
export type Refusal = { readonly host: string; readonly elsewhere: 'accepted' | 'not-accepted' | 'untold' };

/** What became of the value before, as a sentence tells it. */
export const whatBecame = (need: Need, { host, elsewhere }: Refusal): string => {
  if (need.kind === 'passphrase') return 'the last one does not open it';
  return elsewhere === 'untold' ? `${host} was the last to hang up without a word on it` : `${host} turned the last one down`;
};

/** What people are asked, for all hosts that wait for the same answer. Never journalled. */
export type Question = {
  readonly id: string;
  /** As the first of the hosts put it. */
  readonly need: Need;
  /** Inventory names. */
  readonly hosts: readonly string[];
  /** The value before was turned down. */
  readonly refused?: Refusal;
};

/** A question by which it is known again: one that was turned down since is another one. */
export const questionName = ({ id, refused }: Question): string => `${id} ${refused?.host ?? ''}`;

/** Something that a client knows and gives along, before it submits a run. */
export type Entrusted =
  /** `accounts`: of which it is ({@link Account.at}); absent: of every account of the realm that has none of its own. `realm`: where the inventory was read. */
  | { readonly for: 'password' | 'become'; readonly realm: string; readonly accounts?: readonly string[]; readonly value: string }
  | { readonly for: 'passphrase'; readonly path: string; readonly value: string };

/**
 * Something given that was turned down; whoever gave it tells the next driver, which does not send it again.
 * `what`: the question that it would have answered; `odd`: the account that alone turned it down, while others have taken it.
 */
export type TurnedDown = { readonly what: string; readonly by: Refusal; readonly odd?: string };

/** The host that a need is about. */
export const hostOf = (need: Need): string => (need.kind === 'passphrase' ? need.host : need.account.host);

/** Why a value is not sent again, where nobody can give another. */
export const refusedBefore = (need: Need, by: Refusal): Failure => ({
  tag: 'password-refused',
  host: hostOf(need),
  cause:
    by.elsewhere === 'untold'
      ? `${wanted(need)} was sent, and each time the connection ended before anybody said whether it is right`
      : by.host === hostOf(need)
        ? `${wanted(need)} was turned down`
        : `${wanted(need)} was turned down by ${by.host}, so it was not sent here`,
});
