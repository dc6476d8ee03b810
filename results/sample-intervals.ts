import { counterIndex, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import { noOccupancy } from './interval-merger.js';
import type { MergedInterval, ProbePoint } from './interval-report.js';
import { type PhaseSpan, placeSecond } from './phases.js';
import type { RunHead } from './run-writer.js';
import { RESPONSE, SERIES } from './series.js';

/** A made-up run, second by second, for tests: ramp 2 s, steady 5 s, drain. */
export const SAMPLE_PHASES: readonly PhaseSpan[] = [
  { name: 'ramp', kind: 'ramp', startUs: 0, endUs: 2e6, measured: false },
  { name: 'steady, "full"', kind: 'steady', startUs: 2e6, endUs: 7e6, measured: true },
  { name: 'drain', kind: 'drain', startUs: 7e6, endUs: null, measured: false },
];

export function sampleHead(): RunHead {
  return {
    id: '3f2a',
    epochMs: Date.UTC(2026, 10, 22, 10),
    tool: { name: 'fleetgauge', version: '0.1.0' },
    host: {
      hostname: 'bench-1',
      os: 'Linux 6.12.0',
      cpuModel: 'AMD EPYC',
      cores: 2,
      memoryBytes: 24 * 2 ** 30,
      node: 'v20.20.2',
      fileLimit: 20_000,
    },
    command: ['fleetgauge', 'run', 'telemetry'],
    scenario: 'telemetry',
    scenarioHash: '9c1d',
    scenarioYaml: 'name: telemetry\n',
    target: ['mqtt://127.0.0.1:1883'],
    devices: 100,
    processes: 1,
    threads: 2,
    shards: 2,
    probes: [{ node: 'broker', pid: 4711 }],
  };
}

/** Other latencies each second: 1 µs to about 4 s, from a small generator so that every run is the same. */
export function sampleInterval(second: number, lengthSec = 1): MergedInterval {
  const counters = newCounters();
  counters[counterIndex('connected')] = 100;
  for (const name of ['publishesScheduled', 'publishesSent'] as const) {
    counters[counterIndex(name)] = 50;
  }
  for (const name of ['deliveriesExpected', 'deliveriesReceived'] as const) {
    counters[counterIndex(name)] = 50;
  }
  const histograms = new HistogramSet();
  const occupancy = noOccupancy();
  let state = second * 7919 + 1;
  for (let n = 0; n < 50 * SERIES.length; n += 1) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    const series = n % SERIES.length;
    // Nothing is subscribed in odd seconds: logs have gaps.
    if (series >= 3 && series < 6 && second % 2 === 1) continue;
    const us = (state >> (state % 23)) >> 9;
    histograms.record(series, us);
    // As if each had come and gone within this second.
    if (series % 3 === RESPONSE) occupancy.momentsUs[Math.floor(series / 3)]! += us;
  }
  return {
    second,
    ...placeSecond(SAMPLE_PHASES, second, lengthSec),
    lengthSec,
    counters,
    histograms,
    errors: second === 3 ? { 'connection reset': 2 } : {},
    backlog: second,
    loopUtilisation: 0.25,
    loopDelayMaxUs: 1_234.5,
    gcPausesUs: [100, 50],
    threads: [],
    occupancy,
    generatorCpuPercent: 61.25,
    shards: 2,
    reports: 2,
  };
}

export function sampleProbe(second: number): ProbePoint {
  return {
    node: 'broker',
    readAtUs: (second + 1) * 1e6 + 2000,
    cpuPercent: 40 + second,
    rssBytes: 100_000_000 + second,
    busiestThreadPercent: 30,
    values: [
      { part: '', metric: 'cpuPercent', value: 40 + second, overSec: 1 },
      { part: 'node 4711', metric: 'cpuPercent', value: 30, overSec: 1 },
    ],
    gap: null,
  };
}
