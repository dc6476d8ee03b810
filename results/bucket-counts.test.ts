import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BucketCounts } from './bucket-counts.js';
import { HistogramSet } from './histogram-set.js';

const BOUNDS = [1000, 5000, 10_000, 100_000];

function setOf(valuesUs: readonly number[]) {
  const set = new HistogramSet();
  for (const us of valuesUs) set.record(0, us);
  return set.get(0);
}

test('values are counted up to each bound, and none as better than it was', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 200_000 })), { maxLength: 4 }),
      (seconds) => {
        const counts = new BucketCounts(BOUNDS);
        for (const values of seconds) counts.add(setOf(values));
        const all = seconds.flat();
        assert.equal(counts.total, all.length);
        const sum = all.reduce((a, b) => a + b, 0);
        assert.ok(Math.abs(counts.sumUs - sum) <= sum / 1024 + all.length);
        let before = 0;
        for (const [k, passed] of counts.cumulative().entries()) {
          assert.ok(passed >= before);
          before = passed;
          const within = all.filter((us) => us <= BOUNDS[k]!).length;
          const wellWithin = all.filter((us) => us <= BOUNDS[k]! * 0.998).length;
          assert.ok(passed <= within && passed >= wellWithin, `${passed} of ${within}`);
        }
      },
    ),
  );
});
