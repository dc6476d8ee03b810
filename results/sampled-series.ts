/** A series over the run's seconds, thinned so that it never outgrows its bound. */
export interface SampledSeries {
  readonly startSecond: number;
  /** Every point covers this many seconds. */
  readonly stepSec: number;
  /** Means over a point's seconds; null where nothing could be read. */
  readonly values: readonly (number | null)[];
}

/**
 * Takes one value a second and keeps at most `maximumPoints` means: when they are full, neighbours are
 * joined and every point covers twice as long. Memory and file stay bounded however long the run.
 */
export class SeriesSampler {
  readonly #maximumPoints: number;
  readonly #decimals: number;
  #startSecond = 0;
  #stepSec = 1;
  #sums: number[] = [];
  #counts: number[] = [];

  constructor(maximumPoints: number, decimals: number) {
    this.#maximumPoints = maximumPoints;
    this.#decimals = decimals;
  }

  /** Seconds must not go back. Seconds that are left out become null. */
  add(second: number, value: number | null): void {
    if (this.#sums.length === 0) this.#startSecond = second;
    let at = this.#place(second);
    while (at >= this.#maximumPoints) {
      this.#join();
      at = this.#place(second);
    }
    while (this.#sums.length <= at) {
      this.#sums.push(0);
      this.#counts.push(0);
    }
    if (value === null) return;
    this.#sums[at]! += value;
    this.#counts[at]! += 1;
  }

  series(): SampledSeries {
    const scale = 10 ** this.#decimals;
    return {
      startSecond: this.#startSecond,
      stepSec: this.#stepSec,
      values: this.#sums.map((sum, at) => {
        const count = this.#counts[at]!;
        return count === 0 ? null : Math.round((sum / count) * scale) / scale;
      }),
    };
  }

  #place(second: number): number {
    return Math.floor((second - this.#startSecond) / this.#stepSec);
  }

  #join(): void {
    const pairs = Math.ceil(this.#sums.length / 2);
    this.#sums = Array.from(
      { length: pairs },
      (_, at) => this.#sums[2 * at]! + (this.#sums[2 * at + 1] ?? 0),
    );
    this.#counts = Array.from(
      { length: pairs },
      (_, at) => this.#counts[2 * at]! + (this.#counts[2 * at + 1] ?? 0),
    );
    this.#stepSec *= 2;
  }
}
