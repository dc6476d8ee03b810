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
  r2: number;
  /** Seconds the line goes through. */
  samples: number;
  /** Each draw: base, per connection. */
  draws: readonly Float64Array[];
}

const LEAST_SAMPLES = 4;

/**
 * A straight line through the seconds in which connections came up. What follows says less: memory
 * goes back to the system late or never, a collector may give back what the growth left as garbage
 * once it is idle, and a node must have room for the growth all the same.
 * @throws EstimateError NOT_MEASURED when the runs do not show connections coming up
 */
export function fitMemory(runs: readonly CostSeries[], options: FitOptions = {}): MemoryModel {
  const growing = runs.flatMap(({ samples }, run) =>
    growth(samples).map((sample) => ({ run, sample })),
  );
  const connections = Float64Array.from(growing, ({ sample }) => sample.connected);
  const largest = Math.max(0, ...connections);
  if (growing.length < LEAST_SAMPLES || largest - Math.min(...connections) < largest / 2) {
    throw new EstimateError(
      'NOT_MEASURED',
      `memory per connection is not identifiable in these runs: they do not show connections coming up over ${LEAST_SAMPLES} seconds or more; give one that starts with a slower ramp`,
    );
  }
  const regression = regress(
    {
      columns: [Float64Array.from(growing, ({ sample }) => sample.processes), connections],
      y: Float64Array.from(growing, ({ sample }) => sample.rssBytes),
      rootWeights: Float64Array.from(growing, ({ sample }) => Math.sqrt(sample.lengthSec)),
      runs: growing.map(({ run }) => run),
      robust: false,
    },
    options.draws ?? DEFAULT_DRAWS,
    options.seed ?? 1,
  );
  const base = fittedCoefficient(regression, 0);
  const perConnection = fittedCoefficient(regression, 1);
  const above = runs
    .flatMap(({ samples }) => withoutTeardown(samples))
    .map(
      ({ rssBytes, processes, connected }) =>
        (rssBytes - perConnection.value * connected) / processes - base.value,
    );
  return {
    base,
    perConnection,
    workingBytes: Math.max(0, ...above),
    r2: regression.r2,
    samples: growing.length,
    draws: regression.draws,
  };
}

/** The samples until the run has (to half a percent) all the connections it ever had. */
function growth(samples: readonly CostSample[]): readonly CostSample[] {
  const most = Math.max(0, ...samples.map(({ connected }) => connected));
  const full = samples.findIndex(({ connected }) => connected >= 0.995 * most);
  return samples.slice(0, full + 1);
}
