export { BENCH_COUNTERS, type BenchCounter, benchCount } from './bench-counters.js';
export { type Address, MetricsEndpoint } from './metrics-endpoint.js';
export { RunMetrics } from './run-metrics.js';
