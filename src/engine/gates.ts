// The only place that spares a gate (an address, or the jump host before it): handshakes at once, and new connections a second.
// A gate that drops handshakes gets fewer at once, and more again slowly. It knows no connection.
import type { Failure } from '../domain/failure.ts';
import type { Clock } from './ports.ts';

export type GateLimits = {
  /** Handshakes at once per gate. Below sshd's own MaxStartups, which drops from ten on. */
  readonly handshakes: number;
  /** Starts a second that open a connection through one jump host; 0 or absent for no limit. */
  readonly jumpRate?: number;
};

/** A gate that gets fewer handshakes at once than it might. */
export type Slowed = { readonly gate: string; readonly handshakes: number };

type Gate = {
  shaking: number;
  most: number;
  /** Handshakes that went well since the last change. */
  well: number;
  /** Whose handshake was dropped since the last change; one host alone says nothing of its gate. */
  dropped: string | undefined;
  credit: number;
  creditAt: number;
};

/** So many handshakes in a row must go well before one more is tried at once. */
const wellFor = 8;

export class Gates {
  readonly #limits: GateLimits;
  readonly #clock: Clock;
  readonly #gates = new Map<string, Gate>();

  constructor(limits: GateLimits, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  mayShake(gate: string): boolean {
    const known = this.#gates.get(gate);
    return known === undefined || known.shaking < known.most;
  }

  begin(gate: string): void {
    this.#of(gate).shaking += 1;
  }

  /** A handshake is over. */
  end(gate: string, host: string, failure: Failure | undefined): void {
    const known = this.#of(gate);
    known.shaking -= 1;
    if (failure?.tag === 'dropped-in-handshake') {
      known.well = 0;
      if (known.dropped === undefined) known.dropped = host;
      else if (known.dropped !== host) this.#slow(known);
    } else if (failure === undefined) this.#wentWell(known);
    if (known.shaking === 0 && known.most === this.#limits.handshakes && this.rateDelay(gate) === 0 && known.dropped === undefined)
      this.#gates.delete(gate);
  }

  /** Those that get fewer handshakes at once. */
  slowed(): readonly Slowed[] {
    return [...this.#gates].flatMap(([gate, { most }]) => (most < this.#limits.handshakes ? [{ gate, handshakes: most }] : []));
  }

  /** Milliseconds until one more start may open a connection through the gate; 0 when it may. */
  rateDelay(gate: string): number {
    const rate = this.#limits.jumpRate ?? 0;
    const known = this.#gates.get(gate);
    if (rate <= 0 || known === undefined) return 0;
    this.#earn(known, rate);
    return known.credit >= 1 ? 0 : Math.ceil(((1 - known.credit) / rate) * 1000);
  }

  /** A start opens a connection through the gate. */
  spend(gate: string): void {
    const rate = this.#limits.jumpRate ?? 0;
    if (rate <= 0) return;
    const known = this.#of(gate);
    this.#earn(known, rate);
    known.credit -= 1;
  }

  #earn(gate: Gate, rate: number): void {
    const now = this.#clock.now();
    gate.credit = Math.min(Math.max(1, rate), gate.credit + ((now - gate.creditAt) / 1000) * rate);
    gate.creditAt = now;
  }

  /** Handshakes that began together are dropped together: the next change waits for two more hosts. */
  #slow(gate: Gate): void {
    gate.most = Math.max(1, Math.floor(gate.most / 2));
    gate.dropped = undefined;
  }

  #wentWell(gate: Gate): void {
    gate.well += 1;
    if (gate.well < wellFor) return;
    gate.well = 0;
    gate.dropped = undefined;
    gate.most = Math.min(this.#limits.handshakes, gate.most + 1);
  }

  #of(name: string): Gate {
    const known = this.#gates.get(name);
    if (known !== undefined) return known;
    const { handshakes, jumpRate = 0 } = this.#limits;
    const gate: Gate = {
      shaking: 0,
      most: handshakes,
      well: 0,
      dropped: undefined,
      credit: Math.max(1, jumpRate),
      creditAt: this.#clock.now(),
    };
    this.#gates.set(name, gate);
    return gate;
  }
}
