import { addEvents, COUNTERS, type Counters, counter, isGauge, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import type { MergedInterval } from './interval-report.js';
import { summarise } from './latency-summary.js';
import { OccupancyTotals } from './occupancy-totals.js';
import { PauseTotals } from './pause-totals.js';
import type { GeneratorHealth, RunRecord, RunTotalsFigures } from './run-record.js';
import { LAG, PUBLISH, SERIES, SERVICE, seriesIndex } from './series.js';
import { SteadinessTotals } from './steadiness-totals.js';
import { ThreadTotals } from './thread-totals.js';
import { UtilisationSteps } from './utilisation-steps.js';

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
  readonly #utilisation = new UtilisationSteps();
  readonly #occupancy = new OccupancyTotals();
  readonly #threads = new ThreadTotals();
  readonly #pauses = new PauseTotals();
  readonly #steadiness = new SteadinessTotals();
  #measuredSeconds = 0;
  #measuredIntervals = 0;
  #connectedMax = 0;
  #loopDelayMaxUs = 0;
  #ownLagUs = 0;
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
    this.#occupancy.add(interval);
    if (interval.measured) this.#addMeasured(interval);
  }

  totals(): RunTotalsFigures {
    const events = this.#events;
    const expected = counter(events, 'deliveriesExpected');
    const received = counter(events, 'deliveriesReceived');
    const duplicated = counter(events, 'deliveriesDuplicated');
    const willsDue = counter(events, 'willsExpected');
    const willsCome = counter(events, 'willsReceived');
    const undecided = counter(events, 'willsUndecided');
    return {
      connects: {
        attempted: counter(events, 'connectsAttempted'),
        succeeded: counter(events, 'connectsSucceeded'),
        failed: counter(events, 'connectsFailed'),
        lost: counter(events, 'connectionsLost'),
        ended: counter(events, 'connectionsEnded'),
        reconnected: counter(events, 'reconnects'),
        sessionsResumed: counter(events, 'sessionsResumed'),
        tlsSessionsResumed: counter(events, 'tlsSessionsResumed'),
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
      requests: {
        sent: counter(events, 'requestsSent'),
        answered: counter(events, 'requestsAnswered'),
        timedOut: counter(events, 'requestsTimedOut'),
        unexpected: counter(events, 'answersUnexpected'),
        received: counter(events, 'answersScheduled'),
      },
      wills: {
        expected: willsDue,
        received: willsCome,
        lost: Math.max(0, willsDue - willsCome),
        unexpected: Math.max(0, willsCome - willsDue - undecided),
        undecided,
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
    latency: RunRecord['latency'] = this.latency(),
  ): GeneratorHealth {
    const seconds = this.#measuredIntervals;
    const lag = summarise(this.#histograms.get(seriesIndex(PUBLISH, LAG)));
    const perThread = this.#threads.health();
    const gc = this.#pauses.figures(latency, perThread);
    const ownLagMeanUs = this.#ownLagMeanUs();
    const responseUs = (latency['publish.response'] ?? latency['delivery.response'])?.mean ?? 0;
    return {
      processes: fleet.processes,
      threads: fleet.threads,
      shards: fleet.shards,
      loopUtilisationP90: this.#utilisation.at(0.9),
      loopUtilisationMax: this.#utilisation.max,
      loopDelayMaxUs: this.#loopDelayMaxUs,
      gcPauseMaxUs: gc.longestUs,
      lagP99Us: lag?.p99 ?? 0,
      ownLagMeanUs,
      ownLagShare: responseUs === 0 ? null : round(Math.min(1, ownLagMeanUs / responseUs), 3),
      cpuPercentMean: seconds === 0 ? 0 : Math.round((this.#cpuPercentSum / seconds) * 10) / 10,
      cpuPercentMax: Math.round(this.#cpuPercentMax * 10) / 10,
      backlogMax: this.#backlogMax,
      backlogEnd: this.#backlogEnd,
      reportsDue: this.#reportsDue,
      reportsMissing: this.#reportsMissing,
      shardsLost: fleet.shardsLost,
      gc,
      perThread,
    };
  }

  littlesLaw(latency: RunRecord['latency']): NonNullable<RunRecord['littlesLaw']> {
    return this.#occupancy.littlesLaw(latency);
  }

  steadiness(): NonNullable<RunRecord['steadiness']> {
    return this.#steadiness.steadiness();
  }

  #ownLagMeanUs(): number {
    const sent = counter(this.#measured, 'publishesSent');
    return sent === 0 ? 0 : Math.round(this.#ownLagUs / sent);
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
    this.#utilisation.add(interval.loopUtilisation);
    this.#threads.add(interval);
    this.#pauses.add(interval);
    this.#steadiness.add(interval);
    for (const thread of interval.threads) this.#ownLagUs += thread.ownLagUs;
    this.#loopDelayMaxUs = Math.max(this.#loopDelayMaxUs, Math.round(interval.loopDelayMaxUs));
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
}

function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
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
