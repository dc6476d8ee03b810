import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCount, readDurationUs, readRatePerSec, writeDuration } from './units.js';

test('durations are read with their unit', () => {
  const table: [string | number, number | undefined][] = [
    ['30s', 30_000_000],
    ['200ms', 200_000],
    ['7us', 7],
    ['7µs', 7],
    ['5m', 300_000_000],
    ['1.5h', 5_400_000_000],
    ['1d', 86_400_000_000],
    ['1m30s', 90_000_000],
    ['1h 30m', 5_400_000_000],
    ['0', 0],
    [0, 0],
    ['0.1ms', 100],
    ['5', undefined],
    [5, undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['s', undefined],
    ['', undefined],
    ['1e3s', undefined],
    ['5s later', undefined],
  ];
  for (const [text, expected] of table) assert.equal(readDurationUs(text), expected, String(text));
});

test('a written duration reads back as the same number of µs', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.constantFrom(1, 1000, 1e6, 6e7), (n, unit) => {
      const durationUs = Math.floor(n / unit) * unit;
      assert.equal(readDurationUs(writeDuration(durationUs)), durationUs);
    }),
  );
  assert.equal(writeDuration(90_000_000), '90s');
  assert.equal(writeDuration(300_000_000), '5m');
  assert.equal(writeDuration(1_500), '1500us');
});

test('counts know k and m, and are whole', () => {
  const table: [string | number, number | undefined][] = [
    ['200', 200],
    [200, 200],
    ['10k', 10_000],
    ['10K', 10_000],
    ['1m', 1_000_000],
    ['1.5k', 1500],
    ['0.0001m', 100],
    ['1.5', undefined],
    ['1.2345k', undefined],
    ['-1', undefined],
    ['10q', undefined],
    ['', undefined],
  ];
  for (const [text, expected] of table) assert.equal(readCount(text), expected, String(text));
});

test('rates are per second unless they say otherwise', () => {
  const table: [string | number, number | undefined][] = [
    [50, 50],
    ['50', 50],
    ['50/s', 50],
    ['5k/s', 5000],
    ['90/m', 1.5],
    ['3600/h', 1],
    ['0.5/s', 0.5],
    [1e-7, 1e-7],
    ['50/x', undefined],
    ['/s', undefined],
    ['-3/s', undefined],
  ];
  for (const [text, expected] of table) assert.equal(readRatePerSec(text), expected, String(text));
});
