import { addEvents, COUNTERS, type Counters, counter, isGauge, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import type { MergedInterval } from './interval-report.js';
import { summarise } from './latency-summary.js';
import type { GeneratorHealth, RunRecord, RunTotalsFigures } from './run-record.js';
import { LAG, PUBLISH, SERIES, SERVICE, seriesIndex } from './series.js';

/** Loop utilisation is kept in steps of a thousandth, so that its percentiles need no list of seconds. */
const UTILISATION_STEPS = 1000;
/** Reasons beyond this many are counted together: a target must not grow the record at will. */
const MAXIMUM_ERROR_REASONS = 200;
const OTHER_REASONS = 'other reasons';
/** Connects and subscribes come before it: they count in every phase, they mostly happen in the ramp. */
const FIRST_PUBLISH_SERIES = seriesIndex(PUBLISH, SERVICE);

/** Running totals of a run, one merged second after the other. Memory does not grow with the run. */
export class RunTotals {
  readonly #events: Counters = newCounters();
  readonly #measured: Counters = newCounters();
  readonly #histograms = new HistogramSet('cumulative');
  readonly #errors = new Map<string, number>();
  readonly #utilisation = new Uint32Array(UTILISATION_STEPS + 1);
  #measuredSeconds = 0;
  #measuredIntervals = 0;
  #connectedMax = 0;
  #loopUtilisationMax = 0;
  #loopDelayMaxUs = 0;
  #gcPauseMaxUs = 0;
  #cpuPercentSum = 0;
  #cpuPercentMax = 0;
  #backlogMax = 0;
  #backlogEnd = 0;
  #reportsDue = 0;
  #reportsMissing = 0;

  add(interval: MergedInterval): void {
    addEvents(this.#events, interval.counters);
    this.#connectedMax = Math.max(this.#connectedMax, counter(interval.counters, 'connected'));
    for (const [reason, count] of Object.entries(interval.errors)) this.#addError(reason, count);
    this.#reportsDue += interval.shards;
    this.#reportsMissing += Math.max(0, interval.shards - interval.reports);
    this.#addLatency(interval);
    if (interval.measured) this.#addMeasured(interval);
  }

  totals(): RunTotalsFigures {
    const events = this.#events;
    const expected = counter(events, 'deliveriesExpected');
    const received = counter(events, 'deliveriesReceived');
    const duplicated = counter(events, 'deliveriesDuplicated');
    return {
      connects: {
        attempted: counter(events, 'connectsAttempted'),
        succeeded: counter(events, 'connectsSucceeded'),
        failed: counter(events, 'connectsFailed'),
        lost: counter(events, 'connectionsLost'),
        ended: counter(events, 'connectionsEnded'),
        reconnected: counter(events, 'reconnects'),
        sessionsResumed: counter(events, 'sessionsResumed'),
        connectedMax: this.#connectedMax,
      },
      cycles: {
        scheduled: counter(events, 'cyclesScheduled'),
        completed: counter(events, 'cyclesCompleted'),
      },
      subscribes: {
        succeeded: counter(events, 'subscribed'),
        failed: counter(events, 'subscribesFailed'),
      },
      publishes: {
        scheduled: counter(events, 'publishesScheduled'),
        sent: counter(events, 'publishesSent'),
        acked: counter(events, 'publishesAcked'),
        failed: counter(events, 'publishesFailed'),
        away: counter(events, 'publishesAway'),
      },
      deliveries: {
        expected,
        received,
        lost: Math.max(0, expected - (received - duplicated)),
        duplicated,
        outOfOrder: counter(events, 'deliveriesOutOfOrder'),
        untimed: counter(events, 'deliveriesUntimed'),
        foreign: counter(events, 'deliveriesForeign'),
        queued: counter(events, 'deliveriesQueued'),
      },
      bytes: {
        sent: counter(events, 'bytesSent'),
        received: counter(events, 'bytesReceived'),
      },
      pings: counter(events, 'pings'),
    };
  }

  measured(): RunRecord['measured'] {
    return {
      seconds: Math.round(this.#measuredSeconds * 1000) / 1000,
      counters: Object.fromEntries(COUNTERS.map((name, at) => [name, this.#measured[at] ?? 0])),
    };
  }

  latency(): RunRecord['latency'] {
    const figures: RunRecord['latency'] = {};
    for (const [series, name] of SERIES.entries()) {
      const negative = this.#histograms.negative[series] ?? 0;
      const clipped = this.#histograms.clipped[series] ?? 0;
      const summary = summarise(this.#histograms.get(series));
      if (summary !== undefined) figures[name] = { ...summary, negative, clipped };
      else if (negative > 0) figures[name] = { ...NO_LATENCY, negative, clipped };
    }
    return figures;
  }

  errors(): Record<string, number> {
    return Object.fromEntries([...this.#errors].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  generator(
    fleet: Pick<GeneratorHealth, 'processes' | 'threads' | 'shards' | 'shardsLost'>,
  ): GeneratorHealth {
    const seconds = this.#measuredIntervals;
    const lag = summarise(this.#histograms.get(seriesIndex(PUBLISH, LAG)));
    return {
      processes: fleet.processes,
      threads: fleet.threads,
      shards: fleet.shards,
      loopUtilisationP90: this.#utilisationAt(0.9),
      loopUtilisationMax: this.#loopUtilisationMax,
      loopDelayMaxUs: this.#loopDelayMaxUs,
      gcPauseMaxUs: this.#gcPauseMaxUs,
      lagP99Us: lag?.p99 ?? 0,
      cpuPercentMean: seconds === 0 ? 0 : Math.round((this.#cpuPercentSum / seconds) * 10) / 10,
      cpuPercentMax: Math.round(this.#cpuPercentMax * 10) / 10,
      backlogMax: this.#backlogMax,
      backlogEnd: this.#backlogEnd,
      reportsDue: this.#reportsDue,
      reportsMissing: this.#reportsMissing,
      shardsLost: fleet.shardsLost,
    };
  }

  #addLatency(interval: MergedInterval): void {
    const all = interval.measured || interval.tail;
    this.#histograms.add(interval.histograms, all ? SERIES.length : FIRST_PUBLISH_SERIES);
  }

  #addMeasured(interval: MergedInterval): void {
    addEvents(this.#measured, interval.counters);
    for (let index = 0; index < COUNTERS.length; index += 1) {
      if (isGauge(index)) this.#measured[index] = interval.counters[index] ?? 0;
    }
    this.#measuredSeconds += interval.lengthSec;
    this.#measuredIntervals += 1;
    const utilisation = Math.min(1, Math.max(0, interval.loopUtilisation));
    this.#utilisation[Math.round(utilisation * UTILISATION_STEPS)]! += 1;
    this.#loopUtilisationMax = Math.max(
      this.#loopUtilisationMax,
      Math.round(utilisation * UTILISATION_STEPS) / UTILISATION_STEPS,
    );
    this.#loopDelayMaxUs = Math.max(this.#loopDelayMaxUs, Math.round(interval.loopDelayMaxUs));
    this.#gcPauseMaxUs = Math.max(this.#gcPauseMaxUs, Math.round(interval.gcPauseUs));
    this.#cpuPercentSum += interval.generatorCpuPercent;
    this.#cpuPercentMax = Math.max(this.#cpuPercentMax, interval.generatorCpuPercent);
    this.#backlogMax = Math.max(this.#backlogMax, interval.backlog);
    this.#backlogEnd = interval.backlog;
  }

  #addError(reason: string, count: number): void {
    const known = this.#errors.has(reason) || this.#errors.size < MAXIMUM_ERROR_REASONS;
    const key = known ? reason : OTHER_REASONS;
    this.#errors.set(key, (this.#errors.get(key) ?? 0) + count);
  }

  #utilisationAt(share: number): number {
    let wanted = Math.ceil(share * this.#measuredIntervals);
    if (wanted === 0) return 0;
    for (let step = 0; step <= UTILISATION_STEPS; step += 1) {
      wanted -= this.#utilisation[step]!;
      if (wanted <= 0) return step / UTILISATION_STEPS;
    }
    return 1;
  }
}

const NO_LATENCY = {
  count: 0,
  min: 0,
  mean: 0,
  p50: 0,
  p90: 0,
  p95: 0,
  p99: 0,
  p999: 0,
  max: 0,
} as const;
