import type { ProbeValue } from '../../results/mod.js';

/** One figure as a source gives it. */
export interface Sample {
  /** What of the node it is of, `core0` or a node of a cluster; empty: all of it. */
  readonly part: string;
  /** What it is called in the record; of a counter, what its change in a second is. */
  readonly metric: string;
  readonly value: number;
  readonly kind: 'level' | 'counter';
}

/** What a source said at one moment. */
export interface Reading {
  /** On the reader's clock, or on the source's own if it gives times. */
  readonly atUs: number;
  readonly samples: readonly Sample[];
  /** By part: when what is read began, in seconds on any clock. A later one: it was started again. */
  readonly startedSec: ReadonlyMap<string, number>;
}

/** Uptimes in whole seconds, read at any moment, make the same start differ by this much. */
const START_TOLERANCE_SEC = 2;

/**
 * Turns successive readings into levels and rates. The rate of a counter needs two readings of one life of
 * what is counted: after a restart, or when a counter has fallen, there is none until the next reading.
 */
export class Meter {
  #last: Reading | undefined;

  /** Empty if this reading is not newer than the last: what is known already is not news. */
  take(reading: Reading): ProbeValue[] {
    const last = this.#last;
    if (last !== undefined && reading.atUs <= last.atUs) return [];
    this.#last = reading;
    const overSec = last === undefined ? 0 : (reading.atUs - last.atUs) / 1e6;
    const before = new Map(last?.samples.map((sample) => [keyOf(sample), sample.value]));
    return reading.samples.flatMap((sample) => {
      const { part, metric, value, kind } = sample;
      if (kind === 'level') return [{ part, metric, value, overSec: 0 }];
      const earlier = before.get(keyOf(sample));
      if (last === undefined || earlier === undefined || value < earlier) return [];
      if (restarted(part, last, reading)) return [];
      return [{ part, metric, value: (value - earlier) / overSec, overSec }];
    });
  }
}

function keyOf({ part, metric }: Sample): string {
  return `${part}\n${metric}`;
}

function restarted(part: string, last: Reading, now: Reading): boolean {
  const of = ({ startedSec }: Reading) => startedSec.get(part) ?? startedSec.get('');
  const before = of(last);
  const started = of(now);
  return before !== undefined && started !== undefined && started > before + START_TOLERANCE_SEC;
}
