/** What repeats of one measurement come to. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    min: sorted[0] ?? Number.NaN,
    median: quantile(sorted, 0.5),
    max: sorted.at(-1) ?? Number.NaN,
  };
}

/** Of values in ascending order, the nearest rank. */
export function quantile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** `median (min–max)`; the median alone if there is but one value. */
export function spreadText(values: readonly number[], digits: number): string {
  const { min, median, max } = spreadOf(values);
  const text = median.toFixed(digits);
  return values.length < 2 ? text : `${text} (${min.toFixed(digits)}–${max.toFixed(digits)})`;
}
