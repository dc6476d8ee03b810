/** How a level changes from second to second. */
export interface Growth {
  readonly perSec: number;
  /** The slope is above zero by more than chance makes likely. */
  readonly significant: boolean;
}

/** Standard errors: with seven points or more, chance alone gets there once in a hundred times. */
const STANDARD_ERRORS = 3;

/**
 * The least-squares slope of one value a second, and whether it rises: by `STANDARD_ERRORS` of the slope,
 * which is √(Σe² / (n−2) / Σ(t−t̄)²). Two values rise if the second is higher; fewer never do.
 */
export function growthOf(levels: readonly number[]): Growth {
  const n = levels.length;
  if (n < 2) return { perSec: 0, significant: false };
  const meanTime = (n - 1) / 2;
  const meanLevel = levels.reduce((sum, level) => sum + level, 0) / n;
  let spread = 0;
  let product = 0;
  for (const [time, level] of levels.entries()) {
    spread += (time - meanTime) ** 2;
    product += (time - meanTime) * (level - meanLevel);
  }
  const perSec = product / spread;
  if (n === 2) return { perSec, significant: perSec > 0 };
  let squares = 0;
  for (const [time, level] of levels.entries()) {
    squares += (level - meanLevel - perSec * (time - meanTime)) ** 2;
  }
  const error = Math.sqrt(squares / (n - 2) / spread);
  return { perSec, significant: perSec > STANDARD_ERRORS * error };
}
