import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type BackOff, backOffUs } from './back-off.js';

const BACK_OFF: BackOff = {
  initialUs: 1_000_000,
  maxUs: 8_000_000,
  multiplier: 2,
  jitter: 0,
  limit: 0,
};

test('waits grow by the multiplier up to the maximum', () => {
  const waits = [1, 2, 3, 4, 5, 400].map((attempt) => backOffUs(BACK_OFF, attempt, 1, 7, attempt));
  assert.deepEqual(
    waits.map((us) => us / 1_000_000),
    [1, 2, 4, 8, 8, 8],
  );
});

test('jitter spreads the waits of a fleet evenly over its part of the wait', () => {
  const spread = { ...BACK_OFF, jitter: 0.5 };
  const waits = Array.from({ length: 10_000 }, (_, device) => backOffUs(spread, 1, 1, device, 0));
  for (let tenth = 0; tenth < 10; tenth++) {
    const from = 500_000 + tenth * 50_000;
    const inside = waits.filter((us) => us > from && us <= from + 50_000).length;
    assert.ok(Math.abs(inside - 1000) < 150, `${inside} of 10,000 in tenth ${tenth}`);
  }
});

test('a wait depends on seed, device and draw alone, and lies between its bounds', () => {
  const whole = fc.nat(0xffff_ffff);
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(whole, whole, fc.nat(1000), unit, (seed, device, draw, jitter) => {
      const spread = { ...BACK_OFF, jitter };
      const us = backOffUs(spread, 2, seed, device, draw);
      assert.equal(us, backOffUs(spread, 2, seed, device, draw));
      assert.ok(us >= Math.floor(2_000_000 * (1 - jitter)) && us <= 2_000_000);
    }),
  );
});
