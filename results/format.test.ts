import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  formatBytes,
  formatCount,
  formatDurationUs,
  formatPercent,
  formatRate,
  formatShare,
} from './format.js';

function table<T>(format: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, text] of cases) assert.equal(format(value), text);
}

describe('text for people', () => {
  it('gives durations three digits in the unit that suits', () => {
    table(formatDurationUs, [
      [0, '0 µs'],
      [1, '1 µs'],
      [999, '999 µs'],
      [999.6, '1.00 ms'],
      [1_000, '1.00 ms'],
      [1_240, '1.24 ms'],
      [9_996, '10.0 ms'],
      [12_345, '12.3 ms'],
      [99_960, '100 ms'],
      [999_499, '999 ms'],
      [999_500, '1.00 s'],
      [1_240_575, '1.24 s'],
      [59_900_000, '59.9 s'],
      [999_000_000, '999 s'],
      [1_000_000_000, '16m 40s'],
      [3_600_000_000, '1h 00m'],
      [-1_500, '-1.50 ms'],
    ]);
  });

  it('groups the digits of counts', () => {
    table(formatCount, [
      [0, '0'],
      [2.5, '2.5'],
      [999, '999'],
      [1_000, '1,000'],
      [12_345_678, '12,345,678'],
      [1234.6, '1,235'],
      [-1_000, '-1,000'],
    ]);
  });

  it('gives bytes in powers of 1024', () => {
    table(formatBytes, [
      [0, '0 B'],
      [512, '512 B'],
      [1_536, '1.50 KiB'],
      [187 * 2 ** 20, '187 MiB'],
      [24 * 2 ** 30, '24.0 GiB'],
      [1023 * 2 ** 20, '1.00 GiB'],
    ]);
  });

  it('gives rates per second', () => {
    table(formatRate, [
      [0, '0/s'],
      [0.3333, '0.333/s'],
      [12.5, '12.5/s'],
      [99.96, '100/s'],
      [5_000.4, '5,000/s'],
    ]);
  });

  it('never rounds a share to all or nothing', () => {
    table(formatShare, [
      [0, '0 %'],
      [1, '100 %'],
      [0.5, '50.0 %'],
      [0.99996, '> 99.99 %'],
      [0.9996, '99.96 %'],
      [0.0005, '0.05 %'],
      [0.00001, '< 0.01 %'],
    ]);
  });

  it('gives CPU in whole percent, except where there is little', () => {
    table(formatPercent, [
      [0, '0 %'],
      [0.25, '0.3 %'],
      [9.96, '10 %'],
      [123.4, '123 %'],
    ]);
  });
});
