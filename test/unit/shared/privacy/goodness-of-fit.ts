/** Pearson's χ² against the exact mass function of a discrete Gaussian, as a standard normal deviate. */

/** P(x) for |x| ≤ reach, up to what double precision holds. */
export function discreteGaussianMass(variance: number, reach: number): Float64Array {
  const mass = Float64Array.from({ length: 2 * reach + 1 }, (_, i) =>
    Math.exp(-((i - reach) ** 2) / (2 * variance)),
  );
  const sum = mass.reduce((s, p) => s + p, 0);
  return mass.map((p) => p / sum);
}

/**
 * χ² of `samples` against N_Z(0, variance), bins of at least 20 expected, turned into a deviate by Wilson and Hilferty:
 * above 5 is beyond chance.
 */
export function discreteGaussianDeviate(samples: Int32Array, variance: number): number {
  const reach = Math.ceil(12 * Math.sqrt(variance)) + 2;
  const mass = discreteGaussianMass(variance, reach);
  const observed = new Float64Array(mass.length);
  let outside = 0;
  for (const x of samples) {
    if (Math.abs(x) > reach) outside += 1;
    else observed[x + reach]! += 1;
  }
  if (outside > 0) return Number.POSITIVE_INFINITY;
  let statistic = 0;
  let bins = 0;
  let expectedInBin = 0;
  let observedInBin = 0;
  let expectedLeft = samples.length;
  for (let i = 0; i < mass.length; i++) {
    const expected = mass[i]! * samples.length;
    expectedInBin += expected;
    observedInBin += observed[i]!;
    expectedLeft -= expected;
    if (expectedInBin < 20 || (expectedLeft < 20 && i + 1 < mass.length)) continue;
    statistic += (observedInBin - expectedInBin) ** 2 / expectedInBin;
    bins += 1;
    expectedInBin = 0;
    observedInBin = 0;
  }
  const freedom = bins - 1;
  const spread = 2 / (9 * freedom);
  return (Math.cbrt(statistic / freedom) - (1 - spread)) / Math.sqrt(spread);
}
