import { describe, expect, it } from 'vitest';
import { symmetricEigen } from '../../../../shared/privacy/symmetric-eigen.ts';

/** Reproducible, between −1 and 1. */
function numbers(count: number): Float64Array {
  let state = 3;
  return Float64Array.from({ length: count }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  });
}

/** bᵀb for b [rank, n]. */
function gram(rank: number, n: number): Float64Array {
  const b = numbers(rank * n);
  const out = new Float64Array(n * n);
  for (let r = 0; r < rank; r++)
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) out[i * n + j]! += b[r * n + i]! * b[r * n + j]!;
  return out;
}

describe('eigenvectors of a symmetric matrix', () => {
  it.each([
    [1, 1],
    [5, 5],
    [3, 40],
    [40, 41],
    // As many documents as a small collection has: most eigenvalues are nothing but rounding.
    [76, 384],
    [149, 384],
  ])('of rank %d in %d dimensions give the matrix back', (rank, n) => {
    const matrix = gram(rank, n);
    const { values, vectors } = symmetricEigen(matrix, n);
    const largest = values[0]!;
    for (let i = 1; i < n; i++) expect(values[i]!).toBeLessThanOrEqual(values[i - 1]!);
    expect(values.filter((value) => Math.abs(value) > 1e-10 * largest)).toHaveLength(rank);
    let worst = 0;
    for (let i = 0; i < n; i += 7) {
      for (let j = 0; j < n; j += 5) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += values[k]! * vectors[k * n + i]! * vectors[k * n + j]!;
        worst = Math.max(worst, Math.abs(sum - matrix[i * n + j]!));
      }
    }
    expect(worst).toBeLessThan(1e-11 * largest);
  });

  it('of nothing are any basis, with eigenvalues of nothing', () => {
    const { values } = symmetricEigen(new Float64Array(16), 4);
    expect([...values]).toEqual([0, 0, 0, 0]);
  });
});
