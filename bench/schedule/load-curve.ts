/**
 * Load time against wall time. Arrivals are laid out at load 1; a phase that runs at load 0.5
 * stretches them, a phase at load 0 stops them, a ramp bends them. With f(w) the load factor at
 * wall time w, load time is L(w) = ∫ f, and an arrival at load time x is due at the wall time
 * where L passes x.
 */
export interface LoadCurve {
  /**
   * When load time `loadUs` is passed: the last wall time w with L(w) ≤ loadUs, so that what
   * falls on the edge of a stretch without load belongs to the next stretch with load (phases are
   * half-open, as time is). Infinity when the load never gets there.
   */
  wallUs(loadUs: number): number;
  /** L(wallUs). 0 before the first segment, `totalLoadUs` after the last. */
  loadUs(wallUs: number): number;
  /** L at the end of the last segment: arrivals below it happen, those at or above it do not. */
  readonly totalLoadUs: number;
}

/** From `startUs` on the load goes in a straight line from `from` to `to` over `durationUs`. */
export interface LoadSegment {
  readonly startUs: number;
  readonly durationUs: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Segments may come in any order and must not overlap; between them the load is 0.
 * Throws RangeError on an overlap, a negative load or a negative duration.
 */
export function loadCurve(segments: readonly LoadSegment[]): LoadCurve {
  const ordered = segments
    .filter((s) => s.durationUs !== 0)
    .sort((a, b) => a.startUs - b.startUs || a.durationUs - b.durationUs);
  let endUs = Number.NEGATIVE_INFINITY;
  for (const { startUs, durationUs, from, to } of ordered) {
    if (!(durationUs > 0)) throw new RangeError(`a load segment lasts ${durationUs} µs`);
    if (!(from >= 0 && to >= 0)) throw new RangeError(`load goes from ${from} to ${to}`);
    if (startUs < endUs) throw new RangeError(`load segments overlap at ${startUs} µs`);
    endUs = startUs + durationUs;
  }
  return new SegmentedCurve(ordered);
}

class SegmentedCurve implements LoadCurve {
  readonly totalLoadUs: number;
  readonly #count: number;
  readonly #startUs: Float64Array;
  readonly #durationUs: Float64Array;
  readonly #from: Float64Array;
  /** Change of the load per µs. */
  readonly #slope: Float64Array;
  /** L at the segment's start; one more entry for the end of the last. */
  readonly #loadAtStartUs: Float64Array;

  constructor(segments: readonly LoadSegment[]) {
    const count = segments.length;
    this.#count = count;
    this.#startUs = new Float64Array(count);
    this.#durationUs = new Float64Array(count);
    this.#from = new Float64Array(count);
    this.#slope = new Float64Array(count);
    this.#loadAtStartUs = new Float64Array(count + 1);
    segments.forEach((segment, k) => {
      const { startUs, durationUs, from, to } = segment;
      this.#startUs[k] = startUs;
      this.#durationUs[k] = durationUs;
      this.#from[k] = from;
      this.#slope[k] = (to - from) / durationUs;
      this.#loadAtStartUs[k + 1] = this.#loadAtStartUs[k]! + ((from + to) / 2) * durationUs;
    });
    this.totalLoadUs = this.#loadAtStartUs[count]!;
  }

  loadUs(wallUs: number): number {
    // The last segment that starts by then: a sine over a day has many.
    let k = -1;
    for (let high = this.#count - 1; k < high; ) {
      const middle = (k + high + 1) >> 1;
      if (this.#startUs[middle]! <= wallUs) k = middle;
      else high = middle - 1;
    }
    if (k < 0) return 0;
    const t = wallUs - this.#startUs[k]!;
    if (t >= this.#durationUs[k]!) return this.#loadAtStartUs[k + 1]!;
    return this.#loadAtStartUs[k]! + t * (this.#from[k]! + (this.#slope[k]! * t) / 2);
  }

  wallUs(loadUs: number): number {
    if (!(loadUs < this.totalLoadUs)) return Number.POSITIVE_INFINITY;
    const wantedUs = Math.max(loadUs, 0);
    // The last segment that starts at or below the wanted load and rises above it.
    let low = 0;
    let high = this.#count - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#loadAtStartUs[middle + 1]! > wantedUs) high = middle;
      else low = middle + 1;
    }
    const restUs = wantedUs - this.#loadAtStartUs[low]!;
    const startUs = this.#startUs[low]!;
    if (restUs <= 0) return startUs;
    // from·t + slope·t²/2 = rest, in the form that does not cancel when the slope is small. The
    // discriminant is the square of the load at t; rounding may take it below 0 where a ramp
    // comes down to nothing.
    const from = this.#from[low]!;
    const square = from * from + 2 * this.#slope[low]! * restUs;
    const sum = from + (square > 0 ? Math.sqrt(square) : 0);
    const t = sum > 0 ? (2 * restUs) / sum : 0; // no sum: so little is wanted that it underflows
    return startUs + Math.min(t, this.#durationUs[low]!);
  }
}
