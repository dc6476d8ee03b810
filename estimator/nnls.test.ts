import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { dot, norm, solveIndependent } from './least-squares.js';
import { NnlsProblem, nnls } from './nnls.js';

const columnsOf = (rows: number[][]): Float64Array[] =>
  rows[0]!.map((_, j) => Float64Array.from(rows, (row) => row[j]!));

const close = (actual: number, expected: number, tolerance = 1e-9) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

function residualOf(columns: Float64Array[], x: Float64Array, b: Float64Array): Float64Array {
  return b.map((value, i) => value - columns.reduce((sum, c, j) => sum + c[i]! * x[j]!, 0));
}

/** The best over all subsets of columns, each solved without the sign constraint. */
function bruteForce(columns: Float64Array[], b: Float64Array): number {
  let best = norm(b);
  for (let subset = 1; subset < 1 << columns.length; subset++) {
    const members = columns.map((_, j) => j).filter((j) => subset & (1 << j));
    const scaled = members.map((j) => columns[j]!.map((value) => value / norm(columns[j]!)));
    const z = solveIndependent(scaled, b, 1e-9);
    if (z?.every((value) => value >= 0)) best = Math.min(best, norm(residualOf(scaled, z, b)));
  }
  return best;
}

const entry = fc.integer({ min: -20, max: 20 }).map((value) => value / 4);
/** Small integers, so that zero, repeated and dependent columns really occur. */
const problem = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5 }))
  .chain(([m, n]) =>
    fc.record({
      rows: fc.array(fc.array(entry, { minLength: n, maxLength: n }), {
        minLength: m,
        maxLength: m,
      }),
      b: fc.array(entry, { minLength: m, maxLength: m }),
    }),
  )
  .map(({ rows, b }) => ({ columns: columnsOf(rows), b: Float64Array.from(b) }));

describe('non-negative least squares', () => {
  it('gives known solutions', () => {
    const table = [
      // The two examples of scipy.optimize.nnls.
      {
        a: [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
        b: [2, 1, 1],
        x: [1.5, 1],
        rest: Math.SQRT1_2,
      },
      {
        a: [
          [1, 0],
          [1, 0],
          [0, 1],
        ],
        b: [-1, -1, -1],
        x: [0, 0],
        rest: Math.sqrt(3),
      },
      // Exact, square.
      {
        a: [
          [2, 1],
          [1, 3],
        ],
        b: [4, 7],
        x: [1, 2],
        rest: 0,
      },
      // Unconstrained least squares is (3, −1): the constraint moves the other number too.
      {
        a: [
          [1, 1],
          [1, 2],
          [1, 3],
        ],
        b: [2, 1, 0],
        x: [1, 0],
        rest: Math.SQRT2,
      },
      // Columns ten orders of magnitude apart, as costs per connection and per second are.
      {
        a: [
          [1, 1e10],
          [1, 2e10],
          [1, 4e10],
        ],
        b: [3, 5, 9],
        x: [1, 2e-10],
        rest: 0,
      },
    ];
    for (const { a, b, x, rest } of table) {
      const solution = nnls(columnsOf(a), Float64Array.from(b));
      assert.equal(solution.converged, true);
      x.forEach((value, j) => {
        close(solution.x[j]!, value, 1e-9 * Math.max(value, 1e-3));
      });
      close(solution.residualNorm, rest);
    }
  });

  it('meets the Karush-Kuhn-Tucker conditions on any input', () => {
    fc.assert(
      fc.property(problem, ({ columns, b }) => {
        const { x, converged, residualNorm } = nnls(columns, b);
        assert.equal(converged, true);
        const residual = residualOf(columns, x, b);
        close(norm(residual), residualNorm, 1e-7);
        columns.forEach((column, j) => {
          assert.ok(x[j]! >= 0, 'x is not negative');
          const gradient = dot(column, residual);
          const tolerance = 1e-8 * (1 + norm(column)) * (1 + norm(b));
          assert.ok(
            gradient <= tolerance,
            `column ${j} would still lower the residual: ${gradient}`,
          );
          if (x[j]! > 0)
            assert.ok(gradient >= -tolerance, `column ${j} is in, gradient ${gradient}`);
        });
      }),
      { numRuns: 3000 },
    );
  });

  it('is as good as the best of all active sets', () => {
    fc.assert(
      fc.property(problem, ({ columns, b }) => {
        close(nnls(columns, b).residualNorm, bruteForce(columns, b), 1e-7);
      }),
      { numRuns: 2000 },
    );
  });

  it('names the columns whose share no data could tell', () => {
    const one = [1, 1, 1, 1];
    const load = [0, 1, 2, 3];
    const twice = load.map((value) => 2 * value);
    const free = [1, 0, 0, 5];
    const columns = [one, load, twice, free, [0, 0, 0, 0]].map((column) =>
      Float64Array.from(column),
    );
    const b = Float64Array.from([6, 4, 7, 35]);
    const system = new NnlsProblem(columns);
    assert.deepEqual(system.undetermined, [1, 2, 4]);
    const { x, converged, residualNorm } = system.solve(b);
    assert.equal(converged, true);
    assert.equal(x[4], 0);
    close(x[1]! + 2 * x[2]!, 3);
    close(residualNorm, 0, 1e-8);
  });

  it('solves with fewer rows than columns and with none', () => {
    close(nnls(columnsOf([[1, 2, 3]]), Float64Array.of(6)).residualNorm, 0);
    assert.deepEqual([...nnls([], new Float64Array(0)).x], []);
  });
});
