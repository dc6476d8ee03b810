import { countIndex, highestValueAt, lowestValueAt } from './count-index.js';
import type { LatencyHistogram } from './latency-histogram.js';

/**
 * Latencies counted into a few fixed buckets, as Prometheus' histograms have them: histograms merged exactly
 * before are added to it. A value counts as at most a bound only if all of its fine bucket is (at three digits:
 * 0.1 % wide), so it never flatters.
 */
export class BucketCounts {
  /** Upper bounds, ascending. */
  readonly boundsUs: readonly number[];
  /** Values up to each bound and above the one before; the last of all above the highest bound. */
  readonly #counts: Float64Array;
  #total = 0;
  #sumUs = 0;

  constructor(boundsUs: readonly number[]) {
    this.boundsUs = boundsUs;
    this.#counts = new Float64Array(boundsUs.length + 1);
  }

  get total(): number {
    return this.#total;
  }

  /** To half a fine bucket, as the mean of a run record. */
  get sumUs(): number {
    return this.#sumUs;
  }

  add(histogram: LatencyHistogram | undefined): void {
    if (histogram === undefined || histogram.totalCount === 0) return;
    const { counts } = histogram;
    const end = countIndex(histogram.maxValue) + 1;
    let bucket = 0;
    for (let index = 0; index < end; index += 1) {
      const count = counts[index]!;
      if (count === 0) continue;
      const highestUs = highestValueAt(index);
      while (highestUs > (this.boundsUs[bucket] ?? Number.POSITIVE_INFINITY)) bucket += 1;
      this.#counts[bucket]! += count;
      this.#total += count;
      this.#sumUs += count * ((lowestValueAt(index) + highestUs) / 2);
    }
  }

  /** How many values were at most each bound, in the order of the bounds. */
  cumulative(): number[] {
    let passed = 0;
    return this.boundsUs.map((_, bucket) => {
      passed += this.#counts[bucket]!;
      return passed;
    });
  }
}
