/**
 * The ring Z mod 2ᵇ of a train round, and without noise its grid: b as small as the sum allows. Every unit adds at most
 * its clipped gradient to a coordinate, every member less than one step of rounding, and the noise of all, counted as if
 * none of it were taken out again, stays within ten deviations in all of up to 2²⁵ coordinates but with probability 2⁻⁴⁶.
 * So a sum of honest vectors wraps with that probability and no other; where it does, the result is of no use, and
 * nothing more becomes known.
 */
import { type Grid, roundGrid } from '../privacy/fixed-point.ts';
import { type Cohort, sumDeviation, varianceInEffect } from '../privacy/noise-share.ts';

/** Of the ring where nothing is known that bounds a sum. */
export const WORD_BITS = 32;

export interface RoundRing {
  /** Defines the grid with the dimension. */
  clipNorm: number;
  gridStep: number;
  /** b */
  bits: number;
}

/**
 * Without noise the grid is free: steps in a unit's clip norm. A gradient of that norm over an adapter's 147,456
 * coordinates has 5 in each.
 */
const STEPS_PER_GRADIENT = 2 ** 11;
/** Steps in the displacement of a coordinate by 1 in all units that are expected; rows have about length 1. */
const STEPS_PER_DISPLACEMENT = 2 ** 18;
/** A coordinate of a vector moves by less than this in a round of local steps. */
const MOST_DISPLACEMENT = 2;
const DEVIATIONS = 10;

function bitsFor(largest: number): number {
  return Math.min(WORD_BITS, 1 + Math.ceil(Math.log2(largest + 1)));
}

function ringOn(grid: Grid, bits: number): RoundRing {
  return { clipNorm: grid.clipNorm, gridStep: grid.step, bits };
}

/** The grid of about so many steps in `norm`: the norm that it stands for with so many coordinates. */
function gridOfSteps(dimension: number, norm: number, steps: number): Grid {
  const { step } = roundGrid(dimension, 1);
  return roundGrid(dimension, norm / steps / step);
}

/**
 * For sums of gradients without noise.
 * @param units the most that the round may be over
 */
export function gradientRing(
  dimension: number,
  gradientNorm: number,
  units: number,
  { members }: Pick<Cohort, 'members'>,
): RoundRing {
  const grid = gridOfSteps(dimension, gradientNorm, STEPS_PER_GRADIENT);
  return ringOn(grid, bitsFor(units * STEPS_PER_GRADIENT + members));
}

/**
 * For sums of displacements by local steps, each times its units, without noise.
 * @param expected units that the round is expected to be over
 */
export function displacementRing(
  dimension: number,
  expected: number,
  units: number,
  { members }: Pick<Cohort, 'members'>,
): RoundRing {
  const grid = gridOfSteps(dimension, expected, STEPS_PER_DISPLACEMENT);
  return ringOn(grid, bitsFor((MOST_DISPLACEMENT * units) / grid.step + members));
}

/**
 * With noise the grid follows from the norm alone: what its rounding costs is charged.
 * @param extra variance that members said they add beyond their part, as a multiple of what is charged
 */
export function noisedRing(
  dimension: number,
  clipNorm: number,
  units: number,
  noiseMultiplier: number,
  cohort: Cohort,
  extra = 0,
): RoundRing {
  const grid = roundGrid(dimension, clipNorm);
  const { members } = cohort;
  const most = varianceInEffect(cohort, { survivors: members, unrevealed: members, extra });
  const deviation = sumDeviation(noiseMultiplier, grid, most) / grid.step;
  const signal = (units * clipNorm) / grid.step;
  return ringOn(grid, bitsFor(signal + members + DEVIATIONS * deviation));
}
