import { type FeatureGroup, identifiable, type Unidentifiable, unitsOf } from './collinearity.js';
import { EstimateError } from './estimate-error.js';
import { type Feature, type Load, messagesPerSec } from './load.js';
import { DEFAULT_DRAWS, type Fitted, fittedCoefficient, median, regress } from './regression.js';
import { type CostWindow, largestLoad } from './windows.js';

/** CPU seconds for one unit of a group; for `connections`, per connection and second. */
export interface CpuCost extends Fitted {
  group: FeatureGroup;
  /** In how many windows it happened. */
  windows: number;
}

/**
 * The linear cost of a broker, in CPU seconds per second:
 * cpu = base·processes + Σ cost_g · units_g(load), every cost ≥ 0.
 */
export interface CpuModel {
  /** CPU seconds per second of one broker process with nothing to do. */
  base: Fitted;
  /** False when no stretch was idle enough to tell the base: it is 0 then, and in the other costs. */
  baseKnown: boolean;
  costs: readonly CpuCost[];
  missing: ReadonlyMap<Feature, Unidentifiable>;
  /** Coefficients of each bootstrap draw: base, then the costs in order. */
  draws: readonly Float64Array[];
  fit: FitQuality;
  measured: MeasuredRange;
}

export interface FitQuality {
  windows: number;
  r2: number;
  /** Median of |measured − fitted| / measured, over windows that were not nearly idle. */
  typicalError: number;
  /** Windows that one bootstrap factor covers. */
  blockRows: number;
  /** CPU seconds in the windows of each phase; a bias here is load the model does not understand. */
  phases: readonly { run: number; phase: string; measured: number; fitted: number }[];
}

export interface MeasuredRange {
  largest: Load;
  /** The busiest window, in CPU seconds per second of one process. */
  cpuPerProcess: number;
  /** MQTT bytes for each publish or delivery; 0 when there were none. */
  bytesPerMessage: number;
}

export interface FitOptions {
  draws?: number;
  seed?: number;
}

/** Where the kernel tells CPU only in clock ticks of 10 ms, no reading is surer than two of them. */
const LEAST_CPU_PER_SEC = 0.02;
/** Windows the fit needs beyond one for each coefficient. */
const SPARE_WINDOWS = 5;

/**
 * Fits the costs to the windows of one or more runs of the same broker.
 * @throws EstimateError TOO_FEW_SAMPLES
 */
export function fitCpu(windows: readonly CostWindow[], options: FitOptions = {}): CpuModel {
  const loads = windows.map((window) => window.load);
  const y = Float64Array.from(windows, (window) => window.cpuPerSec);
  const runs = windows.map((window) => window.run);

  // Two passes: the noise of a CPU reading grows with the CPU itself, which the first pass estimates.
  const flat = Float64Array.from(windows, (window) => Math.sqrt(window.lengthSec));
  let rootWeights = flat;
  let { groups, missing, baseKnown } = identifiable(windows, rootWeights);
  const columnsOf = () => [
    // A column of zeros gets a cost of zero: the base is in the other costs.
    Float64Array.from(windows, ({ processes }) => (baseKnown ? processes : 0)),
    ...groups.map((group) => Float64Array.from(loads, (load) => unitsOf(group, load))),
  ];
  if (windows.length < groups.length + 1 + SPARE_WINDOWS) {
    throw new EstimateError(
      'TOO_FEW_SAMPLES',
      `${windows.length} windows are too few to fit ${groups.length + 1} costs: run longer, or give more runs`,
    );
  }
  const first = regress({ columns: columnsOf(), y, rootWeights, runs, robust: true }, 0, 0).fitted;
  rootWeights = flat.map((value, i) => value / Math.sqrt(first[i]! + LEAST_CPU_PER_SEC));
  ({ groups, missing, baseKnown } = identifiable(windows, rootWeights));

  const regression = regress(
    { columns: columnsOf(), y, rootWeights, runs, robust: true },
    options.draws ?? DEFAULT_DRAWS,
    options.seed ?? 1,
  );
  return {
    base: fittedCoefficient(regression, 0),
    baseKnown,
    costs: groups.map((group, k) => ({
      ...fittedCoefficient(regression, k + 1),
      group,
      windows: loads.filter((load) => unitsOf(group, load) > 0).length,
    })),
    missing,
    draws: regression.draws,
    fit: {
      windows: windows.length,
      r2: regression.r2,
      typicalError: typicalError(y, regression.fitted),
      blockRows: regression.blockRows,
      phases: phaseSums(windows, regression.fitted),
    },
    measured: measuredRange(windows),
  };
}

/** CPU seconds per second that the load costs on that many processes. */
export function cpuPerSec(model: CpuModel, load: Load, processes: number): number {
  return model.costs.reduce(
    (sum, cost) => sum + cost.value * unitsOf(cost.group, load),
    model.base.value * processes,
  );
}

function typicalError(y: Float64Array, fitted: Float64Array): number {
  const busy = Math.max(...y) * 0.05;
  const errors = [...y]
    .map((value, i) => ({ value, error: Math.abs(value - fitted[i]!) / value }))
    .filter(({ value }) => value > busy);
  return median(errors.map(({ error }) => error));
}

function phaseSums(windows: readonly CostWindow[], fitted: Float64Array): FitQuality['phases'] {
  const sums = new Map<string, FitQuality['phases'][number]>();
  windows.forEach(({ run, phase, lengthSec, cpuPerSec }, i) => {
    const key = `${run} ${phase}`;
    const sum = sums.get(key) ?? { run, phase, measured: 0, fitted: 0 };
    sums.set(key, {
      ...sum,
      measured: sum.measured + cpuPerSec * lengthSec,
      fitted: sum.fitted + fitted[i]! * lengthSec,
    });
  });
  return [...sums.values()];
}

function measuredRange(windows: readonly CostWindow[]): MeasuredRange {
  const total = (of: (window: CostWindow) => number) =>
    windows.reduce((sum, window) => sum + of(window) * window.lengthSec, 0);
  const messages = total((window) => messagesPerSec(window.load));
  // Windows with more connects than messages would count CONNECT packets as message bytes.
  const bytes = total((window) =>
    messagesPerSec(window.load) > window.load.connects ? window.load.bytes : 0,
  );
  return {
    largest: largestLoad(windows),
    cpuPerProcess: Math.max(...windows.map((window) => window.cpuPerSec / window.processes)),
    bytesPerMessage: messages === 0 ? 0 : bytes / messages,
  };
}
