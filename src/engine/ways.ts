// The only place that knows which ways to hosts are shut for the moment: a jump host that somebody else is connecting to,
// a jump host or a host that is away, a gate that has had its starts for now. Whoever is behind them waits without a slot.
// What is waited for has a name; nothing else is known of it outside.
import type { Failure } from '../domain/failure.ts';
import { type Away, Breaker } from './breaker.ts';
import type { Gates } from './gates.ts';
import { keyOf } from './places.ts';
import { answerWaitedFor, type Clock, type Hops, type HostRef, hopsPassed, type MayTry, type Random } from './ports.ts';
import type { Hope, Slots } from './slots.ts';

/** What a try has shown of others than the host that was wanted. */
export type Shown = {
  /** The connection to a jump host could not be had: nobody behind it need try. */
  readonly failedHop?: string;
  /** Who was away and is not: of those behind it, all may be asked now. */
  readonly back: readonly { readonly hop?: string }[];
};

type Kind = 'hop' | 'host' | 'rate' | 'suspect';

export type WaysParts = {
  readonly slots: Slots;
  readonly gates: Gates;
  readonly hops: Hops | undefined;
  readonly clock: Clock;
  readonly random: Random;
};

export class Ways {
  readonly #parts: WaysParts;
  readonly #breaker: Breaker<string>;
  /** By jump host. */
  readonly #gates = new Map<string, string>();

  constructor(parts: WaysParts) {
    this.#parts = parts;
    this.#breaker = new Breaker(parts.clock, parts.random);
  }

  /** The shared connections to jump hosts that it is behind. */
  of(host: HostRef): readonly string[] {
    return this.#parts.hops?.of(host) ?? [];
  }

  /** What has to pass before a connection to the host can be tried. */
  hindrance(host: HostRef): string | undefined {
    const { hops, slots } = this.#parts;
    const isShut = (hop: string): boolean => slots.isAwaited(hop) || this.#breaker.mayTry(named('hop', hop)) === 'nobody';
    const shut = this.of(host).find(hop => hops?.stateOf(hop) !== 'open' && isShut(hop));
    if (shut !== undefined) return named('hop', shut);
    const own = named('host', keyOf(host));
    return this.#breaker.mayTry(own) === 'nobody' ? own : undefined;
  }

  /** What has to pass before a start can open one: besides, only so many a second go through a jump host, and so many to who may not answer. */
  startHindrance(host: HostRef): string | undefined {
    const found = this.hindrance(host);
    if (found !== undefined) return found;
    const others = [named('suspect', ''), named('rate', host.gate)];
    const applies = [this.isSuspect(host), this.#isBehind(host)];
    return others.find((what, at) => applies[at] === true && this.mayTry(what) === 'nobody');
  }

  /** Whoever did not answer last time, or a jump host before it. */
  isSuspect(host: HostRef): boolean {
    return this.#breaker.hasSilent && this.#keysOf(host).some(key => this.#breaker.isSilent(key));
  }

  /** `heard`: whether the host itself has answered, and what came of it last time. */
  hopeFor(host: HostRef, heard: 'never' | 'yes' | 'not-last-time'): Hope {
    if (this.isSuspect(host)) return 'suspect';
    return heard === 'yes' ? 'heard' : 'untried';
  }

  /** A start opens a connection. */
  spend(host: HostRef): void {
    if (this.#isBehind(host)) this.#parts.gates.spend(host.gate);
  }

  /** Undefined: it is nothing of ours. */
  mayTry(what: string): MayTry | undefined {
    const [kind, name] = read(what);
    if (kind === 'rate') return this.#parts.gates.rateDelay(name) > 0 ? 'nobody' : 'one';
    if (kind === 'suspect') return this.#parts.slots.mayTrySuspect() ? 'one' : 'nobody';
    if (kind === 'hop' && this.#parts.slots.isAwaited(name)) return 'nobody';
    return kind === undefined ? undefined : this.#breaker.mayTry(what);
  }

  /** Milliseconds until it passes by itself; undefined when something else has to happen. */
  delay(what: string): number | undefined {
    const [kind, name] = read(what);
    return kind === 'rate' ? this.#parts.gates.rateDelay(name) : this.#breaker.delay(what);
  }

  /** A connection to the host is being tried. */
  setOut(host: HostRef): void {
    for (const hop of this.of(host)) this.#gates.set(hop, host.gate);
    for (const key of this.#keysOf(host)) this.#breaker.setOut(key);
  }

  /** The try is over. */
  cameBack(host: HostRef, failure: Failure | undefined): Shown {
    const way = this.of(host);
    const keys = this.#keysOf(host);
    // Where nobody says how far it came, it came through every jump host.
    const passed = failure === undefined ? keys.length : Math.min(hopsPassed(failure) ?? way.length, way.length);
    const back = keys
      .slice(0, passed)
      .flatMap((key, at) => (this.#breaker.answered(key) ? [way[at] === undefined ? {} : { hop: way[at] }] : []));
    if (failure === undefined) return { back };
    for (const [at, key] of keys.entries()) {
      if (at === passed) this.#breaker.failed(key, failure);
      if (at > passed) this.#breaker.leftOff(key);
    }
    const failedHop = way[passed];
    return { back, ...(failedHop !== undefined && { failedHop }) };
  }

  /** A person wants to know of the host now. */
  urge(host: HostRef): void {
    if (this.#breaker.hasSilent) for (const key of this.#keysOf(host)) this.#breaker.urge(key);
  }

  away(): readonly Away[] {
    return this.#breaker.away().map(({ key, failure, tries, nextAt }) => {
      const [kind, of] = read(key);
      const gate = this.#gates.get(of);
      const rest = { failure, tries, nextAt };
      if (kind !== 'hop') return { kind: 'host', name: failure.host ?? '', ...rest };
      return { kind: 'jump host', name: String(failure.facts?.['hop'] ?? ''), ...(gate !== undefined && { gate }), ...rest };
    });
  }

  #isBehind(host: HostRef): boolean {
    return (host.hops ?? 0) > 0;
  }

  #keysOf(host: HostRef): readonly string[] {
    return [...this.of(host).map(hop => named('hop', hop)), named('host', keyOf(host))];
  }
}

/** Whether somebody has to answer first who is no machine. */
export const isForPerson = (what: string): boolean => read(what)[0] === undefined;

/** The failure as it is told to another who wanted the same way. */
export const asToldTo = (host: HostRef, failure: Failure): Failure =>
  answerWaitedFor(failure) === undefined ? { ...failure, host: host.name } : failure;

const named = (kind: Kind, name: string): string => `way:${kind} ${name}`;

const read = (what: string): readonly [kind: Kind | undefined, name: string] => {
  const found = /^way:(hop|host|rate|suspect) /.exec(what);
  return found === null ? [undefined, what] : [found[1] as Kind, what.slice(found[0].length)];
};
