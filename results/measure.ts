/** What measures, for the processes that do so by the hundred: nothing here brings along a library that writes or reads records. */
export * from './counters.js';
export { parseCsv } from './csv.js';
export { type EncodedHistograms, HistogramSet, transferables } from './histogram-set.js';
export { noOccupancy } from './interval-merger.js';
export type { Occupancy } from './interval-report.js';
export * from './series.js';
