import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainSum } from '../../../../shared/federated/aggregation.ts';
import { cryptoDither, decodeFixed, encodeFixed, statScale } from '../../../../shared/federated/vector.ts';

const fixed = (value: number) => (into: Float64Array) => {
  into.fill(value);
};

describe('vectors on the wire', () => {
  it('rounds down, up or between as the dither says, and keeps integers', () => {
    const sum = Float64Array.of(-1.5, -1, 0, 0.25, 7);
    expect(Array.from(decodeFixed(encodeFixed(sum, 0.5, fixed(0)), 0.5))).toEqual([-1.5, -1, 0, 0, 7]);
    expect(Array.from(decodeFixed(encodeFixed(sum, 1, fixed(0.999)), 1))).toEqual([-1, -1, 0, 1, 7]);
  });

  it('is unbiased', () => {
    const sum = new Float64Array(200_000).fill(0.3);
    const mean = decodeFixed(encodeFixed(sum, 1, cryptoDither), 1).reduce((a, b) => a + b, 0) / sum.length;
    // Standard deviation of the mean: 0.001.
    expect(Math.abs(mean - 0.3)).toBeLessThan(0.006);
  });

  it('sums mod 2³² to the sum of the integers, whatever wraps on the way', () => {
    const coordinate = fc.integer({ min: -(2 ** 33), max: 2 ** 33 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(coordinate, coordinate, coordinate), { minLength: 1, maxLength: 20 }),
        (rows) => {
          const vectors = rows.map((row) => encodeFixed(Float64Array.from(row), 1, fixed(0)));
          const names = vectors.map((_, i) => `p${i}`);
          const total = plainSum.sum(names, 3, { vector: (name) => vectors[Number(name.slice(1))] ?? null });
          for (let i = 0; i < 3; i++) {
            const expected = BigInt.asUintN(
              32,
              BigInt(rows.reduce((sum, row) => sum + (row[i] as number), 0)),
            );
            expect(total[i]).toBe(Number(expected));
          }
        },
      ),
    );
  });

  it('fails closed on a missing or a longer vector, and on what is no number', () => {
    expect(() => plainSum.sum(['a'], 2, { vector: () => null })).toThrow(/vector of a is not complete/);
    expect(() => plainSum.sum(['a'], 2, { vector: () => new Uint32Array(3) })).toThrow(
      /3 words where 2 are due/,
    );
    expect(() => encodeFixed(Float64Array.of(0, Number.NaN), 1, fixed(0))).toThrow(/coordinate 1 is NaN/);
  });

  it('keeps the figures of a round inside the ring', () => {
    const step = 1 / (100 * Math.sqrt(1_900_000));
    for (const units of [1, 100, 20_000]) {
      expect((units * statScale(step, units)) / step).toBeLessThan(2 ** 30);
    }
  });
});
