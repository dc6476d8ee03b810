import {
  counter,
  type HostFacts,
  type IntervalRow,
  placeSecond,
  type RunRecord,
  type SeriesName,
  type ToolFacts,
} from '../../results/mod.js';
import type { Answer, StepOutcome } from './search.js';
import type { StepVerdict } from './step-verdict.js';

/** Version of the format; the number rises when an old reader would misread a new record. */
export const CAPACITY_SCHEMA = 'fleetgauge.capacity/1';

/** One measured step. Rates are publishes a second over the measured seconds, latencies µs. */
export interface CapacityStep {
  /** The step's run record: a folder beside `capacity.json`. */
  readonly run: string;
  readonly load: number;
  readonly offeredPerSec: number;
  /** Acknowledged; sent, where QoS 0 has no answer. */
  readonly achievedPerSec: number;
  readonly outcome: StepOutcome;
  /** Why it does not hold. */
  readonly reason: string;
  /** The run's own verdict. */
  readonly verdict: RunRecord['verdict']['state'];
  /** Of the busiest generator thread, 0…1, in nine of ten measured seconds not above. */
  readonly generatorLoop: number;
  readonly latency: Partial<Record<SeriesName, { p50: number; p99: number }>>;
}

/** What `fleetgauge capacity` leaves behind as `capacity.json`; described in docs/capacity.md. */
export interface CapacityRecord {
  readonly schema: typeof CAPACITY_SCHEMA;
  readonly id: string;
  /** `unreached`: devices could not connect, so there is no answer. */
  state: 'running' | 'finished' | 'interrupted' | 'unreached';
  readonly startedAt: string;
  finishedAt: string | null;
  readonly tool: ToolFacts;
  readonly host: HostFacts;
  readonly command: readonly string[];
  readonly scenario: string;
  /** Of the scenario as it was given, before its phases were replaced by those of a step. */
  readonly scenarioHash: string;
  readonly target: readonly string[];
  readonly objectives: readonly string[];
  /** What load 1 stands for. */
  readonly publishesPerSecAtLoadOne: number;
  readonly search: {
    readonly from: number;
    readonly to: number | null;
    readonly tolerance: number;
    readonly repeats: number;
    readonly settleUs: number;
    readonly measureUs: number;
    readonly drainUs: number;
  };
  readonly steps: CapacityStep[];
  /** In loads; null without one. */
  answer: Answer | null;
}

/** The latency series of a step's record that a picture can show. */
function capacityLatency(record: RunRecord): CapacityStep['latency'] {
  const series = ['publish.service', 'publish.response', 'delivery.service', 'delivery.response'];
  return Object.fromEntries(
    series.flatMap((name) => {
      const figures = record.latency[name as SeriesName];
      return figures === undefined || figures.count === 0
        ? []
        : [[name, { p50: figures.p50, p99: figures.p99 }]];
    }),
  );
}

export function capacityStep(
  run: string,
  load: number,
  record: RunRecord,
  rows: readonly IntervalRow[],
  { outcome, reason }: StepVerdict,
): CapacityStep {
  const measured = rows.filter(
    ({ second, lengthSec }) => placeSecond(record.phases, second, lengthSec).measured,
  );
  const perSec = (count: (row: IntervalRow) => number): number =>
    measured.reduce((sum, row) => sum + count(row), 0) / Math.max(1, measured.length);
  return {
    run,
    load,
    offeredPerSec: perSec(({ counters }) => counter(counters, 'publishesScheduled')),
    achievedPerSec: perSec(
      ({ counters }) =>
        counter(counters, 'publishesSentQos0') + counter(counters, 'publishesAcked'),
    ),
    outcome,
    reason,
    verdict: record.verdict.state,
    generatorLoop: record.generator.loopUtilisationP90,
    latency: capacityLatency(record),
  };
}
