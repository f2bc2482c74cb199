// The only place that keeps what people have given: in this process's memory, until it is wiped, and nowhere else.
// A value is tried by one taker first, and what was refused is sent nowhere else. It knows neither wires nor screens.
import {
  type Account,
  type Entrusted,
  hostOf,
  type Need,
  nobodyToAsk,
  type Question,
  type Refusal,
  refusedBefore,
  type Secrets,
  type Taken,
  type TurnedDown,
  wanted,
} from '../domain/need.ts';
import type { Answering, MayTry } from '../engine/ports.ts';
import { Purse } from './purse.ts';

export type KeeperParts = {
  /** What an account belongs to: one answer is for all accounts of one user in it. */
  readonly realmOf: (account: Account) => string;
  /** Whether a question asked now will be seen by somebody. */
  readonly canAsk: () => boolean;
};

/** `turnedDown`: where, by the name of the purse; it is put into none of those. */
type Given = { readonly bytes: Buffer; readonly turnedDown: ReadonlyMap<string, Refusal> };

export class Keeper implements Secrets, Answering {
  readonly #parts: KeeperParts;
  readonly #purses = new Map<string, Purse>();
  /** Accounts that have a purse of their own instead of their realm's. */
  readonly #own = new Map<string, string>();
  /** What came with runs, by the name of the purse that it is for, or of all in a realm (`-k`, `-K`). */
  readonly #given = new Map<string, Given>();
  readonly #listeners = new Set<() => void>();
  #tellTurnedDown: (turnedDown: TurnedDown) => void = () => {};

  constructor(parts: KeeperParts) {
    this.#parts = parts;
  }

  take(need: Need): Taken {
    const what = this.#nameOf(need);
    const purse = this.#purse(what, need);
    const loan = purse.take(need);
    if (loan !== undefined) {
      const settle: Extract<Taken, { kind: 'have' }>['settle'] = outcome => {
        const fate = loan.settle(outcome);
        if (fate === 'odd-one') this.#setApart(what, need);
        else if (fate === 'given-up' && purse.refused !== undefined) this.#tellTurnedDown({ what, by: purse.refused });
        this.changed();
      };
      return { kind: 'have', values: loan.values, settle };
    }
    const mayCome = purse.state === 'trying' || purse.state === 'held' || (purse.state === 'empty' && this.#parts.canAsk());
    if (mayCome) {
      return { kind: 'not-now', failure: { tag: 'waits-for-answer', host: hostOf(need), cause: wanted(need), facts: { waitsFor: what } } };
    }
    const failure = purse.refused === undefined ? nobodyToAsk(need) : refusedBefore(need, purse.refused);
    if (purse.state !== 'declined') return { kind: 'not-now', failure };
    const cause = `somebody said no to it, a retry asks again: ${failure.cause}`;
    return { kind: 'not-now', failure: { ...failure, cause, facts: { ...failure.facts, declined: 'yes' } } };
  }

  mayTry(what: string): MayTry {
    const purse = this.#purses.get(what);
    if (purse?.state === 'accepted') return 'all';
    if (purse?.state === 'new') return purse.out === 0 ? 'one' : 'nobody';
    // Where nobody can answer any more, each is told so.
    return purse?.state === 'trying' || purse?.state === 'held' || (purse?.state === 'empty' && this.#parts.canAsk()) ? 'nobody' : 'all';
  }

  setOut(what: string): () => void {
    const purse = this.#purses.get(what);
    if (purse === undefined) return () => {};
    purse.out += 1;
    return () => {
      purse.out -= 1;
    };
  }

  onAnswer(listener: () => void): void {
    this.#listeners.add(listener);
  }

  onTurnedDown(listener: (turnedDown: TurnedDown) => void): void {
    this.#tellTurnedDown = listener;
  }

  /**
   * Takes what comes with a run: for named accounts, for a key file, or for whoever of the realm has nothing of his own.
   * @param before what of it was turned down with an earlier driver
   */
  entrust(entrusted: readonly Entrusted[], before: readonly TurnedDown[] = []): void {
    const turnedDown = new Map(before.map(({ what, by }) => [what, by]));
    const given = (value: string): Given => ({ bytes: Buffer.from(value), turnedDown });
    for (const one of entrusted) {
      if (one.for === 'passphrase') this.#give(`passphrase ${one.path}`, given(one.value));
      else if (one.accounts === undefined) this.#give(`${one.for} ${one.realm}`, given(one.value));
      else {
        for (const at of one.accounts)
          this.#own.set(`${one.for} ${at}`, this.#ownName(`${one.for} ${one.realm} ${userOf(at)}`, given(one.value)));
      }
    }
    for (const { what, odd } of before) if (odd !== undefined) this.#own.set(odd, what);
    this.changed();
  }

  /** @returns how many of the questions were still open */
  answer(questions: readonly string[], values: readonly string[] | undefined): number {
    const open = questions.flatMap(what => this.#purses.get(what) ?? []).filter(purse => purse.state === 'empty');
    for (const purse of open) {
      if (values === undefined) purse.decline();
      else purse.fill(values.map(value => Buffer.from(value)));
    }
    this.changed();
    return open.length;
  }

  /** What people are to be asked, of those things that hosts wait for. Of one user's codes one is asked for at a time. */
  questions(waiting: ReadonlyMap<string, ReadonlySet<string>>): readonly Question[] {
    this.#release(waiting);
    const atCodes = new Set<string>();
    for (const { need, state } of this.#purses.values()) {
      if (need.kind === 'codes' && (state === 'new' || state === 'trying')) atCodes.add(need.account.user);
    }
    const open: Question[] = [];
    for (const [what, hosts] of waiting) {
      const purse = this.#purses.get(what);
      if (purse?.state !== 'empty') continue;
      const { need, refused } = purse;
      if (need.kind === 'codes') {
        if (atCodes.has(need.account.user)) continue;
        atCodes.add(need.account.user);
      }
      open.push({ id: what, need, hosts: [...hosts], ...(refused !== undefined && { refused }) });
    }
    return open;
  }

  /** A host that has a value to itself gives it back when it waits no more for what it was asked for besides. */
  #release(waiting: ReadonlyMap<string, unknown>): void {
    const held = [...this.#purses.values()].filter(({ holder }) => {
      const codes = `codes ${holder}`;
      const state = this.#purses.get(codes)?.state;
      return holder !== undefined && !waiting.has(codes) && state !== 'new' && state !== 'trying';
    });
    for (const purse of held) purse.release();
    if (held.length > 0) this.changed();
  }

  /** Somebody wants something new: what was declined before may be asked once more. */
  reconsider(): void {
    for (const purse of this.#purses.values()) purse.reconsider();
    this.changed();
  }

  /** Whoever waits is looked at again: an answer came, or who can answer has changed. */
  changed(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Nobody needs any of it any more. */
  wipe(): void {
    for (const purse of this.#purses.values()) purse.wipe();
    for (const { bytes } of this.#given.values()) bytes.fill(0);
    this.#purses.clear();
    this.#own.clear();
    this.#given.clear();
  }

  /** Others have taken the same value: this account has another one, and it is asked for that alone. */
  #setApart(what: string, need: Need): void {
    if (need.kind !== 'password' && need.kind !== 'become') return;
    const own = `${what} at ${need.account.at}`;
    const odd = `${need.kind} ${need.account.at}`;
    const by: Refusal = { host: need.account.host, elsewhere: 'accepted' };
    this.#own.set(odd, own);
    this.#purse(own, need).refused = by;
    this.#tellTurnedDown({ what: own, by, odd });
  }

  #purse(what: string, need: Need): Purse {
    const known = this.#purses.get(what);
    if (known !== undefined) return known;
    const purse = new Purse(need);
    this.#purses.set(what, purse);
    const given = this.#given.get(what) ?? (what === this.#sharedName(need) ? this.#given.get(this.#nameOfAll(need)) : undefined);
    if (given !== undefined) putInto(purse, what, given);
    return purse;
  }

  #give(name: string, given: Given): void {
    this.#given.get(name)?.bytes.fill(0);
    this.#given.set(name, given);
    for (const [what, purse] of this.#purses) {
      if (what === name || (what === this.#sharedName(purse.need) && this.#nameOfAll(purse.need) === name)) putInto(purse, what, given);
    }
  }

  /** The same value of several accounts of one user is one secret, so that it is turned down once. */
  #ownName(prefix: string, giving: Given): string {
    for (let i = 1; ; i += 1) {
      const name = `${prefix} own ${i}`;
      const given = this.#given.get(name);
      const isSame = given?.bytes.equals(giving.bytes) === true;
      if (isSame && this.#purses.get(name)?.state !== 'empty') return name;
      if (given !== undefined && !isSame) continue;
      this.#give(name, giving);
      return name;
    }
  }

  #nameOf(need: Need): string {
    const own = need.kind === 'password' || need.kind === 'become' ? this.#own.get(`${need.kind} ${need.account.at}`) : undefined;
    return own ?? this.#sharedName(need);
  }

  #sharedName(need: Need): string {
    switch (need.kind) {
      case 'passphrase':
        return `passphrase ${need.path}`;
      case 'password':
        return `${this.#nameOfAll(need)} ${need.account.user}`;
      case 'become':
        return `${this.#nameOfAll(need)} ${need.method === 'su' ? `su ${need.user}` : need.account.user}`;
      case 'codes':
        return `codes ${need.account.at}`;
      case 'host-key':
        return `host-key ${need.account.at} ${need.fingerprint}`;
    }
  }

  /** What is given for every account of a realm goes by this name. */
  #nameOfAll(need: Need): string {
    return need.kind === 'passphrase' ? '' : `${need.kind} ${this.#parts.realmOf(need.account)}`;
  }
}

const putInto = (purse: Purse, what: string, { bytes, turnedDown }: Given): void => {
  const by = turnedDown.get(what);
  if (by === undefined) purse.fill([Buffer.from(bytes)]);
  else purse.refused ??= by;
};

const userOf = (at: string): string => at.slice(0, at.lastIndexOf('@'));
