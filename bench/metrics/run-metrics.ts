import { addEvents, newCounters } from '../../results/mod.js';
import type { RunProgress } from '../fleet/coordinator.js';
import { BenchMetrics } from './bench-metrics.js';
import { expositionText } from './exposition-text.js';
import { OwnMetrics } from './own-metrics.js';

/** A run as Prometheus sees it: what its seconds, merged over all threads, sum up to. */
export class RunMetrics {
  readonly #totals = newCounters();
  readonly #bench = new BenchMetrics();
  readonly #own = new OwnMetrics();

  add({ interval, leftUs }: Pick<RunProgress, 'interval' | 'leftUs'>): void {
    addEvents(this.#totals, interval.counters);
    this.#bench.add(interval);
    this.#own.add(interval, leftUs);
  }

  text(): string {
    return expositionText([
      ...this.#bench.metrics(this.#totals),
      ...this.#own.metrics(this.#totals),
    ]);
  }
}
