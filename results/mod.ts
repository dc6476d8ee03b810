export { BucketCounts } from './bucket-counts.js';
export { HIGHEST_US, LOWEST_US } from './count-index.js';
export * from './counters.js';
export { parseCsv } from './csv.js';
export * from './format.js';
export { type EncodedHistograms, HistogramSet, transferables } from './histogram-set.js';
export { IntervalMerger, type MergerOptions, noOccupancy } from './interval-merger.js';
export type {
  IntervalReport,
  MergedInterval,
  Occupancy,
  ProbePoint,
  ProbeValue,
  ThreadReading,
} from './interval-report.js';
export type { IntervalRow } from './intervals-csv.js';
export {
  CumulativeHistogram,
  IntervalHistogram,
  type LatencyHistogram,
} from './latency-histogram.js';
export { type LatencySummary, percentileUs, shareAbove, summarise } from './latency-summary.js';
export { type Chart, chartsSvg, type Series } from './line-chart.js';
export {
  judgeObjectives,
  type Objective,
  objectiveMetrics,
  parseObjective,
} from './objectives.js';
export { type PhaseSpan, placeSecond, type SecondPlace } from './phases.js';
export type { ProbedNode, ProbeKind } from './probe-totals.js';
export { replaceFile } from './record-files.js';
export { ResultsError, type ResultsErrorCode } from './results-error.js';
export { parseRecord, type Run, readRun, type SecondRange } from './run-reader.js';
export {
  type AgentRecord,
  type ClockFigures,
  type GeneratorHealth,
  type HostClock,
  type HostFacts,
  type LatencyFigures,
  type ObjectiveResult,
  type PhaseRecord,
  type ProbeRecord,
  RECORD_SCHEMA,
  type RunRecord,
  runRecordSchema,
  type ToolFacts,
  type Verdict,
  type VerdictReason,
} from './run-record.js';
export { RunTotals } from './run-totals.js';
export { type RunEnd, type RunHead, RunWriter } from './run-writer.js';
export * from './series.js';
export { type SummaryOptions, summaryLines } from './summary.js';
export * from './text-layout.js';
export { GENERATOR_FAULTS, generatorLate, judge, scenarioReached } from './verdict.js';
