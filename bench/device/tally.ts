import {
  COUNTERS,
  type CounterName,
  type EncodedHistograms,
  HistogramSet,
  isGauge,
  noOccupancy,
  type Occupancy,
} from '../../results/measure.js';

/** Where each counter stands in a row of counters. */
export const COUNTER = Object.fromEntries(COUNTERS.map((name, index) => [name, index])) as Record<
  CounterName,
  number
>;

/** What the devices of one thread count and time in one interval. */
export class Tally {
  readonly counters = new Float64Array(COUNTERS.length);
  /** The run's epoch on the shared clock; moments count from it, so that their sums stay exact. */
  epochUs = 0;
  #occupancy = noOccupancy();
  readonly #histograms = new HistogramSet();
  readonly #errors = new Map<string, number>();

  count(counter: number, by = 1): void {
    this.counters[counter]! += by;
  }

  /** @param series index in SERIES: path × 3 + clock */
  record(series: number, valueUs: number): void {
    this.#histograms.record(series, valueUs);
  }

  /**
   * Something on this path (CONNECT … DELIVERY) began to be waited for at this moment, `times` over. Every
   * `entered` is followed by one `left` if its answer comes.
   */
  entered(path: number, atUs: number, times = 1): void {
    this.#occupancy.change[path]! += times;
    this.#occupancy.momentsUs[path]! -= times * (atUs - this.epochUs);
  }

  /** Its answer is there. What failed leaves at the moment it entered, and so was never there. */
  left(path: number, atUs: number): void {
    this.#occupancy.change[path]! -= 1;
    this.#occupancy.momentsUs[path]! += atUs - this.epochUs;
  }

  error(reason: string, times = 1): void {
    this.#errors.set(reason, (this.#errors.get(reason) ?? 0) + times);
  }

  /** What was counted and timed since the last call; the level of a gauge goes on from where it stands. */
  take(): {
    counters: Float64Array;
    histograms: EncodedHistograms;
    errors: Record<string, number>;
    occupancy: Occupancy;
  } {
    const counters = this.counters.slice();
    for (let index = 0; index < counters.length; index++) {
      if (!isGauge(index)) this.counters[index] = 0;
    }
    const histograms = this.#histograms.encode();
    this.#histograms.reset();
    const errors = Object.fromEntries(this.#errors);
    this.#errors.clear();
    const occupancy = this.#occupancy;
    this.#occupancy = noOccupancy();
    return { counters, histograms, errors, occupancy };
  }
}
