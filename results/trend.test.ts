import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { mannKendall } from './trend.js';

describe('the Mann-Kendall test', () => {
  it('has the value of the formula for a straight line: S = 45, variance 125', () => {
    const { z, p, drift } = mannKendall([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    assert.ok(Math.abs(z - 44 / Math.sqrt(125)) < 1e-9, `${z}`);
    assert.ok(p > 5e-5 && p < 1.2e-4, `${p}: tables have 0.0001`);
    assert.equal(drift, 9);
  });

  it('sees no trend in values that are all the same', () => {
    assert.deepEqual(mannKendall(new Array(30).fill(7)), { z: 0, p: 1, drift: 0 });
  });

  it('turns its sign with the order of the values', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 10 }), (values) => {
        const forth = mannKendall(values);
        const back = mannKendall([...values].reverse());
        assert.ok(Math.abs(forth.z + back.z) < 1e-9);
        assert.ok(Math.abs(forth.drift + back.drift) < 1e-9);
      }),
    );
  });

  it('is not taken in by values that depend on those before', () => {
    const falseAlarms = (phi: number): number => {
      let alarms = 0;
      for (let seed = 1; seed <= 400; seed += 1) {
        if (Math.abs(mannKendall(autoregressive(seed, 60, phi)).z) > 3.29) alarms += 1;
      }
      return alarms / 400;
    };
    assert.ok(falseAlarms(0) <= 0.005, `${falseAlarms(0)}`);
    assert.ok(falseAlarms(0.6) <= 0.02, `${falseAlarms(0.6)}`);
    assert.ok(uncorrectedAlarms(0.6) > 0.03, 'without the widening it would be');
  });

  it('finds a drift of two standard deviations in sixty seconds', () => {
    let found = 0;
    for (let seed = 1; seed <= 100; seed += 1) {
      const values = autoregressive(seed, 60, 0).map((value, at) => value + (3 * at) / 60);
      if (mannKendall(values).z > 3.29) found += 1;
    }
    assert.ok(found >= 95, `${found} of 100`);
  });
});

/** What the test would say with the variance of independent values. */
function uncorrectedAlarms(phi: number): number {
  let alarms = 0;
  for (let seed = 1; seed <= 400; seed += 1) {
    const values = autoregressive(seed, 60, phi);
    let s = 0;
    for (let i = 0; i < values.length; i += 1) {
      for (let j = i + 1; j < values.length; j += 1) s += Math.sign(values[j]! - values[i]!);
    }
    const variance = (60 * 59 * 125) / 18;
    if (Math.abs(s) / Math.sqrt(variance) > 3.29) alarms += 1;
  }
  return alarms / 400;
}

/** x(t) = φ·x(t−1) + e, e standard normal by Box-Muller over a small generator. */
function autoregressive(seed: number, length: number, phi: number): number[] {
  let state = seed * 2_654_435_761;
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return (((state ^ (state >>> 12)) >>> 0) + 0.5) / 2 ** 32;
  };
  let x = 0;
  return Array.from({ length: length + 50 }, () => {
    x = phi * x + Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random());
    return x;
  }).slice(50);
}
