import { Float64Histogram, Int32Histogram } from 'hdr-histogram-js';
import { countIndex, HIGHEST_US, LOWEST_US, SIGNIFICANT_DIGITS } from './count-index.js';
import { encodeLogLine } from './histogram-codec.js';

/**
 * The histogram of one interval on a load thread: 32-bit counts, 92 KiB. A histogram of the library in
 * every respect, with recording and encoding replaced (see `countIndex`, `encodeLogLine`). Values must be
 * whole, 0…HIGHEST_US: `HistogramSet` sees to that.
 */
export class IntervalHistogram extends Int32Histogram {
  readonly counts: Uint32Array;

  constructor() {
    super(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS);
    this.counts = this._counts as unknown as Uint32Array;
  }

  override recordValue(valueUs: number): void {
    this.counts[countIndex(valueUs)]! += 1;
    if (valueUs > this.maxValue) this.maxValue = valueUs;
    if (valueUs < this.minNonZeroValue && valueUs !== 0) this.minNonZeroValue = valueUs;
    this._totalCount += 1;
  }

  /** Called by the library's `HistogramLogWriter`. */
  encodeIntoCompressedBase64(): string {
    return encodeLogLine(this);
  }
}

/**
 * The histogram of a whole run or phase: counts in doubles, exact to 2⁵³, because one bucket of a day
 * at a million messages a second does not fit 32 bits.
 */
export class CumulativeHistogram extends Float64Histogram {
  readonly counts: Float64Array;

  constructor() {
    super(LOWEST_US, HIGHEST_US, SIGNIFICANT_DIGITS);
    this.counts = this._counts as unknown as Float64Array;
  }

  override recordValue(valueUs: number): void {
    this.counts[countIndex(valueUs)]! += 1;
    if (valueUs > this.maxValue) this.maxValue = valueUs;
    if (valueUs < this.minNonZeroValue && valueUs !== 0) this.minNonZeroValue = valueUs;
    this._totalCount += 1;
  }

  /** Called by the library's `HistogramLogWriter`. */
  encodeIntoCompressedBase64(): string {
    return encodeLogLine(this);
  }
}

export type LatencyHistogram = IntervalHistogram | CumulativeHistogram;

/** Adds every count of `from` to `into`; walks no further than the highest value. */
export function addHistogram(into: LatencyHistogram, from: LatencyHistogram): void {
  if (from.totalCount === 0) return;
  const end = countIndex(from.maxValue) + 1;
  const source = from.counts;
  const target = into.counts;
  for (let index = 0; index < end; index += 1) {
    const count = source[index]!;
    if (count !== 0) target[index]! += count;
  }
  if (from.maxValue > into.maxValue) into.maxValue = from.maxValue;
  if (from.minNonZeroValue < into.minNonZeroValue) into.minNonZeroValue = from.minNonZeroValue;
  into._totalCount += from._totalCount;
}

/** Makes a histogram empty again; walks no further than the highest value. */
export function resetHistogram(histogram: LatencyHistogram): void {
  if (histogram.totalCount === 0) return;
  histogram.counts.fill(0, 0, countIndex(histogram.maxValue) + 1);
  histogram.maxValue = 0;
  histogram.minNonZeroValue = Number.MAX_SAFE_INTEGER;
  histogram._totalCount = 0;
}
