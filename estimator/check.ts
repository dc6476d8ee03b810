import { type CpuModel, cpuPerSec, fitCpu } from './cost-model.js';
import { EstimateError } from './estimate-error.js';
import { FEATURES, type Feature } from './load.js';
import type { MemoryModel } from './memory-model.js';
import { type CostSeries, type CostWindow, costWindows, withoutTeardown } from './windows.js';

export interface Comparison {
  measured: number;
  predicted: number;
  /** predicted / measured − 1. */
  relativeError: number;
}

/** A run that had no part in the fit, against what the model says of it. */
export interface RunCheck {
  runId: string;
  /** CPU seconds over the windows of the run: without first seconds of phases and the teardown. */
  cpu: Comparison;
  /** Resident bytes in the last second with the most connections. */
  memory: Comparison;
  phases: readonly (Comparison & { phase: string })[];
  /** What the run did and the model has no cost for: the prediction lacks it. */
  unknown: readonly Feature[];
}

/**
 * Predicts a run from its load alone and compares.
 * @throws EstimateError TOO_FEW_SAMPLES when the run has not a single whole window
 */
export function checkRun(cpu: CpuModel, memory: MemoryModel, run: CostSeries): RunCheck {
  const windows = costWindows([run]);
  if (windows.length === 0) {
    throw new EstimateError('TOO_FEW_SAMPLES', `run ${run.runId} is too short to check against`);
  }
  const known = new Set(cpu.costs.flatMap((cost) => cost.group.features));
  return {
    runId: run.runId,
    cpu: compareCpu(cpu, windows),
    memory: compareMemory(memory, run),
    phases: [...new Set(windows.map((window) => window.phase))].map((phase) => ({
      phase,
      ...compareCpu(
        cpu,
        windows.filter((window) => window.phase === phase),
      ),
    })),
    unknown: FEATURES.filter(
      (feature) =>
        feature !== 'bytes' &&
        !known.has(feature) &&
        windows.some((window) => window.load[feature] > 0),
    ),
  };
}

/** A phase left out of the fit and predicted from the rest. */
export interface PhaseCheck extends Comparison {
  run: number;
  phase: string;
}

/** Phases with less CPU than this share of the busiest say nothing in relative terms. */
const LEAST_SHARE = 0.05;

/**
 * Leaves out one phase of one run at a time, fits the rest and predicts it. Where
 * the rest alone would tell other costs apart than `whole` does, the phase carries information that
 * nothing else has; it cannot be predicted and is passed over.
 */
export function holdOutPhases(windows: readonly CostWindow[], whole: CpuModel): PhaseCheck[] {
  const busiest = Math.max(0, ...windows.map((window) => window.cpuPerSec));
  const checks: PhaseCheck[] = [];
  for (const { run, phase } of whole.fit.phases) {
    const isLeft = (window: CostWindow) => window.run === run && window.phase === phase;
    const left = windows.filter(isLeft);
    const model = fitOrNothing(windows.filter((window) => !isLeft(window)));
    if (model === undefined || costNames(model) !== costNames(whole)) continue;
    const check = compareCpu(model, left);
    const seconds = left.reduce((sum, window) => sum + window.lengthSec, 0);
    if (check.measured >= LEAST_SHARE * busiest * seconds) checks.push({ run, phase, ...check });
  }
  return checks;
}

function costNames(model: CpuModel): string {
  const costs = model.costs.map((cost) => cost.group.features.join('+'));
  return [model.baseKnown ? 'base' : '', ...costs].join(' ');
}

function fitOrNothing(windows: readonly CostWindow[]): CpuModel | undefined {
  try {
    return windows.length === 0 ? undefined : fitCpu(windows, { draws: 0 });
  } catch (error) {
    if (error instanceof EstimateError) return undefined;
    throw error;
  }
}

/** In the last second with the most connections of a run that has any second. */
export function compareMemory(memory: MemoryModel, run: CostSeries): Comparison {
  const most = withoutTeardown(run.samples).reduce((best, sample) =>
    sample.connectedAtEnd >= best.connectedAtEnd ? sample : best,
  );
  return comparison(
    most.rssBytes,
    memory.base.value * most.processes + memory.perConnection.value * most.connectedAtEnd,
  );
}

export function compareCpu(model: CpuModel, windows: readonly CostWindow[]): Comparison {
  return comparison(
    windows.reduce((sum, window) => sum + window.cpuPerSec * window.lengthSec, 0),
    windows.reduce(
      (sum, window) => sum + cpuPerSec(model, window.load, window.processes) * window.lengthSec,
      0,
    ),
  );
}

function comparison(measured: number, predicted: number): Comparison {
  return { measured, predicted, relativeError: predicted / measured - 1 };
}
