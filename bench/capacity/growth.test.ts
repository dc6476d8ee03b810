import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { random } from '../schedule/mod.js';
import { growthOf } from './growth.js';

test('a straight line has its slope, and rises if that is above zero', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -1000, max: 1000 }),
      fc.integer({ min: 3, max: 60 }),
      (slope, seconds) => {
        const { perSec, significant } = growthOf(
          Array.from({ length: seconds }, (_, second) => 7 + slope * second),
        );
        assert.ok(Math.abs(perSec - slope) < 1e-6);
        assert.equal(significant, slope > 0);
      },
    ),
  );
});

test('what only goes up and down rises once in twenty times at most', () => {
  let risen = 0;
  for (let seed = 1; seed <= 1000; seed += 1) {
    const levels = Array.from({ length: 10 }, (_, second) => 100 * random(seed, 0, 0, second));
    if (growthOf(levels).significant) risen += 1;
  }
  assert.ok(risen <= 50, `${risen} of 1000`);
});

test('fewer than two seconds show no growth', () => {
  assert.equal(growthOf([]).significant, false);
  assert.equal(growthOf([5]).significant, false);
});
