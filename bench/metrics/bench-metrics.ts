import {
  BucketCounts,
  CONNECT,
  type Counters,
  DELIVERY,
  type MergedInterval,
  SERVICE,
  SUBSCRIBE,
  seriesIndex,
} from '../../results/mod.js';
import { BENCH_COUNTERS, benchCount } from './bench-counters.js';
import type { Metric } from './exposition-text.js';
import { histogramSamples } from './histogram-metric.js';

const US_PER_MS = 1000;

/** emqtt-bench's histograms that have a meaning here, with its buckets (ms). All from send to answer, as there. */
const HISTOGRAMS = [
  {
    name: 'mqtt_client_connect_duration',
    help: 'From the start of the TCP connection to CONNACK (ms)',
    series: seriesIndex(CONNECT, SERVICE),
    boundsMs: [1, 10, 25, 50, 100, 200, 300, 500, 750, 1000],
  },
  {
    name: 'mqtt_client_subscribe_duration',
    help: 'From SUBSCRIBE to SUBACK (ms)',
    series: seriesIndex(SUBSCRIBE, SERVICE),
    boundsMs: [1, 10, 25, 50, 100, 200, 300, 500, 750, 1000],
  },
  {
    name: 'e2e_latency',
    help: 'From the send of a message to its delivery (ms)',
    series: seriesIndex(DELIVERY, SERVICE),
    boundsMs: [
      1, 5, 10, 25, 50, 100, 500, 1000, 2000, 3000, 4000, 5000, 7500, 10_000, 15_000, 20_000,
      25_000, 30_000,
    ],
  },
];
const E2E = HISTOGRAMS.length - 1;

/** What emqtt-bench has a dashboard for, by its names. */
export class BenchMetrics {
  readonly #counts = HISTOGRAMS.map(
    ({ boundsMs }) => new BucketCounts(boundsMs.map((ms) => ms * US_PER_MS)),
  );

  add({ histograms }: MergedInterval): void {
    for (const [k, { series }] of HISTOGRAMS.entries())
      this.#counts[k]!.add(histograms.get(series));
  }

  /** @param totals of all counters since the run began */
  metrics(totals: Counters): Metric[] {
    return [
      {
        name: 'publish_latency',
        type: 'counter',
        help: 'Sum of e2e_latency (ms)',
        samples: [{ value: this.#counts[E2E]!.sumUs / US_PER_MS }],
      },
      ...BENCH_COUNTERS.map((each) => ({
        name: each.name,
        type: 'counter' as const,
        help: each.help,
        samples: [{ value: benchCount(each, totals) }],
      })),
      ...HISTOGRAMS.map(({ name, help }, k) => ({
        name,
        type: 'histogram' as const,
        help,
        samples: histogramSamples(this.#counts[k]!, US_PER_MS),
      })),
    ];
  }
}
