// The only place that knows what a host is owed: looks, acts, starts, surveys, its line and what a person has to say first.

import type { Jid } from '../domain/job.ts';
import type { Result } from '../domain/result.ts';
import type { Act } from './desk.ts';
import type { HostRef, Line, Survey as Surveyed } from './ports.ts';
import type { Slot } from './slots.ts';
import type { Start } from './start-queue.ts';

/** Somebody wants to know what jobs a host knows. */
export type Survey = { readonly accounts: 'own' | 'all'; readonly done: (found: Result<Surveyed>) => void };

export type Place = {
  readonly ref: HostRef;
  readonly looks: Set<Jid>;
  readonly acts: Act[];
  readonly starts: Start[];
  readonly surveys: Survey[];
  line: Line | undefined;
  slot: Slot | undefined;
  busy: 'yes' | 'no';
  heard: 'never' | 'yes' | 'not-last-time';
  /** The answer without which no line is to be had, and since when, ms on the monotonic clock. */
  waits: { readonly for: string; readonly since: number } | undefined;
};

export class Places {
  readonly #places = new Map<string, Place>();
  /** Those that are owed something and wait for a person, by what they wait for. */
  readonly #waiting = new Map<string, Set<Place>>();

  of(ref: HostRef): Place {
    const key = keyOf(ref);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place: Place = {
      ref,
      looks: new Set(),
      acts: [],
      starts: [],
      surveys: [],
      line: undefined,
      slot: undefined,
      busy: 'no',
      heard: 'never',
      waits: undefined,
    };
    this.#places.set(key, place);
    return place;
  }

  all(): Iterable<Place> {
    return this.#places.values();
  }

  /** Puts a place aside until what it waits for may be tried. */
  putAside(place: Place, what: string): void {
    const mates = this.#waiting.get(what) ?? new Set();
    this.#waiting.set(what, mates.add(place));
  }

  /** Takes back those that may try now. */
  takeBack(mayTry: (what: string) => boolean): readonly Place[] {
    const back: Place[] = [];
    for (const [what, places] of this.#waiting) {
      if (!mayTry(what)) continue;
      this.#waiting.delete(what);
      back.push(...places);
    }
    return back;
  }

  /** Takes those out that wait for anything that is meant, and are meant themselves. */
  takeWaiting(isMeant: (what: string, place: Place) => boolean): readonly Place[] {
    const taken: Place[] = [];
    for (const [what, places] of this.#waiting) {
      for (const place of places) if (isMeant(what, place) && places.delete(place)) taken.push(place);
      if (places.size === 0) this.#waiting.delete(what);
    }
    return taken;
  }

  /** What any of them waits for. */
  awaited(): Iterable<string> {
    return this.#waiting.keys();
  }

  /** Who is owed something and waits, by what for. */
  *waiting(): Iterable<readonly [what: string, host: string]> {
    for (const [what, places] of this.#waiting) {
      for (const { ref, looks, acts, surveys } of places) if (looks.size + acts.length + surveys.length > 0) yield [what, ref.name];
    }
  }
}

/** A name at one address: an inventory edited between two runs must not make one use the other's line. */
export const keyOf = (ref: HostRef): string => {
  let key = keys.get(ref);
  if (key === undefined) {
    key = `${ref.name} ${JSON.stringify(ref.address)}`;
    keys.set(ref, key);
  }
  return key;
};

const keys = new WeakMap<HostRef, string>();
