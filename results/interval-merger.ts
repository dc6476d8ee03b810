import { addEvents, COUNTERS, type Counters, counter, isGauge, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import type {
  IntervalReport,
  MergedInterval,
  Occupancy,
  ThreadReading,
} from './interval-report.js';
import type { SecondPlace } from './phases.js';
import { PATHS } from './series.js';

interface OpenSecond {
  readonly counters: Counters;
  readonly histograms: HistogramSet;
  readonly errors: Map<string, number>;
  loopUtilisation: number;
  loopDelayMaxUs: number;
  readonly gcPausesUs: number[];
  readonly threads: ThreadReading[];
  readonly occupancy: Occupancy;
  cpuUs: number;
  reports: number;
}

interface ShardState {
  lastSecond: number;
  ended: boolean;
  /** Levels after each of its reports, by second; what is older than the open seconds is dropped. */
  readonly levels: { second: number; gauges: Float64Array; backlog: number }[];
}

export interface MergerOptions {
  /** How many shards will report: indices 0 … shards − 1. */
  readonly shards: number;
  /** Where a second belongs; asked when it closes, so the phases up to then are known. */
  readonly place: (second: number, lengthSec: number) => SecondPlace;
}

const SECOND_US = 1_000_000;

/**
 * Merges what the shards report, second by second. A second closes when every shard that is still alive has
 * reported it or a later one; in whatever order the shards' reports interleave, the outcome is the same.
 * A report for a second that is already closed (only a shard that goes back in time sends one) is counted
 * into the earliest open second: late, but nothing is lost.
 */
export class IntervalMerger {
  readonly #options: MergerOptions;
  readonly #shards: ShardState[];
  readonly #open = new Map<number, OpenSecond>();
  #next = 0;

  constructor(options: MergerOptions) {
    this.#options = options;
    this.#shards = Array.from({ length: options.shards }, () => ({
      lastSecond: -1,
      ended: false,
      levels: [],
    }));
  }

  /** @throws ResultsError HISTOGRAM_MISMATCH when the histograms are not of our range and precision. */
  add(report: IntervalReport): void {
    const shard = this.#shards[report.shard];
    if (shard === undefined) throw new RangeError(`no shard ${report.shard} in this fleet`);
    const second = Math.max(report.second, this.#next);
    const open = this.#openSecond(second);
    addEvents(open.counters, report.counters);
    open.histograms.addEncoded(report.histograms);
    for (const [reason, count] of Object.entries(report.errors)) {
      open.errors.set(reason, (open.errors.get(reason) ?? 0) + count);
    }
    open.loopUtilisation = Math.max(open.loopUtilisation, report.loopUtilisation);
    open.loopDelayMaxUs = Math.max(open.loopDelayMaxUs, report.loopDelayMaxUs);
    open.gcPausesUs.push(...report.gcPausesUs);
    open.threads.push({
      shard: report.shard,
      loopUtilisation: report.loopUtilisation,
      loopDelayMaxUs: report.loopDelayMaxUs,
      gcPauseUs: report.gcPausesUs.reduce((sum, us) => sum + us, 0),
      scheduled: counter(report.counters, 'publishesScheduled'),
      sent: counter(report.counters, 'publishesSent'),
      ownLagUs: report.ownLagUs,
    });
    for (let path = 0; path < PATHS.length; path += 1) {
      open.occupancy.change[path]! += report.occupancy.change[path]!;
      open.occupancy.momentsUs[path]! += report.occupancy.momentsUs[path]!;
    }
    open.cpuUs += report.cpuUs;
    open.reports += 1;
    shard.lastSecond = Math.max(shard.lastSecond, second);
    const gauges = Float64Array.from(COUNTERS, (_, index) =>
      isGauge(index) ? (report.counters[index] ?? 0) : 0,
    );
    let at = shard.levels.length;
    while (at > 0 && shard.levels[at - 1]!.second > second) at -= 1;
    shard.levels.splice(at, 0, { second, gauges, backlog: report.backlog });
  }

  /** A shard ended or died: seconds after its last report no longer wait for it, its levels fall to zero. */
  shardEnded(shard: number): void {
    const state = this.#shards[shard];
    if (state !== undefined) state.ended = true;
  }

  /** The seconds that closed since the last call, in order. */
  takeClosed(): MergedInterval[] {
    let closedBefore = Number.POSITIVE_INFINITY;
    for (const shard of this.#shards) {
      if (!shard.ended) closedBefore = Math.min(closedBefore, shard.lastSecond + 1);
    }
    if (closedBefore === Number.POSITIVE_INFINITY) closedBefore = this.#lastOpen() + 1;
    const closed: MergedInterval[] = [];
    while (this.#next < closedBefore) closed.push(this.#close(1));
    return closed;
  }

  /**
   * Closes everything that is left, whoever did not report. `endUs`, the run's end, sets the length of its
   * last second.
   */
  flush(endUs: number): MergedInterval[] {
    const closed: MergedInterval[] = [];
    const last = this.#lastOpen();
    while (this.#next <= last) {
      const restSec = (endUs - this.#next * SECOND_US) / SECOND_US;
      closed.push(this.#close(restSec > 0 && restSec < 1 ? restSec : 1));
    }
    return closed;
  }

  #lastOpen(): number {
    return Math.max(this.#next - 1, ...this.#open.keys());
  }

  #openSecond(second: number): OpenSecond {
    let open = this.#open.get(second);
    if (open === undefined) {
      open = {
        counters: newCounters(),
        histograms: new HistogramSet(),
        errors: new Map(),
        loopUtilisation: 0,
        loopDelayMaxUs: 0,
        gcPausesUs: [],
        threads: [],
        occupancy: noOccupancy(),
        cpuUs: 0,
        reports: 0,
      };
      this.#open.set(second, open);
    }
    return open;
  }

  #close(lengthSec: number): MergedInterval {
    const second = this.#next;
    const open = this.#openSecond(second);
    let backlog = 0;
    let alive = 0;
    for (const shard of this.#shards) {
      if (shard.ended && shard.lastSecond < second) continue;
      alive += 1;
      const { levels } = shard;
      while (levels.length > 1 && levels[1]!.second <= second) levels.shift();
      const level = levels[0];
      if (level === undefined || level.second > second) continue;
      backlog += level.backlog;
      for (let index = 0; index < COUNTERS.length; index += 1) {
        if (isGauge(index)) open.counters[index]! += level.gauges[index]!;
      }
    }
    this.#open.delete(second);
    this.#next = second + 1;
    return {
      second,
      ...this.#options.place(second, lengthSec),
      lengthSec,
      counters: open.counters,
      histograms: open.histograms,
      errors: sorted(open.errors),
      backlog,
      loopUtilisation: open.loopUtilisation,
      loopDelayMaxUs: open.loopDelayMaxUs,
      gcPausesUs: open.gcPausesUs.sort((a, b) => a - b),
      threads: open.threads.sort((a, b) => a.shard - b.shard),
      occupancy: open.occupancy,
      generatorCpuPercent: (open.cpuUs / (lengthSec * SECOND_US)) * 100,
      shards: alive,
      reports: open.reports,
    };
  }
}

export function noOccupancy(): Occupancy {
  return {
    change: new Float64Array(PATHS.length),
    momentsUs: new Float64Array(PATHS.length),
  };
}

function sorted(errors: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...errors].sort(([a], [b]) => (a < b ? -1 : 1)));
}
