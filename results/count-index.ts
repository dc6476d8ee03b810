/** Range and precision of every latency histogram: 1 µs to 1 h, three significant digits. */
export const LOWEST_US = 1;
export const HIGHEST_US = 3_600_000_000;
export const SIGNIFICANT_DIGITS = 3;

// HdrHistogram's layout: bucket 0 counts 0…2047 one by one, bucket k counts 2^(10+k)…2^(11+k) in steps of
// 2^k. Three digits need single-unit resolution to 2 × 10³, hence 2048 sub-buckets, of which every bucket
// but the first only uses the upper half: 1024 counts.
const SUB_BUCKET_MASK = 2047;
const SUB_BUCKET_HALF_BITS = 10;
const BUCKET_0_LEADING_ZEROS = 21;

/**
 * Where the count of a value lives: the library's `countsArrayIndex` for our fixed range, in integer
 * arithmetic. The library goes through log2, pow and floor in doubles, some 90 ns a record against 4 ns
 * here, and a message is recorded up to six times. Values must be below 2³², fractions are cut off.
 */
export function countIndex(valueUs: number): number {
  const bucket = BUCKET_0_LEADING_ZEROS - Math.clz32(valueUs | SUB_BUCKET_MASK);
  return (bucket << SUB_BUCKET_HALF_BITS) + (valueUs >>> bucket);
}

/** The lowest value counted at an index. */
export function lowestValueAt(index: number): number {
  const bucket = bucketAt(index);
  return (index - (bucket << SUB_BUCKET_HALF_BITS)) * (1 << bucket);
}

/** The highest value counted at an index: what percentiles report, so they never flatter. */
export function highestValueAt(index: number): number {
  return lowestValueAt(index) + (1 << bucketAt(index)) - 1;
}

function bucketAt(index: number): number {
  return index <= SUB_BUCKET_MASK ? 0 : (index >> SUB_BUCKET_HALF_BITS) - 1;
}
