export { HIGHEST_US, LOWEST_US } from './count-index.js';
export * from './counters.js';
export {
  type EncodedHistograms,
  HistogramSet,
  transferables,
} from './histogram-set.js';
export type { IntervalReport, MergedInterval } from './interval-report.js';
export type { LatencyHistogram } from './latency-histogram.js';
export { ResultsError, type ResultsErrorCode } from './results-error.js';
export * from './series.js';
