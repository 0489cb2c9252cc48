/**
 * The least noise multiplier that keeps ε within a target, for any accountant that answers with a decreasing ε.
 */

const MOST = 2 ** 20;

/**
 * Solves epsilonOf(z) = target from above by bracketing and bisection.
 * @param epsilonOf ε as a function of the noise multiplier, not increasing
 * @param relativeTolerance of the multiplier; the answer errs upwards, so that its ε never passes the target
 * @throws RangeError when no noise multiplier up to 2²⁰ reaches the target
 */
export function calibrateNoise(
  epsilonOf: (noiseMultiplier: number) => number,
  target: number,
  relativeTolerance = 1e-9,
): number {
  if (!(target > 0 && Number.isFinite(target))) {
    throw new RangeError(`target epsilon must be positive, got ${target}`);
  }
  let enough = 1;
  while (epsilonOf(enough) > target) {
    enough *= 2;
    if (enough > MOST) throw new RangeError(`no noise multiplier up to ${MOST} reaches epsilon ${target}`);
  }
  let little = enough / 2;
  while (little > 2 ** -20 && epsilonOf(little) <= target) {
    enough = little;
    little /= 2;
  }
  while (enough - little > relativeTolerance * enough) {
    const middle = (enough + little) / 2;
    if (epsilonOf(middle) <= target) enough = middle;
    else little = middle;
  }
  return enough;
}
