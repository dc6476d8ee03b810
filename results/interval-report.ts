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
  /** Each pause of the garbage collector within the interval, µs. */
  readonly gcPausesUs: readonly number[];
  /** Of all sends: from when a message was due, and its device had room, to its send. */
  readonly ownLagUs: number;
  readonly occupancy: Occupancy;
  /** CPU time, user and system. */
  readonly cpuUs: number;
}

/**
 * How many connects, subscribes, publishes and deliveries (in the order of `PATHS`) are between intended and
 * answered, in two sums: those that entered less those that left, and the moments at which they left less those
 * at which they entered (µs since the run's epoch). The time integral of the number follows from these.
 */
export interface Occupancy {
  readonly change: Float64Array;
  readonly momentsUs: Float64Array;
}

/** What one generator thread did in one second. */
export interface ThreadReading {
  readonly shard: number;
  readonly loopUtilisation: number;
  readonly loopDelayMaxUs: number;
  /** Sum of the garbage collector's pauses. */
  readonly gcPauseUs: number;
  readonly scheduled: number;
  readonly sent: number;
  readonly ownLagUs: number;
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
  /** Of all shards, the shortest first. */
  readonly gcPausesUs: readonly number[];
  readonly threads: readonly ThreadReading[];
  readonly occupancy: Occupancy;
  /** All shards together; 100 is one core. */
  readonly generatorCpuPercent: number;
  /** Shards that were alive in this second, and reports that came for it. */
  readonly shards: number;
  readonly reports: number;
}

/** One figure that a probe read. */
export interface ProbeValue {
  /** What of the node it is of, such as `core0`, a thread or a node of a cluster; empty: all of it. */
  readonly part: string;
  readonly metric: string;
  readonly value: number;
  /** What a rate is the mean over; 0 for a level. */
  readonly overSec: number;
}

/** What a probe saw in one second. */
export interface ProbePoint {
  readonly node: string;
  /** When it was read: µs since the run's epoch. */
  readonly readAtUs: number;
  /** Of one core: a process with two busy threads has 200. null when it could not be read, or does not say. */
  readonly cpuPercent: number | null;
  readonly rssBytes: number | null;
  /** Of one core, the busiest single thread (of a machine: core): 100 is a saturated event loop. */
  readonly busiestThreadPercent: number | null;
  /** All that it read, the figures above among it. */
  readonly values: readonly ProbeValue[];
  /** Why nothing could be read; null if it could, even if there was nothing new. */
  readonly gap: string | null;
}
