import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type LoadSegment, loadCurve } from './load-curve.js';

const SECOND = 1_000_000;

const factor = fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 1e-3, max: 20, noNaN: true }));

/** Segments one after the other, with gaps now and then, some of them at load 0. */
const segments = fc
  .array(
    fc.record({
      gapUs: fc.constantFrom(0, 0, 1, 5 * SECOND),
      durationUs: fc.integer({ min: 1, max: 3600 * SECOND }),
      from: factor,
      to: factor,
      flat: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((drafts) => {
    let atUs = 0;
    return drafts.map(({ gapUs, durationUs, from, to, flat }): LoadSegment => {
      const startUs = atUs + gapUs;
      atUs = startUs + durationUs;
      return { startUs, durationUs, from, to: flat ? from : to };
    });
  });

function loadAt(segments: readonly LoadSegment[], wallUs: number): number {
  for (const { startUs, durationUs, from, to } of segments) {
    const share = (wallUs - startUs) / durationUs;
    if (share >= 0 && share < 1) return from + (to - from) * share;
  }
  return 0;
}

test('load time is the integral of the load factor', () => {
  fc.assert(
    fc.property(segments, fc.double({ min: 0, max: 1, noNaN: true }), (segments, share) => {
      const curve = loadCurve(segments);
      const last = segments.at(-1)!;
      const untilUs = share * (last.startUs + last.durationUs + SECOND);
      let sumUs = 0;
      for (const { startUs, durationUs } of segments) {
        const t = Math.min(Math.max(untilUs - startUs, 0), durationUs);
        // Straight lines: the midpoint's load is the mean load.
        sumUs += t * (t > 0 ? loadAt(segments, startUs + t / 2) : 0);
      }
      assert.ok(Math.abs(curve.loadUs(untilUs) - sumUs) <= 1e-9 * (1 + sumUs));
    }),
  );
});

test('an arrival is due where the load passes it: wallUs undoes loadUs', () => {
  fc.assert(
    fc.property(segments, fc.double({ min: 0, max: 1, noNaN: true }), (segments, share) => {
      const curve = loadCurve(segments);
      const loadUs = share * curve.totalLoadUs;
      const wallUs = curve.wallUs(loadUs);
      if (loadUs >= curve.totalLoadUs) {
        assert.equal(wallUs, Number.POSITIVE_INFINITY);
        return;
      }
      assert.ok(Math.abs(curve.loadUs(wallUs) - loadUs) <= 1e-9 * (1 + curve.totalLoadUs));
      const within = segments.find(
        (s) => s.startUs <= wallUs && wallUs <= s.startUs + s.durationUs && s.from + s.to > 0,
      );
      assert.ok(within !== undefined, 'due in a stretch with load');
    }),
    { numRuns: 500 },
  );
});

test('later load time is never due earlier', () => {
  fc.assert(
    fc.property(
      segments,
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 }),
      (segments, shares) => {
        const curve = loadCurve(segments);
        const loads = shares.map((share) => share * curve.totalLoadUs).sort((a, b) => a - b);
        let previous = Number.NEGATIVE_INFINITY;
        for (const loadUs of loads) {
          const wallUs = curve.wallUs(loadUs);
          assert.ok(wallUs >= previous);
          previous = wallUs;
        }
      },
    ),
  );
});

test('at load 1 the two times are the same', () => {
  const curve = loadCurve([{ startUs: 0, durationUs: 86_400 * SECOND, from: 1, to: 1 }]);
  for (const us of [0, 0.25, 1, 12_345_678.5, 86_399 * SECOND]) assert.equal(curve.wallUs(us), us);
  assert.equal(curve.totalLoadUs, 86_400 * SECOND);
});

test('what falls on the edge of a stretch without load waits until the load comes back', () => {
  const curve = loadCurve([
    { startUs: 0, durationUs: 10, from: 0, to: 0 },
    { startUs: 10, durationUs: 10, from: 1, to: 1 },
    { startUs: 20, durationUs: 10, from: 0, to: 0 },
    { startUs: 40, durationUs: 10, from: 2, to: 2 },
  ]);
  assert.equal(curve.wallUs(0), 10);
  assert.equal(curve.wallUs(9.5), 19.5);
  assert.equal(curve.wallUs(10), 40);
  assert.equal(curve.wallUs(12), 41);
  assert.equal(curve.wallUs(30), Number.POSITIVE_INFINITY);
  assert.deepEqual(
    [0, 10, 15, 25, 35, 45, 99].map((us) => curve.loadUs(us)),
    [0, 0, 5, 10, 10, 20, 30],
  );
});

test('a ramp from nothing gives the square root, and one to nothing its mirror image', () => {
  const up = loadCurve([{ startUs: 0, durationUs: 100, from: 0, to: 1 }]);
  const down = loadCurve([{ startUs: 0, durationUs: 100, from: 1, to: 0 }]);
  for (const loadUs of [0, 0.5, 12.5, 32, 49]) {
    assert.ok(Math.abs(up.wallUs(loadUs) - Math.sqrt(200 * loadUs)) < 1e-9);
    assert.ok(Math.abs(down.wallUs(loadUs) - (100 - Math.sqrt(200 * (50 - loadUs)))) < 1e-6);
  }
});

test('neighbours at load 1 join without a seam after a day', () => {
  const minutes = Array.from({ length: 1440 }, (_, k) => ({
    startUs: k * 60 * SECOND,
    durationUs: 60 * SECOND,
    from: 1,
    to: 1,
  }));
  const curve = loadCurve(minutes);
  assert.equal(curve.wallUs(86_399_999_999), 86_399_999_999);
});

test('no segments, no load', () => {
  const curve = loadCurve([]);
  assert.equal(curve.wallUs(0), Number.POSITIVE_INFINITY);
  assert.equal(curve.loadUs(5), 0);
  assert.equal(curve.totalLoadUs, 0);
});

test('overlaps and impossible loads are refused', () => {
  const segment = { startUs: 0, durationUs: 10, from: 1, to: 1 };
  assert.throws(() => loadCurve([segment, { ...segment, startUs: 5 }]), RangeError);
  assert.throws(() => loadCurve([{ ...segment, from: -1 }]), RangeError);
  assert.throws(() => loadCurve([{ ...segment, to: Number.NaN }]), RangeError);
  assert.throws(() => loadCurve([{ ...segment, durationUs: -1 }]), RangeError);
});
