import { FEATURES, type Load, loadOf } from './load.js';

/** One second of a run as the estimator sees it: what happened, and what the target spent on it. */
export interface CostSample {
  /** Whole seconds since the start of the run; a missing one is a gap. */
  second: number;
  phase: string;
  lengthSec: number;
  /** CPU seconds of all probed broker processes together in this sample, user and system. */
  cpuSec: number;
  /** Resident memory of all of them at the end of the sample. */
  rssBytes: number;
  processes: number;
  /** Mean number of open connections, and how many there were at the end. */
  connected: number;
  connectedAtEnd: number;
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
  /** Of all probed broker processes; in a cluster whose clients keep to the replicants, of the replicants. */
  samples: readonly CostSample[];
  cluster?: ClusterSeries;
}

/** What else is known of a run on a cluster whose cores had no client of it. */
export interface ClusterSeries {
  cores: number;
  replicants: number;
  /** The same seconds, as the cores spent them. */
  coreSamples: readonly CostSample[];
  /** Messages that clients published in the whole run. */
  published: number;
  /** Copies of them that went from one node to another; undefined if a node did not say. */
  forwarded: number | undefined;
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
 * Groups samples into windows of about `windowSec`, each within one phase and without a gap. The
 * first second of every phase is left out: the probe reads the target a moment before or after the
 * harness closes its second, which matters where rates change, and a broker that meets new work first
 * compiles and allocates for it, which is no cost of the work itself. The teardown is left out too.
 * @param windowSec default: 2 s, or 1 s when all runs together have fewer than 60 samples.
 */
export function costWindows(runs: readonly CostSeries[], windowSec?: number): CostWindow[] {
  const samples = runs.reduce((sum, run) => sum + run.samples.length, 0);
  const wantedSec = windowSec ?? (samples < FEW_SAMPLES ? 1 : 2);
  return runs.flatMap((run, index) =>
    stretches(withoutTeardown(run.samples)).flatMap((stretch) =>
      split(stretch, wantedSec).map((part) => windowOf(part, index)),
    ),
  );
}

/** The samples until connections first fall below 98 % of the most there were. */
export function withoutTeardown(samples: readonly CostSample[]): readonly CostSample[] {
  let most = 0;
  const end = samples.findIndex(({ connected }) => {
    most = Math.max(most, connected);
    return connected < 0.98 * most;
  });
  return end < 0 ? samples : samples.slice(0, end);
}

/** Samples of one phase that follow each other; of each phase without its first. */
function stretches(samples: readonly CostSample[]): CostSample[][] {
  const found: CostSample[][] = [];
  samples.forEach((sample, at) => {
    const before = samples[at - 1];
    if (before?.phase !== sample.phase) return;
    const open = found.at(-1)?.at(-1);
    if (open === before && sample.second === before.second + 1) found.at(-1)!.push(sample);
    else found.push([sample]);
  });
  return found;
}

/** Parts of equal length, as many as the stretch has whole windows, but at least one. */
function split(stretch: readonly CostSample[], windowSec: number): CostSample[][] {
  const lengthSec = stretch.reduce((sum, sample) => sum + sample.lengthSec, 0);
  // Rounding in `lengthSec` must not cost a window.
  const parts = Math.max(1, Math.floor((lengthSec * 1.02) / windowSec));
  const end = (part: number) => Math.round((part * stretch.length) / parts);
  return Array.from({ length: parts }, (_, part) => stretch.slice(end(part), end(part + 1)));
}

function windowOf(samples: readonly CostSample[], run: number): CostWindow {
  const lengthSec = samples.reduce((sum, sample) => sum + sample.lengthSec, 0);
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
