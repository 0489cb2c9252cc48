/** The kernel that multiplies rows with a query, against plain sums in double precision. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { simdProducts } from '../../../../models/scoring/row-products.ts';
import { rowProducts } from '../../../../scripts/build-row-products.mjs';
import { plainProducts } from '../../../../shared/retrieval/scores.ts';
import { compiled } from '../../../helpers/row-products.ts';

const products = simdProducts(compiled());

function both(rows: Int8Array, query: Float32Array) {
  const count = rows.length / query.length;
  const [ours, plain] = [new Float64Array(count).fill(7), new Float64Array(count)];
  products(rows, query, ours);
  plainProducts(rows, query, plain);
  return { ours, plain };
}

it('is the binary that its source assembles', () => {
  const file = join(import.meta.dirname, '../../../../models/scoring/row-products.wasm');
  expect(Array.from(readFileSync(file))).toEqual(Array.from(rowProducts()));
});

describe('products', () => {
  property.prop([
    fc.integer({ min: 1, max: 24 }),
    fc.integer({ min: 0, max: 40 }),
    fc.integer({ min: 1, max: 1e9 }),
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
  ])('are plain sums, whatever the size of the query', (eights, count, seed, size) => {
    const width = 8 * eights;
    let state = seed;
    const next = () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state >> 8;
    };
    const rows = Int8Array.from({ length: count * width }, next);
    const query = Float32Array.from({ length: width }, () => (next() / 2 ** 23) * size);
    const largest = query.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const { ours, plain } = both(rows, query);
    // Each element is off by at most half of 2⁻³⁰ of the largest.
    const bound = width * 128 * largest * 2 ** -30;
    ours.forEach((sum, row) => void expect(Math.abs(sum - plain[row]!)).toBeLessThanOrEqual(bound));
  });

  it.each([
    [384, 5000],
    [768, 1025],
    [2048, 300],
    [8, 2049],
  ])('of width %i and %i rows at the limits of int8 do not overflow', (width, count) => {
    const rows = new Int8Array(width * count).fill(-128);
    rows.fill(127, width * (count - 1));
    const { ours, plain } = both(rows, new Float32Array(width).fill(-0.5));
    expect(ours[0]).toBeCloseTo(plain[0]!, 3);
    expect(ours[count - 2]).toBe(ours[0]);
    expect(ours[count - 1]).toBeCloseTo(plain[count - 1]!, 3);
  });

  it('of widths that the kernel does not take, and of queries without a direction, are plain ones', () => {
    for (const query of [
      Float32Array.from({ length: 12 }, (_, i) => i),
      new Float32Array(8),
      new Float32Array(8).fill(Number.POSITIVE_INFINITY),
      new Float32Array(8).fill(Number.NaN),
      new Float32Array(2056).fill(0.25),
    ]) {
      const rows = new Int8Array(3 * query.length).fill(3);
      const { ours, plain } = both(rows, query);
      expect(ours).toEqual(plain);
    }
  });
});
