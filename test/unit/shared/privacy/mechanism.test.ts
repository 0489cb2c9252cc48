import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLIP_SLACK, clipNorms } from '../../../../shared/privacy/clipping.ts';
import { DiscreteGaussian } from '../../../../shared/privacy/discrete-gaussian.ts';
import { decodeSum, encodeSum, roundGrid } from '../../../../shared/privacy/fixed-point.ts';
import {
  honestParticipants,
  noiseParts,
  sumDeviation,
  sumDistance,
  survivorTiers,
  tierOf,
  varianceInEffect,
} from '../../../../shared/privacy/noise-share.ts';
import { defaultCohort } from '../../../helpers/cohort.ts';
import { seededSource } from './seeded-source.ts';

function normal(source = seededSource(1)) {
  const uniform = () => (source.nextWord() + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** A vector of the given L2 norm in a random direction, optionally on few coordinates. */
function vectorOfNorm(dimension: number, norm: number, draw: () => number, every = 1): Float64Array {
  const vector = Float64Array.from({ length: dimension }, (_, i) => (i % every === 0 ? draw() : 0));
  const length = Math.hypot(...vector);
  return vector.map((x) => (x * norm) / length);
}

describe('clipping', () => {
  it('splits c² between gradient and statistics', () => {
    const { total, gradient, statistics } = clipNorms(2, 0.2);
    expect(gradient).toBe(2);
    expect(gradient ** 2 + statistics ** 2).toBeCloseTo(total ** 2, 12);
    expect(statistics ** 2 / total ** 2).toBeCloseTo(0.2, 12);
    expect(() => clipNorms(0, 0.1)).toThrow(RangeError);
    expect(() => clipNorms(1, 1)).toThrow(RangeError);
  });
});

describe('fixed point', () => {
  it('decodes what it encodes to within a step, without bias', () => {
    const grid = roundGrid(40_000, 1);
    const sum = Float64Array.from({ length: grid.dimension }, normal());
    const decoded = decodeSum(encodeSum(sum, grid, seededSource(4)), grid, 32, 1);
    const errors = decoded.map((x, i) => x - sum[i]!);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThanOrEqual(grid.step * (1 + 1e-9));
    const bias = errors.reduce((total, error) => total + error, 0);
    expect(Math.abs(bias) / Math.sqrt(grid.dimension)).toBeLessThan(3 * grid.step);
  });

  it('adds up in the ring, with negative totals, and divides by D', () => {
    const grid = roundGrid(3, 1);
    const parts = [
      new Float64Array([1, -2, 3]),
      new Float64Array([-4, 0.5, 1]),
      new Float64Array([0, 0, -9]),
    ];
    const total = new Uint32Array(3);
    for (const part of parts) {
      encodeSum(part, grid, seededSource(2)).forEach((x, i) => {
        total[i] = total[i]! + x;
      });
    }
    const decoded = decodeSum(total, grid, 32, 10);
    [-0.3, -0.15, -0.5].forEach((x, i) => {
      expect(Math.abs(decoded[i]! - x)).toBeLessThan((3 * grid.step) / 10);
    });
  });

  it('repeats bit for bit when the dither does', () => {
    const grid = roundGrid(1000, 2);
    const sum = Float64Array.from({ length: 1000 }, normal());
    expect(encodeSum(sum, grid, seededSource(6))).toEqual(encodeSum(sum, grid, seededSource(6)));
    expect(encodeSum(sum, grid, seededSource(6))).not.toEqual(encodeSum(sum, grid, seededSource(7)));
  });

  it.each([
    [1, 1],
    [7, 1],
    [1000, 1],
    [1000, 40],
    [20_000, 3],
  ])('moves by at most Δ for one unit of norm c, d = %s, every %s. coordinate', (dimension, every) => {
    const clip = 1.5;
    const grid = roundGrid(dimension, clip);
    const draw = normal(seededSource(dimension));
    for (let trial = 0; trial < 20; trial++) {
      const others = vectorOfNorm(dimension, 300 * clip, draw);
      const unit = vectorOfNorm(dimension, clip * (1 - CLIP_SLACK), draw, every);
      const before = encodeSum(others, grid, seededSource(trial));
      const after = encodeSum(
        others.map((x, i) => x + unit[i]!),
        grid,
        seededSource(trial),
      );
      const squares = after.reduce((sum, x, i) => sum + ((x - before[i]!) | 0) ** 2, 0);
      expect(squares).toBeLessThanOrEqual(grid.sensitivitySquared);
    }
  });

  it('has Δ = 101·√d, one per cent above c/γ', () => {
    const grid = roundGrid(177_408, 1);
    expect(grid.sensitivitySquared).toBe(10_201 * 177_408);
    expect(Math.sqrt(grid.sensitivitySquared) / (grid.clipNorm / grid.step)).toBeCloseTo(1.01, 12);
  });

  it('refuses wrong sizes and values that are no numbers', () => {
    const grid = roundGrid(2, 1);
    expect(() => encodeSum(new Float64Array(3), grid, seededSource(1))).toThrow(RangeError);
    expect(() => encodeSum(new Float64Array([1, Number.NaN]), grid, seededSource(1))).toThrow(RangeError);
    expect(() => decodeSum(new Uint32Array(1), grid, 32, 1)).toThrow(RangeError);
    expect(() => decodeSum(new Uint32Array(2), grid, 32, 0)).toThrow(RangeError);
    for (const dimension of [0, 1.5, 2 ** 26]) expect(() => roundGrid(dimension, 1)).toThrow(RangeError);
    expect(() => roundGrid(2, 0)).toThrow(RangeError);
  });
});

describe('noise shares', () => {
  it('count on t − m participants only', () => {
    expect(defaultCohort(8)).toEqual({ members: 8, threshold: 6, colluders: 1 });
    expect(honestParticipants(defaultCohort(8))).toBe(5);
    expect(honestParticipants(defaultCohort(1))).toBe(1);
    expect(() => honestParticipants({ members: 8, threshold: 9, colluders: 0 })).toThrow(RangeError);
    expect(() => honestParticipants({ members: 8, threshold: 3, colluders: 3 })).toThrow(RangeError);
    expect(() => honestParticipants({ members: 8, threshold: 2.5, colluders: 0 })).toThrow(RangeError);
  });

  it('have variance (zΔ)²/h all parts together, rounded up, never the deviation', () => {
    const grid = roundGrid(5, 1);
    const three = { members: 3, threshold: 3, colluders: 1 };
    expect(noiseParts(0.5, grid, three)).toEqual([{ numerator: 6376n, denominator: 1n }]); // 51,005/8 = 6,375.6
    const parts = noiseParts(6, grid, defaultCohort(8)).map(({ numerator }) => numerator);
    const needed = (honest: bigint) => (36n * 51_005n + honest - 1n) / honest;
    expect(parts).toEqual([needed(7n), needed(6n) - needed(7n), needed(5n) - needed(6n)]);
    expect(() => noiseParts(0, grid, three)).toThrow(RangeError);
    expect(() => noiseParts(0.001, grid, three)).toThrow(RangeError);
  });

  it('come in at most four parts, for fewer and fewer survivors down to the threshold', () => {
    expect(survivorTiers(defaultCohort(8))).toEqual([8, 7, 6]);
    expect(survivorTiers(defaultCohort(1))).toEqual([1]);
    expect(survivorTiers(defaultCohort(100))).toEqual([100, 89, 78, 67]);
    expect([8, 7, 6].map((survivors) => tierOf(defaultCohort(8), survivors))).toEqual([0, 1, 2]);
    expect([100, 99, 89, 88, 67].map((survivors) => tierOf(defaultCohort(100), survivors))).toEqual([
      0, 1, 1, 2, 3,
    ]);
    expect(() => tierOf(defaultCohort(8), 5)).toThrow('below the threshold 6');
  });

  it('leave the honest survivors at least the variance that is charged, whoever survives', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 200 }), fc.nat(), fc.nat(), (members, a, b) => {
        const { threshold } = defaultCohort(members);
        const cohort = { members, threshold, colluders: a % threshold };
        const survivors = threshold + (b % (members - threshold + 1));
        const grid = roundGrid(50, 1);
        const parts = noiseParts(3, grid, cohort);
        const kept = parts.slice(0, tierOf(cohort, survivors) + 1);
        const each = kept.reduce((sum, { numerator }) => sum + numerator, 0n);
        const charged = 9n * BigInt(grid.sensitivitySquared);
        expect(BigInt(survivors - cohort.colluders) * each >= charged).toBe(true);
        // Two tiers apart, and rounded up, it is not much more.
        expect(varianceInEffect(cohort, { survivors, unrevealed: 0 })).toBeCloseTo(
          Number(BigInt(survivors) * each) / Number(charged),
          3,
        );
        expect(varianceInEffect(cohort, { survivors, unrevealed: survivors })).toBeCloseTo(
          survivors / (threshold - cohort.colluders),
          9,
        );
      }),
    );
  });

  it('are whole in a plain sum, whoever takes part', () => {
    const alone = { members: 1, threshold: 1, colluders: 0 };
    expect(varianceInEffect(alone, { survivors: 4, unrevealed: 0 })).toBe(4);
  });

  it.each([
    [8, 0],
    [8, 1],
    [7, 1],
    [6, 0],
    [6, 1],
  ])('add up to at least the charged noise with %s participants, %s of them silent', (present, silent) => {
    const z = 3;
    const grid = roundGrid(20_000, 2);
    const cohort = defaultCohort(8);
    const parts = noiseParts(z, grid, cohort).slice(0, tierOf(cohort, present) + 1);
    const sum = new Uint32Array(grid.dimension);
    const source = seededSource(present);
    for (let i = silent; i < present; i++) {
      for (const part of parts) new DiscreteGaussian(part).addTo(sum, source);
    }
    const decoded = decodeSum(sum, grid, 32, 1);
    const deviation = Math.sqrt(decoded.reduce((s, x) => s + x * x, 0) / decoded.length);
    const all = varianceInEffect(cohort, { survivors: present, unrevealed: 0 });
    const expected = sumDeviation(z, grid, (all * (present - silent)) / present);
    expect(Math.abs(deviation / expected - 1)).toBeLessThan(5 / Math.sqrt(2 * grid.dimension));
    expect(expected).toBeGreaterThanOrEqual(z * 1.01 * grid.clipNorm * (1 - 1e-12));
  });

  it('are close to one discrete Gaussian on any grid in use', () => {
    expect(sumDistance(1e8, 8, 2e6)).toBe(0);
    expect(sumDistance(0.5, 8, 1)).toBeGreaterThan(1e-3);
  });
});
