import { dot, orthonormalBasis } from './least-squares.js';
import { NnlsProblem } from './nnls.js';
import { randomSource } from './random.js';

/** A fitted number with its 95 % interval. */
export interface Fitted {
  value: number;
  low: number;
  high: number;
}

export interface RegressionInput {
  /** One array per coefficient, one number per row. */
  columns: readonly Float64Array[];
  y: Float64Array;
  /** Square roots of the weights: about 1/standard deviation of each row. */
  rootWeights: Float64Array;
  /** The run each row is from; rows of a run stand together and in order of time. */
  runs: readonly number[];
  /** Lower the weight of rows that lie far off. */
  robust: boolean;
}

export interface Regression {
  coefficients: Float64Array;
  fitted: Float64Array;
  /** Share of the variance of y explained, weighted as in the fit. */
  r2: number;
  blockRows: number;
  /** Bootstrap draws of the coefficients. */
  draws: readonly Float64Array[];
}

export const DEFAULT_DRAWS = 1000;

/**
 * Robust weighted non-negative least squares with a wild block bootstrap: the design stays as it was
 * run, the residuals of a block of neighbouring rows are multiplied by one random number of mean 0
 * and variance 1, and the fit is done again. That needs neither equal variances nor independent
 * neighbours (Wu 1986; Cameron, Gelbach and Miller 2008, with Webb's six points for few blocks).
 * A fit pulls its own residuals towards zero: each block's are first put to what they would be had
 * the block been left out, (I − H)⁻¹e with H its part of the hat matrix (CR3, Bell and McCaffrey
 * 2002). With few blocks the scatter is itself a guess: draws widen as Student's t does against the
 * normal.
 */
export function regress(input: RegressionInput, drawCount: number, seed: number): Regression {
  const { columns, y, runs } = input;
  const rootWeights = input.robust ? robustWeights(input) : input.rootWeights;
  const weighted = columns.map((column) => column.map((value, i) => value * rootWeights[i]!));
  const problem = new NnlsProblem(weighted);
  const coefficients = problem.solve(y.map((value, i) => value * rootWeights[i]!)).x;
  const fitted = predict(columns, coefficients);
  const residuals = y.map((value, i) => (value - fitted[i]!) * rootWeights[i]!);
  const blockRows = blockLength(residuals, runs, columns.length);
  const random = randomSource(seed);
  const draws: Float64Array[] = [];
  if (drawCount > 0) {
    const basis = orthonormalBasis(weighted);
    // Blocks begin elsewhere from draw to draw: one set of left-out residuals for each offset.
    const offsets = Array.from({ length: blockRows }, (_, offset) => {
      const blocks = blocksOf(runs, blockRows, offset);
      return { blocks, errors: leftOut(residuals, basis, blocks) };
    });
    const widening = studentOverNormal(y.length / blockRows - columns.length);
    const again = new Float64Array(y.length);
    for (let draw = 0; draw < drawCount; draw++) {
      const { blocks, errors } = offsets[Math.floor(random() * blockRows)]!;
      for (const { start, end } of blocks) {
        const factor = widening * webbPoint(random());
        for (let i = start; i < end; i++) {
          again[i] = fitted[i]! * rootWeights[i]! + factor * errors[i]!;
        }
      }
      draws.push(problem.solve(again).x);
    }
  }
  return { coefficients, fitted, r2: explained(y, fitted, rootWeights), blockRows, draws };
}

/** The coefficient with the 2.5th and 97.5th percentile of its draws. */
export function fittedCoefficient(regression: Regression, at: number): Fitted {
  const draws = Float64Array.from(regression.draws, (draw) => draw[at]!).sort();
  return {
    value: regression.coefficients[at]!,
    low: quantile(draws, 0.025),
    high: quantile(draws, 0.975),
  };
}

/** Linear interpolation between order statistics of sorted numbers. */
export function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (at - below) * (high - low);
}

export function median(values: readonly number[]): number {
  return values.length === 0 ? Number.NaN : quantile(Float64Array.from(values).sort(), 0.5);
}

function predict(columns: readonly Float64Array[], coefficients: Float64Array): Float64Array {
  const rows = columns[0]?.length ?? 0;
  const fitted = new Float64Array(rows);
  columns.forEach((column, j) => {
    for (let i = 0; i < rows; i++) fitted[i] = fitted[i]! + column[i]! * coefficients[j]!;
  });
  return fitted;
}

/** Beyond this many standard deviations a residual counts in proportion, not squared (Huber 1964). */
const HUBER = 1.345;
const MOST_PASSES = 20;

/**
 * Lowers the weight of rows that lie far off: a broker that meets new work first compiles and
 * allocates for it, and a collection of garbage takes a second now and then. Few such rows must not
 * bend the costs of all others. The scale is the median absolute residual.
 */
function robustWeights({ columns, y, rootWeights }: RegressionInput): Float64Array {
  let weights = rootWeights;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const weighted = columns.map((column) => column.map((value, i) => value * weights[i]!));
    const { x } = new NnlsProblem(weighted).solve(y.map((value, i) => value * weights[i]!));
    const fitted = predict(columns, x);
    const sizes = Array.from(y, (value, i) => Math.abs(value - fitted[i]!) * rootWeights[i]!);
    const scale = 1.4826 * median(sizes);
    if (scale === 0) return weights;
    const next = rootWeights.map(
      (value, i) => value * Math.sqrt(Math.min(1, (HUBER * scale) / sizes[i]!)),
    );
    const moved = next.some((value, i) => Math.abs(value - weights[i]!) > 1e-3 * rootWeights[i]!);
    weights = next;
    if (!moved) break;
  }
  return weights;
}

interface Block {
  start: number;
  end: number;
}

/** Neighbouring rows of one run, `length` at a time; the first of a run is `offset` rows shorter. */
function blocksOf(runs: readonly number[], length: number, offset: number): Block[] {
  const blocks: Block[] = [];
  let start = 0;
  let limit = length - offset;
  for (let i = 1; i <= runs.length; i++) {
    const newRun = runs[i] !== runs[i - 1];
    if (!newRun && i - start < limit) continue;
    blocks.push({ start, end: i });
    start = i;
    limit = newRun ? length - offset : length;
  }
  return blocks;
}

/** A block that alone decides a coefficient has no left-out residual: grow at most 1/0.03-fold. */
const LEAST_LEFT_OUT = 0.03;

function leftOut(
  residuals: Float64Array,
  basis: readonly Float64Array[],
  blocks: readonly Block[],
): Float64Array {
  const errors = new Float64Array(residuals.length);
  for (const { start, end } of blocks) {
    const rows = Array.from({ length: end - start }, (_, i) =>
      Float64Array.from(basis, (column) => column[start + i]!),
    );
    const system = rows.map((row, i) =>
      Float64Array.from(rows, (other, j) => (i === j ? 1 + LEAST_LEFT_OUT : 0) - dot(row, other)),
    );
    errors.set(solvePositive(system, residuals.slice(start, end)), start);
  }
  return errors;
}

/** Solves a small symmetric positive definite system by Cholesky's factorisation. */
function solvePositive(matrix: readonly Float64Array[], b: Float64Array): Float64Array {
  const n = b.length;
  const lower = matrix.map((row) => row.slice());
  const x = b.slice();
  for (let j = 0; j < n; j++) {
    for (let i = j; i < n; i++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = i === j ? Math.sqrt(sum) : sum / lower[j]![j]!;
    }
    for (let k = 0; k < j; k++) x[j] = x[j]! - lower[j]![k]! * x[k]!;
    x[j] = x[j]! / lower[j]![j]!;
  }
  for (let j = n - 1; j >= 0; j--) {
    for (let i = j + 1; i < n; i++) x[j] = x[j]! - lower[i]![j]! * x[i]!;
    x[j] = x[j]! / lower[j]![j]!;
  }
  return x;
}

/**
 * Carlstein's block length for residuals that follow their predecessor with correlation ρ:
 * (2ρ/(1 − ρ²))^⅔ · n^⅓, at least 3 rows and at most a sixth of them. Fitting p coefficients to n
 * rows lowers the correlation that can be seen by about (p + 1)/n, which is added back.
 */
function blockLength(
  residuals: Float64Array,
  runs: readonly number[],
  coefficients: number,
): number {
  const n = residuals.length;
  let product = 0;
  let squared = 0;
  for (let i = 0; i < n; i++) {
    squared += residuals[i]! ** 2;
    if (i > 0 && runs[i] === runs[i - 1]) product += residuals[i]! * residuals[i - 1]!;
  }
  const seen = squared === 0 ? 0 : product / squared;
  const rho = Math.min(0.95, Math.max(0, seen + (coefficients + 1) / n));
  const length = ((2 * rho) / (1 - rho * rho)) ** (2 / 3) * n ** (1 / 3);
  return Math.max(3, Math.min(Math.round(length), Math.floor(n / 6)));
}

/** Webb's six points ±√½, ±1, ±√1½: mean 0, variance 1. */
function webbPoint(uniform: number): number {
  const at = Math.floor(uniform * 6);
  const size = Math.sqrt(((at % 3) + 1) / 2);
  return at < 3 ? size : -size;
}

/**
 * The 97.5 % point of Student's t over that of the normal distribution, by the Cornish-Fisher
 * expansion (Abramowitz and Stegun 26.7.5); fewer than two degrees of freedom count as two.
 */
function studentOverNormal(degrees: number): number {
  const df = Math.max(2, degrees);
  const z = 1.959964;
  return 1 + (z ** 2 + 1) / (4 * df) + (5 * z ** 4 + 16 * z ** 2 + 3) / (96 * df ** 2);
}

function explained(y: Float64Array, fitted: Float64Array, rootWeights: Float64Array): number {
  const weights = rootWeights.map((value) => value * value);
  const mean = dot(weights, y) / weights.reduce((sum, value) => sum + value, 0);
  const total = dot(
    weights,
    y.map((value) => (value - mean) ** 2),
  );
  const rest = dot(
    weights,
    y.map((value, i) => (value - fitted[i]!) ** 2),
  );
  return total === 0 ? 0 : 1 - rest / total;
}
