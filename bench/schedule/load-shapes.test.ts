import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LoadSegment, loadCurve } from './load-curve.js';
import { sine, spike, staircase } from './load-shapes.js';

const SECOND = 1_000_000;
const level = fc.double({ min: 0, max: 20, noNaN: true });
const durationUs = fc.integer({ min: 1000, max: 3600 * SECOND });

/** Stretches that follow each other without a gap over the whole phase. */
function assertCovers(segments: readonly LoadSegment[], durationUs: number): void {
  let atUs = 0;
  for (const segment of segments) {
    assert.ok(Math.abs(segment.startUs - atUs) <= 1e-3, `${segment.startUs} after ${atUs}`);
    atUs = segment.startUs + segment.durationUs;
  }
  assert.ok(Math.abs(atUs - durationUs) <= 1e-3);
  loadCurve(segments); // throws where they overlap
}

test('a staircase has its levels evenly apart, each for the same time', () => {
  const levels = staircase(10 * SECOND, 0.2, 1, 5).map(({ from, to, durationUs }) => {
    assert.equal(from, to);
    assert.equal(durationUs, 2 * SECOND);
    return Math.round(from * 1000) / 1000;
  });
  assert.deepEqual(levels, [0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(staircase(SECOND, 0, 3, 1), [
    { startUs: 0, durationUs: SECOND, from: 3, to: 3 },
  ]);
});

test('a spike offers its peak for its width and the line beside it', () => {
  const segments = spike(10 * SECOND, { from: 1, to: 2 }, 4 * SECOND, 2 * SECOND, 9);
  assert.deepEqual(segments, [
    { startUs: 0, durationUs: 4 * SECOND, from: 1, to: 1.4 },
    { startUs: 4 * SECOND, durationUs: 2 * SECOND, from: 9, to: 9 },
    { startUs: 6 * SECOND, durationUs: 4 * SECOND, from: 1.6, to: 2 },
  ]);
  assert.equal(spike(10 * SECOND, { from: 1, to: 1 }, 0, 20 * SECOND, 9).length, 1);
});

test('a sine begins at its trough, has its crest half a period later and its mean over whole periods', () => {
  fc.assert(
    fc.property(level, level, fc.integer({ min: 1, max: 20 }), (low, high, periods) => {
      const periodUs = 60 * SECOND;
      const segments = sine(periods * periodUs, low, high, periodUs);
      assert.equal(segments.length, 60 * periods);
      assert.ok(Math.abs(segments[0]!.from - low) < 1e-9);
      assert.ok(Math.abs(segments[30]!.from - high) < 1e-9);
      const { totalLoadUs } = loadCurve(segments);
      const meanUs = ((low + high) / 2) * periods * periodUs;
      assert.ok(Math.abs(totalLoadUs - meanUs) <= 1e-9 * (1 + meanUs));
    }),
  );
});

test('every shape covers its phase from start to end', () => {
  fc.assert(
    fc.property(
      durationUs,
      level,
      level,
      fc.integer({ min: 1, max: 50 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (durationUs, low, high, n, share) => {
        assertCovers(staircase(durationUs, low, high, n), durationUs);
        const line = { from: low, to: high };
        assertCovers(spike(durationUs, line, share * durationUs, durationUs / n, 5), durationUs);
        assertCovers(sine(durationUs, low, high, durationUs / n), durationUs);
      },
    ),
  );
});
