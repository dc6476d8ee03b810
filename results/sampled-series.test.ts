import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SeriesSampler } from './sampled-series.js';

describe('a thinned series', () => {
  it('keeps every second while they fit', () => {
    const sampler = new SeriesSampler(4, 1);
    for (const [second, value] of [1, 2.26, 3, 4].entries()) sampler.add(second, value);
    assert.deepEqual(sampler.series(), { startSecond: 0, stepSec: 1, values: [1, 2.3, 3, 4] });
  });

  it('joins neighbours into their mean when they do not', () => {
    const sampler = new SeriesSampler(4, 1);
    for (let second = 0; second < 5; second += 1) sampler.add(second, second);
    assert.deepEqual(sampler.series(), { startSecond: 0, stepSec: 2, values: [0.5, 2.5, 4] });
  });

  it('has null where nothing was read, and leaves it out of means', () => {
    const sampler = new SeriesSampler(4, 1);
    sampler.add(3, 8);
    sampler.add(4, null);
    sampler.add(6, 2);
    assert.deepEqual(sampler.series(), { startSecond: 3, stepSec: 1, values: [8, null, null, 2] });
    sampler.add(8, 5);
    assert.deepEqual(sampler.series(), { startSecond: 3, stepSec: 2, values: [8, 2, 5] });
  });

  it('stays within its bound and keeps the mean of a run of any length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 500 }),
        (values) => {
          const sampler = new SeriesSampler(16, 6);
          for (const [second, value] of values.entries()) sampler.add(second, value);
          const series = sampler.series();
          assert.ok(series.values.length <= 16);
          const sum = series.values.reduce<number>((total, mean, at) => {
            const covered = Math.min(series.stepSec, values.length - at * series.stepSec);
            return total + (mean ?? 0) * covered;
          }, 0);
          const exact = values.reduce((total, value) => total + value, 0);
          assert.ok(Math.abs(sum - exact) < 0.01);
        },
      ),
    );
  });
});
