import type { BucketCounts } from '../../results/mod.js';
import type { Sample } from './exposition-text.js';

/** The samples of one histogram. @param unitUs µs in the unit that it is told in */
export function histogramSamples(
  counts: BucketCounts,
  unitUs: number,
  labels: Readonly<Record<string, string>> = {},
): Sample[] {
  const cumulative = counts.cumulative();
  return [
    ...counts.boundsUs.map((boundUs, k) => ({
      suffix: '_bucket',
      labels: { ...labels, le: String(boundUs / unitUs) },
      value: cumulative[k]!,
    })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: counts.total },
    { suffix: '_sum', labels, value: counts.sumUs / unitUs },
    { suffix: '_count', labels, value: counts.total },
  ];
}
