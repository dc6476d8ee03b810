import type { MergedInterval, ProbePoint } from './interval-report.js';
import type { ProbeRecord } from './run-record.js';
import { SeriesSampler } from './sampled-series.js';

/** Points a series in `run.json` has at most: an hour of seconds; `intervals.csv` has every second. */
export const MAXIMUM_POINTS = 3600;

/** A process to probe: what the record calls it, and which it is. */
export interface ProbedNode {
  readonly node: string;
  readonly pid: number;
  /** In a cluster whose clients keep to the replicants: what it is. A core has no device of the run. */
  readonly role?: 'core' | 'replicant';
}

/** What one probed process did over the run so far. Memory does not grow with the run. */
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

  constructor(node: ProbedNode) {
    this.#node = node;
  }

  add(interval: MergedInterval, point: ProbePoint | undefined): void {
    const cpuPercent = point?.cpuPercent ?? null;
    const rssBytes = point?.rssBytes ?? null;
    this.#cpuPercent.add(interval.second, cpuPercent);
    this.#rssBytes.add(interval.second, rssBytes);
    if (rssBytes !== null) this.#goneAtSecond = null;
    else if (point !== undefined) this.#goneAtSecond ??= interval.second;
    if (!interval.measured) return;
    if (cpuPercent !== null) {
      this.#cpuSum += cpuPercent;
      this.#cpuCount += 1;
    }
    this.#cpuMax = larger(this.#cpuMax, cpuPercent);
    this.#threadMax = larger(this.#threadMax, point?.busiestThreadPercent ?? null);
    this.#rssMax = larger(this.#rssMax, rssBytes);
  }

  /** `forwarded`: copies of messages that it has sent to other nodes, as it counts them itself. */
  record(forwarded?: number): ProbeRecord {
    const { node, pid, role } = this.#node;
    return {
      node,
      pid,
      ...(role === undefined ? {} : { role }),
      ...(forwarded === undefined ? {} : { forwarded }),
      goneAtSecond: this.#goneAtSecond,
      cpuPercentMean: this.#cpuCount === 0 ? null : tenth(this.#cpuSum / this.#cpuCount),
      cpuPercentMax: tenth(this.#cpuMax),
      busiestThreadPercentMax: tenth(this.#threadMax),
      rssBytesMax: this.#rssMax,
      series: {
        cpuPercent: mutable(this.#cpuPercent.series()),
        rssBytes: mutable(this.#rssBytes.series()),
      },
    };
  }
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
