import { type Comparison, compareCpu, compareMemory } from './check.js';
import { type CpuModel, cpuPerSec, type FitOptions, fitCpu } from './cost-model.js';
import type { Demand } from './demand.js';
import { EstimateError } from './estimate-error.js';
import { type Load, loadOf } from './load.js';
import { fitMemory, type MemoryModel } from './memory-model.js';
import { quantile } from './regression.js';
import { demandLoad } from './sizing.js';
import { type CostSample, type CostSeries, type CostWindow, costWindows } from './windows.js';

/**
 * What a core costs that has no clients of its own: it registers those of all nodes and hands out their routes.
 * So its CPU is fitted to connects alone, cpu = base + c · connects/s, and its memory to the connections of the
 * whole cluster. Messages pass it by, which `idleCpuPerSec` and `busyCpuPerSec` show.
 */
export interface CoreCosts {
  cpu: CpuModel;
  /** Undefined when its memory did not grow with the connections. */
  memory: MemoryModel | undefined;
  /** The most memory one core had, and how many connections the cluster had at most. */
  mostBytes: number;
  mostConnections: number;
  /** Mean CPU seconds per second of one core with nothing going on, and while messages flowed. */
  idleCpuPerSec: number | undefined;
  busyCpuPerSec: number | undefined;
  /** One core for the whole demand, the reconnect case included. */
  need: CoreNeed;
  checks: readonly CoreCheck[];
}

/** A run that had no part in the fit, against what it says. */
export interface CoreCheck {
  runId: string;
  cpu: Comparison;
  memory: Comparison | undefined;
}

export interface CoreNeed {
  /** CPU seconds per second, with the noise at 95 %; undefined when the runs do not tell a connect's. */
  cpu: { value: number; low: number; high: number } | undefined;
  /** Bytes, with the peak above the line; undefined as `memory` is. */
  memory: number | undefined;
}

/** @throws EstimateError TOO_FEW_SAMPLES when the runs are too short to fit anything */
export function coreCosts(
  runs: readonly CostSeries[],
  checks: readonly CostSeries[],
  demand: Demand,
  options: FitOptions = {},
): CoreCosts {
  const series = runs.flatMap(ofCores);
  const windows = costWindows(series);
  const cpu = fitCpu(
    windows.map((window) => ({ ...window, load: connectsOnly(window.load) })),
    options,
  );
  const memory = memoryOrNothing(series, options);
  const quiet = windows.filter(({ load }) => load.connects === 0);
  return {
    cpu,
    memory,
    mostBytes: most(series, ({ rssBytes, processes }) => rssBytes / processes),
    mostConnections: most(series, ({ connectedAtEnd }) => connectedAtEnd),
    idleCpuPerSec: meanCpu(quiet.filter(({ load }) => load.bytes === 0)),
    busyCpuPerSec: meanCpu(quiet.filter(({ load }) => load.bytes > 0)),
    need: need(cpu, memory, demand),
    checks: checks.flatMap(ofCores).map((run) => ({
      runId: run.runId,
      cpu: compareCpu(cpu, costWindows([run])),
      memory: memory === undefined ? undefined : compareMemory(memory, run),
    })),
  };
}

function need(cpu: CpuModel, memory: MemoryModel | undefined, demand: Demand): CoreNeed {
  const load = connectsOnly(demandLoad(demand));
  const unknown = load.connects > 0 && cpu.missing.has('connects');
  const value = cpuPerSec(cpu, load, 1);
  const each = Float64Array.from(
    cpu.draws,
    ([base, perConnect]) => base! + (perConnect ?? 0) * load.connects,
  ).sort();
  return {
    cpu: unknown
      ? undefined
      : {
          value,
          low: each.length === 0 ? value : quantile(each, 0.025),
          high: each.length === 0 ? value : quantile(each, 0.975),
        },
    memory:
      memory === undefined
        ? undefined
        : memory.base.value + memory.perConnection.value * demand.connections + memory.workingBytes,
  };
}

/** The run as its cores spent it. */
function ofCores(run: CostSeries): CostSeries[] {
  return run.cluster === undefined ? [] : [{ ...run, samples: run.cluster.coreSamples }];
}

function connectsOnly(load: Load): Load {
  return loadOf((feature) => (feature === 'connects' ? load.connects : 0));
}

function memoryOrNothing(
  runs: readonly CostSeries[],
  options: FitOptions,
): MemoryModel | undefined {
  try {
    return fitMemory(runs, options);
  } catch (error) {
    if (error instanceof EstimateError && error.code === 'NOT_MEASURED') return undefined;
    throw error;
  }
}

function most(runs: readonly CostSeries[], of: (sample: CostSample) => number): number {
  return Math.max(0, ...runs.flatMap(({ samples }) => samples.map(of)));
}

function meanCpu(windows: readonly CostWindow[]): number | undefined {
  const seconds = windows.reduce((sum, { lengthSec, processes }) => sum + lengthSec * processes, 0);
  const spent = windows.reduce((sum, { cpuPerSec: cpu, lengthSec }) => sum + cpu * lengthSec, 0);
  return seconds === 0 ? undefined : spent / seconds;
}
