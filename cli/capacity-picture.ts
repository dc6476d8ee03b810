import type { CapacityRecord, CapacityStep } from '../bench/mod.js';
import { type Chart, chartsSvg, formatDurationUs, parseObjective } from '../results/mod.js';
import { shownPath } from './capacity-text.js';

const WIDTH = 760;
const LINES = [
  { clock: 'response', figure: 'p99', name: 'response p99 (from when it was due)' },
  { clock: 'response', figure: 'p50', name: 'response p50' },
  { clock: 'service', figure: 'p99', name: 'service p99 (from when it was sent)' },
  { clock: 'service', figure: 'p50', name: 'service p50' },
] as const;

/** Latency against load, as one SVG file: means of the repeats with their spread, and where the capacity lies. */
export function capacityPicture(record: CapacityRecord): string {
  const one = record.publishesPerSecAtLoadOne;
  const path = shownPath(record.steps[0]!);
  const series = LINES.map(({ clock, figure, name }) => ({
    name: `${path} ${name}`,
    points: byLoad(record.steps).flatMap(({ load, steps }) => {
      const values = steps.flatMap(({ latency }) => latency[`${path}.${clock}`]?.[figure] ?? []);
      if (values.length === 0) return [];
      const y = values.reduce((sum, value) => sum + value, 0) / values.length;
      return [{ x: load * one, y, low: Math.min(...values), high: Math.max(...values) }];
    }),
  })).filter(({ points }) => points.length > 0);
  const { answer } = record;
  const band =
    answer?.kind === 'interval'
      ? { from: (answer.low ?? 0) * one, to: (answer.high ?? 0) * one, name: 'capacity' }
      : undefined;
  const bound = record.objectives
    .map(parseObjective)
    .find(({ metric, unit }) => unit === 'duration' && metric.startsWith(`${path}.`));
  const chart: Chart = {
    title: `Latency of ${record.scenario} against load`,
    x: 'publishes offered per second',
    y: 'latency (logarithmic)',
    series,
    scale: 'log',
    xTicks: 'round',
    format: (us) => formatDurationUs(us).replace(/\.0+ /, ' '),
    width: WIDTH,
    ...(band === undefined ? {} : { band }),
    ...(bound === undefined ? {} : { bound: { y: bound.bound, name: bound.text } }),
  };
  return chartsSvg([chart]);
}

function byLoad(steps: readonly CapacityStep[]): { load: number; steps: CapacityStep[] }[] {
  const loads = [...new Set(steps.map(({ load }) => load))].sort((a, b) => a - b);
  return loads.map((load) => ({ load, steps: steps.filter((step) => step.load === load) }));
}
