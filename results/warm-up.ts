import { median, medianAbsoluteDeviation } from 'simple-statistics';

/** From the median absolute deviation to the standard deviation of normal values. */
const MAD_TO_DEVIATION = 1.4826;

/**
 * How many of the first values are a transient, by the marginal standard error rule (K. P. White, Simulation 69,
 * 1997): the k ≤ n/2 that makes the error of the mean of what remains smallest, Σ (x − mean)² / (n − k)². It always
 * names some k; so these must also stand off from the rest: their median, and the last of them, by so much at
 * least, and by some of its robust standard deviations. 0 when they do not.
 *
 * @param least in the values' unit
 * @param leastDeviations robust standard deviations of the rest
 */
export function warmUpLength(
  values: readonly number[],
  least: number,
  leastDeviations: number,
): number {
  const n = values.length;
  let sum = 0;
  let squares = 0;
  let best = 0;
  let smallest = Number.POSITIVE_INFINITY;
  for (let k = n - 1; k >= 0; k -= 1) {
    sum += values[k]!;
    squares += values[k]! ** 2;
    const count = n - k;
    if (k > n / 2) continue;
    const error = (squares - sum ** 2 / count) / count ** 2;
    if (error <= smallest) {
      smallest = error;
      best = k;
    }
  }
  if (best === 0) return 0;
  const rest = values.slice(best);
  const level = median(rest);
  const deviation = medianAbsoluteDeviation(rest) * MAD_TO_DEVIATION;
  const apart = Math.max(least, leastDeviations * deviation);
  const standsOff = (value: number): boolean => Math.abs(value - level) > apart;
  // The rule likes to cut a few more than it must: those at its end that are like the rest belong to the rest.
  let length = best;
  while (length > 0 && !standsOff(values[length - 1]!)) length -= 1;
  return length > 0 && standsOff(median(values.slice(0, length))) ? length : 0;
}
