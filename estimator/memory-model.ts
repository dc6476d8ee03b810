import type { FitOptions } from './cost-model.js';
import { EstimateError } from './estimate-error.js';
import { DEFAULT_DRAWS, type Fitted, fittedCoefficient, regress } from './regression.js';
import { type CostSample, type CostSeries, withoutTeardown } from './windows.js';

/** Resident bytes = base·processes + perConnection·connections, plus what work needs on top. */
export interface MemoryModel {
  base: Fitted;
  perConnection: Fitted;
  /**
   * The most that one process was ever above the line, in any second up to the teardown: buffers,
   * garbage not yet collected. Counted for every process: memory must hold the peak, not the mean.
   */
  workingBytes: number;
  /** Share of the growth that the number of connections explains. */
  r2: number;
  /** Seconds the line goes through. */
  samples: number;
  /** Each draw: base, per connection. */
  draws: readonly Float64Array[];
}

/** Seconds of growth beyond one for each level. */
const LEAST_SPARE_SAMPLES = 2;
/** Connections that explain less of the growth than this do not show what one costs. */
const LEAST_R2 = 0.5;
/** Memory that falls by more than this share while connections come up was given back. */
const GIVEN_BACK = 0.03;

/**
 * A straight line through the seconds in which connections came up. What follows says less: memory
 * goes back to the system late or never, a collector may give back what the growth left as garbage
 * once it is idle, and a node must have room for the growth all the same. Where memory is given back
 * in the middle of it, and for each further run, the line goes on at a level of its own.
 * @throws EstimateError NOT_MEASURED when the runs do not show memory growing with connections
 */
export function fitMemory(runs: readonly CostSeries[], options: FitOptions = {}): MemoryModel {
  const levels = runs.flatMap(({ samples }) => steadyGrowth(growth(samples)));
  const growing = levels.flatMap((samples, level) => samples.map((sample) => ({ level, sample })));
  const connections = Float64Array.from(growing, ({ sample }) => sample.connectedAtEnd);
  const largest = Math.max(0, ...connections);
  if (
    growing.length < levels.length + LEAST_SPARE_SAMPLES ||
    largest - Math.min(...connections) < largest / 2
  ) {
    throw new EstimateError(
      'NOT_MEASURED',
      'memory per connection is not identifiable in these runs: they do not show connections coming up over some seconds; give one that starts with a slower ramp',
    );
  }
  const bases = levels.map((_, level) =>
    Float64Array.from(growing, ({ level: of, sample }) => (of === level ? sample.processes : 0)),
  );
  const fit = (columns: readonly Float64Array[], draws: number) =>
    regress(
      {
        columns,
        y: Float64Array.from(growing, ({ sample }) => sample.rssBytes),
        rootWeights: Float64Array.from(growing, ({ sample }) => Math.sqrt(sample.lengthSec)),
        runs: growing.map(({ level }) => level),
        robust: false,
      },
      draws,
      options.seed ?? 1,
    );
  const regression = fit([...bases, connections], options.draws ?? DEFAULT_DRAWS);
  const r2 = 1 - (1 - regression.r2) / (1 - fit(bases, 0).r2);
  const slope = levels.length;
  if (!(r2 >= LEAST_R2) || regression.coefficients[slope] === 0) {
    throw new EstimateError(
      'NOT_MEASURED',
      `memory per connection is not identifiable in these runs: memory did not grow with the connections (R² ${r2.toFixed(2)}); start the broker anew before the run, because it keeps the memory of connections it had before, or use more connections`,
    );
  }
  const base = fittedCoefficient(regression, 0);
  const perConnection = fittedCoefficient(regression, slope);
  const above = runs
    .flatMap(({ samples }) => withoutTeardown(samples))
    .map(
      ({ rssBytes, processes, connectedAtEnd }) =>
        (rssBytes - perConnection.value * connectedAtEnd) / processes - base.value,
    );
  return {
    base,
    perConnection,
    workingBytes: Math.max(0, ...above),
    r2,
    samples: growing.length,
    draws: regression.draws.map((draw) => Float64Array.of(draw[0]!, draw[slope]!)),
  };
}

/** Cuts the growth where memory was given back. */
function steadyGrowth(samples: readonly CostSample[]): CostSample[][] {
  const levels: CostSample[][] = [];
  samples.forEach((sample, at) => {
    const before = samples[at - 1];
    const fell = before !== undefined && sample.rssBytes < (1 - GIVEN_BACK) * before.rssBytes;
    if (before === undefined || fell) levels.push([]);
    levels.at(-1)!.push(sample);
  });
  return levels;
}

/** The samples until the run has (to half a percent) all the connections it ever had. */
function growth(samples: readonly CostSample[]): readonly CostSample[] {
  const most = Math.max(0, ...samples.map(({ connectedAtEnd }) => connectedAtEnd));
  const full = samples.findIndex(({ connectedAtEnd }) => connectedAtEnd >= 0.995 * most);
  return samples.slice(0, full + 1);
}
