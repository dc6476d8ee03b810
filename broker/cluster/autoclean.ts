/** Members that are down, and since when: one that stays down is taken out of the cluster. */
export class Autoclean {
  readonly #afterMs: number;
  readonly #downSinceMs = new Map<string, number>();

  /** `afterMs`: Infinity for never. */
  constructor(afterMs: number) {
    this.#afterMs = afterMs;
  }

  /** Members that have been down for too long, as this node has seen it; `down` are those that are now. */
  overdue(down: readonly string[], nowMs: number): string[] {
    for (const name of this.#downSinceMs.keys()) {
      if (!down.includes(name)) this.#downSinceMs.delete(name);
    }
    return down.filter((name) => {
      const sinceMs = this.#downSinceMs.get(name) ?? nowMs;
      this.#downSinceMs.set(name, sinceMs);
      return nowMs - sinceMs >= this.#afterMs;
    });
  }
}
