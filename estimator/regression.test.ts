import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  fittedCoefficient,
  median,
  quantile,
  type RegressionInput,
  regress,
} from './regression.js';

const ROWS = 40;
const ramp = Float64Array.from({ length: ROWS }, (_, i) => i);
const ones = new Float64Array(ROWS).fill(1);
const wave = Float64Array.from({ length: ROWS }, (_, i) => Math.sin(i * i));

function input(y: Float64Array, columns = [ones, ramp]): RegressionInput {
  return { columns, y, rootWeights: ones, runs: new Array(ROWS).fill(0), robust: true };
}

const line = (noise: number) => ramp.map((x, i) => 5 + 2 * x + noise * wave[i]!);

describe('robust regression', () => {
  it('is not bent by a few rows that lie far off', () => {
    const y = line(0.1).map((value, i) => (i % 10 === 3 ? value + 60 : value));
    const { coefficients } = regress(input(y), 0, 1);
    assert.ok(Math.abs(coefficients[0]! - 5) < 0.2, `${coefficients[0]}`);
    assert.ok(Math.abs(coefficients[1]! - 2) < 0.01, `${coefficients[1]}`);
    const plain = regress({ ...input(y), robust: false }, 0, 1).coefficients;
    assert.ok(Math.abs(plain[0]! - 5) > 1);
  });

  it('is exact, with intervals of no width, when the rows are', () => {
    const fit = regress(input(line(0)), 200, 1);
    for (const [at, truth] of [5, 2].entries()) {
      const { value, low, high } = fittedCoefficient(fit, at);
      for (const number of [value, low, high]) assert.ok(Math.abs(number - truth) < 1e-9);
    }
    assert.ok(Math.abs(fit.r2 - 1) < 1e-12);
  });

  it('has wider intervals for more noise', () => {
    const width = (noise: number) => {
      const { low, high } = fittedCoefficient(regress(input(line(noise)), 400, 1), 1);
      return high - low;
    };
    assert.ok(width(4) > 3 * width(1));
  });

  it('takes longer blocks for noise that lasts', () => {
    const slow = Float64Array.from({ length: ROWS }, (_, i) => Math.sin(i / 3));
    const lasting = regress(input(ramp.map((x, i) => 5 + 2 * x + slow[i]!)), 0, 1).blockRows;
    assert.ok(lasting > regress(input(line(1)), 0, 1).blockRows);
    assert.ok(lasting <= ROWS / 6);
  });

  it('gives finite draws whatever the columns: zero, equal, or with a row of their own', () => {
    const cell = fc.integer({ min: 0, max: 3 });
    const rows = fc.array(fc.tuple(cell, cell, cell, cell), { minLength: 8, maxLength: 30 });
    fc.assert(
      fc.property(rows, fc.integer({ min: 1, max: 9 }), (cells, split) => {
        const columns = [0, 1, 2].map((j) => Float64Array.from(cells, (row) => row[j]!));
        const fit = regress(
          {
            columns: [...columns, new Float64Array(cells.length), columns[0]!],
            y: Float64Array.from(cells, (row) => row[0] + 2 * row[1] + row[3]),
            rootWeights: new Float64Array(cells.length).fill(1),
            runs: cells.map((_, i) => (i < split ? 0 : 1)),
            robust: true,
          },
          20,
          1,
        );
        for (const draw of [fit.coefficients, ...fit.draws]) {
          assert.ok(
            draw.every((value) => Number.isFinite(value) && value >= 0),
            `${draw}`,
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe('quantiles', () => {
  it('lie between order statistics', () => {
    assert.equal(quantile(Float64Array.of(1, 2, 4), 0.5), 2);
    assert.equal(quantile(Float64Array.of(1, 2, 4), 0.75), 3);
    assert.equal(median([9, 1, 5, 7]), 6);
  });
});
