/**
 * Householder QR of a tall matrix given by its columns, kept so that many right-hand sides can be
 * solved against one factorisation (the bootstrap does). Golub & Van Loan, Matrix Computations, §5.2.
 */
export class QrFactors {
  readonly rows: number;
  readonly size: number;
  /** Upper triangle, one Float64Array of `size` numbers per column. */
  readonly r: readonly Float64Array[];
  readonly #reflectors: readonly Float64Array[];

  /** @param columns n columns of m numbers each, m and n ≥ 0; fewer rows than columns is allowed. */
  constructor(columns: readonly Float64Array[]) {
    this.size = columns.length;
    this.rows = columns[0]?.length ?? 0;
    // Padding with zero rows changes neither the normal equations nor any solution.
    const padded = Math.max(this.rows, this.size);
    const work = columns.map((column) => {
      const copy = new Float64Array(padded);
      copy.set(column);
      return copy;
    });
    const reflectors: Float64Array[] = [];
    for (let k = 0; k < this.size; k++) {
      const reflector = householder(work[k]!, k);
      reflectors.push(reflector);
      for (let j = k; j < this.size; j++) reflect(reflector, work[j]!, k);
    }
    this.#reflectors = reflectors;
    this.r = work.map((column) => column.slice(0, this.size));
  }

  /** The first `size` numbers of Qᵀb, and ‖b‖² less their squares: what no solution can explain. */
  project(b: Float64Array): { head: Float64Array; restSquared: number } {
    const work = new Float64Array(Math.max(this.rows, this.size));
    work.set(b);
    for (let k = 0; k < this.size; k++) reflect(this.#reflectors[k]!, work, k);
    let restSquared = 0;
    for (let i = this.size; i < work.length; i++) restSquared += work[i]! * work[i]!;
    return { head: work.slice(0, this.size), restSquared };
  }
}

/**
 * Least squares x of min ‖Ax − b‖ for linearly independent unit-norm columns.
 * @returns undefined when the last column lies within `rankTolerance` of the span of the others.
 */
export function solveIndependent(
  columns: readonly Float64Array[],
  b: Float64Array,
  rankTolerance: number,
): Float64Array | undefined {
  const factors = new QrFactors(columns);
  const { head } = factors.project(b);
  const size = factors.size;
  const x = new Float64Array(size);
  for (let i = size - 1; i >= 0; i--) {
    const pivot = factors.r[i]![i]!;
    if (Math.abs(pivot) <= rankTolerance) return undefined;
    let sum = head[i]!;
    for (let j = i + 1; j < size; j++) sum -= factors.r[j]![i]! * x[j]!;
    x[i] = sum / pivot;
  }
  return x;
}

/**
 * Distance of `column` from the span of `others`, as a share of its own length: 0 for a combination
 * of them, 1 for a right angle.
 */
export function distanceFromSpan(column: Float64Array, others: readonly Float64Array[]): number {
  const length = norm(column);
  return length === 0 ? 0 : norm(partBeside(column, others)) / length;
}

/** What is left of `column` when its projection on the span of `others` is taken off. */
export function partBeside(column: Float64Array, others: readonly Float64Array[]): Float64Array {
  return orthogonalPart(column, orthonormalBasis(others));
}

/** Orthonormal columns with the same span; those that depend on others (within 1e-9) add nothing. */
export function orthonormalBasis(columns: readonly Float64Array[]): Float64Array[] {
  const basis: Float64Array[] = [];
  for (const column of columns) {
    const rest = orthogonalPart(column, basis);
    const length = norm(rest);
    if (length > 1e-9 * norm(column)) basis.push(rest.map((value) => value / length));
  }
  return basis;
}

/** Gram-Schmidt, twice, which is enough for full accuracy (Giraud et al. 2005). */
function orthogonalPart(vector: Float64Array, basis: readonly Float64Array[]): Float64Array {
  const rest = vector.slice();
  for (let pass = 0; pass < 2; pass++) {
    for (const direction of basis) {
      const along = dot(direction, rest);
      for (let i = 0; i < rest.length; i++) rest[i] = rest[i]! - along * direction[i]!;
    }
  }
  return rest;
}

export function norm(vector: Float64Array): number {
  return Math.sqrt(dot(vector, vector));
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Unit vector v such that (I − 2vvᵀ) zeroes `column` below row k; all zeros when there is nothing to do. */
function householder(column: Float64Array, k: number): Float64Array {
  const v = new Float64Array(column.length);
  let squared = 0;
  for (let i = k; i < column.length; i++) squared += column[i]! * column[i]!;
  const length = Math.sqrt(squared);
  if (length === 0) return v;
  for (let i = k; i < column.length; i++) v[i] = column[i]!;
  v[k] = v[k]! + (column[k]! >= 0 ? length : -length);
  const scale = Math.sqrt(dot(v, v));
  for (let i = k; i < v.length; i++) v[i] = v[i]! / scale;
  return v;
}

function reflect(v: Float64Array, vector: Float64Array, k: number): void {
  let sum = 0;
  for (let i = k; i < vector.length; i++) sum += v[i]! * vector[i]!;
  for (let i = k; i < vector.length; i++) vector[i] = vector[i]! - 2 * sum * v[i]!;
}
