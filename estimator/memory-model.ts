import type { FitOptions } from './cost-model.js';
import { EstimateError } from './estimate-error.js';
import { DEFAULT_DRAWS, type Fitted, fittedCoefficient, regress } from './regression.js';
import type { CostWindow } from './windows.js';

/** Resident bytes = base·processes + perConnection·connections, plus what work needs on top. */
export interface MemoryModel {
  base: Fitted;
  perConnection: Fitted;
  /**
   * The most that one process was ever above the line: buffers, garbage not yet collected. Counted
   * for every process, because memory must hold the peak and not the mean.
   */
  workingBytes: number;
  r2: number;
  windows: number;
  /** Each draw: base, per connection. */
  draws: readonly Float64Array[];
}

const LEAST_WINDOWS = 6;

/**
 * A straight line through the windows up to the teardown: memory goes back to the system late or
 * never, so what is measured while connections leave says nothing on their cost.
 * @throws EstimateError NOT_MEASURED when the number of connections hardly changed
 */
export function fitMemory(windows: readonly CostWindow[], options: FitOptions = {}): MemoryModel {
  const growing = withoutTeardown(windows);
  const connections = Float64Array.from(growing, (window) => window.load.connections);
  const largest = Math.max(0, ...connections);
  if (growing.length < LEAST_WINDOWS || largest - Math.min(...connections) < largest / 2) {
    throw new EstimateError(
      'NOT_MEASURED',
      'memory per connection is not identifiable in these runs: no run shows its connections coming up; give one that starts with a ramp',
    );
  }
  const processes = Float64Array.from(growing, (window) => window.processes);
  const y = Float64Array.from(growing, (window) => window.rssBytes);
  const regression = regress(
    {
      columns: [processes, connections],
      y,
      rootWeights: Float64Array.from(growing, (window) => Math.sqrt(window.lengthSec)),
      runs: growing.map((window) => window.run),
    },
    options.draws ?? DEFAULT_DRAWS,
    options.seed ?? 1,
  );
  const above = growing.map((w, i) => (w.rssBytes - regression.fitted[i]!) / w.processes);
  return {
    base: fittedCoefficient(regression, 0),
    perConnection: fittedCoefficient(regression, 1),
    workingBytes: Math.max(0, ...above),
    r2: regression.r2,
    windows: growing.length,
    draws: regression.draws,
  };
}

/** The windows of each run until its connections first fall below 98 % of the most it had. */
export function withoutTeardown(windows: readonly CostWindow[]): CostWindow[] {
  const most = new Map<number, number>();
  const ended = new Set<number>();
  return windows.filter(({ run, load }) => {
    const peak = Math.max(most.get(run) ?? 0, load.connections);
    most.set(run, peak);
    if (load.connections < 0.98 * peak) ended.add(run);
    return !ended.has(run);
  });
}
