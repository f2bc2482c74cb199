// The only place that keeps what people have given: in this process's memory, until it is wiped, and nowhere else.
// A value is tried by one taker first; a refused one is used by nobody any more. It knows neither wires nor screens.
import { type Account, type Need, nobodyToAsk, type Outcome, type Secrets, type Taken, wanted } from '../domain/need.ts';

export type KeeperParts = {
  /** What an account belongs to: one answer is for all accounts of one user in it. */
  readonly realmOf: (account: Account) => string;
  /** Whether a question asked now will be seen by somebody. */
  readonly canAsk: () => boolean;
};

/** What one answer is for. */
type Purse = {
  readonly need: Need;
  /** One for each prompt. */
  values: readonly Buffer[];
  state: 'empty' | 'new' | 'trying' | 'accepted' | 'declined';
  /** Who refused the value before, and whether another had taken it. */
  refused?: { readonly host: string; readonly accepted: 'nowhere' | 'elsewhere' };
};

export class Keeper implements Secrets {
  readonly #parts: KeeperParts;
  readonly #purses = new Map<string, Purse>();

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  take(need: Need): Taken {
    const key = this.#keyOf(need);
    const purse = this.#purses.get(key) ?? { need, values: [], state: 'empty' as const };
    this.#purses.set(key, purse);
    if (purse.state === 'new' || purse.state === 'accepted') return this.#hand(purse);
    if (purse.state === 'trying' || (purse.state === 'empty' && this.#parts.canAsk())) {
      return { kind: 'not-now', failure: { tag: 'waits-for-answer', host: hostOf(need), cause: wanted(need), facts: { waitsFor: key } } };
    }
    return { kind: 'not-now', failure: nobodyToAsk(need) };
  }

  #hand(purse: Purse): Taken {
    const { values, state } = purse;
    if (state === 'new') purse.state = 'trying';
    let settled = false;
    return {
      kind: 'have',
      values: values.map(value => value.toString('utf8')),
      settle: outcome => {
        if (settled) return;
        settled = true;
        if (purse.values === values) this.#settle(purse, outcome);
      },
    };
  }

  #settle(purse: Purse, outcome: Outcome): void {
    if (outcome === 'unknown') {
      if (purse.state === 'trying') purse.state = 'new';
      return;
    }
    if (outcome === 'accepted') {
      purse.state = 'accepted';
      return;
    }
    purse.refused = { host: hostOf(purse.need), accepted: purse.state === 'accepted' ? 'elsewhere' : 'nowhere' };
    for (const value of purse.values) value.fill(0);
    purse.values = [];
    purse.state = 'empty';
  }

  #keyOf(need: Need): string {
    switch (need.kind) {
      case 'passphrase':
        return `passphrase ${need.path}`;
      case 'password':
        return `password ${this.#parts.realmOf(need.account)} ${need.account.user}`;
      case 'codes':
        return `codes ${need.account.at}`;
      case 'become':
        return `become ${this.#parts.realmOf(need.account)} ${need.method === 'su' ? `su ${need.user}` : need.account.user}`;
      case 'host-key':
        return `host-key ${need.account.at} ${need.fingerprint}`;
    }
  }
}

const hostOf = (need: Need): string => (need.kind === 'passphrase' ? need.host : need.account.host);
