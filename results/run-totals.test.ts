import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type CounterName, counterIndex, newCounters } from './counters.js';
import { HistogramSet } from './histogram-set.js';
import { noOccupancy } from './interval-merger.js';
import type { MergedInterval } from './interval-report.js';
import { RunTotals } from './run-totals.js';
import { SERIES } from './series.js';

const FLEET = { processes: 1, threads: 2, shards: 2, shardsLost: 0 };

describe('running totals', () => {
  it('are of the whole run, what is measured only of measured seconds', () => {
    const totals = new RunTotals();
    totals.add(second(0, { counters: { publishesSent: 10, connected: 3 } }));
    totals.add(second(1, { measured: true, counters: { publishesSent: 20, connected: 9 } }));
    totals.add(second(2, { measured: true, counters: { publishesSent: 30, connected: 7 } }));
    totals.add(second(3, { tail: true, counters: { publishesSent: 1, connected: 7 } }));
    assert.equal(totals.totals().publishes.sent, 61);
    assert.equal(totals.totals().connects.connectedMax, 9);
    const { seconds, counters } = totals.measured();
    assert.equal(seconds, 2);
    assert.equal(counters.publishesSent, 50);
    assert.equal(counters.connected, 7, 'a gauge stands as at the end, it is not added up');
  });

  it('take as lost what was expected and did not come at least once', () => {
    const totals = new RunTotals();
    totals.add(
      second(0, {
        counters: { deliveriesExpected: 100, deliveriesReceived: 97, deliveriesDuplicated: 2 },
      }),
    );
    assert.equal(totals.totals().deliveries.lost, 5);
    totals.add(second(1, { counters: { deliveriesReceived: 20 } }));
    assert.equal(totals.totals().deliveries.lost, 0, 'never negative');
  });

  it('have connect and subscribe latencies of all seconds, others of measured ones and their tail', () => {
    const totals = new RunTotals();
    totals.add(second(0, { latencyUs: 100 }));
    totals.add(second(1, { latencyUs: 200, measured: true }));
    totals.add(second(2, { latencyUs: 300, tail: true }));
    totals.add(second(3, { latencyUs: 400 }));
    const latency = totals.latency();
    for (const name of SERIES) {
      const early = name.startsWith('connect.') || name.startsWith('subscribe.');
      assert.equal(latency[name]?.count, early ? 4 : 2, name);
      assert.equal(latency[name]?.max, early ? 400 : 300, name);
    }
  });

  it('keep negative values of a series that has no others', () => {
    const totals = new RunTotals();
    const histograms = new HistogramSet();
    histograms.record(SERIES.indexOf('delivery.response'), -3);
    totals.add({ ...second(0, { measured: true }), histograms });
    assert.deepEqual(Object.keys(totals.latency()), ['delivery.response']);
    assert.equal(totals.latency()['delivery.response']?.negative, 1);
    assert.equal(totals.latency()['delivery.response']?.count, 0);
  });

  it('know how busy the loop was in nine seconds of ten', () => {
    const totals = new RunTotals();
    totals.add(second(0, { loop: 1 }));
    for (let at = 1; at <= 10; at += 1) totals.add(second(at, { measured: true, loop: at / 20 }));
    const health = totals.generator(FLEET);
    assert.equal(health.loopUtilisationP90, 0.45);
    assert.equal(health.loopUtilisationMax, 0.5);
  });

  it('count reports that living shards owe', () => {
    const totals = new RunTotals();
    totals.add({ ...second(0, {}), shards: 2, reports: 1 });
    totals.add({ ...second(1, {}), shards: 2, reports: 2 });
    const { reportsDue, reportsMissing } = totals.generator(FLEET);
    assert.deepEqual([reportsDue, reportsMissing], [4, 1]);
  });

  it('hold a bounded number of error reasons and lose no count', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(400), { maxLength: 600 }), (reasons) => {
        const totals = new RunTotals();
        for (const [at, reason] of reasons.entries()) {
          totals.add({ ...second(at, {}), errors: { [`reason ${reason}`]: 2 } });
        }
        const errors = totals.errors();
        assert.ok(Object.keys(errors).length <= 201);
        const sum = Object.values(errors).reduce((total, count) => total + count, 0);
        assert.equal(sum, reasons.length * 2);
      }),
      { numRuns: 20 },
    );
  });
});

interface Sketch {
  readonly measured?: boolean;
  readonly tail?: boolean;
  readonly counters?: Partial<Record<CounterName, number>>;
  readonly latencyUs?: number;
  readonly loop?: number;
}

function second(at: number, sketch: Sketch): MergedInterval {
  const counters = newCounters();
  for (const [name, value] of Object.entries(sketch.counters ?? {})) {
    counters[counterIndex(name as CounterName)] = value;
  }
  const histograms = new HistogramSet();
  for (let series = 0; sketch.latencyUs !== undefined && series < SERIES.length; series += 1) {
    histograms.record(series, sketch.latencyUs);
  }
  return {
    second: at,
    phase: 'steady',
    measured: sketch.measured ?? false,
    tail: sketch.tail ?? false,
    lengthSec: 1,
    counters,
    histograms,
    errors: {},
    backlog: 0,
    loopUtilisation: sketch.loop ?? 0,
    loopDelayMaxUs: 0,
    gcPausesUs: [],
    threads: [],
    occupancy: noOccupancy(),
    generatorCpuPercent: 0,
    shards: 2,
    reports: 2,
  };
}
