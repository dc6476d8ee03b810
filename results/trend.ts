import { errorFunction, mean, median } from 'simple-statistics';

/** What a test says of values in the order of time. */
export interface Trend {
  /** Standard normal deviate of the test; positive for a rise. */
  z: number;
  /** Probability of one as large without a trend, two-sided. */
  p: number;
  /** From the first to the last value along Tukey's resistant line, in the values' unit. */
  drift: number;
}

/**
 * The Mann–Kendall test for a monotonic trend: S = Σ sign(xⱼ − xᵢ) over all i < j, whose variance under no trend is
 * [n(n−1)(2n+5) − Σ t(t−1)(2t+5)] / 18 with t the sizes of groups of ties; z = (S ∓ 1) / √variance. Seconds of a
 * run depend on those before, which makes runs of high and low values look like trends, so the variance is widened
 * as K. H. Hamed and A. R. Rao do (Journal of Hydrology 204, 1998): by
 * 1 + 2/(n(n−1)(n−2)) Σₖ (n−k)(n−k−1)(n−k−2) ρₖ, with ρₖ the autocorrelation at lag k of the ranks of what is left
 * without the trend. It is never narrowed. Only ranks count: a few extreme seconds do not decide.
 */
export function mannKendall(values: readonly number[]): Trend {
  const n = values.length;
  let s = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) s += Math.sign(values[j]! - values[i]!);
  }
  const drift = resistantDrift(values);
  const variance = ((n * (n - 1) * (2 * n + 5) - tieTerm(values)) / 18) * widening(values, drift);
  const z = variance <= 0 || s === 0 ? 0 : (s - Math.sign(s)) / Math.sqrt(variance);
  return { z, p: z === 0 ? 1 : 1 - errorFunction(Math.abs(z) / Math.SQRT2), drift };
}

/** Tukey's resistant line: the medians of the last and the first third, which lie two thirds of the time apart. */
function resistantDrift(values: readonly number[]): number {
  const third = Math.max(1, Math.floor(values.length / 3));
  const rise = median(values.slice(-third)) - median(values.slice(0, third));
  const apart = values.length - third;
  return apart === 0 ? 0 : (rise * (values.length - 1)) / apart;
}

function tieTerm(values: readonly number[]): number {
  const sizes = new Map<number, number>();
  for (const value of values) sizes.set(value, (sizes.get(value) ?? 0) + 1);
  return [...sizes.values()].reduce((sum, t) => sum + t * (t - 1) * (2 * t + 5), 0);
}

function widening(values: readonly number[], drift: number): number {
  const n = values.length;
  const without = values.map((value, at) => value - (drift * at) / Math.max(1, n - 1));
  const ranked = ranks(without);
  const centre = mean(ranked);
  const spread = ranked.reduce((sum, rank) => sum + (rank - centre) ** 2, 0);
  if (spread === 0) return 1;
  let sum = 0;
  // Lags beyond a quarter of the series rest on too few pairs.
  for (let lag = 1; lag <= n / 4; lag += 1) {
    let product = 0;
    for (let at = lag; at < n; at += 1) {
      product += (ranked[at]! - centre) * (ranked[at - lag]! - centre);
    }
    // Estimates from short series are too low by about (1 + 4ρ)/n (Kendall 1954); what is below zero widens nothing.
    const rho = product / spread;
    const unbiased = rho + (1 + 4 * rho) / n;
    if (unbiased <= 0) break;
    sum += (n - lag) * (n - lag - 1) * (n - lag - 2) * Math.min(1, unbiased);
  }
  return 1 + (2 / (n * (n - 1) * (n - 2))) * sum;
}

/** Of the largest value: what differs by less was equal before it was rounded. */
const ROUNDING = 1e-9;

/** Ranks from 1, ties at their mean. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((value, at) => ({ value, at })).sort((a, b) => a.value - b.value);
  const tolerance = ROUNDING * Math.max(...values.map(Math.abs));
  const ranked = new Array<number>(values.length).fill(0);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && order[to]!.value - order[from]!.value <= tolerance) to += 1;
    for (let at = from; at < to; at += 1) ranked[order[at]!.at] = (from + to + 1) / 2;
    from = to;
  }
  return ranked;
}
