import { distanceFromSpan, dot, norm, QrFactors, solveIndependent } from './least-squares.js';

/** Columns are scaled to length 1 first, so both tolerances are relative. */
const DUAL_TOLERANCE = 1e-10;
const RANK_TOLERANCE = 1e-9;

export interface NnlsSolution {
  /** One number ≥ 0 per column. */
  x: Float64Array;
  /** ‖Ax − b‖. */
  residualNorm: number;
  iterations: number;
  /** False when the iteration bound was reached: x is feasible, but not proved the best. */
  converged: boolean;
}

/**
 * Non-negative least squares, min ‖Ax − b‖ over x ≥ 0, by the active-set method of Lawson and Hanson
 * (Solving Least Squares Problems, 1974, ch. 23). Columns enter while a gradient exceeds
 * 1e-10·‖b‖; at most 10·n + 10 solves. The right-hand sides share one QR factorisation.
 */
export class NnlsProblem {
  /**
   * Columns that are (within 1e-9) combinations of others, or all zero. The fit does not depend on
   * how their weight is split, so no number in x for these columns is a measurement.
   */
  readonly undetermined: readonly number[];
  readonly #scales: Float64Array;
  readonly #factors: QrFactors;

  /** @param columns the columns of A: n arrays of m finite numbers. */
  constructor(columns: readonly Float64Array[]) {
    this.#scales = Float64Array.from(columns, norm);
    const unit = columns.map((column, j) => {
      const scale = this.#scales[j]!;
      return scale === 0 ? column : column.map((value) => value / scale);
    });
    this.#factors = new QrFactors(unit);
    const r = this.#factors.r;
    this.undetermined = r
      .map((column, j) => ({ j, distance: distanceFromSpan(column, r.toSpliced(j, 1)) }))
      .filter(({ distance }) => distance <= RANK_TOLERANCE)
      .map(({ j }) => j);
  }

  /** @param b m finite numbers. */
  solve(b: Float64Array): NnlsSolution {
    const { r: columns, size } = this.#factors;
    const { head, restSquared } = this.#factors.project(b);
    const tolerance = DUAL_TOLERANCE * Math.sqrt(dot(head, head) + restSquared);
    const maxIterations = 10 * size + 10;
    const x = new Float64Array(size);
    const passive: number[] = [];
    // A column that rounding or dependence keeps from entering is set aside until the set changes.
    const refused = new Set<number>();
    let residual: Float64Array = head.slice();
    let iterations = 0;
    let converged = false;

    while (iterations < maxIterations) {
      const entering = steepest(columns, residual, passive, refused, tolerance);
      if (entering < 0) {
        converged = true;
        break;
      }
      iterations++;
      const trial = solveIndependent(
        [...passive, entering].map((j) => columns[j]!),
        head,
        RANK_TOLERANCE,
      );
      if (trial === undefined || trial[passive.length]! <= 0) {
        refused.add(entering);
        continue;
      }
      passive.push(entering);
      refused.clear();
      let z: Float64Array | undefined = trial;
      while (z?.some((value) => value <= 0) && iterations < maxIterations) {
        iterations++;
        stepToBoundary(x, z, passive);
        z = solveIndependent(
          passive.map((j) => columns[j]!),
          head,
          0,
        );
      }
      if (z === undefined || z.some((value) => value < 0)) break;
      for (let k = 0; k < passive.length; k++) x[passive[k]!] = z[k]!;
      residual = remainder(columns, x, head);
    }
    residual = remainder(columns, x, head);
    return {
      x: x.map((value, j) => (this.#scales[j] === 0 ? 0 : value / this.#scales[j]!)),
      residualNorm: Math.sqrt(dot(residual, residual) + restSquared),
      iterations,
      converged,
    };
  }
}

/** One right-hand side; see {@link NnlsProblem}. */
export function nnls(columns: readonly Float64Array[], b: Float64Array): NnlsSolution {
  return new NnlsProblem(columns).solve(b);
}

function steepest(
  columns: readonly Float64Array[],
  residual: Float64Array,
  passive: readonly number[],
  refused: ReadonlySet<number>,
  tolerance: number,
): number {
  let best = -1;
  let bestGradient = tolerance;
  for (let j = 0; j < columns.length; j++) {
    if (passive.includes(j) || refused.has(j)) continue;
    const gradient = dot(columns[j]!, residual);
    if (gradient > bestGradient) {
      best = j;
      bestGradient = gradient;
    }
  }
  return best;
}

/** Goes from x towards z as far as x ≥ 0 allows; the columns that reach zero leave the passive set. */
function stepToBoundary(x: Float64Array, z: Float64Array, passive: number[]): void {
  let step = 1;
  let leaving = -1;
  for (let k = 0; k < passive.length; k++) {
    if (z[k]! > 0) continue;
    const from = x[passive[k]!]!;
    const ratio = from / (from - z[k]!);
    if (leaving < 0 || ratio < step) {
      step = ratio;
      leaving = k;
    }
  }
  for (let k = 0; k < passive.length; k++) {
    const j = passive[k]!;
    x[j] = k === leaving ? 0 : x[j]! + step * (z[k]! - x[j]!);
  }
  for (let k = passive.length - 1; k >= 0; k--) {
    const j = passive[k]!;
    if (x[j]! > 0) continue;
    x[j] = 0;
    passive.splice(k, 1);
  }
}

function remainder(
  columns: readonly Float64Array[],
  x: Float64Array,
  head: Float64Array,
): Float64Array {
  const residual = head.slice();
  for (let j = 0; j < columns.length; j++) {
    if (x[j] === 0) continue;
    for (let i = 0; i < residual.length; i++) residual[i] = residual[i]! - columns[j]![i]! * x[j]!;
  }
  return residual;
}
