/**
 * The exact filter of Gaussian releases that read every unit (q = 1). Adaptively chosen releases with noise multipliers
 * z₁, z₂, … are μ-Gaussian-private as long as Σ 1/zᵢ² ≤ μ² (Smith, Thakurta 2022; Koskela, Tobaben, Honkela 2023), and
 * ε(δ) of that is known exactly (Balle, Wang 2018, theorem 8; Dong, Roth, Su 2022, corollary 2.13). The discrete
 * Gaussian is post-processing of a continuous one whose variance is smaller by s² grid steps; docs/privacy.md has why.
 */
import { logNormalTail } from './special-functions.ts';

/** s², in squared grid steps: the rounding by which N_Z(0, σ²) is made from N(0, σ² − s²). */
const ROUNDING_VARIANCE = 4;
/** Δ² of a vector of one coordinate, in squared grid steps: no round has a coarser grid. */
const LEAST_SENSITIVITY_SQUARED = 10_201;
/** s²/Δ² at most: what a release's z² loses to the rounding. */
export const ROUNDING_SHARE = ROUNDING_VARIANCE / LEAST_SENSITIVITY_SQUARED;
/** By so much the rounding, and a sum of discrete Gaussians, may differ in log probability; of each release. */
const LOG_RATIO = 2e-12;

/**
 * What a release adds to μ²: 1/z², raised by what rounding to the grid may cost (less than one part in 2,500 at z = 1).
 * @param noiseMultiplier z > 0; infinite where the noise is no larger than a few steps of the grid
 */
export function gaussianCost(noiseMultiplier: number): number {
  const left = noiseMultiplier ** 2 - ROUNDING_SHARE;
  return left > 0 ? 1 / left : Number.POSITIVE_INFINITY;
}

/** log δ(ε) of μ-Gaussian privacy, for μ > 0. */
export function gaussianLogDelta(epsilon: number, mu: number): number {
  const above = logNormalTail(epsilon / mu - mu / 2);
  const below = epsilon + logNormalTail(epsilon / mu + mu / 2);
  return above + Math.log(-Math.expm1(Math.min(0, below - above)));
}

/**
 * ε(δ) of releases whose costs add up to μ².
 * @param muSquared ≥ 0
 * @param releases how many there were
 * @param delta in (0, 1)
 * @returns rounded upwards
 */
export function gaussianEpsilon(muSquared: number, releases: number, delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must be in (0, 1), got ${delta}`);
  if (muSquared === 0) return 0;
  if (!Number.isFinite(muSquared)) return Number.POSITIVE_INFINITY;
  const mu = Math.sqrt(muSquared);
  const slack = releases * LOG_RATIO;
  const target = Math.log(delta) - slack;
  if (gaussianLogDelta(0, mu) <= target) return slack;
  let enough = 1;
  while (gaussianLogDelta(enough, mu) > target) enough *= 2;
  let little = enough === 1 ? 0 : enough / 2;
  while (enough - little > 1e-12 * enough) {
    const middle = (enough + little) / 2;
    if (gaussianLogDelta(middle, mu) > target) little = middle;
    else enough = middle;
  }
  return enough + slack;
}

/** The largest μ² that stays within (ε, δ), rounded downwards. */
export function gaussianBudget(epsilon: number, delta: number): number {
  let enough = 1;
  while (gaussianEpsilon(enough, 1, delta) <= epsilon) enough *= 2;
  let within = 0;
  while (enough - within > 1e-12 * enough) {
    const middle = (within + enough) / 2;
    if (gaussianEpsilon(middle, 1, delta) <= epsilon) within = middle;
    else enough = middle;
  }
  return within;
}
