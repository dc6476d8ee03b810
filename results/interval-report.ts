import type { Counters } from './counters.js';
import type { EncodedHistograms, HistogramSet } from './histogram-set.js';
import type { SecondPlace } from './phases.js';

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
export interface MergedInterval extends SecondPlace {
  readonly second: number;
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
  /** All shards together; 100 is one core. */
  readonly generatorCpuPercent: number;
  /** Shards that were alive in this second, and reports that came for it. */
  readonly shards: number;
  readonly reports: number;
}

/** What a probed target process did in one second. */
export interface ProbePoint {
  readonly node: string;
  /** Of one core: a process with two busy threads has 200. null when the process could not be read. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  /** Of one core, the busiest single thread: 100 is a saturated event loop. */
  readonly busiestThreadPercent: number | null;
}
