import {
  BucketCounts,
  CLOCKS,
  COUNTERS,
  type CounterName,
  type Counters,
  counter,
  isGauge,
  type LatencySummary,
  type MergedInterval,
  PATHS,
  SERIES,
  summarise,
} from '../../results/mod.js';
import type { Metric } from './exposition-text.js';
import { histogramSamples } from './histogram-metric.js';

const US_PER_SEC = 1_000_000;

/** From half a millisecond to a minute. */
const BOUNDS_US = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60,
].map((seconds) => Math.round(seconds * US_PER_SEC));

const QUANTILES: readonly [quantile: string, of: keyof LatencySummary][] = [
  ['0.5', 'p50'],
  ['0.9', 'p90'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
  ['0.999', 'p999'],
  ['1', 'max'],
];

/** Reasons beyond these are counted together, as in the record: a target must not grow the page at will. */
const MOST_REASONS = 200;
const OTHER_REASONS = 'other reasons';

const HELP: Readonly<Record<Exclude<CounterName, 'connected'>, string>> = {
  connectsAttempted: 'Connects begun',
  connectsSucceeded: 'Connects answered with CONNACK and code 0',
  connectsFailed: 'Connects that failed',
  connectionsLost: 'Connections lost against the plan',
  subscribed: 'Subscriptions granted',
  subscribesFailed: 'Subscriptions refused or not answered',
  publishesScheduled: 'Messages that fell due',
  publishesSent: 'Messages sent',
  publishesSentQos0: 'Messages sent at QoS 0',
  publishesSentQos1: 'Messages sent at QoS 1',
  publishesSentQos2: 'Messages sent at QoS 2',
  publishesAcked: 'Messages acknowledged by PUBACK or PUBCOMP',
  publishesFailed: 'Messages refused, not answered, or due on a device without a connection',
  deliveriesExpected: 'Deliveries that the messages sent must cause',
  deliveriesReceived: 'Deliveries of this run, duplicates among them',
  deliveriesReceivedQos0: 'Deliveries at QoS 0',
  deliveriesReceivedQos1: 'Deliveries at QoS 1',
  deliveriesReceivedQos2: 'Deliveries at QoS 2',
  deliveriesDuplicated: 'Deliveries that had come before',
  deliveriesOutOfOrder: 'Deliveries that came after a later one of their sender',
  deliveriesUntimed: 'Deliveries without a measurement header',
  deliveriesForeign: 'Messages received that are not of this run',
  bytesSent: 'Bytes of MQTT sent',
  bytesReceived: 'Bytes of MQTT received',
  pings: 'PINGREQs sent',
  connectionsEnded: 'Connections that devices ended by plan',
  cyclesScheduled: 'Cycles of churn that fell due',
  cyclesCompleted: 'Cycles of churn whose device is back',
  reconnects: 'Devices that came back after they lost their connection',
  sessionsResumed: 'Connects that found the session of before',
  publishesAway: 'Messages that fell due while their device was away by plan',
  deliveriesQueued: 'Deliveries that the target had queued for a device that was away',
  connectsRetried: 'Attempts of a first connect after one that failed',
  publishesUnmatched: 'Messages acknowledged with "no matching subscribers" (0x10)',
  publishesOverrun: 'Messages sent so late that the next one was due already',
  tlsSessionsResumed: 'TLS handshakes that resumed the session of the device’s earlier connection',
  requestsSent: 'Requests sent',
  requestsAnswered: 'Requests whose answer came in time',
  requestsTimedOut: 'Requests without an answer in time',
  answersUnexpected: 'Answers that nobody waited for: late, a second one, or to another device',
  answersScheduled: 'Requests that devices of this run received to answer',
  willsExpected: 'Deliveries of last wills that devices which went without a DISCONNECT must cause',
  willsUndecided: 'Deliveries of last wills whose device came back just when they fell due',
  willsReceived: 'Deliveries of last wills',
};

/** What else there is to say about a run, in seconds and with labels. */
export class OwnMetrics {
  readonly #counts = SERIES.map(() => new BucketCounts(BOUNDS_US));
  readonly #errors = new Map<string, number>();
  #last: MergedInterval | undefined;
  #leftUs: number | null = null;

  add(interval: MergedInterval, leftUs: number | null): void {
    for (const series of SERIES.keys()) {
      this.#counts[series]!.add(interval.histograms.get(series));
    }
    for (const [reason, count] of Object.entries(interval.errors)) {
      const known = this.#errors.has(reason) || this.#errors.size < MOST_REASONS;
      const key = known ? reason : OTHER_REASONS;
      this.#errors.set(key, (this.#errors.get(key) ?? 0) + count);
    }
    this.#last = interval;
    this.#leftUs = leftUs;
  }

  metrics(totals: Counters): Metric[] {
    return [
      ...COUNTERS.flatMap((name, index) => (isGauge(index) ? [] : [counterOf(name, totals)])),
      {
        name: 'fleetgauge_errors_total',
        type: 'counter',
        help: 'What went wrong, by reason',
        samples: [...this.#errors].map(([reason, value]) => ({ labels: { reason }, value })),
      },
      {
        name: 'fleetgauge_latency_seconds',
        type: 'histogram',
        help: 'Latency in all phases, by path and clock: service is send to answer, response intended to answer, lag intended to send',
        samples: SERIES.flatMap((_, series) => {
          const counts = this.#counts[series]!;
          return counts.total === 0 ? [] : histogramSamples(counts, US_PER_SEC, labelsOf(series));
        }),
      },
      ...this.#levels(),
    ];
  }

  /** How it stands at the end of the last second. */
  #levels(): Metric[] {
    const last = this.#last;
    if (last === undefined) return [];
    const gauge = (name: string, help: string, value: number): Metric => ({
      name: `fleetgauge_${name}`,
      type: 'gauge',
      help,
      samples: [{ value }],
    });
    return [
      gauge('second', 'The second of the run that all this is up to', last.second),
      gauge('connected', 'Devices connected', counter(last.counters, 'connected')),
      gauge('backlog', 'Messages due and not sent', last.backlog),
      gauge(
        'generator_loop_utilisation_ratio',
        'Share of the second that the busiest thread of the generator worked',
        last.loopUtilisation,
      ),
      gauge(
        'generator_cpu_cores',
        'Cores that the generator used in the second',
        last.generatorCpuPercent / 100,
      ),
      {
        name: 'fleetgauge_phase',
        type: 'gauge',
        help: 'The phase that lasts',
        samples: last.phase === '' ? [] : [{ labels: { phase: last.phase }, value: 1 }],
      },
      {
        name: 'fleetgauge_left_seconds',
        type: 'gauge',
        help: 'Until the run ends by its plan; not there while devices connect',
        samples: this.#leftUs === null ? [] : [{ value: this.#leftUs / US_PER_SEC }],
      },
      {
        name: 'fleetgauge_latency_quantile_seconds',
        type: 'gauge',
        help: 'Latency of the last second by path and clock; quantile 1 is the maximum',
        samples: SERIES.flatMap((_, series) => {
          const figures = summarise(last.histograms.get(series));
          if (figures === undefined) return [];
          return QUANTILES.map(([quantile, of]) => ({
            labels: { ...labelsOf(series), quantile },
            value: figures[of] / US_PER_SEC,
          }));
        }),
      },
    ];
  }
}

function labelsOf(series: number): { path: string; clock: string } {
  const { length } = CLOCKS;
  return { path: PATHS[Math.floor(series / length)]!, clock: CLOCKS[series % length]! };
}

function counterOf(name: CounterName, totals: Counters): Metric {
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return {
    name: `fleetgauge_${snake}_total`,
    type: 'counter',
    help: name === 'connected' ? '' : HELP[name],
    samples: [{ value: counter(totals, name) }],
  };
}
