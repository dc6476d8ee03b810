import { highestValueAt, lowestValueAt } from './count-index.js';
import type { MergedInterval } from './interval-report.js';
import { CumulativeHistogram } from './latency-histogram.js';
import type { GarbageCollection, RunRecord, ThreadHealth } from './run-record.js';

const SECOND_US = 1_000_000;

/** The garbage collector's pauses on all generator threads over the measured seconds. */
export class PauseTotals {
  readonly #pauses = new CumulativeHistogram();
  #pausedUs = 0;
  #threadUs = 0;

  add(interval: MergedInterval): void {
    for (const us of interval.gcPausesUs) {
      this.#pauses.recordValue(Math.round(us));
      this.#pausedUs += us;
    }
    this.#threadUs += interval.shards * interval.lengthSec * SECOND_US;
  }

  figures(latency: RunRecord['latency'], threads: readonly ThreadHealth[]): GarbageCollection {
    const response = latency['delivery.response'] ?? latency['publish.response'];
    return {
      pauses: this.#pauses.totalCount,
      longestUs: this.#pauses.totalCount === 0 ? 0 : this.#pauses.maxValue,
      share: share(this.#pausedUs, this.#threadUs),
      shareMax: threads.reduce((most, { gcShare }) => Math.max(most, gcShare), 0),
      beyondP99: response === undefined ? 0 : this.#beyond(response.p99),
      beyondP999: response === undefined ? 0 : this.#beyond(response.p999),
    };
  }

  /**
   * The share of answers that wait for the collector longer than this. One that arrives at a random moment of a
   * pause of d waits for what is left of it: longer than x in the pause's first d − x. So the share is
   * Σ max(0, d − x) over the threads' time.
   */
  #beyond(us: number): number {
    const { counts, maxValue } = this.#pauses;
    let beyondUs = 0;
    for (let index = 0; lowestValueAt(index) <= maxValue; index += 1) {
      const count = counts[index]!;
      if (count === 0) continue;
      const middleUs = (lowestValueAt(index) + highestValueAt(index)) / 2;
      if (middleUs > us) beyondUs += count * (middleUs - us);
    }
    return share(beyondUs, this.#threadUs);
  }
}

function share(us: number, ofUs: number): number {
  return ofUs === 0 ? 0 : Number((us / ofUs).toPrecision(3));
}
