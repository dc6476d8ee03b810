import type { MergedInterval, ProbePoint, ProbeValue } from './interval-report.js';
import type { ProbeRecord } from './run-record.js';
import { SeriesSampler } from './sampled-series.js';

/** Points a series in `run.json` has at most: an hour of seconds; `intervals.csv` has every second. */
export const MAXIMUM_POINTS = 3600;

/** Metrics of one node in `run.json`, at most; `probes.csv` has all. */
const MOST_METRICS = 200;
const MOST_GAP_REASONS = 8;

export type ProbeKind = ProbeRecord['kind'];

/** Something to probe: what the record calls it, and what it is. */
export interface ProbedNode {
  readonly node: string;
  /** A process if it does not say. */
  readonly kind?: ProbeKind;
  /** Of a process. */
  readonly pid?: number;
  /** Of what is read over the network: where, without credentials. */
  readonly at?: string;
  /** In a cluster whose clients keep to the replicants: what it is. A core has no device of the run. */
  readonly role?: 'core' | 'replicant';
}

interface MetricTotals {
  readings: number;
  sum: number;
  max: number;
  last: number;
}

/** What one probed node did over the run so far. Memory does not grow with the run. */
export class ProbeTotals {
  readonly #node: ProbedNode;
  readonly #cpuPercent = new SeriesSampler(MAXIMUM_POINTS, 1);
  readonly #rssBytes = new SeriesSampler(MAXIMUM_POINTS, 0);
  #goneAtSecond: number | null = null;
  #cpuSum = 0;
  #cpuCount = 0;
  #cpuMax: number | null = null;
  #threadMax: number | null = null;
  #rssMax: number | null = null;
  readonly #metrics = new Map<string, MetricTotals>();
  readonly #gaps = new Map<string, number>();

  constructor(node: ProbedNode) {
    this.#node = node;
  }

  add(interval: MergedInterval, point: ProbePoint | undefined): void {
    const cpuPercent = point?.cpuPercent ?? null;
    const rssBytes = point?.rssBytes ?? null;
    this.#cpuPercent.add(interval.second, cpuPercent);
    this.#rssBytes.add(interval.second, rssBytes);
    if (point?.gap === null) this.#goneAtSecond = null;
    else if (point !== undefined) this.#goneAtSecond ??= interval.second;
    if (point !== undefined && point.gap !== null) this.#addGap(point.gap);
    if (!interval.measured) return;
    for (const value of point?.values ?? []) this.#addMetric(value);
    if (cpuPercent !== null) {
      this.#cpuSum += cpuPercent;
      this.#cpuCount += 1;
    }
    this.#cpuMax = larger(this.#cpuMax, cpuPercent);
    this.#threadMax = larger(this.#threadMax, point?.busiestThreadPercent ?? null);
    this.#rssMax = larger(this.#rssMax, rssBytes);
  }

  #addMetric({ part, metric, value }: ProbeValue): void {
    const key = `${part}\n${metric}`;
    const known = this.#metrics.get(key);
    if (known !== undefined) {
      known.readings += 1;
      known.sum += value;
      known.max = Math.max(known.max, value);
      known.last = value;
    } else if (this.#metrics.size < MOST_METRICS) {
      this.#metrics.set(key, { readings: 1, sum: value, max: value, last: value });
    }
  }

  #addGap(reason: string): void {
    const known = this.#gaps.has(reason) || this.#gaps.size < MOST_GAP_REASONS;
    const key = known ? reason : 'other reasons';
    this.#gaps.set(key, (this.#gaps.get(key) ?? 0) + 1);
  }

  /** `forwarded`: copies of messages that it has sent to other nodes, as it counts them itself. */
  record(forwarded?: number): ProbeRecord {
    const { node, pid, role, at, kind = 'process' } = this.#node;
    return {
      node,
      kind,
      ...(pid === undefined ? {} : { pid }),
      ...(at === undefined ? {} : { at }),
      ...(role === undefined ? {} : { role }),
      ...(forwarded === undefined ? {} : { forwarded }),
      goneAtSecond: this.#goneAtSecond,
      cpuPercentMean: this.#cpuCount === 0 ? null : tenth(this.#cpuSum / this.#cpuCount),
      cpuPercentMax: tenth(this.#cpuMax),
      busiestThreadPercentMax: tenth(this.#threadMax),
      rssBytesMax: this.#rssMax,
      gaps: Object.fromEntries(this.#gaps),
      metrics: [...this.#metrics].map(([key, { readings, sum, max, last }]) => {
        const [part = '', metric = ''] = key.split('\n');
        return {
          part,
          metric,
          readings,
          mean: rounded(sum / readings),
          max: rounded(max),
          last: rounded(last),
        };
      }),
      series: {
        cpuPercent: mutable(this.#cpuPercent.series()),
        rssBytes: mutable(this.#rssBytes.series()),
      },
    };
  }
}

/** Six digits: more than any source has. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b;
  return Math.max(a, b);
}

function tenth(value: number | null): number | null {
  return value === null ? null : Math.round(value * 10) / 10;
}

function mutable(series: ReturnType<SeriesSampler['series']>): ProbeRecord['series']['rssBytes'] {
  return { ...series, values: [...series.values] };
}
