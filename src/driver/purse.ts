// The only place that decides who may use a value: one taker tries it first, then all may; what was turned down is gone.
// Pure but for the bytes, which it overwrites when it lets go of them.
import { hostOf, type Need, type Outcome, type Refusal } from '../domain/need.ts';

type Value = {
  readonly bytes: readonly Buffer[];
  phase: 'new' | 'trying' | 'open';
  /** Some account has taken it. */
  accepted: 'yes' | 'no';
  /** The account that alone may send it, since it has done so and waits for something else that its host asks for before it judges. */
  holder?: string | undefined;
  /** How often the link broke before anybody said whether it is right. */
  untold: number;
};

/** A host that hangs up on a wrong password may have counted it all the same: so often an unproven one is sent before its giver is asked again. */
const mostUntold = 3;

/** `given-up`: nobody sends it any more, however often it was given; `odd-one`: others have taken what this account turned down. */
export type Fate = 'as-before' | 'given-up' | 'odd-one';

/** Values lent to one taker. */
export type Loan = { readonly values: readonly string[]; settle(outcome: Outcome): Fate };

/** What one answer is for. */
export class Purse {
  need: Need;
  refused: Refusal | undefined;
  /** Takers on their way who have not come to the taking yet. */
  out = 0;
  #current: Value | undefined;
  /** What each account has taken: it goes on with it, whatever others say. */
  readonly #proven = new Map<string, Value>();
  #declined = false;

  constructor(need: Need) {
    this.need = need;
  }

  get state(): 'empty' | 'new' | 'trying' | 'held' | 'accepted' | 'declined' {
    if (this.holder !== undefined) return 'held';
    if (this.#current !== undefined) return this.#current.phase === 'open' ? 'accepted' : this.#current.phase;
    return this.#declined ? 'declined' : 'empty';
  }

  /** Who alone may try. */
  get holder(): string | undefined {
    return this.#current?.phase === 'new' ? this.#current.holder : undefined;
  }

  /** Its holder does not come back. */
  release(): void {
    if (this.#current !== undefined) this.#current.holder = undefined;
  }

  /** Puts values in, to be tried by one. */
  fill(bytes: readonly Buffer[]): void {
    if (this.#current !== undefined && isSame(this.#current.bytes, bytes)) return;
    this.#drop();
    const known = [...this.#proven.values()].find(value => isSame(value.bytes, bytes));
    if (known !== undefined) known.phase = 'new';
    this.#current = known ?? { bytes, phase: 'new', accepted: 'no', untold: 0 };
    this.#declined = false;
  }

  decline(): void {
    this.#declined = true;
  }

  /** A no is for what waited then: whatever is asked for later is a question again. */
  reconsider(): void {
    this.#declined = false;
  }

  take(need: Need): Loan | undefined {
    const who = takerOf(need);
    if (need.kind === 'codes' && this.need.kind === 'codes' && !isSamePrompts(need, this.need)) this.#drop();
    this.need = need;
    const value = this.#proven.get(who) ?? (this.#current?.phase === 'trying' ? undefined : this.#current);
    if (value === undefined || (value === this.#current && this.holder !== undefined && this.holder !== who)) return undefined;
    if (value === this.#current && value.phase === 'new') value.phase = 'trying';
    const values = value.bytes.map(bytes => bytes.toString('utf8'));
    // A code is good for once.
    if (need.kind === 'codes') for (const bytes of value.bytes) bytes.fill(0);
    let isSettled = false;
    return {
      values,
      settle: outcome => {
        if (isSettled) return 'as-before';
        isSettled = true;
        return this.#settle(need, who, value, outcome);
      },
    };
  }

  wipe(): void {
    for (const value of [...this.#proven.values(), this.#current]) for (const bytes of value?.bytes ?? []) bytes.fill(0);
    this.#proven.clear();
    this.#current = undefined;
  }

  #settle(need: Need, who: string, value: Value, outcome: Outcome): Fate {
    if (need.kind === 'codes') {
      if (this.#current === value) this.#current = undefined;
      this.refused = outcome === 'refused' ? { host: hostOf(need), elsewhere: 'not-accepted' } : undefined;
      return 'as-before';
    }
    if (outcome === 'accepted') {
      value.phase = 'open';
      value.accepted = 'yes';
      this.#proven.set(who, value);
      if (this.#current === value) this.refused = undefined;
      return 'as-before';
    }
    if (outcome === 'unknown' || outcome === 'put-off') {
      if (value.phase === 'trying') value.phase = 'new';
      value.holder = outcome === 'put-off' && value.accepted === 'no' ? who : undefined;
      if (outcome === 'put-off') return 'as-before';
      value.untold += 1;
      if (value.accepted === 'yes' || value.untold < mostUntold || this.#current !== value) return 'as-before';
      this.#drop();
      this.refused = { host: hostOf(need), elsewhere: 'untold' };
      return 'given-up';
    }
    // An account that had taken it takes it no more: it was changed there, and so perhaps everywhere.
    const isChanged = this.#proven.get(who) === value;
    const isOdd = !isChanged && value.accepted === 'yes';
    const isLast = this.#current === value || this.#current === undefined;
    if (isLast) {
      this.#current = undefined;
      this.refused = { host: hostOf(need), elsewhere: value.accepted === 'yes' ? 'accepted' : 'not-accepted' };
    }
    if (isChanged) for (const [other, theirs] of this.#proven) if (theirs === value) this.#proven.delete(other);
    if (!isOdd) for (const bytes of value.bytes) bytes.fill(0);
    if (isOdd) return 'odd-one';
    return isLast ? 'given-up' : 'as-before';
  }

  #drop(): void {
    const value = this.#current;
    this.#current = undefined;
    if (value !== undefined && ![...this.#proven.values()].includes(value)) for (const bytes of value.bytes) bytes.fill(0);
  }
}

const takerOf = (need: Need): string => (need.kind === 'passphrase' ? need.path : need.account.at);

const isSame = (one: readonly Buffer[], other: readonly Buffer[]): boolean =>
  one.length === other.length && one.every((bytes, i) => bytes.equals(other[i] as Buffer));

type Codes = Extract<Need, { kind: 'codes' }>;

const isSamePrompts = (one: Codes, other: Codes): boolean => JSON.stringify(one.prompts) === JSON.stringify(other.prompts);
