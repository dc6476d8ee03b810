import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { addEvents, COUNTERS, counter, counterIndex, isGauge, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import { IntervalMerger, noOccupancy } from './interval-merger.js';
import type { IntervalReport, MergedInterval } from './interval-report.js';
import { SERIES } from './series.js';

const place = (second: number): { phase: string; measured: boolean; tail: boolean } => ({
  phase: `phase ${Math.floor(second / 3)}`,
  measured: second >= 3,
  tail: false,
});

interface Sketch {
  readonly sent: number;
  readonly connected: number;
  readonly latenciesUs: readonly number[];
  readonly errors: number;
  readonly backlog: number;
  readonly loop: number;
}

const sketch: fc.Arbitrary<Sketch> = fc.record({
  sent: fc.nat(1000),
  connected: fc.nat(100),
  latenciesUs: fc.array(fc.nat(100_000), { maxLength: 5 }),
  errors: fc.nat(3),
  backlog: fc.nat(50),
  loop: fc.double({ min: 0, max: 1, noNaN: true }),
});

describe('merging the reports of shards', () => {
  it('gives the same seconds in whatever order the reports of different shards arrive', () => {
    const fleet = fc.array(fc.array(fc.option(sketch), { minLength: 1, maxLength: 6 }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(fleet, fc.infiniteStream(fc.nat(1000)), (shards, choices) => {
        const reports = shards.map((seconds, shard) =>
          seconds.flatMap((content, second) =>
            content === null ? [] : [report(shard, second, content)],
          ),
        );
        const inOrder = mergeAll(shards.length, reports.flat(), false);
        const shuffled = mergeAll(shards.length, interleave(reports, choices), true);
        assert.deepEqual(shuffled.map(plain), inOrder.map(plain));
      }),
      { numRuns: 60 },
    );
  });

  it('loses no event even when a shard goes back in time', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(2), fc.nat(8), sketch), { maxLength: 20 }),
        (contents) => {
          const reports = contents.map(([shard, second, content]) =>
            report(shard, second, content),
          );
          const merged = mergeAll(3, reports, true);
          const expected = newCounters();
          for (const one of reports) addEvents(expected, one.counters);
          const actual = newCounters();
          for (const one of merged) addEvents(actual, one.counters);
          assert.deepEqual(actual, expected);
          assert.deepEqual(
            merged.map((one) => one.second),
            merged.map((_, at) => at),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('closes a second when every living shard has reported it or a later one', () => {
    const merger = new IntervalMerger({ shards: 2, place });
    merger.add(report(0, 0, EMPTY));
    merger.add(report(0, 1, EMPTY));
    assert.deepEqual(seconds(merger.takeClosed()), []);
    merger.add(report(1, 1, EMPTY));
    const closed = merger.takeClosed();
    assert.deepEqual(seconds(closed), [0, 1]);
    assert.deepEqual(
      closed.map(({ shards, reports }) => [shards, reports]),
      [
        [2, 1],
        [2, 2],
      ],
    );
  });

  it('does not wait for a shard that has ended, and its devices count no more', () => {
    const merger = new IntervalMerger({ shards: 2, place });
    merger.add(report(0, 0, { ...EMPTY, connected: 10 }));
    merger.add(report(1, 0, { ...EMPTY, connected: 7 }));
    merger.shardEnded(1);
    merger.add(report(0, 1, { ...EMPTY, connected: 11 }));
    const closed = merger.takeClosed();
    assert.deepEqual(
      closed.map((one) => counter(one.counters, 'connected')),
      [17, 11],
    );
    assert.deepEqual(
      closed.map((one) => one.shards),
      [2, 1],
    );
  });

  it('keeps the last known level of a shard that skips a second', () => {
    const merger = new IntervalMerger({ shards: 2, place });
    for (const second of [0, 1, 2]) merger.add(report(0, second, { ...EMPTY, connected: 5 }));
    merger.add(report(1, 0, { ...EMPTY, connected: 3, backlog: 9 }));
    merger.add(report(1, 2, { ...EMPTY, connected: 4, backlog: 0 }));
    const closed = merger.takeClosed();
    assert.deepEqual(
      closed.map((one) => [counter(one.counters, 'connected'), one.backlog]),
      [
        [8, 9],
        [8, 9],
        [9, 0],
      ],
    );
  });

  it('takes the busiest loop, the longest stall and the sum of CPU', () => {
    const merger = new IntervalMerger({ shards: 2, place });
    merger.add({ ...report(0, 0, { ...EMPTY, loop: 0.4 }), loopDelayMaxUs: 900, cpuUs: 450_000 });
    merger.add({ ...report(1, 0, { ...EMPTY, loop: 0.7 }), loopDelayMaxUs: 300, cpuUs: 800_000 });
    const [one] = merger.takeClosed();
    assert.equal(one?.loopUtilisation, 0.7);
    assert.equal(one?.loopDelayMaxUs, 900);
    assert.equal(one?.generatorCpuPercent, 125);
  });

  it('gives the last second its real length', () => {
    const merger = new IntervalMerger({ shards: 1, place });
    merger.add(report(0, 0, EMPTY));
    merger.add({ ...report(0, 1, EMPTY), cpuUs: 200_000 });
    const closed = merger.flush(1_400_000);
    assert.deepEqual(
      closed.map((one) => one.lengthSec),
      [1, 0.4],
    );
    assert.equal(closed[1]?.generatorCpuPercent, 50);
  });

  it('refuses a report of a shard that is not in the fleet', () => {
    const merger = new IntervalMerger({ shards: 1, place });
    assert.throws(() => merger.add(report(1, 0, EMPTY)), RangeError);
  });
});

const EMPTY: Sketch = { sent: 0, connected: 0, latenciesUs: [], errors: 0, backlog: 0, loop: 0 };

function report(shard: number, second: number, content: Sketch): IntervalReport {
  const counters = newCounters();
  counters[counterIndex('publishesSent')] = content.sent;
  counters[counterIndex('connected')] = content.connected;
  const histograms = new HistogramSet();
  for (const [at, us] of content.latenciesUs.entries()) histograms.record((shard + at) % 12, us);
  return {
    shard,
    second,
    counters,
    histograms: histograms.encode(),
    errors: content.errors === 0 ? {} : { [`reason ${content.errors}`]: content.errors },
    backlog: content.backlog,
    loopUtilisation: content.loop,
    loopDelayMaxUs: content.loop * 1000,
    gcPausesUs: [content.loop * 100],
    ownLagUs: 0,
    occupancy: noOccupancy(),
    cpuUs: content.sent,
  };
}

/** `asTheyCome` takes closed seconds after every report, as a coordinator does. */
function mergeAll(
  shards: number,
  reports: readonly IntervalReport[],
  asTheyCome: boolean,
): MergedInterval[] {
  const merger = new IntervalMerger({ shards, place });
  const merged: MergedInterval[] = [];
  for (const one of reports) {
    merger.add(one);
    if (asTheyCome) merged.push(...merger.takeClosed());
  }
  merged.push(...merger.flush(Number.MAX_SAFE_INTEGER));
  return merged;
}

/** Any interleaving that keeps the order within each shard. */
function interleave(
  byShard: readonly (readonly IntervalReport[])[],
  choices: Iterable<number>,
): IntervalReport[] {
  const queues = byShard.map((reports) => [...reports]);
  const mixed: IntervalReport[] = [];
  for (const choice of choices) {
    const waiting = queues.filter((queue) => queue.length > 0);
    const queue = waiting[choice % Math.max(1, waiting.length)];
    if (queue === undefined) break;
    mixed.push(queue.shift()!);
  }
  return mixed;
}

function plain(merged: MergedInterval): unknown {
  const { histograms, counters, ...rest } = merged;
  return {
    ...rest,
    generatorCpuPercent: Math.round(rest.generatorCpuPercent * 1e6),
    counters: COUNTERS.map((name, at) => [name, isGauge(at), counters[at]]),
    histograms: SERIES.map((_, series) => [...(histograms.get(series)?.counts ?? [])].join()),
  };
}

function seconds(merged: readonly MergedInterval[]): number[] {
  return merged.map((one) => one.second);
}
