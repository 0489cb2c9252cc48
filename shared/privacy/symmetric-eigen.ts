/**
 * Eigenvectors of a symmetric matrix in double precision: Householder reduction to tridiagonal form, then implicit QL with
 * Wilkinson's shift (Golub, Van Loan, sections 8.3.1 and 8.3.5). Deterministic; O(n³).
 */

const MAX_SWEEPS = 60;

/** Eigenvalues in descending order; `vectors` holds the eigenvectors as rows, [n, n]. */
export interface Eigen {
  readonly values: Float64Array;
  readonly vectors: Float64Array;
}

/**
 * @param matrix [n, n], symmetric, row-major; not changed
 * @throws RangeError for a wrong length or when an eigenvalue does not converge
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  if (matrix.length !== n * n)
    throw new RangeError(`matrix must have ${n * n} entries, got ${matrix.length}`);
  const { diagonal, off, basis } = tridiagonalise(Float64Array.from(matrix), n);
  // What is rounding beside the whole matrix is nothing, also where its neighbours are: the rank may be low.
  let negligible = 0;
  for (let i = 0; i < n; i++)
    negligible = Math.max(negligible, Number.EPSILON * (Math.abs(diagonal[i]!) + Math.abs(off[i]!)));
  for (let at = 0; at < n; at++) deflate(diagonal, off, basis, n, at, negligible);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]!);
  const values = Float64Array.from(order, (i) => diagonal[i]!);
  const vectors = new Float64Array(n * n);
  order.forEach((from, to) => {
    vectors.set(basis.subarray(from * n, from * n + n), to * n);
  });
  return { values, vectors };
}

/** A = BᵀTB with the rows of B orthonormal; T has `diagonal` and, below it, `off`. */
function tridiagonalise(a: Float64Array, n: number) {
  const basis = new Float64Array(n * n);
  for (let i = 0; i < n; i++) basis[i * n + i] = 1;
  const v = new Float64Array(n);
  const p = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    let norm = 0;
    for (let i = k + 1; i < n; i++) norm = Math.hypot(norm, a[i * n + k]!);
    if (norm === 0) continue;
    v.fill(0);
    for (let i = k + 1; i < n; i++) v[i] = a[i * n + k]!;
    v[k + 1]! += v[k + 1]! >= 0 ? norm : -norm;
    let squares = 0;
    for (let i = k + 1; i < n; i++) squares += v[i]! * v[i]!;
    const beta = 2 / squares;
    // A ← (1 − βvvᵀ) A (1 − βvvᵀ) = A − vwᵀ − wvᵀ with p = βAv, w = p − (β/2)(pᵀv)v.
    let dot = 0;
    for (let i = k; i < n; i++) {
      let sum = 0;
      for (let j = k + 1; j < n; j++) sum += a[i * n + j]! * v[j]!;
      p[i] = beta * sum;
      dot += p[i]! * v[i]!;
    }
    for (let i = k; i < n; i++) p[i]! -= (beta / 2) * dot * v[i]!;
    for (let i = k; i < n; i++) {
      for (let j = k; j < n; j++) a[i * n + j]! -= v[i]! * p[j]! + p[i]! * v[j]!;
    }
    reflectRows(basis, v, beta, n, k + 1);
  }
  const diagonal = Float64Array.from({ length: n }, (_, i) => a[i * n + i]!);
  const off = Float64Array.from({ length: n }, (_, i) => (i + 1 < n ? a[(i + 1) * n + i]! : 0));
  return { diagonal, off, basis };
}

/** basis ← (1 − βvvᵀ)·basis, v zero before `from`. */
function reflectRows(basis: Float64Array, v: Float64Array, beta: number, n: number, from: number): void {
  const sums = new Float64Array(n);
  for (let i = from; i < n; i++) {
    for (let j = 0; j < n; j++) sums[j]! += v[i]! * basis[i * n + j]!;
  }
  for (let i = from; i < n; i++) {
    for (let j = 0; j < n; j++) basis[i * n + j]! -= beta * v[i]! * sums[j]!;
  }
}

/** QL sweeps until row `at` of the tridiagonal matrix is split off. */
function deflate(
  d: Float64Array,
  e: Float64Array,
  basis: Float64Array,
  n: number,
  at: number,
  negligible: number,
): void {
  for (let sweep = 0; ; sweep++) {
    let end = at;
    while (end + 1 < n && Math.abs(e[end]!) > negligible) end += 1;
    if (end === at) return;
    if (sweep === MAX_SWEEPS) throw new RangeError(`eigenvalue ${at} does not converge`);
    let g = (d[at + 1]! - d[at]!) / (2 * e[at]!);
    g = d[end]! - d[at]! + e[at]! / (g + (g >= 0 ? Math.hypot(g, 1) : -Math.hypot(g, 1)));
    let sine = 1;
    let cosine = 1;
    let shift = 0;
    let i = end - 1;
    for (; i >= at; i--) {
      const f = sine * e[i]!;
      const b = cosine * e[i]!;
      const radius = Math.hypot(f, g);
      e[i + 1] = radius;
      if (radius === 0) {
        d[i + 1]! -= shift;
        e[end] = 0;
        break;
      }
      sine = f / radius;
      cosine = g / radius;
      g = d[i + 1]! - shift;
      const r = (d[i]! - g) * sine + 2 * cosine * b;
      shift = sine * r;
      d[i + 1] = g + shift;
      g = cosine * r - b;
      rotateRows(basis, n, i, cosine, sine);
    }
    if (i >= at) continue;
    d[at]! -= shift;
    e[at] = g;
    e[end] = 0;
  }
}

/** Rows i and i+1 become c·row_i − s·row_{i+1} and s·row_i + c·row_{i+1}. */
function rotateRows(basis: Float64Array, n: number, i: number, c: number, s: number): void {
  for (let j = 0; j < n; j++) {
    const upper = basis[i * n + j]!;
    const lower = basis[(i + 1) * n + j]!;
    basis[(i + 1) * n + j] = s * upper + c * lower;
    basis[i * n + j] = c * upper - s * lower;
  }
}
