import { stringify } from 'csv-stringify/sync';
import { COUNTERS, type Counters, LATER_COUNTERS } from './counters.js';
import { parseCsv } from './csv.js';
import type { MergedInterval, ProbePoint } from './interval-report.js';
import { percentileUs } from './latency-summary.js';
import { ResultsError } from './results-error.js';
import { SERIES, type SeriesName } from './series.js';

/** One row of `intervals.csv`. */
export interface IntervalRow {
  readonly second: number;
  readonly phase: string;
  readonly lengthSec: number;
  readonly counters: Counters;
  readonly backlog: number;
  readonly loopUtilisation: number;
  readonly loopDelayMaxUs: number;
  readonly generatorCpuPercent: number;
  /** µs; only the series that had values in this second. */
  readonly latency: Partial<Record<SeriesName, { p50: number; p99: number; max: number }>>;
  readonly probes: Readonly<
    Record<string, { cpuPercent: number | null; rssBytes: number | null } | undefined>
  >;
}

const LEADING = ['second', 'phase', 'lengthSec'] as const;
const GENERATOR = ['backlog', 'loopUtilisation', 'loopDelayMaxUs', 'generatorCpuPercent'] as const;

/** The header row, line end included; probed nodes have two columns each at the end. */
export function csvHeader(nodes: readonly string[]): string {
  return stringify([
    [
      ...LEADING,
      ...COUNTERS,
      ...GENERATOR,
      ...SERIES.flatMap((name) => [`${name}.p50`, `${name}.p99`, `${name}.max`]),
      ...nodes.flatMap((node) => [`${node}.cpuPercent`, `${node}.rssBytes`]),
    ],
  ]);
}

/** One row, line end included. A series without values and a node without a reading are left blank. */
export function csvRow(
  interval: MergedInterval,
  nodes: readonly string[],
  probes: readonly ProbePoint[],
): string {
  const cells: (string | number)[] = [
    interval.second,
    interval.phase,
    round(interval.lengthSec, 3),
    ...interval.counters,
    interval.backlog,
    round(interval.loopUtilisation, 3),
    Math.round(interval.loopDelayMaxUs),
    round(interval.generatorCpuPercent, 1),
  ];
  for (let series = 0; series < SERIES.length; series += 1) {
    const histogram = interval.histograms.get(series);
    for (const percentile of [50, 99, 100]) {
      cells.push(percentileUs(histogram, percentile) ?? '');
    }
  }
  for (const node of nodes) {
    const point = probes.find((probe) => probe.node === node);
    const cpuPercent = point?.cpuPercent ?? null;
    cells.push(cpuPercent === null ? '' : round(cpuPercent, 1), point?.rssBytes ?? '');
  }
  return stringify([cells]);
}

/**
 * Reads the rows back. A last row without its line end is what a killed run leaves: it is passed over.
 * @throws ResultsError RECORD_DAMAGED when the columns are not those of an interval file.
 */
export function parseIntervals(text: string, fileName: string): IntervalRow[] {
  const rows = parseCsv(text.slice(0, text.lastIndexOf('\n') + 1));
  const header = rows.shift();
  if (header === undefined) return [];
  const column = new Map(header.map((name, at) => [name, at]));
  const counters = COUNTERS.filter((name) => !LATER_COUNTERS.has(name));
  const missing = [...LEADING, ...counters, ...GENERATOR].find((name) => !column.has(name));
  if (missing !== undefined) {
    throw damaged(fileName, 1, `there is no column '${missing}'`);
  }
  const nodes = header
    .filter((name) => name.endsWith('.cpuPercent'))
    .map((name) => name.slice(0, -'.cpuPercent'.length));
  return rows.map((cells, at) => {
    if (cells.length !== header.length) {
      throw damaged(fileName, at + 2, `${cells.length} columns instead of ${header.length}`);
    }
    const text = (name: string): string => cells[column.get(name) ?? -1] ?? '';
    const value = (name: string): number => {
      const parsed = Number(text(name));
      if (Number.isNaN(parsed)) throw damaged(fileName, at + 2, `${name} is not a number`);
      return parsed;
    };
    const reading = (name: string): number | null => (text(name) === '' ? null : value(name));
    const latency: IntervalRow['latency'] = {};
    for (const name of SERIES) {
      if (text(`${name}.p50`) === '') continue;
      latency[name] = {
        p50: value(`${name}.p50`),
        p99: value(`${name}.p99`),
        max: value(`${name}.max`),
      };
    }
    return {
      second: value('second'),
      phase: text('phase'),
      lengthSec: value('lengthSec'),
      counters: Float64Array.from(COUNTERS, value),
      backlog: value('backlog'),
      loopUtilisation: value('loopUtilisation'),
      loopDelayMaxUs: value('loopDelayMaxUs'),
      generatorCpuPercent: value('generatorCpuPercent'),
      latency,
      probes: Object.fromEntries(
        nodes.map((node) => [
          node,
          { cpuPercent: reading(`${node}.cpuPercent`), rssBytes: reading(`${node}.rssBytes`) },
        ]),
      ),
    };
  });
}

function damaged(fileName: string, line: number, what: string): ResultsError {
  return new ResultsError(
    'RECORD_DAMAGED',
    `${fileName}, row ${line}: ${what}; was the file edited?`,
  );
}

function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}
