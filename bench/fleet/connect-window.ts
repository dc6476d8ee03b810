/**
 * How many of a shard's devices may be connecting at a time, and which of those that are due have to wait: in the order
 * in which they fell due. Their connects are timed from when they were due, so the wait is in the lag.
 */
export class ConnectWindow {
  readonly #most: number;
  #underWay = 0;
  /** Rows of two: a device and when it was due. */
  #waiting: number[] = [];
  #first = 0;

  /** @param most Infinity for no limit */
  constructor(most: number) {
    this.#most = most;
  }

  get isFull(): boolean {
    return this.#underWay >= this.#most;
  }

  get hasWaiting(): boolean {
    return this.#first < this.#waiting.length;
  }

  begin(): void {
    this.#underWay++;
  }

  end(): void {
    this.#underWay--;
  }

  wait(device: number, dueUs: number): void {
    this.#waiting.push(device, dueUs);
  }

  /** Takes the one that has waited longest. */
  take(): { device: number; dueUs: number } {
    const device = this.#waiting[this.#first]!;
    const dueUs = this.#waiting[this.#first + 1]!;
    this.#first += 2;
    if (this.#first === this.#waiting.length) {
      this.#waiting = [];
      this.#first = 0;
    }
    return { device, dueUs };
  }
}
