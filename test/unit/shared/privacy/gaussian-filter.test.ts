import { describe, expect, it } from 'vitest';
import {
  gaussianCost,
  gaussianEpsilon,
  gaussianLogDelta,
} from '../../../../shared/privacy/gaussian-filter.ts';
import { pldEpsilon } from '../../../../shared/privacy/pld.ts';
import golden from '../../../vectors/mpmath-1.3.0-gaussian-privacy.json' with { type: 'json' };

/** δ(ε) of N_Z(0, σ²) against itself shifted by the integer `shift`, by summation. */
function discreteDelta(variance: number, shift: number, epsilon: number): number {
  const reach = Math.ceil(40 * Math.sqrt(variance)) + shift;
  const weight = (x: number) => Math.exp(-(x * x) / (2 * variance));
  let total = 0;
  let delta = 0;
  for (let x = -reach; x <= reach; x++) {
    total += weight(x);
    delta += Math.max(0, weight(x - shift) - Math.exp(epsilon) * weight(x));
  }
  return delta / total;
}

describe('ε of Gaussian privacy', () => {
  it.each(golden.cases)('agrees with mpmath at μ = $mu, δ = $delta', ({ mu, delta, epsilon }) => {
    const ours = gaussianEpsilon(mu * mu, 1, delta);
    expect(ours).toBeGreaterThanOrEqual(epsilon * (1 - 1e-11));
    expect(ours - epsilon).toBeLessThan(1e-9 * epsilon + 1e-11);
  });

  it('agrees with the privacy-loss distribution of the continuous Gaussian', () => {
    const schedule = [{ samplingRate: 1, noiseMultiplier: 7, steps: 12 }];
    expect(gaussianEpsilon(12 / 49, 12, 1e-5)).toBeCloseTo(pldEpsilon(schedule, 1e-5), 2);
  });

  it('is 0 for nothing, infinite without noise, and refuses a δ that is none', () => {
    expect(gaussianEpsilon(0, 0, 1e-5)).toBe(0);
    expect(gaussianEpsilon(Number.POSITIVE_INFINITY, 1, 1e-5)).toBe(Number.POSITIVE_INFINITY);
    expect(gaussianCost(0)).toBe(Number.POSITIVE_INFINITY);
    expect(gaussianCost(0.019)).toBe(Number.POSITIVE_INFINITY);
    for (const delta of [0, 1, -1, Number.NaN])
      expect(() => gaussianEpsilon(1, 1, delta)).toThrow(RangeError);
  });
});

describe('the discrete Gaussian', () => {
  /** The shift of a unit on a grid of one coordinate, the coarsest that there is. */
  const SHIFT = 101;

  it.each([0.5, 1, 3, 10])('costs no more than what is charged, on the coarsest grid, at z = %d', (z) => {
    const charged = Math.sqrt(gaussianCost(z));
    for (let x = 0; x <= 5; x += 0.25) {
      // Wherever the kink of the loss falls between two points of the grid.
      const epsilon = Math.max(0, x / z + 1 / (2 * z * z) - 1 / z / z);
      const claimed = Math.exp(gaussianLogDelta(epsilon, charged));
      const exact = discreteDelta((z * SHIFT) ** 2, SHIFT, epsilon);
      expect(exact, `ε = ${epsilon}`).toBeLessThanOrEqual(claimed * (1 + 1e-9));
      // And the charge gives little away: the same δ of the continuous one to within a thousandth at z ≥ 1.
      if (z >= 1 && claimed > 1e-9) expect(exact, `ε = ${epsilon}`).toBeGreaterThan(claimed * 0.99);
    }
  });

  it('may lie above the continuous one of the same variance, which is why the charge is a little higher', () => {
    const above = Array.from({ length: 400 }, (_, i) => 0.2 + i / 400).filter(
      (epsilon) => discreteDelta(9, 3, epsilon) > Math.exp(gaussianLogDelta(epsilon, 1)),
    );
    expect(above.length).toBeGreaterThan(0);
    // N(0, 9 − 4) makes N_Z(0, 9) by rounding: its privacy is a bound at every ε.
    for (let epsilon = 0; epsilon < 6; epsilon += 0.01) {
      const bound = Math.exp(gaussianLogDelta(epsilon, 3 / Math.sqrt(9 - 4)));
      expect(discreteDelta(9, 3, epsilon)).toBeLessThanOrEqual(bound * (1 + 1e-12));
    }
  });
});
