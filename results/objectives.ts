import type { CounterName } from './counters.js';
import { formatCount, formatDurationUs, formatRate, formatShare } from './format.js';
import { ResultsError } from './results-error.js';
import type { LatencyFigures, ObjectiveResult, RunRecord } from './run-record.js';
import { SERIES, type SeriesName } from './series.js';
import { GENERATOR_FAULTS } from './verdict.js';

const AGGREGATIONS = ['min', 'mean', 'p50', 'p90', 'p95', 'p99', 'p999', 'max'] as const;
type Aggregation = (typeof AGGREGATIONS)[number];

const OPERATORS = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
} as const;
type Operator = keyof typeof OPERATORS;

type Unit = 'duration' | 'count' | 'rate' | 'share';

/** A bound on one figure of a run. `bound` is in µs, a count, a rate per second, or a share 0…1. */
export interface Objective {
  /** As it was written. */
  readonly text: string;
  readonly metric: string;
  readonly unit: Unit;
  readonly operator: Operator;
  readonly bound: number;
}

interface Metric {
  readonly unit: Unit;
  readonly read: (record: RunRecord) => number | undefined;
}

const DURATION_US: Readonly<Record<string, number>> = {
  us: 1,
  µs: 1,
  ms: 1e3,
  s: 1e6,
  m: 60e6,
  h: 3600e6,
};
const MULTIPLES: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6 };

const METRICS: ReadonlyMap<string, Metric> = new Map([...latencyMetrics(), ...totalMetrics()]);

/** Every metric an objective may name. */
export function objectiveMetrics(): string[] {
  return [...METRICS.keys()];
}

/**
 * Reads `metric operator value unit`: `delivery.response.p99 < 50ms`, `deliveries.lost == 0`,
 * `publishes.rate >= 5k/s`, `loss < 0.1%`. Operators < <= > >= == !=.
 * @throws ResultsError OBJECTIVE_INVALID, with the nearest metric for a name that is unknown
 */
export function parseObjective(text: string): Objective {
  const parts = /^\s*([A-Za-z][\w.]*)\s*(<=|>=|==|!=|<|>|=)\s*(\S.*?)\s*$/.exec(text);
  if (parts === null) {
    throw invalid(
      text,
      "it must read 'metric operator value', such as 'delivery.response.p99 < 50ms'",
    );
  }
  const [, name = '', operator = '', value = ''] = parts;
  if (!isOperator(operator)) {
    throw invalid(
      text,
      `'${operator}' is not an operator; use ${Object.keys(OPERATORS).join(' ')}`,
    );
  }
  const metric = name.replace(/\.p99\.9$/, '.p999');
  const known = METRICS.get(metric);
  if (known === undefined) {
    throw invalid(text, `there is no metric '${name}'; did you mean '${nearest(metric)}'?`);
  }
  return {
    text: text.trim(),
    metric,
    unit: known.unit,
    operator,
    bound: readBound(text, value, known.unit),
  };
}

/** Judges objectives by a record. One whose figure the run does not have is not met. */
export function judgeObjectives(
  objectives: readonly Objective[],
  record: RunRecord,
): ObjectiveResult[] {
  return objectives.map((objective) => {
    const measured = METRICS.get(objective.metric)?.read(record);
    const bound = boundWord(objective, record);
    return {
      text: objective.text,
      measured: measured ?? null,
      measuredText:
        measured === undefined
          ? 'not measured'
          : `${bound}${formatValue(measured, objective.unit)}`,
      passed: measured !== undefined && OPERATORS[objective.operator](measured, objective.bound),
    };
  });
}

/** In a run whose generator was too slow, a rate is what was reached at least, a latency what it took at most. */
function boundWord({ unit, metric }: Objective, record: RunRecord): string {
  // The lag itself is measured, whoever made it.
  if (metric.includes('.lag.')) return '';
  const faults = record.verdict.reasons.filter(({ severity }) => severity === 'invalid');
  if (faults.length === 0 || !faults.every(({ code }) => GENERATOR_FAULTS.has(code))) return '';
  return { rate: 'at least ', duration: 'at most ', count: '', share: '' }[unit];
}

function* latencyMetrics(): Generator<[string, Metric]> {
  for (const series of SERIES) {
    for (const aggregation of AGGREGATIONS) {
      yield [
        `${series}.${aggregation}`,
        { unit: 'duration', read: (record) => latencyFigure(record, series, aggregation) },
      ];
    }
    yield [
      `${series}.count`,
      { unit: 'count', read: (record) => record.latency[series]?.count ?? 0 },
    ];
  }
}

function latencyFigure(
  record: RunRecord,
  series: SeriesName,
  aggregation: Aggregation,
): number | undefined {
  const figures: LatencyFigures | undefined = record.latency[series];
  return figures === undefined || figures.count === 0 ? undefined : figures[aggregation];
}

function* totalMetrics(): Generator<[string, Metric]> {
  const count = (read: Metric['read']): Metric => ({ unit: 'count', read });
  yield ['connects.attempted', count((run) => run.totals.connects.attempted)];
  yield ['connects.succeeded', count((run) => run.totals.connects.succeeded)];
  yield ['connects.failed', count((run) => run.totals.connects.failed)];
  yield ['connects.lost', count((run) => run.totals.connects.lost)];
  yield ['connects.connected', count((run) => run.totals.connects.connectedMax)];
  yield ['connects.ended', count((run) => run.totals.connects.ended)];
  yield ['connects.reconnected', count((run) => run.totals.connects.reconnected)];
  yield ['cycles.scheduled', count((run) => run.totals.cycles.scheduled)];
  yield ['cycles.completed', count((run) => run.totals.cycles.completed)];
  yield ['subscribes.failed', count((run) => run.totals.subscribes.failed)];
  yield ['publishes.scheduled', count((run) => run.totals.publishes.scheduled)];
  yield ['publishes.sent', count((run) => run.totals.publishes.sent)];
  yield ['publishes.acked', count((run) => run.totals.publishes.acked)];
  yield ['publishes.failed', count((run) => run.totals.publishes.failed)];
  yield ['deliveries.expected', count((run) => run.totals.deliveries.expected)];
  yield ['deliveries.received', count((run) => run.totals.deliveries.received)];
  yield ['deliveries.lost', count((run) => run.totals.deliveries.lost)];
  yield ['deliveries.duplicated', count((run) => run.totals.deliveries.duplicated)];
  yield ['deliveries.outOfOrder', count((run) => run.totals.deliveries.outOfOrder)];
  yield ['deliveries.queued', count((run) => run.totals.deliveries.queued)];
  yield ['requests.sent', count((run) => run.totals.requests.sent)];
  yield ['requests.answered', count((run) => run.totals.requests.answered)];
  yield ['requests.timedOut', count((run) => run.totals.requests.timedOut)];
  yield ['requests.unexpected', count((run) => run.totals.requests.unexpected)];
  yield ['requests.rate', { unit: 'rate', read: (run) => perSecond(run, 'requestsAnswered') }];
  yield ['wills.expected', count((run) => run.totals.wills.expected)];
  yield ['wills.received', count((run) => run.totals.wills.received)];
  yield ['wills.lost', count((run) => run.totals.wills.lost)];
  yield ['wills.unexpected', count((run) => run.totals.wills.unexpected)];
  yield ['errors', count((run) => Object.values(run.errors).reduce((sum, n) => sum + n, 0))];
  yield ['publishes.rate', { unit: 'rate', read: (run) => perSecond(run, 'publishesSent') }];
  yield ['connects.rate', { unit: 'rate', read: (run) => perSecond(run, 'connectsSucceeded') }];
  yield ['deliveries.rate', { unit: 'rate', read: (run) => perSecond(run, 'deliveriesReceived') }];
  yield ['loss', { unit: 'share', read: (run) => ofExpected(run, run.totals.deliveries.lost) }];
  yield [
    'duplicates',
    { unit: 'share', read: (run) => ofExpected(run, run.totals.deliveries.duplicated) },
  ];
}

function perSecond(record: RunRecord, name: CounterName): number | undefined {
  const { seconds, counters } = record.measured;
  return seconds === 0 ? undefined : (counters[name] ?? 0) / seconds;
}

function ofExpected(record: RunRecord, count: number): number | undefined {
  const { expected } = record.totals.deliveries;
  return expected === 0 ? undefined : count / expected;
}

function readBound(text: string, value: string, unit: Unit): number {
  const parts = /^(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\S*)$/i.exec(value);
  const number = Number(parts?.[1]);
  const suffix = (parts?.[2] ?? '').toLowerCase();
  if (parts === null || Number.isNaN(number)) throw invalid(text, `'${value}' is not a number`);
  if (unit === 'duration') {
    const scale = DURATION_US[suffix];
    if (scale === undefined) throw invalid(text, `'${value}' needs a unit: µs, ms, s, m or h`);
    return number * scale;
  }
  if (unit === 'share') {
    if (suffix === '%') return number / 100;
    if (suffix === '') return number;
    throw invalid(text, `'${value}' must be a share: 0.1% or 0.001`);
  }
  const scale = MULTIPLES[unit === 'rate' ? suffix.replace(/\/s$/, '') : suffix];
  if (scale === undefined) {
    throw invalid(
      text,
      `'${value}' must be a ${unit === 'rate' ? 'rate: 5000/s or 5k/s' : 'count: 500 or 10k'}`,
    );
  }
  return number * scale;
}

function formatValue(value: number, unit: Unit): string {
  if (unit === 'duration') return formatDurationUs(value);
  if (unit === 'share') return formatShare(value);
  return unit === 'rate' ? formatRate(value) : formatCount(value);
}

function isOperator(text: string): text is Operator {
  return Object.hasOwn(OPERATORS, text);
}

function invalid(text: string, what: string): ResultsError {
  return new ResultsError('OBJECTIVE_INVALID', `objective '${text.trim()}': ${what}`);
}

/** The known metric with the fewest single-letter changes to the name. */
function nearest(name: string): string {
  let best = '';
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of METRICS.keys()) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
