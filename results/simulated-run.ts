import { counterIndex, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import { noOccupancy } from './interval-merger.js';
import type { MergedInterval } from './interval-report.js';
import { placeSecond } from './phases.js';
import type { RunRecord } from './run-record.js';
import { RunTotals } from './run-totals.js';
import { sampleRecord } from './sample-record.js';
import { DELIVERY, LAG, PUBLISH, RESPONSE, SERVICE, seriesIndex } from './series.js';

/** A run against a queue with one server, Poisson arrivals and exponential service: its truth is known. For tests. */
export interface SimulatedRun {
  seed: number;
  /** Measured seconds, after two of warm-up; a drain follows. */
  seconds: number;
  ratePerSec: number;
  /** Share of the time that the server is busy. */
  utilisation: number;
  /** Service times × this, by the second of the arrival: 1 at rest. */
  slower?: (second: number) => number;
  /** How often the answer of message n is recorded: 1 if all is well. */
  recorded?: (n: number) => number;
  /** Whether message n, sent in this second, is ever answered. */
  answered?: (n: number, second: number) => boolean;
  /** The collector's pauses in a second. */
  pausesUs?: (random: () => number) => number[];
  /** µs that the generator is late, of its own. */
  ownLagUs?: (random: () => number) => number;
}

const SECOND_US = 1_000_000;
const WARM_SECONDS = 2;
const DRAIN_SECONDS = 3;

/** The record of such a run, made of its seconds by the same code as a real one; not yet judged. */
export function simulateRun(options: SimulatedRun): RunRecord {
  const { seconds } = options;
  const endUs = (WARM_SECONDS + seconds) * SECOND_US;
  const record = sampleRecord();
  record.phases = [
    {
      name: 'warm',
      kind: 'steady',
      startUs: 0,
      endUs: WARM_SECONDS * SECOND_US,
      load: 1,
      measured: false,
    },
    {
      name: 'steady',
      kind: 'steady',
      startUs: WARM_SECONDS * SECOND_US,
      endUs,
      load: 1,
      measured: true,
    },
    { name: 'drain', kind: 'drain', startUs: endUs, endUs: null, load: null, measured: false },
  ];
  const totals = new RunTotals();
  for (const interval of simulateSeconds(options, record)) totals.add(interval);
  record.totals = { ...totals.totals(), connects: record.totals.connects };
  record.measured = totals.measured();
  record.latency = totals.latency();
  record.generator = totals.generator({ processes: 1, threads: 1, shards: 1, shardsLost: 0 });
  record.littlesLaw = totals.littlesLaw(record.latency);
  record.steadiness = totals.steadiness();
  return record;
}

function simulateSeconds(options: SimulatedRun, record: RunRecord): MergedInterval[] {
  const { seconds, ratePerSec, utilisation } = options;
  const random = generator(options.seed);
  const exponential = (mean: number): number => -mean * Math.log(1 - random());
  const loadSeconds = WARM_SECONDS + seconds;
  const intervals = Array.from({ length: loadSeconds + DRAIN_SECONDS }, (_, second) =>
    emptySecond(second, record, options.pausesUs?.(random) ?? []),
  );
  const at = (us: number): MergedInterval =>
    intervals[Math.min(intervals.length - 1, Math.floor(us / SECOND_US))]!;
  const ownLag = options.ownLagUs ?? (() => exponential(200));
  let freeUs = 0;
  let n = 0;
  for (let dueUs = 0; ; n += 1) {
    dueUs += exponential(SECOND_US / ratePerSec);
    if (dueUs >= loadSeconds * SECOND_US) break;
    const lagUs = ownLag(random);
    const sentUs = dueUs + lagUs;
    const second = Math.floor(dueUs / SECOND_US);
    const slower = options.slower?.(second) ?? 1;
    freeUs =
      Math.max(freeUs, sentUs) + exponential((utilisation / ratePerSec) * SECOND_US * slower);
    send(at(sentUs), dueUs, lagUs);
    if (options.answered?.(n, second) === false) continue;
    const times = options.recorded?.(n) ?? 1;
    answer(at(freeUs), dueUs, sentUs, freeUs, times);
  }
  return intervals;
}

function send(into: MergedInterval, dueUs: number, lagUs: number): void {
  for (const name of [
    'publishesScheduled',
    'publishesSent',
    'publishesSentQos1',
    'deliveriesExpected',
  ] as const) {
    into.counters[counterIndex(name)]! += 1;
  }
  into.histograms.record(seriesIndex(PUBLISH, LAG), lagUs);
  const thread = into.threads[0]!;
  Object.assign(thread, {
    scheduled: thread.scheduled + 1,
    sent: thread.sent + 1,
    ownLagUs: thread.ownLagUs + lagUs,
  });
  for (const path of [PUBLISH, DELIVERY]) {
    into.occupancy.change[path]! += 1;
    into.occupancy.momentsUs[path]! -= dueUs;
  }
}

function answer(
  into: MergedInterval,
  dueUs: number,
  sentUs: number,
  atUs: number,
  times: number,
): void {
  for (const name of ['publishesAcked', 'deliveriesReceived', 'deliveriesReceivedQos1'] as const) {
    into.counters[counterIndex(name)]! += 1;
  }
  for (const path of [PUBLISH, DELIVERY]) {
    for (let time = 0; time < times; time += 1) {
      into.histograms.record(seriesIndex(path, SERVICE), atUs - sentUs);
      into.histograms.record(seriesIndex(path, RESPONSE), atUs - dueUs);
    }
    into.occupancy.change[path]! -= 1;
    into.occupancy.momentsUs[path]! += atUs;
  }
}

function emptySecond(second: number, record: RunRecord, gcPausesUs: number[]): MergedInterval {
  return {
    second,
    ...placeSecond(record.phases, second),
    lengthSec: 1,
    counters: newCounters(),
    histograms: new HistogramSet(),
    errors: {},
    backlog: 0,
    loopUtilisation: 0.3,
    loopDelayMaxUs: 3_000,
    gcPausesUs,
    threads: [
      {
        shard: 0,
        loopUtilisation: 0.3,
        loopDelayMaxUs: 3_000,
        gcPauseUs: gcPausesUs.reduce((sum, us) => sum + us, 0),
        scheduled: 0,
        sent: 0,
        ownLagUs: 0,
      },
    ],
    occupancy: noOccupancy(),
    generatorCpuPercent: 30,
    shards: 1,
    reports: 1,
  };
}

/** Mulberry32 (T. Ettinger, public domain): 0 ≤ x < 1, the same for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
