import { describe, expect, it } from 'vitest';
import { DiscreteGaussian, MAX_VARIANCE } from '../../../../shared/privacy/discrete-gaussian.ts';
import { cryptoSource, type RandomSource } from '../../../../shared/privacy/random-source.ts';
import type { Rational } from '../../../../shared/privacy/rational.ts';
import { discreteGaussianDeviate } from './goodness-of-fit.ts';
import { seededSource } from './seeded-source.ts';

const SAMPLES = process.env.FEDCAR_FULL ? 4_000_000 : 400_000;

function draw(variance: Rational, source: RandomSource, count = SAMPLES): Int32Array {
  const gaussian = new DiscreteGaussian(variance);
  return Int32Array.from({ length: count }, () => gaussian.sample(source));
}

function whole(variance: number | bigint): Rational {
  return { numerator: BigInt(variance), denominator: 1n };
}

/** Sample variance over σ², in standard errors from 1. */
function varianceDeviate(samples: Int32Array, variance: number): number {
  const second = samples.reduce((sum, x) => sum + x * x, 0) / samples.length;
  return (second / variance - 1) / Math.sqrt(2 / samples.length);
}

describe('DiscreteGaussian', () => {
  // Below σ = 128 a value is a block; 200 and 1,000 have blocks of two and eight values.
  it.each([
    [1n, 3n],
    [1n, 1n],
    [5n, 2n],
    [16n, 1n],
    [2500n, 1n],
    [16383n, 1n],
    [40000n, 1n],
    [1000000n, 1n],
  ])('agrees with the exact mass function at σ² = %s/%s', (numerator, denominator) => {
    const samples = draw({ numerator, denominator }, seededSource(Number(numerator)));
    expect(discreteGaussianDeviate(samples, Number(numerator) / Number(denominator))).toBeLessThan(5);
  });

  it.each([3, 700, 1e5, 2 ** 24])('has the moments of σ = %s', (deviation) => {
    const variance = deviation ** 2;
    const samples = draw(whole(variance), seededSource(deviation));
    const n = samples.length;
    const moment = (power: number) => samples.reduce((sum, x) => sum + (x / deviation) ** power, 0) / n;
    expect(Math.abs(moment(1)) * Math.sqrt(n)).toBeLessThan(5);
    expect(Math.abs(varianceDeviate(samples, variance))).toBeLessThan(5);
    expect((Math.abs(moment(3)) * Math.sqrt(n)) / Math.sqrt(15)).toBeLessThan(5);
    expect((Math.abs(moment(4) - 3) * Math.sqrt(n)) / Math.sqrt(96)).toBeLessThan(5);
    // Symmetric, and low bits as random as high ones.
    expect(Math.abs(samples.filter((x) => x & 1).length / n - 0.5) * 2 * Math.sqrt(n)).toBeLessThan(5);
  });

  it('sums over clients to a discrete Gaussian of the summed variance', () => {
    const source = seededSource(11);
    const gaussian = new DiscreteGaussian(whole(9));
    const sums = Int32Array.from({ length: SAMPLES / 4 }, () => {
      let sum = 0;
      for (let client = 0; client < 5; client++) sum += gaussian.sample(source);
      return sum;
    });
    expect(discreteGaussianDeviate(sums, 45)).toBeLessThan(5);
    // Splitting σ instead of σ² (each client σ/5) or forgetting to split (each client 45) must show.
    expect(discreteGaussianDeviate(sums, 9 * 25)).toBeGreaterThan(20);
  });

  it('adds to a vector mod 2^32', () => {
    const vector = new Uint32Array([0, 2 ** 32 - 1, 5]);
    const gaussian = new DiscreteGaussian(whole(100));
    const expected = seededSource(3);
    const noise = [gaussian.sample(expected), gaussian.sample(expected), gaussian.sample(expected)];
    gaussian.addTo(vector, seededSource(3));
    expect([...vector].map((x) => x | 0)).toEqual([noise[0], noise[1]! - 1, noise[2]! + 5]);
  });

  it('refuses a variance outside its range', () => {
    expect(() => new DiscreteGaussian(whole(0))).toThrow(RangeError);
    expect(() => new DiscreteGaussian({ numerator: -1n, denominator: 2n })).toThrow(RangeError);
    expect(() => new DiscreteGaussian(whole(MAX_VARIANCE + 1n))).toThrow(RangeError);
  });

  it('draws at least a million a second at σ = 10⁵', () => {
    const gaussian = new DiscreteGaussian(whole(1e10));
    const vector = new Uint32Array(200_000);
    const source = cryptoSource();
    gaussian.addTo(vector, source);
    const start = process.cpuUsage();
    for (let i = 0; i < 5; i++) gaussian.addTo(vector, source);
    const used = process.cpuUsage(start);
    expect((5 * vector.length) / ((used.user + used.system) / 1e6)).toBeGreaterThan(1e6);
  });
});

describe('the test of fit finds a sampler that', () => {
  const source = seededSource(5);
  const uniform = () => (source.nextWord() + 0.5) / 2 ** 32;
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  const exact = new DiscreteGaussian(whole(4));

  it.each<[string, number, () => number]>([
    ['rounds a continuous Gaussian', 1, () => Math.round(normal())],
    ['truncates a continuous Gaussian', 4, () => Math.trunc(2 * normal())],
    ['takes the variance for the deviation', 4, () => Math.round(4 * normal())],
    ['counts zero twice', 4, () => (uniform() < 0.1 ? 0 : exact.sample(source))],
    ['lacks its tail', 4, () => Math.max(-6, Math.min(6, exact.sample(source)))],
    [
      'leans to one side',
      4,
      () => (uniform() < 0.03 ? Math.abs(exact.sample(source)) : exact.sample(source)),
    ],
  ])('%s', (_name, variance, sample) => {
    expect(discreteGaussianDeviate(Int32Array.from({ length: SAMPLES }, sample), variance)).toBeGreaterThan(
      6,
    );
  });
});
