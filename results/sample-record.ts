import { COUNTERS } from './counters.js';
import {
  type LatencyFigures,
  type LittlesLaw,
  RECORD_SCHEMA,
  type RunRecord,
} from './run-record.js';

/** A made-up record of a good run, for tests and documents: 10,000 devices at 5,000 publishes a second. */
export function sampleRecord(): RunRecord {
  const counters = Object.fromEntries(COUNTERS.map((name) => [name, 0]));
  return {
    schema: RECORD_SCHEMA,
    id: '3f2a',
    state: 'finished',
    startedAt: '2026-11-22T10:00:00.000Z',
    updatedAt: '2026-11-22T10:00:47.100Z',
    finishedAt: '2026-11-22T10:00:47.100Z',
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
    devices: 10_000,
    verdict: { state: 'valid', reasons: [] },
    totals: {
      connects: {
        attempted: 10_000,
        succeeded: 10_000,
        failed: 0,
        lost: 0,
        ended: 0,
        reconnected: 0,
        sessionsResumed: 0,
        tlsSessionsResumed: 0,
        connectedMax: 10_000,
      },
      cycles: { scheduled: 0, completed: 0 },
      subscribes: { succeeded: 5_000, failed: 0 },
      publishes: { scheduled: 162_500, sent: 162_500, acked: 162_500, failed: 0, away: 0 },
      deliveries: {
        expected: 162_500,
        received: 162_500,
        lost: 0,
        duplicated: 0,
        outOfOrder: 0,
        untimed: 0,
        foreign: 0,
        queued: 0,
      },
      requests: { sent: 0, answered: 0, timedOut: 0, unexpected: 0, received: 0 },
      wills: { expected: 0, received: 0, lost: 0, unexpected: 0, undecided: 0 },
      bytes: { sent: 14_000_000, received: 13_500_000 },
      pings: 0,
    },
    measured: {
      seconds: 30,
      counters: {
        ...counters,
        connected: 10_000,
        publishesScheduled: 150_000,
        publishesSent: 150_000,
        publishesSentQos1: 150_000,
        publishesAcked: 150_000,
        deliveriesExpected: 150_000,
        deliveriesReceived: 150_000,
        deliveriesReceivedQos1: 150_000,
      },
    },
    latency: {
      'connect.service': figures(10_000, [410, 655, 1_234, 5_123, 9_871]),
      'connect.response': figures(10_000, [422, 671, 1_301, 5_407, 10_111]),
      'connect.lag': figures(10_000, [11, 24, 88, 512, 1_023]),
      'subscribe.service': figures(5_000, [388, 602, 1_010, 3_001, 4_099]),
      'subscribe.response': figures(5_000, [388, 602, 1_010, 3_001, 4_099]),
      'subscribe.lag': figures(5_000, [0, 0, 0, 0, 0]),
      'publish.service': figures(150_000, [301, 702, 2_087, 12_455, 104_063]),
      'publish.response': figures(150_000, [322, 760, 2_251, 13_007, 104_511]),
      'publish.lag': figures(150_000, [14, 47, 203, 1_400, 2_613]),
      'delivery.service': figures(150_000, [364, 811, 2_501, 13_311, 1_240_063]),
      'delivery.response': figures(150_000, [391, 866, 2_703, 14_015, 1_240_575]),
      'delivery.lag': figures(150_000, [14, 47, 203, 1_400, 2_613]),
    },
    phases: [
      { name: 'ramp', kind: 'ramp', startUs: 0, endUs: 10e6, load: null, measured: false },
      { name: 'warm', kind: 'steady', startUs: 10e6, endUs: 15e6, load: 0.5, measured: false },
      { name: 'steady', kind: 'steady', startUs: 15e6, endUs: 45e6, load: 1, measured: true },
      { name: 'drain', kind: 'drain', startUs: 45e6, endUs: 47e6, load: null, measured: false },
    ],
    generator: {
      processes: 1,
      threads: 2,
      shards: 2,
      loopUtilisationP90: 0.31,
      loopUtilisationMax: 0.38,
      loopDelayMaxUs: 3_200,
      gcPauseMaxUs: 2_900,
      lagP99Us: 203,
      ownLagMeanUs: 14,
      ownLagShare: 0.043,
      cpuPercentMean: 61.2,
      cpuPercentMax: 70.4,
      backlogMax: 0,
      backlogEnd: 0,
      reportsDue: 94,
      reportsMissing: 0,
      shardsLost: 0,
      gc: {
        pauses: 96,
        longestUs: 2_900,
        share: 0.0018,
        shareMax: 0.0021,
        beyondP99: 0.000004,
        beyondP999: 0,
      },
      perThread: [0, 1].map((shard) => ({
        shard,
        loopUtilisationMean: 0.29,
        loopUtilisationP90: 0.31,
        loopUtilisationMax: 0.38,
        loopDelayMaxUs: 3_200,
        gcShare: 0.0021,
        scheduled: 75_000,
        sent: 75_000,
        ownLagMeanUs: 14,
      })),
    },
    clock: {
      errorUs: 0.4,
      hosts: [
        {
          host: 'bench-1',
          shards: 2,
          how: 'shared',
          offsetUs: 0,
          uncertaintyUs: 0.2,
          check: { offsetUs: -12, uncertaintyUs: 61 },
        },
      ],
    },
    littlesLaw: {
      publish: law(150_000, 322),
      delivery: law(150_000, 391),
    },
    steadiness: [
      {
        phase: 'steady',
        startSecond: 15,
        stepSec: 1,
        of: 'deliveries',
        ratePerSec: Array.from({ length: 30 }, (_, at) => 5_000 + ((at * 7) % 5)),
        responseMeanUs: Array.from({ length: 30 }, (_, at) => 391 + ((at * 7) % 5)),
        responseP99Us: Array.from({ length: 30 }, (_, at) => 2_703 + ((at * 70) % 50)),
      },
    ],
    probes: [
      {
        node: 'broker',
        kind: 'process',
        pid: 4711,
        goneAtSecond: null,
        cpuPercentMean: 48.3,
        cpuPercentMax: 66.1,
        busiestThreadPercentMax: 61.5,
        rssBytesMax: 187 * 2 ** 20,
        gaps: {},
        metrics: [],
        series: {
          cpuPercent: { startSecond: 0, stepSec: 1, values: [48.3] },
          rssBytes: { startSecond: 0, stepSec: 1, values: [187 * 2 ** 20] },
        },
      },
    ],
    errors: {},
    objectives: [],
  };
}

function figures(
  count: number,
  [p50, p90, p99, p999, max]: readonly [number, number, number, number, number],
): LatencyFigures {
  const p95 = Math.round((p90 + p99) / 2);
  return {
    count,
    min: p50 >> 1,
    mean: p50,
    p50,
    p90,
    p95,
    p99,
    p999,
    max,
    negative: 0,
    clipped: 0,
  };
}

/** As the law has it: 32 seconds with the tail, nothing under way at their ends. */
function law(answered: number, responseMeanUs: number): LittlesLaw {
  const seconds = 32;
  const mean = (answered / seconds) * (responseMeanUs / 1e6);
  return {
    seconds,
    answered,
    inFlightMean: mean,
    expectedMean: mean,
    tolerance: mean * 0.01,
    underWayAtEnd: 0,
  };
}
