import { countIndex, highestValueAt, lowestValueAt } from './count-index.js';
import type { LatencyHistogram } from './latency-histogram.js';

/** One latency series in figures, µs. Percentiles are the highest value of their bucket: never flattering. */
export interface LatencySummary {
  count: number;
  min: number;
  mean: number;
  p50: number;
  p90: number;
  p95: number;
  p99: number;
  p999: number;
  max: number;
}

const PERCENTILES = [50, 90, 95, 99, 99.9] as const;

/** All figures in one pass over the counts; undefined for an empty histogram. */
export function summarise(histogram: LatencyHistogram | undefined): LatencySummary | undefined {
  if (histogram === undefined || histogram.totalCount === 0) return undefined;
  const total = histogram.totalCount;
  const counts = histogram.counts;
  const found: number[] = [];
  let passed = 0;
  let weightedUs = 0;
  let minUs = -1;
  let maxUs = 0;
  for (let index = 0; passed < total; index += 1) {
    const count = counts[index]!;
    if (count === 0) continue;
    const highestUs = highestValueAt(index);
    if (minUs < 0) minUs = lowestValueAt(index);
    passed += count;
    weightedUs += count * ((lowestValueAt(index) + highestUs) / 2);
    maxUs = highestUs;
    while (found.length < PERCENTILES.length && passed >= rank(PERCENTILES[found.length]!, total)) {
      found.push(highestUs);
    }
  }
  const [p50 = maxUs, p90 = maxUs, p95 = maxUs, p99 = maxUs, p999 = maxUs] = found;
  const mean = Math.round((weightedUs / total) * 10) / 10;
  return { count: total, min: minUs, mean, p50, p90, p95, p99, p999, max: maxUs };
}

/** One percentile in µs, undefined for an empty histogram. */
export function percentileUs(
  histogram: LatencyHistogram | undefined,
  percentile: number,
): number | undefined {
  if (histogram === undefined || histogram.totalCount === 0) return undefined;
  const wanted = rank(percentile, histogram.totalCount);
  const counts = histogram.counts;
  let passed = 0;
  for (let index = 0; index < counts.length; index += 1) {
    passed += counts[index]!;
    if (passed >= wanted) return highestValueAt(index);
  }
  return undefined;
}

/** The share of values above `us`, as exact as the histogram's buckets; 0 for an empty one. */
export function shareAbove(histogram: LatencyHistogram, us: number): number {
  if (histogram.totalCount === 0) return 0;
  let above = 0;
  for (let index = countIndex(us) + 1; index < histogram.counts.length; index += 1) {
    above += histogram.counts[index]!;
  }
  return above / histogram.totalCount;
}

/** The nearest rank, at least 1. The subtraction keeps 99.9 % of 1000 from becoming 1000 by rounding error. */
function rank(percentile: number, total: number): number {
  return Math.max(1, Math.ceil((percentile / 100) * total - total * 1e-12));
}
