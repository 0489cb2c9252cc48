import { describe, expect, it } from 'vitest';
import { auditBound, rateLowerBound, rateUpperBound } from '../../../../shared/privacy/audit-bound.ts';
import { seededSource } from './seeded-source.ts';

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

describe('auditBound', () => {
  const source = seededSource(1);
  const uniform = () => (source.nextWord() + 0.5) / 2 ** 32;
  /** Randomised response says "there" with odds e^ε when it is; its ε is exact. */
  const respond = (epsilon: number, there: boolean, n: number) => {
    const truth = 1 / (1 + Math.exp(-epsilon));
    return Float64Array.from({ length: n }, () => Number(uniform() < truth === there));
  };

  it.each([0.5, 1, 3])('comes close to ε = %s of randomised response, never above', (epsilon) => {
    const { epsilon: proven } = auditBound(
      respond(epsilon, true, 40_000),
      respond(epsilon, false, 40_000),
      0,
      0.05,
    );
    expect(proven).toBeLessThanOrEqual(epsilon);
    expect(proven).toBeGreaterThan(epsilon - 0.25);
  });

  it('seldom errs: at most the stated share of repetitions pass ε', () => {
    let above = 0;
    for (let i = 0; i < 200; i++) {
      above += Number(auditBound(respond(1, true, 400), respond(1, false, 400), 0, 0.05).epsilon > 1);
    }
    expect(above).toBeLessThanOrEqual(14);
  });

  it('proves much where the worlds are told apart, nothing where they are alike', () => {
    const zeros = new Float64Array(2000);
    expect(auditBound(new Float64Array(2000).fill(1), zeros, 1e-5, 0.05).epsilon).toBeGreaterThan(5);
    expect(auditBound(zeros, zeros, 1e-5, 0.05).epsilon).toBe(0);
  });

  it('finds an attack that works by what the canary makes rare', () => {
    // Scores fall when the canary is there.
    const { epsilon } = auditBound(respond(3, false, 20_000), respond(3, true, 20_000), 0, 0.05);
    expect(epsilon).toBeLessThanOrEqual(3);
  });
});
