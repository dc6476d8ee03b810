import { FEATURES, type Load, loadOf } from './load.js';

/** One second of a run as the estimator sees it: what happened, and what the target spent on it. */
export interface CostSample {
  /** Whole seconds since the start of the run; a missing one is a gap. */
  second: number;
  phase: string;
  lengthSec: number;
  /** CPU seconds of all probed broker processes together in this sample, user and system. */
  cpuSec: number;
  /** Resident memory of all of them. */
  rssBytes: number;
  processes: number;
  /** Mean number of open connections. */
  connected: number;
  /** These are counts of the sample; `bytesIn` is what the target received, at MQTT level. */
  connects: number;
  publishesQos0: number;
  publishesQos1: number;
  publishesQos2: number;
  deliveriesQos0: number;
  deliveriesQos1: number;
  deliveriesQos2: number;
  bytesIn: number;
  bytesOut: number;
  pings: number;
}

/** The samples of one run in order of time, and what a report must say about where they come from. */
export interface CostSeries {
  runId: string;
  /** Such as `mqtt://127.0.0.1:1883`. */
  target: string;
  /** Where the target ran: processor model and count, memory. */
  host: string;
  /** What the run itself says against its numbers; empty for a valid one. */
  doubts: readonly string[];
  samples: readonly CostSample[];
}

/** Consecutive samples of one phase taken together. Rates are per second, `connections` is the mean. */
export interface CostWindow {
  run: number;
  phase: string;
  lengthSec: number;
  cpuPerSec: number;
  processes: number;
  load: Load;
}

/** Below this many samples in all, a two-second window would leave too few windows. */
const FEW_SAMPLES = 60;

/**
 * Groups samples into windows of at least `windowSec`, each within one phase. The first and the last
 * second of a phase are left out: rates change in them while the probe reads the target a moment
 * before or after the harness closes its second, and a broker that meets new work first compiles and
 * allocates for it, which is no cost of the work. A gap ends a window; what is left over shorter than
 * a window is dropped.
 * @param windowSec default: 2 s, or 1 s when all runs together have fewer than 60 samples.
 */
export function costWindows(runs: readonly CostSeries[], windowSec?: number): CostWindow[] {
  const samples = runs.reduce((sum, run) => sum + run.samples.length, 0);
  const atLeastSec = windowSec ?? (samples < FEW_SAMPLES ? 1 : 2);
  return runs.flatMap((run, index) => windowsOfRun(run.samples, index, atLeastSec));
}

function windowsOfRun(
  samples: readonly CostSample[],
  run: number,
  windowSec: number,
): CostWindow[] {
  const windows: CostWindow[] = [];
  let open: CostSample[] = [];
  let openSec = 0;
  // Rounding in `lengthSec` must not make every window one sample longer.
  const enoughSec = windowSec * 0.95;
  for (const sample of withoutEdges(samples)) {
    const last = open.at(-1);
    if (last !== undefined && sample.second !== last.second + 1) {
      open = [];
      openSec = 0;
    }
    open.push(sample);
    openSec += sample.lengthSec;
    if (openSec < enoughSec) continue;
    windows.push(windowOf(open, run, openSec));
    open = [];
    openSec = 0;
  }
  return windows;
}

/** Where an edge is left out, the seconds around it do not follow each other: it ends a window too. */
function withoutEdges(samples: readonly CostSample[]): CostSample[] {
  return samples.filter(
    ({ phase }, at) => samples[at - 1]?.phase === phase && samples[at + 1]?.phase === phase,
  );
}

function windowOf(samples: readonly CostSample[], run: number, lengthSec: number): CostWindow {
  const total = (field: keyof CostSample) =>
    samples.reduce((sum, sample) => sum + Number(sample[field]), 0);
  const mean = (field: keyof CostSample) =>
    samples.reduce((sum, sample) => sum + Number(sample[field]) * sample.lengthSec, 0) / lengthSec;
  return {
    run,
    phase: samples[0]!.phase,
    lengthSec,
    cpuPerSec: total('cpuSec') / lengthSec,
    processes: mean('processes'),
    load: loadOf((feature) => {
      if (feature === 'connections') return mean('connected');
      if (feature === 'bytes') return (total('bytesIn') + total('bytesOut')) / lengthSec;
      return total(feature) / lengthSec;
    }),
  };
}

/** The largest value of each feature over the windows: where the measured range ends. */
export function largestLoad(windows: readonly CostWindow[]): Load {
  const largest = new Map(
    FEATURES.map((feature) => [feature, Math.max(0, ...windows.map((w) => w.load[feature]))]),
  );
  return loadOf((feature) => largest.get(feature) ?? 0);
}
