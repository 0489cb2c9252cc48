/**
 * Distributed noise: every participant adds N_Z(0, (zΔ)²/h), h = t − m, so that the sum of any t participants, m of which
 * add nothing, has the noise that the ledger charges. Split by the least number of honest participants, never by the
 * expected number. It is drawn in parts, so that once it is settled who survived, what so many did not need can be taken
 * out of the sum again (after XNoise: Jiang, Wang, Chen 2024, Dordis, section 4).
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

/** Surplus noise comes in at most so many parts a member: each is drawn for every coordinate. */
export const MOST_PARTS = 3;

/**
 * Numbers of survivors s₀ = n > … > s_L = t, at most four. When s of them survive, s_j the largest that is at most s,
 * every member keeps the noise (zΔ)²/(s_j − m): the s − m that are honest then have (zΔ)² between them.
 */
export function survivorTiers(cohort: Cohort): number[] {
  honestParticipants(cohort);
  const { members, threshold } = cohort;
  const parts = Math.min(MOST_PARTS, members - threshold);
  const tiers = [members];
  for (let j = 1; j <= parts; j++) tiers.push(members - Math.ceil((j * (members - threshold)) / parts));
  return tiers;
}

/** Which of `survivorTiers` holds when `survivors` are in the sum. @throws RangeError for fewer than t */
export function tierOf(cohort: Cohort, survivors: number): number {
  const tier = survivorTiers(cohort).findIndex((least) => least <= survivors);
  if (tier < 0) throw new RangeError(`survivors: ${survivors} are below the threshold ${cohort.threshold}`);
  return tier;
}

/**
 * Variances of one member's noise in squared grid steps, from the exact value of the double z: first what it always
 * keeps, then the parts that it adds to be safe with fewer survivors. The first j + 1 add up to ⌈(zΔ)²/(s_j − m)⌉.
 * @throws RangeError when z is not positive, or the parts are so fine that their sum is no discrete Gaussian
 */
export function noiseParts(noiseMultiplier: number, grid: Grid, cohort: Cohort): [Rational, ...Rational[]] {
  if (!(noiseMultiplier > 0))
    throw new RangeError(`noise multiplier must be positive, got ${noiseMultiplier}`);
  const { numerator, denominator } = rationalOf(noiseMultiplier);
  const [kept, ...upTo] = survivorTiers(cohort).map((survivors) =>
    ceilDivide(
      numerator ** 2n * BigInt(grid.sensitivitySquared),
      denominator ** 2n * BigInt(survivors - cohort.colluders),
    ),
  ) as [bigint, ...bigint[]];
  const parts = upTo.map((variance, j) => variance - (j === 0 ? kept : (upTo[j - 1] as bigint)));
  const least = Number([kept, ...parts].reduce((a, b) => (b < a ? b : a)));
  const count = (cohort.members - cohort.colluders) * (1 + parts.length);
  if (sumDistance(least, count, grid.dimension) > MOST_SUM_DISTANCE) {
    throw new RangeError(`noise multiplier ${noiseMultiplier} is too small for this grid`);
  }
  const exact = (variance: bigint): Rational => ({ numerator: variance, denominator: 1n });
  return [exact(kept), ...parts.map(exact)];
}

/**
 * d·10·(n − 1)·exp(−π²σ²) bounds how far n discrete Gaussians of variance σ² and more are from a single one: two of
 * variances A, v ≥ σ² are within 5·exp(−2π²/(1/A + 1/v)) of one in log probability, and 1/A + 1/v ≤ 2/σ².
 */
export function sumDistance(leastVariance: number, summands: number, dimension: number): number {
  return 10 * dimension * (summands - 1) * Math.exp(-(Math.PI ** 2) * leastVariance);
}

/** Who is in a sum. */
export interface Summed {
  /** Members whose vector is in it. */
  readonly survivors: number;
  /** Those of them whose surplus noise could not be taken out again. */
  readonly unrevealed: number;
  /** Variance that members say they add beyond their part, as a multiple of what is charged; none where it is absent. */
  readonly extra?: number;
}

/**
 * The noise in a sum as a multiple of the variance (zΔ)² that is charged; at least (s − m)/s of it is unknown to
 * colluders.
 */
export function varianceInEffect(cohort: Cohort, { survivors, unrevealed, extra = 0 }: Summed): number {
  const least = survivorTiers(cohort)[tierOf(cohort, survivors)]!;
  return (
    (survivors - unrevealed) / (least - cohort.colluders) +
    unrevealed / (cohort.threshold - cohort.colluders) +
    extra
  );
}

/** Standard deviation in real units of each decoded coordinate, before the division by D, per √ of `inEffect`. */
export function sumDeviation(noiseMultiplier: number, grid: Grid, inEffect: number): number {
  return Math.sqrt(grid.sensitivitySquared * inEffect) * noiseMultiplier * grid.step;
}
