import { describe, expect, it } from 'vitest';
import { epsilonBound, rateLowerBound, tell } from '../../../../../cli/bench/audit/bound.ts';
import { gaussianEpsilon } from '../../../../../shared/privacy/gaussian-filter.ts';
import { pldEpsilon } from '../../../../../shared/privacy/pld.ts';
import { logAdd } from '../../../../../shared/privacy/special-functions.ts';
import { seededSource } from '../../../shared/privacy/seeded-source.ts';

const DELTA = 1e-5;

describe('Clopper and Pearson', () => {
  it('gives the textbook intervals', () => {
    // 95 % two-sided: 8 of 20 gives (0.1912, 0.6395); n of n gives (0.025^(1/n), 1).
    expect(rateLowerBound(8, 20, 0.025)).toBeCloseTo(0.1912, 4);
    expect(1 - rateLowerBound(12, 20, 0.025)).toBeCloseTo(0.6395, 4);
    expect(rateLowerBound(0, 10, 0.025)).toBeCloseTo(0, 9);
    expect(rateLowerBound(10, 10, 0.025)).toBeCloseTo(0.025 ** 0.1, 9);
  });
});

const source = seededSource(1);
const uniform = () => (source.nextWord() + 0.5) / 2 ** 32;
const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

/** Log likelihood ratios of `rounds` releases at noise z, to which a canary adds one where it is drawn. */
const scores = (q: number, z: number, rounds: number, there: boolean, n: number) =>
  Float64Array.from({ length: n }, () => {
    let total = 0;
    for (let round = 0; round < rounds; round++) {
      const x = z * normal() + Number(there && uniform() < q);
      const full = (2 * x - 1) / (2 * z * z);
      total += q === 1 ? full : logAdd(Math.log1p(-q), Math.log(q) + full);
    }
    return total;
  });
const told = (q: number, z: number, rounds: number, n: number) =>
  tell(scores(q, z, rounds, true, n), scores(q, z, rounds, false, n));

describe('the bound of ε', () => {
  it.each([0.5, 1, 2])('comes close to ε of Gaussian releases at μ = %s, never above', (mu) => {
    const proven = epsilonBound(told(1, 2 / mu, 4, 20_000), { rounds: 4, samplingRate: 1 }, DELTA, 0.005);
    const exact = gaussianEpsilon(mu ** 2, 4, DELTA);
    expect(proven).toBeLessThanOrEqual(exact);
    expect(proven).toBeGreaterThan(0.9 * exact);
  });

  it.each([
    [0.4, 2.5, 10],
    [0.1, 0.8, 5],
  ])('comes close to ε of releases of samples at q = %s, z = %s, never above', (q, z, rounds) => {
    const family = { rounds, samplingRate: q };
    const proven = epsilonBound(told(q, z, rounds, 60_000), family, DELTA, 0.005);
    const exact = pldEpsilon([{ samplingRate: q, noiseMultiplier: z, steps: rounds }], DELTA);
    expect(proven).toBeLessThanOrEqual(exact);
    expect(proven).toBeGreaterThan(0.8 * exact);
  });

  it('shows two thirds of ε = 2 with 500 pairs, as Nasr et al. do, and half of the noise for certain', () => {
    const of = (right: number, miss: number) =>
      epsilonBound({ pairs: 500, right }, { rounds: 4, samplingRate: 1 }, DELTA, miss);
    // Φ(μ/√2) of 500, for μ = 2/3.9 and for twice that.
    expect(of(321, 0.05)).toBeCloseTo(1.43, 1);
    expect(of(383, 0.001)).toBeGreaterThan(gaussianEpsilon(4 / 3.9 ** 2, 4, DELTA));
  });

  it('seldom errs: at most the stated share of repetitions pass ε', () => {
    const exact = gaussianEpsilon(1, 1, DELTA);
    let above = 0;
    for (let i = 0; i < 200; i++) {
      const proven = epsilonBound(told(1, 1, 1, 300), { rounds: 1, samplingRate: 1 }, DELTA, 0.05);
      above += Number(proven > exact);
    }
    expect(above).toBeLessThanOrEqual(17);
  });

  it('proves nothing where the worlds are alike, and much where a sample is told apart every time', () => {
    const alike = new Float64Array(500);
    const family = { rounds: 10, samplingRate: 0.4 };
    expect(epsilonBound(tell(alike, alike), family, DELTA, 0.05)).toBe(0);
    const always = tell(new Float64Array(500).fill(1), alike);
    expect(epsilonBound(always, family, DELTA, 0.05)).toBeGreaterThan(20);
  });
});
