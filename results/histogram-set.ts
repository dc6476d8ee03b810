import { HIGHEST_US } from './count-index.js';
import { addV2, encodeV2 } from './histogram-codec.js';
import {
  addHistogram,
  CumulativeHistogram,
  IntervalHistogram,
  type LatencyHistogram,
  resetHistogram,
} from './latency-histogram.js';
import { SERIES } from './series.js';

/** What a `HistogramSet` becomes between threads and processes: can be cloned, its buffers transferred. */
export interface EncodedHistograms {
  /** By series index: HdrHistogram V2 bytes, null where nothing was recorded. */
  readonly series: readonly (Uint8Array | null)[];
  /** By series index: values below zero, which are in no histogram. */
  readonly negative: Float64Array;
  /** By series index: values above one hour, recorded as one hour. */
  readonly clipped: Float64Array;
}

/**
 * The twelve latency histograms of one shard and interval, or of many merged: 1 µs to 1 h, three digits.
 * `interval` sets count in 32 bits; `cumulative` ones never overflow. Merging is exact in any order.
 */
export class HistogramSet {
  readonly negative = new Float64Array(SERIES.length);
  readonly clipped = new Float64Array(SERIES.length);
  readonly #cumulative: boolean;
  readonly #histograms: (LatencyHistogram | undefined)[] = new Array(SERIES.length).fill(undefined);

  constructor(kind: 'interval' | 'cumulative' = 'interval') {
    this.#cumulative = kind === 'cumulative';
  }

  /**
   * Records one value in µs. Above 1 h it is recorded as 1 h and counted in `clipped`; below zero (or not
   * a number) it is counted in `negative` only: a clock that ran backwards must not look like a fast target.
   */
  record(series: number, valueUs: number): void {
    if (!(valueUs >= 0)) {
      this.negative[series]! += 1;
      return;
    }
    const histogram = this.#histograms[series] ?? this.#make(series);
    if (valueUs > HIGHEST_US) {
      this.clipped[series]! += 1;
      histogram.recordValue(HIGHEST_US);
      return;
    }
    histogram.recordValue(valueUs >>> 0);
  }

  /** The histogram of a series, undefined if it was never recorded into. */
  get(series: number): LatencyHistogram | undefined {
    return this.#histograms[series];
  }

  /** How many values a series holds. */
  count(series: number): number {
    return this.#histograms[series]?.totalCount ?? 0;
  }

  /** Adds another set; only the series before `endSeries` if that is given. */
  add(other: HistogramSet, endSeries: number = SERIES.length): void {
    for (let series = 0; series < endSeries; series += 1) {
      this.negative[series]! += other.negative[series]!;
      this.clipped[series]! += other.clipped[series]!;
      const from = other.#histograms[series];
      if (from === undefined || from.totalCount === 0) continue;
      addHistogram(this.#histograms[series] ?? this.#make(series), from);
    }
  }

  /** @throws ResultsError HISTOGRAM_MISMATCH when the bytes are not of our range and precision. */
  addEncoded(encoded: EncodedHistograms): void {
    for (let series = 0; series < SERIES.length; series += 1) {
      this.negative[series]! += encoded.negative[series] ?? 0;
      this.clipped[series]! += encoded.clipped[series] ?? 0;
      const bytes = encoded.series[series];
      if (bytes === null || bytes === undefined) continue;
      addV2(bytes, this.#histograms[series] ?? this.#make(series));
    }
  }

  /** Empties the set; what was allocated stays for the next interval. */
  reset(): void {
    this.negative.fill(0);
    this.clipped.fill(0);
    for (const histogram of this.#histograms) {
      if (histogram !== undefined) resetHistogram(histogram);
    }
  }

  encode(): EncodedHistograms {
    return {
      series: this.#histograms.map((histogram) =>
        histogram === undefined || histogram.totalCount === 0 ? null : encodeV2(histogram),
      ),
      negative: this.negative.slice(),
      clipped: this.clipped.slice(),
    };
  }

  /** @throws ResultsError HISTOGRAM_MISMATCH when the bytes are not of our range and precision. */
  static decode(
    encoded: EncodedHistograms,
    kind: 'interval' | 'cumulative' = 'interval',
  ): HistogramSet {
    const set = new HistogramSet(kind);
    set.addEncoded(encoded);
    return set;
  }

  #make(series: number): LatencyHistogram {
    const made = this.#cumulative ? new CumulativeHistogram() : new IntervalHistogram();
    this.#histograms[series] = made;
    return made;
  }
}

/** The buffers to hand over with `postMessage(report, transferList)`. */
export function transferables(encoded: EncodedHistograms): ArrayBuffer[] {
  const buffers: ArrayBuffer[] = [];
  for (const bytes of [...encoded.series, encoded.negative, encoded.clipped]) {
    if (bytes !== null && bytes.buffer instanceof ArrayBuffer) buffers.push(bytes.buffer);
  }
  return buffers;
}
