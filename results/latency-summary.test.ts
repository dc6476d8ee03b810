import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { IntervalHistogram } from './latency-histogram.js';
import { percentileUs, summarise } from './latency-summary.js';

describe('the figures of a latency series', () => {
  it('are the percentiles hdr-histogram-js gives', () => {
    const values = fc.array(fc.integer({ min: 0, max: 5_000_000 }), {
      minLength: 1,
      maxLength: 2000,
    });
    fc.assert(
      fc.property(values, (latencies) => {
        const histogram = new IntervalHistogram();
        for (const us of latencies) histogram.recordValue(us);
        const summary = summarise(histogram);
        assert.ok(summary !== undefined);
        const { p50, p90, p95, p99, p999, max } = summary;
        assert.deepEqual(
          [p50, p90, p95, p99, p999, max],
          [50, 90, 95, 99, 99.9, 100].map((p) => histogram.getValueAtPercentile(p)),
        );
        assert.deepEqual(
          [p50, p99, max],
          [50, 99, 100].map((p) => percentileUs(histogram, p)),
        );
        assert.equal(summary.count, latencies.length);
        const exactMean = latencies.reduce((sum, us) => sum + us, 0) / latencies.length;
        assert.ok(Math.abs(summary.mean - exactMean) <= exactMean * 0.001 + 0.5);
        assert.ok(summary.min <= Math.min(...latencies));
      }),
      { numRuns: 100 },
    );
  });

  it('are exact for a thousand values from 1 to 1000 µs', () => {
    const histogram = new IntervalHistogram();
    for (let us = 1; us <= 1000; us += 1) histogram.recordValue(us);
    assert.deepEqual(summarise(histogram), {
      count: 1000,
      min: 1,
      mean: 500.5,
      p50: 500,
      p90: 900,
      p95: 950,
      p99: 990,
      p999: 999,
      max: 1000,
    });
  });

  it('do not exist for a series without values', () => {
    assert.equal(summarise(undefined), undefined);
    assert.equal(summarise(new IntervalHistogram()), undefined);
    assert.equal(percentileUs(new IntervalHistogram(), 50), undefined);
  });
});
