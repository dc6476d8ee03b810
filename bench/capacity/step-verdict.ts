import {
  counter,
  formatDurationUs,
  formatRate,
  formatShare,
  GENERATOR_FAULTS,
  type IntervalRow,
  type ObjectiveResult,
  parseObjective,
  placeSecond,
  type RunRecord,
} from '../../results/mod.js';
import { growthOf } from './growth.js';
import type { StepOutcome } from './search.js';

/** How a step went, and why, for people. */
export interface StepVerdict {
  readonly outcome: StepOutcome;
  /** Empty when it holds. */
  readonly reason: string;
}

/** Less than this share of what is offered left undone is a phase's edge; the verdict on runs draws the same line. */
const LEFT_SHARE = 0.01;
/** From here on it is not a queue that builds up, but a target that does less than it is asked for. */
const COLLAPSE_SHARE = 0.1;

/** What is asked of the target and what it has done, on one path, in one second. */
interface Work {
  readonly path: string;
  readonly offered: (row: IntervalRow) => number;
  readonly done: (row: IntervalRow) => number;
}

const PATHS: readonly Work[] = [
  {
    path: 'publishes',
    offered: ({ counters }) => counter(counters, 'publishesScheduled'),
    // QoS 0 has no answer: it is done when it is sent.
    done: ({ counters }) =>
      counter(counters, 'publishesSentQos0') + counter(counters, 'publishesAcked'),
  },
  {
    path: 'deliveries',
    offered: ({ counters }) => counter(counters, 'deliveriesExpected'),
    done: ({ counters }) =>
      counter(counters, 'deliveriesReceived') - counter(counters, 'deliveriesDuplicated'),
  },
];

/** What of a run record a step is judged by. */
export type JudgedRun = Pick<RunRecord, 'phases' | 'verdict' | 'objectives'> & {
  generator: Pick<RunRecord['generator'], 'loopDelayMaxUs'>;
};

/** Judges one step by its run record and the rows of its `intervals.csv`. */
export function judgeStep(record: JudgedRun, rows: readonly IntervalRow[]): StepVerdict {
  const throughput = whatIsLeft(record, rows);
  const missed = record.objectives.find(({ passed }) => !passed);
  if (throughput === undefined && missed !== undefined && isOwnStall(record, missed)) {
    const stall = formatDurationUs(record.generator.loopDelayMaxUs);
    const reason = `${missed.text} was ${missed.measuredText}, but the generator itself stood still for ${stall}`;
    return { outcome: 'starved', reason };
  }
  const objective = missed && `objective: ${missed.text} was ${missed.measuredText}`;
  // Throughput first: an objective that does not hold any more is what follows from it.
  const broken = throughput ?? objective;
  const fault = record.verdict.reasons.find(
    ({ code, severity }) =>
      GENERATOR_FAULTS.has(code) &&
      // A busy generator makes a target look worse: what holds all the same holds.
      (severity === 'invalid' || (severity === 'suspect' && broken !== undefined)),
  );
  if (fault !== undefined) return { outcome: 'starved', reason: fault.text };
  const other = record.verdict.reasons.find(({ severity }) => severity === 'invalid');
  if (other !== undefined) return { outcome: 'starved', reason: other.text };
  return broken === undefined
    ? { outcome: 'holds', reason: '' }
    : { outcome: 'breaks', reason: broken };
}

/** A latency that one stall of the generator can explain; the verdict on runs draws the same line for lag. */
function isOwnStall({ generator }: JudgedRun, { text, measured }: ObjectiveResult): boolean {
  const isLatency = parseObjective(text).unit === 'duration';
  return isLatency && measured !== null && generator.loopDelayMaxUs >= measured / 2;
}

/** What is asked of the target and not done, if that grows. */
function whatIsLeft(record: JudgedRun, rows: readonly IntervalRow[]): string | undefined {
  const measured = rows.filter(
    ({ second, lengthSec }) => placeSecond(record.phases, second, lengthSec).measured,
  );
  for (const { path, offered, done } of PATHS) {
    const perSec = measured.reduce((sum, row) => sum + offered(row), 0) / measured.length;
    let left = 0;
    const unfinished = measured.map((row) => {
      left += offered(row) - done(row);
      return left;
    });
    const growth = growthOf(unfinished);
    if (!growth.significant || growth.perSec <= LEFT_SHARE * perSec) continue;
    if (growth.perSec > COLLAPSE_SHARE * perSec) {
      const share = formatShare(Math.max(0, 1 - growth.perSec / perSec));
      return `collapse: ${share} of the ${path} were done`;
    }
    return `backlog: ${path} left undone grow by ${formatRate(growth.perSec)}`;
  }
  return undefined;
}
