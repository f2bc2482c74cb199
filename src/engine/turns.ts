// The only place that lets things happen one after another per key, so that each sees what the one before it left.

export class Turns<K> {
  readonly #last = new Map<K, Promise<void>>();

  /** Runs `work` after everything that was asked for under this key before. */
  take(key: K, work: () => Promise<void>): Promise<void> {
    const turn = (this.#last.get(key) ?? Promise.resolve()).then(work);
    this.#last.set(key, turn);
    return turn.finally(() => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    });
  }
}
