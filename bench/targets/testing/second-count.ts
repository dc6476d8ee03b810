/** How often something happened in the second that lasts, by key. */
export class SecondCount {
  readonly #nowMs: () => number;
  readonly #counts = new Map<string, number>();
  #second = -1;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Counts one more and returns how many there are. */
  add(key: string): number {
    const second = Math.floor(this.#nowMs() / 1000);
    if (second !== this.#second) this.#counts.clear();
    this.#second = second;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return count;
  }
}
