import type { LoadSegment } from './load-curve.js';

/**
 * Shapes of load over one phase, as stretches from the phase's start, between whole µs. `loadCurve`
 * knows straight lines only, and so inverts all of them exactly.
 */

/**
 * A staircase: `steps` equal stretches, the first at `from`, the last at `to`, the levels between
 * them evenly apart. One step is at `to`.
 */
export function staircase(
  durationUs: number,
  from: number,
  to: number,
  steps: number,
): LoadSegment[] {
  return Array.from({ length: steps }, (_, k) => {
    const share = steps === 1 ? 1 : k / (steps - 1);
    const level = from * (1 - share) + to * share;
    const startUs = Math.round((durationUs * k) / steps);
    const endUs = Math.round((durationUs * (k + 1)) / steps);
    return { startUs, durationUs: endUs - startUs, from: level, to: level };
  });
}

/** A straight line that stands at `peak` from `atUs` for `widthUs`, up and down at once. */
export function spike(
  durationUs: number,
  line: { readonly from: number; readonly to: number },
  atUs: number,
  widthUs: number,
  peak: number,
): LoadSegment[] {
  const at = (us: number) => line.from * (1 - us / durationUs) + line.to * (us / durationUs);
  const startUs = Math.round(atUs);
  const endUs = Math.min(Math.round(atUs + widthUs), durationUs);
  return [
    { startUs: 0, durationUs: startUs, from: line.from, to: at(startUs) },
    { startUs, durationUs: endUs - startUs, from: peak, to: peak },
    { startUs: endUs, durationUs: durationUs - endUs, from: at(endUs), to: line.to },
  ].filter((segment) => segment.durationUs > 0);
}

/**
 * A sine from its trough: f(t) = m − a·cos(2π·t/P), with the mean m = (low + high)/2, the
 * amplitude a = (high − low)/2 and the period P.
 *
 *     high      ···             ···
 *             ·     ·         ·     ·
 *            ·       ·       ·       ·
 *     low  ··         ··· ···         ··
 *          0         P               2P
 *
 * As 60 straight pieces a period, which lie within a·(2π/60)²/8 = 0.14 % of the amplitude from
 * it; over whole periods the integral is exactly m·t. Values below 0 by rounding are 0.
 */
export function sine(
  durationUs: number,
  low: number,
  high: number,
  periodUs: number,
): LoadSegment[] {
  const f = (us: number) =>
    Math.max(0, (low + high) / 2 - ((high - low) / 2) * Math.cos((2 * Math.PI * us) / periodUs));
  const pieceUs = periodUs / PIECES_PER_PERIOD;
  const pieces = Math.ceil(durationUs / pieceUs - 1e-9);
  return Array.from({ length: pieces }, (_, k) => {
    const startUs = Math.round(k * pieceUs);
    const endUs = Math.min(Math.round((k + 1) * pieceUs), durationUs);
    return { startUs, durationUs: endUs - startUs, from: f(startUs), to: f(endUs) };
  });
}

const PIECES_PER_PERIOD = 60;
