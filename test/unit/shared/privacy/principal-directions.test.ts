import { describe, expect, it } from 'vitest';
import {
  expandRows,
  principalDirections,
  projectRows,
} from '../../../../shared/privacy/principal-directions.ts';
import { symmetricEigen } from '../../../../shared/privacy/symmetric-eigen.ts';
import { seededSource } from './seeded-source.ts';

function randomRows(rows: number, width: number, seed: number): Float32Array {
  const source = seededSource(seed);
  return Float32Array.from({ length: rows * width }, () => source.nextWord() / 2 ** 31 - 1);
}

function rowNorm(rows: ArrayLike<number>, start: number, width: number): number {
  let squares = 0;
  for (let j = 0; j < width; j++) squares += rows[start + j]! ** 2;
  return Math.sqrt(squares);
}

describe('symmetricEigen', () => {
  it.each([1, 2, 3, 17, 64])('diagonalises a matrix of size %s', (n) => {
    const b = randomRows(n, n, n);
    const a = Float64Array.from({ length: n * n }, (_, ij) => b[ij]! + b[(ij % n) * n + Math.floor(ij / n)]!);
    const { values, vectors } = symmetricEigen(a, n);
    for (let k = 0; k < n; k++) {
      if (k > 0) expect(values[k]!).toBeLessThanOrEqual(values[k - 1]!);
      for (let i = 0; i < n; i++) {
        let product = 0;
        let dot = 0;
        for (let j = 0; j < n; j++) {
          product += a[i * n + j]! * vectors[k * n + j]!;
          dot += vectors[i * n + j]! * vectors[k * n + j]!;
        }
        expect(product).toBeCloseTo(values[k]! * vectors[k * n + i]!, 9);
        expect(dot).toBeCloseTo(i === k ? 1 : 0, 9);
      }
    }
  });

  it('copes with repeated and zero eigenvalues', () => {
    const n = 12;
    const v = Array.from({ length: n }, (_, i) => (i % 3) - 1);
    const a = Float64Array.from({ length: n * n }, (_, ij) => v[ij % n]! * v[Math.floor(ij / n)]!);
    const { values } = symmetricEigen(a, n);
    expect(values[0]).toBeCloseTo(8, 9);
    expect(Math.abs(values[1]!)).toBeLessThan(1e-9);
    expect([...symmetricEigen(new Float64Array(9), 3).values]).toEqual([0, 0, 0]);
  });

  it('refuses another size', () => {
    expect(() => symmetricEigen(new Float64Array(8), 3)).toThrow(RangeError);
  });
});

describe('principal directions', () => {
  const width = 48;
  const rows = randomRows(200, width, 1);

  it('are orthonormal and the same each time', () => {
    const directions = principalDirections(rows, width, 16);
    expect(directions).toHaveLength(16 * width);
    for (let a = 0; a < 16; a++) {
      for (let b = 0; b < 16; b++) {
        let dot = 0;
        for (let j = 0; j < width; j++) dot += directions[a * width + j]! * directions[b * width + j]!;
        expect(Math.abs(dot - Number(a === b))).toBeLessThan(1e-6);
      }
    }
    expect(principalDirections(rows, width, 16)).toEqual(directions);
  });

  it('never lengthen a row, beyond fp32 rounding', () => {
    const directions = principalDirections(rows, width, 16);
    const gradients = randomRows(50, width, 2);
    const projected = projectRows(gradients, directions, width);
    const back = expandRows(projected, directions, width);
    for (let row = 0; row < 50; row++) {
      const before = rowNorm(gradients, row * width, width);
      expect(rowNorm(projected, row * 16, 16)).toBeLessThanOrEqual(before * (1 + 1e-6));
      expect(rowNorm(back, row * width, width)).toBeLessThanOrEqual(before * (1 + 1e-6));
    }
  });

  it('keep what lies in the span and stop at the rank', () => {
    const few = randomRows(5, width, 3);
    const directions = principalDirections(few, width, 32);
    expect(directions).toHaveLength(5 * width);
    const back = expandRows(projectRows(few, directions, width), directions, width);
    back.forEach((x, i) => {
      expect(x).toBeCloseTo(few[i]!, 5);
    });
  });

  it('lead with the direction of most energy', () => {
    const skewed = rows.map((x, i) => (i % width === 7 ? 10 * x : x));
    const [first] = [principalDirections(skewed, width, 1)];
    expect(Math.abs(first![7]!)).toBeGreaterThan(0.95);
    expect(first!.reduce((best, x) => (Math.abs(x) > Math.abs(best) ? x : best), 0)).toBeGreaterThan(0);
  });

  it('refuse sizes that do not fit', () => {
    expect(() => principalDirections(rows.subarray(1), width, 4)).toThrow(RangeError);
    expect(() => principalDirections(rows, width, 0)).toThrow(RangeError);
    expect(() => principalDirections(rows, width, width + 1)).toThrow(RangeError);
  });
});
