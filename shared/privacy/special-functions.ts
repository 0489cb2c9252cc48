/**
 * The normal distribution's tails in double precision, relative error below 1e-12 wherever they are representable, and
 * sums in log space. Series (Abramowitz and Stegun 7.1.6) near zero, the continued fraction 7.1.14 outside.
 */

const SERIES_LIMIT = 2;

/** erfc(x)·exp(x²) for x ≥ SERIES_LIMIT, by the continued fraction from its far end. */
function scaledErfc(x: number): number {
  let tail = 0;
  for (let k = 120; k >= 1; k--) tail = k / 2 / (x + tail);
  return 1 / (Math.sqrt(Math.PI) * (x + tail));
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

/** The complementary error function. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < SERIES_LIMIT) return 1 - erfSeries(x);
  return Math.exp(-x * x) * scaledErfc(x);
}

/** log erfc(x), finite where erfc itself underflows. */
export function logErfc(x: number): number {
  return x < SERIES_LIMIT ? Math.log(erfc(x)) : Math.log(scaledErfc(x)) - x * x;
}

/** P(Z > x) for a standard normal Z. */
export function normalTail(x: number): number {
  return erfc(x / Math.SQRT2) / 2;
}

/** log P(Z > x), finite where the probability itself underflows. */
export function logNormalTail(x: number): number {
  return logErfc(x / Math.SQRT2) - Math.LN2;
}

/** log(exp(a) + exp(b)). */
export function logAdd(a: number, b: number): number {
  const most = Math.max(a, b);
  return most === Number.NEGATIVE_INFINITY ? most : most + Math.log1p(Math.exp(-Math.abs(a - b)));
}
