import type { Counters } from './counters.js';
import type { EncodedHistograms, HistogramSet } from './histogram-set.js';

/** What one shard ships each second. */
export interface IntervalReport {
  /** Index of the shard over the whole fleet. */
  readonly shard: number;
  /** Whole seconds since the run's epoch: the report covers [second, second + 1). */
  readonly second: number;
  /** In the order of `COUNTERS`. */
  readonly counters: Counters;
  readonly histograms: EncodedHistograms;
  /** Count by reason. */
  readonly errors: Readonly<Record<string, number>>;
  /** Publishes that are due and not sent, at the interval's end. */
  readonly backlog: number;
  /** Share of the interval the shard's event loop was busy, 0…1. */
  readonly loopUtilisation: number;
  readonly loopDelayMaxUs: number;
  /** Sum of the garbage collector's pauses within the interval. */
  readonly gcPauseUs: number;
  /** CPU time, user and system. */
  readonly cpuUs: number;
}

/** One second of the whole run: the reports of all shards merged. */
export interface MergedInterval {
  readonly second: number;
  readonly phase: string;
  /** Whether this second lies wholly inside a phase that is measured. */
  readonly measured: boolean;
  /** 1, less for the run's last second. */
  readonly lengthSec: number;
  readonly counters: Counters;
  readonly histograms: HistogramSet;
  readonly errors: Readonly<Record<string, number>>;
  readonly backlog: number;
  /** The highest of all shards, 0…1. */
  readonly loopUtilisation: number;
  readonly loopDelayMaxUs: number;
  /** The highest of all shards. */
  readonly gcPauseUs: number;
  /** All shards together, 100 is one core. */
  readonly generatorCpuPercent: number;
  /** Shards alive in this second / those of them that sent a report for it. */
  readonly shards: number;
  readonly reports: number;
}
