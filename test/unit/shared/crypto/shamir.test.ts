/** Shamir over GF(2¹⁶): an independent implementation's vectors, field laws, any t shares and no fewer. */
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../shared/crypto/bytes.ts';
import { invert, multiply } from '../../../../shared/crypto/gf65536.ts';
import { systemRandom } from '../../../../shared/crypto/random.ts';
import { combine, lagrangeAtZero, split } from '../../../../shared/crypto/shamir.ts';
import vectors from '../../../vectors/galois-0.4.11-gf65536-shamir.json';

const element = fc.integer({ min: 0, max: 0xffff });
const nonZero = fc.integer({ min: 1, max: 0xffff });

describe('GF(65536)', () => {
  it('multiplies and inverts as the reference does', () => {
    for (const [a, b, product] of vectors.multiply) expect(multiply(a!, b!)).toBe(product);
    for (const [a, inverse] of vectors.inverse) expect(invert(a!)).toBe(inverse);
    expect(() => invert(0)).toThrow(RangeError);
  });

  property.prop([element, element, element])('is a commutative ring', (a, b, c) => {
    expect(multiply(a, b)).toBe(multiply(b, a));
    expect(multiply(multiply(a, b), c)).toBe(multiply(a, multiply(b, c)));
    expect(multiply(a, b ^ c)).toBe(multiply(a, b) ^ multiply(a, c));
    expect(multiply(a, 1)).toBe(a);
  });

  property.prop([nonZero])('has inverses', (a) => {
    expect(multiply(a, invert(a))).toBe(1);
  });
});

describe('Shamir', () => {
  it.each(vectors.shamir)('$n shares, threshold $threshold: the reference’s values', (v) => {
    const [secret, ...rest] = v.coefficients.map(fromHex);
    const points = v.shares.map((_, i) => i + 1);
    const shares = split(secret!, v.threshold, points, () => rest.shift()!);
    expect(shares.map(toHex)).toEqual(v.shares);
    const chosen = points.slice(-v.threshold);
    const restored = combine(
      chosen.map((x) => shares[x - 1]!),
      lagrangeAtZero(chosen),
    );
    expect(toHex(restored)).toBe(v.coefficients[0]);
  });

  const sharing = fc
    .tuple(fc.integer({ min: 1, max: 24 }), fc.uint8Array({ minLength: 32, maxLength: 32 }))
    .chain(([n, secret]) =>
      fc.record({
        secret: fc.constant(secret),
        threshold: fc.integer({ min: 1, max: n }),
        points: fc.uniqueArray(nonZero, { minLength: n, maxLength: n }),
        order: fc.shuffledSubarray([...Array(n).keys()], { minLength: n }),
      }),
    );

  property.prop([sharing], { numRuns: 60 })(
    'any t shares restore, in any order; t − 1 fit every secret',
    ({ secret, threshold, points, order }) => {
      const shares = split(secret, threshold, points, systemRandom);
      const chosen = order.slice(0, threshold);
      const at = (i: number) => points[i]!;
      const restored = combine(
        chosen.map((i) => shares[i]!),
        lagrangeAtZero(chosen.map(at)),
      );
      expect(restored).toEqual(new Uint8Array(secret));
      // More than t are as good.
      expect(combine(shares, lagrangeAtZero(points))).toEqual(new Uint8Array(secret));
      if (threshold === 1) return;
      // With t − 1 shares fixed, every other secret has exactly one t-th share: they exclude none.
      const few = chosen.slice(1);
      const lambdas = lagrangeAtZero(chosen.map(at));
      const other = systemRandom(32);
      const partial = combine(
        few.map((i) => shares[i]!),
        lambdas.slice(1),
      );
      const missing = partial.map((byte, i) => byte ^ other[i]!);
      const share = combine([missing], [invert(lambdas[0]!)]);
      expect(combine([share, ...few.map((i) => shares[i]!)], lambdas)).toEqual(other);
    },
  );

  it('a share is as long as the secret and differs from it for t > 1', () => {
    const secret = systemRandom(32);
    for (const share of split(secret, 2, [1, 2, 600], systemRandom)) {
      expect(share.length).toBe(32);
      expect(share).not.toEqual(secret);
    }
  });

  it('refuses what would not be a sharing', () => {
    const secret = new Uint8Array(32);
    expect(() => split(secret, 0, [1, 2], systemRandom)).toThrow('threshold: 0');
    expect(() => split(secret, 3, [1, 2], systemRandom)).toThrow('threshold: 3');
    expect(() => split(secret, 2, [1, 1], systemRandom)).toThrow('two are equal');
    expect(() => split(secret, 1, [0], systemRandom)).toThrow('point: 0');
    expect(() => split(secret, 1, [65536], systemRandom)).toThrow('point: 65536');
    expect(() => split(new Uint8Array(31), 1, [1], systemRandom)).toThrow('31 bytes');
    expect(() => combine([], [])).toThrow('shares');
    expect(() => combine([secret], [1, 2])).toThrow('expected 2, got 1');
    expect(() => combine([secret, new Uint8Array(4)], [1, 2])).toThrow('share 1');
  });
});
