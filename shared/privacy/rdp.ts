/**
 * Rényi differential privacy of the Poisson-subsampled Gaussian, add-or-remove-one (Mironov, Talwar, Zhang 2019).
 * Integer orders (section 3.3, equation 3) are closed forms that hold for the discrete Gaussian as well, and are what the
 * ledger charges. Fractional orders serve comparison; what does not converge is infinite.
 */
import { logAdd, logErfc } from './special-functions.ts';

/** Orders that a charge is computed at. */
export const INTEGER_ORDERS: readonly number[] = [
  ...Array.from({ length: 63 }, (_, i) => i + 2),
  ...[72, 80, 96, 112, 128, 160, 192, 256, 384, 512, 1024],
];

/** The default orders of Google's dp-accounting 0.6.0, fractional ones among them. */
export const REFERENCE_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => i + 11),
  ...[128, 256, 512, 1024],
];

const MAX_FRACTIONAL_TERMS = 1000;

/**
 * The RDP ε of one release at `order`.
 * @param samplingRate q in [0, 1]
 * @param noiseMultiplier z ≥ 0, the noise's standard deviation over the sensitivity
 * @param order α > 1
 * @throws RangeError outside these ranges
 */
export function subsampledGaussianRdp(samplingRate: number, noiseMultiplier: number, order: number): number {
  if (!(samplingRate >= 0 && samplingRate <= 1)) {
    throw new RangeError(`sampling rate must be in [0, 1], got ${samplingRate}`);
  }
  if (!(noiseMultiplier >= 0)) throw new RangeError(`noise multiplier must be ≥ 0, got ${noiseMultiplier}`);
  if (!(order > 1 && Number.isFinite(order))) throw new RangeError(`order must be above 1, got ${order}`);
  if (samplingRate === 0) return 0;
  if (noiseMultiplier === 0) return Number.POSITIVE_INFINITY;
  if (samplingRate === 1) return order / (2 * noiseMultiplier ** 2);
  const logMoment = Number.isInteger(order)
    ? integerLogMoment(samplingRate, noiseMultiplier, order)
    : fractionalLogMoment(samplingRate, noiseMultiplier, order);
  return logMoment / (order - 1);
}

/**
 * log Σ_k C(α,k) (1−q)^{α−k} q^k exp(k(k−1)/2z²). The terms without the exponential sum to 1, so that only what exceeds
 * it is summed, which keeps the relative precision of tiny values.
 */
function integerLogMoment(q: number, z: number, order: number): number {
  const logOdds = Math.log(q) - Math.log1p(-q);
  let logTerm = order * Math.log1p(-q);
  let logExcess = Number.NEGATIVE_INFINITY;
  for (let k = 1; k <= order; k++) {
    logTerm += Math.log((order - k + 1) / k) + logOdds;
    const gain = (k * (k - 1)) / (2 * z * z);
    if (gain > 0) logExcess = logAdd(logExcess, logTerm + logExpm1(gain));
  }
  return logExcess < 0 ? Math.log1p(Math.exp(logExcess)) : logExcess + Math.log1p(Math.exp(-logExcess));
}

function logExpm1(x: number): number {
  return x < 1 ? Math.log(Math.expm1(x)) : x + Math.log1p(-Math.exp(-x));
}

/**
 * The two-sided series of section 3.3 with the absolute values of its coefficients, an upper bound, summed until both
 * sides fall and are below exp(−30) of the total, as dp-accounting does.
 */
function fractionalLogMoment(q: number, z: number, order: number): number {
  const logQ = Math.log(q);
  const logRest = Math.log1p(-q);
  const split = z * z * Math.log(1 / q - 1) + 0.5;
  const half = (x: number) => Math.log(0.5) + logErfc(x / (Math.SQRT2 * z));
  let logCoefficient = 0;
  let total = Number.NEGATIVE_INFINITY;
  let lastLeft = Number.NEGATIVE_INFINITY;
  let lastRight = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < MAX_FRACTIONAL_TERMS; i++) {
    if (i > 0) logCoefficient += Math.log(Math.abs((order - i + 1) / i));
    const j = order - i;
    const left = logCoefficient + i * logQ + j * logRest + (i * i - i) / (2 * z * z) + half(i - split);
    const right = logCoefficient + j * logQ + i * logRest + (j * j - j) / (2 * z * z) + half(split - j);
    total = logAdd(total, logAdd(left, right));
    if (left < lastLeft && right < lastRight && Math.max(left, right) < total - 30) return total;
    lastLeft = left;
    lastRight = right;
  }
  return Number.POSITIVE_INFINITY;
}

/** `steps` releases with one sampling rate and one noise multiplier. */
export interface Release {
  readonly samplingRate: number;
  readonly noiseMultiplier: number;
  readonly steps: number;
}

/** Total RDP of a schedule at each of `orders`: RDP adds up under composition. */
export function composeRdp(schedule: readonly Release[], orders: readonly number[]): number[] {
  return orders.map((order) =>
    schedule.reduce(
      (sum, { samplingRate, noiseMultiplier, steps }) =>
        steps === 0 ? sum : sum + steps * subsampledGaussianRdp(samplingRate, noiseMultiplier, order),
      0,
    ),
  );
}
