/**
 * Noise that one participant adds by itself, so that its units are protected also where nobody else's noise is: most of a
 * roster may be one operator under many names. As large a part f of a round's noise as keeps ε of all rounds that the
 * budget admits below a figure of its own choice. docs/privacy.md has the argument.
 */
import type { Grid } from './fixed-point.ts';
import { gaussianBudget, ROUNDING_SHARE } from './gaussian-filter.ts';
import { OTHERS_SHARE, type PrivacyPolicy } from './ledger.ts';

/**
 * f² ≤ 1: where releases of noise z use the budget up, those of noise f·z use up `ownEpsilon`. Exact where every release
 * reads all units; where samples are read it is a choice of size, and the participant's second ledger is the limit.
 * @throws RangeError for a figure below the budget, which the whole noise would not keep
 */
export function ownShareSquared(
  { epsilon, delta }: Pick<PrivacyPolicy, 'epsilon' | 'delta'>,
  ownEpsilon: number,
): number {
  if (!(ownEpsilon >= epsilon)) {
    throw new RangeError(
      `own epsilon: ${ownEpsilon} is below the budget ${epsilon}; choose a smaller budget too`,
    );
  }
  const main = delta * (1 - OTHERS_SHARE);
  return Math.min(1, (1 + 1e-9) * (gaussianBudget(epsilon, main) / gaussianBudget(ownEpsilon, main)));
}

/** The least noise multiplier of the participant's own noise where a round is charged for z. */
export function ownMultiplier(noiseMultiplier: number, shareSquared: number): number {
  // With the part that rounding to the grid may cost, so that costs shrink by exactly f².
  return Math.sqrt(shareSquared * (noiseMultiplier ** 2 - ROUNDING_SHARE) + ROUNDING_SHARE);
}

/** Its variance in squared grid steps, rounded up. */
export function ownVariance(multiplier: number, grid: Grid): bigint {
  const variance = Math.ceil(multiplier ** 2 * grid.sensitivitySquared);
  if (!Number.isSafeInteger(variance))
    throw new RangeError(`own noise: a variance of ${variance} is too large`);
  return BigInt(variance);
}
