import type { MergedInterval } from './interval-report.js';
import type { LatencyFigures, LittlesLaw, RunRecord } from './run-record.js';
import { OUTAGE, PATHS, type Path, PUBLISH } from './series.js';

const SECOND_US = 1_000_000;
/** Buckets of our histograms are at most 1/1024 of their values wide: a mean of their middles is off by half of it. */
const STEP_SHARE = 1 / 2048;
/** Values are cut to whole µs. */
const CUT_US = 1;

/**
 * How many connects, subscribes, publishes and deliveries were between intended and answered, as a time integral: per
 * second k with N(k) under way at its end E(k), area = E(k)·N(k) − E(k−1)·N(k−1) + Σ moments of leaving −
 * Σ moments of entering. It is what Little's law calls L, from counts and moments; the histograms give λ and W.
 */
export class OccupancyTotals {
  readonly #paths = PATHS.map(() => ({
    underWay: 0,
    areaUs: 0,
    windowUs: 0,
    /** Under way at all beginnings and ends of the window so far. */
    atEdges: 0,
    within: false,
  }));
  #endUs = 0;

  add(interval: MergedInterval): void {
    const beginUs = this.#endUs;
    const endUs = (interval.second + interval.lengthSec) * SECOND_US;
    for (const [index, path] of this.#paths.entries()) {
      const before = path.underWay;
      path.underWay += interval.occupancy.change[index]!;
      const within = index < PUBLISH || interval.measured || interval.tail;
      if (within !== path.within) path.atEdges += Math.max(0, before);
      path.within = within;
      if (!within) continue;
      path.areaUs +=
        endUs * path.underWay - beginUs * before + interval.occupancy.momentsUs[index]!;
      path.windowUs += endUs - beginUs;
    }
    this.#endUs = endUs;
  }

  /** By path; those where nothing was answered are left out, and outages: they wait for a back-off, not for an answer. */
  littlesLaw(latency: RunRecord['latency']): NonNullable<RunRecord['littlesLaw']> {
    const laws: NonNullable<RunRecord['littlesLaw']> = {};
    for (const [index, path] of PATHS.entries()) {
      if (index === OUTAGE) continue;
      const response = latency[`${path}.response`];
      const law = response === undefined ? undefined : this.#law(index, path, response);
      if (law !== undefined) laws[path] = law;
    }
    return laws;
  }

  #law(index: number, path: Path, response: LatencyFigures): LittlesLaw | undefined {
    const { underWay, areaUs, windowUs, atEdges, within } = this.#paths[index]!;
    if (windowUs === 0 || response.count === 0) return undefined;
    const answeredUs = response.count * response.mean;
    const edges = atEdges + (within ? Math.max(0, underWay) : 0);
    // A message under way at an end of the window has part of its time outside; at most the longest response.
    const edgesUs = edges * response.max;
    // A lost delivery never leaves: for all we know it was under way all the time.
    const lostUs = path === 'delivery' ? Math.max(0, underWay) * windowUs : 0;
    const toleranceUs = edgesUs + lostUs + answeredUs * STEP_SHARE + response.count * CUT_US;
    return {
      seconds: round(windowUs / SECOND_US),
      answered: response.count,
      inFlightMean: round(areaUs / windowUs),
      expectedMean: round(answeredUs / windowUs),
      tolerance: round(toleranceUs / windowUs),
      underWayAtEnd: underWay,
    };
  }
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
