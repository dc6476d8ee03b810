import { COUNTERS, type CounterName, HistogramSet } from '../../results/mod.js';

/** Where each counter stands in a row of counters. */
export const COUNTER = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<
  CounterName,
  number
>;

/** What the devices of one thread count and time in one interval. */
export class Tally {
  counters = new Float64Array(COUNTERS.length);
  histograms = new HistogramSet();
  errors = new Map<string, number>();

  count(counter: number, by = 1): void {
    this.counters[counter]! += by;
  }

  /** @param series index in SERIES: path × 3 + clock */
  record(series: number, valueUs: number): void {
    this.histograms.record(series, valueUs);
  }

  error(reason: string): void {
    this.errors.set(reason, (this.errors.get(reason) ?? 0) + 1);
  }
}
