import { mean, median } from 'simple-statistics';
import { formatDurationUs, formatRate, formatShare } from '../format.js';
import type { RunRecord, Steadiness } from '../run-record.js';
import { mannKendall, type Trend } from '../trend.js';
import { warmUpLength } from '../warm-up.js';
import { type Finding, reason, silence } from './finding.js';
import {
  STEADY_DRIFT,
  STEADY_LEAST_SECONDS,
  STEADY_Z,
  WARM_UP_DEVIATIONS,
  WARM_UP_SUSPECT_SHARE,
} from './thresholds.js';

interface Series {
  readonly name: string;
  readonly values: readonly number[];
  readonly leastShare: number;
  readonly scatters: 'evenly' | 'in proportion';
  readonly format: (value: number) => string;
}

/**
 * Whether each measured phase of constant load was steady: no trend in its rate of deliveries, nor in the mean and p99
 * of its response times. Of a phase that settles only after its first seconds, these are named.
 */
export function judgeSteadyState(record: RunRecord): Finding[] {
  const { steadiness } = record;
  if (steadiness === undefined) return silence('steady state', 'the record has no seconds to test');
  return steadiness.flatMap((phase) => judgePhase(record, phase));
}

function judgePhase(record: RunRecord, phase: Steadiness): Finding[] {
  const check = `steady state, phase '${phase.phase}'`;
  const seconds = phase.ratePerSec.length;
  if (!hasConstantLoad(record, phase.phase))
    return silence(check, 'its load, or who is connected, is meant to change');
  if (seconds < STEADY_LEAST_SECONDS) {
    return silence(check, `${seconds} points of time; a trend needs ${STEADY_LEAST_SECONDS}`);
  }
  const series = seriesOf(phase);
  const warmUp = Math.max(...series.map(warmUpOf));
  const trending = series.find((one) => hasTrend(one, 0));
  const settles = warmUp > 0 && warmUp < Math.floor(seconds / 2);
  if (trending !== undefined && !(settles && series.every((one) => !hasTrend(one, warmUp)))) {
    return notSteady(phase, trending);
  }
  return settles ? warm(phase, series, warmUp) : [];
}

function seriesOf(phase: Steadiness): Series[] {
  const latencies = (values: readonly (number | null)[]): number[] =>
    values.filter((value) => value !== null);
  const all: Series[] = [
    {
      name: phase.of,
      values: phase.ratePerSec,
      leastShare: STEADY_DRIFT.rate,
      scatters: 'evenly',
      format: formatRate,
    },
  ];
  const mean = latencies(phase.responseMeanUs);
  const p99 = latencies(phase.responseP99Us);
  // A second without an answer has no latency: then only the rate can be judged second by second.
  if (mean.length !== phase.ratePerSec.length) return all;
  const latency = { scatters: 'in proportion', format: formatDurationUs } as const;
  all.push({ ...latency, name: 'the mean response', values: mean, leastShare: STEADY_DRIFT.mean });
  all.push({ ...latency, name: 'the response p99', values: p99, leastShare: STEADY_DRIFT.p99 });
  return all;
}

/** Latencies are judged by their logarithms: they scatter in proportion, and further up than down. */
function warmUpOf({ values, leastShare, scatters }: Series): number {
  return scatters === 'in proportion'
    ? warmUpLength(values.map(Math.log), Math.log(1 + leastShare), WARM_UP_DEVIATIONS)
    : warmUpLength(values, leastShare * median([...values]), WARM_UP_DEVIATIONS);
}

function trendOf({ values }: Series, from: number): Trend {
  return mannKendall(values.slice(from));
}

function hasTrend(series: Series, from: number): boolean {
  const rest = series.values.slice(from);
  const { z, drift } = trendOf(series, from);
  return Math.abs(z) > STEADY_Z && Math.abs(drift) > series.leastShare * Math.abs(median(rest));
}

function notSteady(phase: Steadiness, series: Series): Finding[] {
  const { values, format } = series;
  const { p, drift } = trendOf(series, 0);
  const third = Math.floor(values.length / 3);
  return reason(
    'suspect',
    'NOT_STEADY',
    `phase '${phase.phase}' never settled: ${series.name} ${drift > 0 ? 'rose' : 'fell'} from ` +
      `${format(median(values.slice(0, third)))} in its first third to ${format(median(values.slice(-third)))} in its last ` +
      `(Mann-Kendall p ${p < 1e-4 ? '< 0.0001' : `= ${p.toPrecision(1)}`}): its figures are of no one state, and depend on how long it lasted`,
  );
}

function warm(phase: Steadiness, series: readonly Series[], points: number): Finding[] {
  const seconds = points * phase.stepSec;
  const shown = series
    .map(({ name, values, format }) => {
      const first = mean(values.slice(0, points));
      const rest = mean(values.slice(points));
      const off = rest === 0 ? 0 : Math.abs(mean([...values]) / rest - 1);
      return {
        off,
        stand: Math.abs(first / rest - 1),
        text: `${name} ${format(first)} against ${format(rest)} later`,
      };
    })
    .sort((a, b) => b.stand - a.stand)[0]!;
  return reason(
    shown.off > WARM_UP_SUSPECT_SHARE ? 'suspect' : 'note',
    'WARM_UP',
    `the first ${seconds} s of phase '${phase.phase}' (from second ${phase.startSecond}) still belong to the warm-up: ` +
      `${shown.text}; they are in the figures, and move the mean of the seconds by ${formatShare(shown.off)}: put them into a ` +
      'phase that is not measured',
  );
}

/** Lines from one load to another, shapes, and devices that leave are no steady state and not meant to be. */
function hasConstantLoad(record: RunRecord, name: string): boolean {
  const phase = record.phases.find((each) => each.name === name);
  if (phase?.shape !== undefined) return false;
  const load = phase?.load ?? 1;
  if (typeof load === 'number') return true;
  return !Array.isArray(load) && Object.values(load).every((factor) => typeof factor === 'number');
}
