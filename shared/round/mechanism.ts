/**
 * The mechanism of a round at one participant: a sum over its units becomes grid points with a dither, and gets this
 * participant's share of discrete Gaussian noise, as much of it as is needed when everyone takes part. What is needed
 * when some are missing is added with the masks (shared/secagg/surplus-noise.ts). Also a participant without data adds
 * noise: the sum must have what the ledger charges whoever takes part.
 */

import { DiscreteGaussian } from '../privacy/discrete-gaussian.ts';
import { decodeSum, encodeSum, type Grid, roundGrid } from '../privacy/fixed-point.ts';
import { noiseParts } from '../privacy/noise-share.ts';
import type { RandomSource } from '../privacy/random-source.ts';
import type { RoundSpec } from '../protocol/rounds.ts';

/** @throws RangeError when the round's grid is not the one that its dimension and norm define */
function gridOf(spec: Pick<RoundSpec, 'dimension' | 'clipNorm' | 'gridStep'>): Grid {
  const grid = roundGrid(spec.dimension, spec.clipNorm);
  if (grid.step !== spec.gridStep)
    throw new RangeError(`gridStep: ${spec.gridStep} where ${grid.step} is due`);
  return grid;
}

/**
 * What leaves a participant, before masks: `dimension` words, of which the lower b bits count. Drawn anew whenever it is
 * made anew.
 * @param least variance of its noise, in squared grid steps, where the participant wants more than its part
 */
export function encodeContribution(
  sum: Float64Array,
  spec: RoundSpec,
  random: RandomSource,
  least = 0n,
): Uint32Array {
  const grid = gridOf(spec);
  const words = encodeSum(sum, grid, random);
  if (spec.noiseMultiplier > 0) {
    const [kept] = noiseParts(spec.noiseMultiplier, grid, spec.cohort);
    const own = { numerator: least, denominator: 1n };
    const more = least * kept.denominator > kept.numerator;
    new DiscreteGaussian(more ? own : kept).addTo(words, random);
  }
  return words;
}

/** The sum in real units. */
export function decodeRound(words: Uint32Array, spec: RoundSpec): Float64Array {
  return decodeSum(words, gridOf(spec), spec.bits, 1);
}
