// The only place that decides when a fault strikes: the n-th time that its phase is reached, or by chance in a stormy world.
// It counts what was really met, and nothing strikes any more once it is calm.
import { type Cell, connectFaults, type Hits, nameOf, wireFaults } from './cells.ts';

/** A fault that waits for its moment; `dice` (0 to 1) settles whatever else there is to settle. */
export type Planned = { readonly cell: Cell; readonly nth: number; readonly dice: number };

export type Struck = { readonly fault: string; readonly dice: number };

/** Never by chance: a host that is never tried again would make stormy worlds dull. */
const deliberate = new Set(['host key changed', 'login refused', 'connection refused']);

export class Fate {
  readonly hits: Hits = new Map();
  calm = false;
  readonly #waiting: Planned[];
  readonly #reached = new Map<string, number>();
  readonly #storm: number;
  readonly #random: () => number;

  /** `storm`: chance of each request and each connection to fail somehow. */
  constructor(planned: readonly Planned[], storm: number, random: () => number) {
    this.#waiting = [...planned];
    this.#storm = storm;
    this.#random = random;
  }

  /** Told each time that something comes to a phase in which some faults can strike. */
  reach(faults: readonly string[], phase: string): Struck | undefined {
    const key = `${faults[0]} ${phase}`;
    const nth = (this.#reached.get(key) ?? 0) + 1;
    this.#reached.set(key, nth);
    if (this.calm) return undefined;
    const at = this.#waiting.findIndex(({ cell, nth: due }) => cell.phase === phase && due <= nth && faults.includes(cell.fault));
    if (at >= 0) {
      const [{ cell, dice }] = this.#waiting.splice(at, 1) as [Planned];
      this.hit(cell);
      return { fault: cell.fault, dice };
    }
    if (faults !== wireFaults && faults !== connectFaults) return undefined;
    if (this.#random() >= this.#storm) return undefined;
    const chosen = faults.filter(fault => !deliberate.has(fault));
    const fault = chosen[Math.floor(this.#random() * chosen.length)] as string;
    this.hit({ fault, phase });
    return { fault, dice: this.#random() };
  }

  hit(cell: Cell): void {
    const name = nameOf(cell);
    this.hits.set(name, (this.hits.get(name) ?? 0) + 1);
  }
}
