/**
 * Distributed noise: every participant adds N_Z(0, (zΔ)²/h), h = t − m, so that the sum of any t participants, m of which
 * add nothing, has the noise that the ledger charges. Split by the least number of honest participants, never by the
 * expected number.
 */
import type { Grid } from './fixed-point.ts';
import { ceilDivide, type Rational, rationalOf } from './rational.ts';

/** Sums of discrete Gaussians may differ from one by at most this (Kairouz, Liu, Steinke 2021). */
const MOST_SUM_DISTANCE = 1e-12;

/** Who is in a round. */
export interface Cohort {
  /** n, members of the roster. */
  readonly members: number;
  /** t, how many must take part for a sum to be released. */
  readonly threshold: number;
  /** m, how many may collude with the coordinator. */
  readonly colluders: number;
}

/** The defaults: t = ⌊2n/3⌋ + 1 and, as soon as that leaves someone honest, m = 1. */
export function defaultCohort(members: number): Cohort {
  const threshold = Math.floor((2 * members) / 3) + 1;
  return { members, threshold: Math.min(threshold, members), colluders: members > 1 ? 1 : 0 };
}

/**
 * h = t − m, the participants whose noise can be counted on.
 * @throws RangeError when it is below 1, or t above n
 */
export function honestParticipants({ members, threshold, colluders }: Cohort): number {
  for (const [name, value] of Object.entries({ members, threshold, colluders })) {
    if (!Number.isInteger(value) || value < 0)
      throw new RangeError(`${name} must be an integer ≥ 0, got ${value}`);
  }
  if (threshold > members) throw new RangeError(`threshold must be at most ${members}, got ${threshold}`);
  if (threshold - colluders < 1) {
    throw new RangeError(`colluders must be below the threshold ${threshold}, got ${colluders}`);
  }
  return threshold - colluders;
}

/**
 * The variance of one participant's noise in squared grid steps, ⌈(zΔ)²/h⌉ from the exact value of the double z.
 * @throws RangeError when z is not positive, or the shares are so fine that their sum is no discrete Gaussian
 */
export function noiseShareVariance(noiseMultiplier: number, grid: Grid, honest: number): Rational {
  if (!(noiseMultiplier > 0))
    throw new RangeError(`noise multiplier must be positive, got ${noiseMultiplier}`);
  const { numerator, denominator } = rationalOf(noiseMultiplier);
  const variance = ceilDivide(
    numerator ** 2n * BigInt(grid.sensitivitySquared),
    denominator ** 2n * BigInt(honest),
  );
  const distance = sumDistance(Number(variance), honest, grid.dimension);
  if (distance > MOST_SUM_DISTANCE) {
    throw new RangeError(`noise multiplier ${noiseMultiplier} is too small for this grid`);
  }
  return { numerator: variance, denominator: 1n };
}

/** d·τ, τ = 10·Σ_{j<n} exp(−2π²σ²·j/(j+1)): how far n discrete Gaussians of variance σ² are from a single one. */
export function sumDistance(variance: number, participants: number, dimension: number): number {
  let sum = 0;
  for (let j = 1; j < participants; j++) sum += Math.exp((-2 * Math.PI ** 2 * variance * j) / (j + 1));
  return 10 * dimension * sum;
}

/** z·√(n/h): the noise multiplier in effect when n participants added their shares. At least the charged one for n ≥ h. */
export function effectiveNoiseMultiplier(
  noiseMultiplier: number,
  participants: number,
  honest: number,
): number {
  return noiseMultiplier * Math.sqrt(participants / honest);
}

/** Standard deviation of each decoded coordinate in real units, before the division by D. */
export function sumDeviation(
  noiseMultiplier: number,
  grid: Grid,
  participants: number,
  honest: number,
): number {
  const steps = Math.sqrt(grid.sensitivitySquared) * noiseMultiplier;
  return steps * Math.sqrt(participants / honest) * grid.step;
}
