import { describe, expect, it } from 'vitest';
import {
  rateBound,
  rateLowerBound,
  rateUpperBound,
  tradeOffBound,
} from '../../../../../cli/bench/audit/bound.ts';
import { gaussianEpsilon } from '../../../../../shared/privacy/gaussian-filter.ts';
import { seededSource } from '../../../shared/privacy/seeded-source.ts';

describe('Clopper and Pearson', () => {
  it('gives the textbook intervals', () => {
    // 95 % two-sided: 8 of 20 gives (0.1912, 0.6395); 0 of n gives 1 − 0.025^(1/n).
    expect(rateLowerBound(8, 20, 0.025)).toBeCloseTo(0.1912, 4);
    expect(rateUpperBound(8, 20, 0.025)).toBeCloseTo(0.6395, 4);
    expect(rateUpperBound(0, 10, 0.025)).toBeCloseTo(1 - 0.025 ** 0.1, 9);
    expect(rateLowerBound(0, 10, 0.025)).toBeCloseTo(0, 9);
    expect(rateLowerBound(10, 10, 0.025)).toBeCloseTo(0.025 ** 0.1, 9);
    expect(rateUpperBound(10, 10, 0.025)).toBe(1);
  });
});

const source = seededSource(1);
const uniform = () => (source.nextWord() + 0.5) / 2 ** 32;

describe('rateBound', () => {
  /** Randomised response says "there" with odds e^ε when it is; its ε is exact. */
  const respond = (epsilon: number, there: boolean, n: number) => {
    const truth = 1 / (1 + Math.exp(-epsilon));
    return Float64Array.from({ length: n }, () => (uniform() < truth === there ? 1 : -1));
  };

  it.each([0.5, 1, 3])('comes close to ε = %s of randomised response, never above', (epsilon) => {
    const there = respond(epsilon, true, 40_000);
    const { epsilon: proven } = rateBound(there, respond(epsilon, false, 40_000), 0, 0.05);
    expect(proven).toBeLessThanOrEqual(epsilon);
    expect(proven).toBeGreaterThan(epsilon - 0.25);
  });

  it('seldom errs: at most the stated share of repetitions pass ε', () => {
    let above = 0;
    for (let i = 0; i < 200; i++) {
      above += Number(rateBound(respond(1, true, 400), respond(1, false, 400), 0, 0.05).epsilon > 1);
    }
    expect(above).toBeLessThanOrEqual(14);
  });

  it('proves much where the worlds are told apart, nothing where they are alike', () => {
    const never = new Float64Array(2000).fill(-1);
    expect(rateBound(new Float64Array(2000).fill(1), never, 1e-5, 0.05).epsilon).toBeGreaterThan(5);
    expect(rateBound(never, never, 1e-5, 0.05).epsilon).toBe(0);
  });
});

describe('tradeOffBound', () => {
  const DELTA = 1e-5;
  /** Log likelihood ratios of a normal variable that lies at 0 or at μ. */
  const scores = (mu: number, there: boolean, n: number) =>
    Float64Array.from({ length: n }, () => {
      const x = Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
      return mu * (x + (there ? mu : 0)) - mu ** 2 / 2;
    });

  it.each([0.5, 1, 2])('comes close to ε of a Gaussian mechanism with μ = %s, never above', (mu) => {
    const proven = tradeOffBound(scores(mu, true, 40_000), scores(mu, false, 40_000), DELTA, 0.02).epsilon;
    const exact = gaussianEpsilon(mu ** 2, 1, DELTA);
    expect(proven).toBeLessThanOrEqual(exact);
    expect(proven).toBeGreaterThan(0.9 * exact);
  });

  it('seldom errs: at most the stated share of repetitions pass ε', () => {
    let above = 0;
    for (let i = 0; i < 200; i++) {
      const { epsilon } = tradeOffBound(scores(1, true, 300), scores(1, false, 300), DELTA, 0.05);
      above += Number(epsilon > gaussianEpsilon(1, 1, DELTA));
    }
    expect(above).toBeLessThanOrEqual(14);
  });

  it('proves nothing where the worlds are alike', () => {
    const alike = scores(1, true, 500);
    expect(tradeOffBound(alike, alike, DELTA, 0.05).epsilon).toBe(0);
  });
});
