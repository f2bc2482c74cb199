// The only place that knows who did not answer several times in a row: it is tried by one connect at growing intervals,
// and whoever wants it waits for that one. It knows neither connections nor what a try is for.
import type { Failure, FailureTag } from '../domain/failure.ts';
import { backOff } from './cadence.ts';
import type { Clock, MayTry, Random } from './ports.ts';

/** A host or jump host that is tried at growing intervals only. */
export type Away = {
  readonly kind: 'host' | 'jump host';
  /** Of the inventory, or as ssh_config has it. */
  readonly name: string;
  /** Of a jump host: the gate of those behind it. */
  readonly gate?: string;
  readonly failure: Failure;
  readonly tries: number;
  /** On the clock that nobody can set, ms. */
  readonly nextAt: number;
};

/** Somebody who is tried at growing intervals only. */
type Broken<K> = {
  readonly key: K;
  readonly failure: Failure;
  readonly tries: number;
  /** On the clock that nobody can set, ms; in the past when it is tried as soon as somebody wants it. */
  readonly nextAt: number;
};

type Entry = { failure: Failure; tries: number; nextAt: number; isTried: boolean };

/** Failures in a row before the next try has to wait for its time. */
const patience = 3;

/** What says that nobody is there, or that he has too much to do. Refusals of another kind are not mended by waiting. */
const silence: ReadonlySet<FailureTag> = new Set([
  'refused',
  'unroutable',
  'address-unknown',
  'connect-timeout',
  'dropped-in-handshake',
  'handshake-timeout',
  'not-ssh',
]);

export class Breaker<K> {
  readonly #entries = new Map<K, Entry>();
  readonly #clock: Clock;
  readonly #random: Random;

  constructor(clock: Clock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** `nobody` while it is being tried or its time has not come; `one` when it has; `all` for who is not away. */
  mayTry(key: K): MayTry {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.tries < patience) return 'all';
    return entry.isTried || entry.nextAt > this.#clock.now() ? 'nobody' : 'one';
  }

  /** Anybody did not answer last time. */
  get hasSilent(): boolean {
    return this.#entries.size > 0;
  }

  /** It did not answer last time. */
  isSilent(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Milliseconds until it may be tried; undefined when nobody need wait for that. */
  delay(key: K): number | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.isTried || entry.tries < patience) return undefined;
    return Math.max(0, entry.nextAt - this.#clock.now());
  }

  /** It is being tried now. */
  setOut(key: K): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.isTried = true;
  }

  /** Nobody came as far as to it. */
  leftOff(key: K): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.isTried = false;
  }

  /** It did not answer; whoever refuses for another reason is there. */
  failed(key: K, failure: Failure): void {
    this.leftOff(key);
    if (!silence.has(failure.tag)) return;
    const tries = (this.#entries.get(key)?.tries ?? 0) + 1;
    const wait = tries < patience ? 0 : backOff(tries - patience + 1, this.#random);
    this.#entries.set(key, { failure, tries, nextAt: this.#clock.now() + wait, isTried: false });
  }

  /** It answered. Returns whether it had been away. */
  answered(key: K): boolean {
    const tries = this.#entries.get(key)?.tries ?? 0;
    this.#entries.delete(key);
    return tries >= patience;
  }

  /** A person wants to know now. */
  urge(key: K): void {
    const entry = this.#entries.get(key);
    if (entry !== undefined) entry.nextAt = Math.min(entry.nextAt, this.#clock.now());
  }

  away(): readonly Broken<K>[] {
    return [...this.#entries].flatMap(([key, { failure, tries, nextAt }]) => (tries < patience ? [] : [{ key, failure, tries, nextAt }]));
  }
}
