/**
 * The privacy-loss-distribution accountant: distributions of single releases are composed by Fourier transform (Koskela,
 * Jälkö, Honkela 2020) on a window that holds the sum but for a tail bounded by Chernoff, which counts as infinite loss.
 * An upper bound of ε up to the transform's rounding; shown for comparison, never charged.
 */
import { type ComplexVector, transform } from './fft.ts';
import { type LossDistribution, lossDistributions } from './loss-distribution.ts';
import type { Release } from './rdp.ts';

/** Probability left outside the window. */
const TAIL = 1e-13;
const MOST_STEP = 0.005;
/** Discretisation adds at most step²/4 to a release's variance: keep that below this share of the total. */
const VARIANCE_SHARE = 0.001;

/**
 * ε(δ) of a schedule, the larger of adding and removing a unit.
 * @throws RangeError unless 0 < δ < 1
 */
export function pldEpsilon(schedule: readonly Release[], delta: number): number {
  if (!(delta > 0 && delta < 1)) throw new RangeError(`delta must be in (0, 1), got ${delta}`);
  const releases = schedule.filter(({ samplingRate, steps }) => samplingRate > 0 && steps > 0);
  if (releases.length === 0) return 0;
  if (releases.some(({ noiseMultiplier }) => !(noiseMultiplier > 0))) return Number.POSITIVE_INFINITY;
  const { remove, add } = composedLosses(releases);
  return Math.max(epsilonOf(remove, delta), epsilonOf(add, delta));
}

/** The losses of a whole schedule, in both directions, on one grid. @param releases at least one, each with noise */
export function composedLosses(releases: readonly Release[]): {
  remove: LossDistribution;
  add: LossDistribution;
} {
  const step = gridStep(releases);
  const pairs = releases.map((r) => lossDistributions(r.samplingRate, r.noiseMultiplier, step));
  const counts = releases.map((r) => r.steps);
  const composed = (way: 'remove' | 'add') =>
    compose(
      pairs.map((pair) => pair[way]),
      counts,
    );
  return { remove: composed('remove'), add: composed('add') };
}

/** A loss has a standard deviation of about q·√(exp(1/z²) − 1); never less than half of min(that, 1/z). */
function gridStep(releases: readonly Release[]): number {
  let variance = 0;
  let steps = 0;
  for (const { samplingRate: q, noiseMultiplier: z, steps: n } of releases) {
    variance += n * Math.min(q * q * Math.expm1(1 / (z * z)), 1 / (z * z));
    steps += n;
  }
  return Math.min(MOST_STEP, Math.sqrt((4 * VARIANCE_SHARE * variance) / steps));
}

/** log E[exp(t·L)] over the finite losses. */
function logMoment({ step, first, mass }: LossDistribution, t: number): number {
  // With next to no noise the outermost grid points have no mass that a double can hold.
  const outermost = t > 0 ? mass.findLastIndex((p) => p > 0) : mass.findIndex((p) => p > 0);
  const edge = (first + outermost) * step;
  let sum = 0;
  for (let i = 0; i < mass.length; i++) sum += mass[i]! * Math.exp(t * ((first + i) * step - edge));
  return Math.log(sum) + t * edge;
}

function compose(parts: readonly LossDistribution[], counts: readonly number[]): LossDistribution {
  const step = parts[0]!.step;
  let most = Number.POSITIVE_INFINITY;
  let least = Number.NEGATIVE_INFINITY;
  for (let t = 0.1; t < 300; t *= 1.5) {
    const total = (s: number) => parts.reduce((sum, part, i) => sum + counts[i]! * logMoment(part, s), 0);
    most = Math.min(most, (total(t) - Math.log(TAIL)) / t);
    least = Math.max(least, (Math.log(TAIL) - total(-t)) / t);
  }
  const first = Math.floor(least / step);
  const width = Math.ceil(most / step) - first + 1;
  const length = 2 ** Math.ceil(Math.log2(Math.max(width, 2)));
  const product = { re: new Float64Array(length).fill(1), im: new Float64Array(length) };
  let logFinite = 0;
  parts.forEach((part, i) => {
    multiplyPower(product, spectrum(part, length), counts[i]!);
    logFinite += counts[i]! * Math.log1p(-part.infinite);
  });
  // The inverse transform is the transform of the conjugate, divided by the length.
  for (let k = 0; k < length; k++) product.im[k] = -product.im[k]!;
  transform(product);
  const mass = new Float64Array(length);
  const offset = ((first % length) + length) % length;
  for (let k = 0; k < length; k++) mass[k] = Math.max(0, product.re[(offset + k) % length]! / length);
  return { step, first, mass, infinite: -Math.expm1(logFinite) + TAIL };
}

/** Positions are taken modulo the length: sums that lie in the window are not confused by it. */
function spectrum({ first, mass }: LossDistribution, length: number): ComplexVector {
  const vector = { re: new Float64Array(length), im: new Float64Array(length) };
  const offset = ((first % length) + length) % length;
  mass.forEach((p, i) => {
    vector.re[(offset + i) % length]! += p;
  });
  transform(vector);
  return vector;
}

function multiplyPower(product: ComplexVector, factor: ComplexVector, power: number): void {
  for (let k = 0; k < product.re.length; k++) {
    const radius = Math.hypot(factor.re[k]!, factor.im[k]!) ** power;
    const angle = Math.atan2(factor.im[k]!, factor.re[k]!) * power;
    const re = radius * Math.cos(angle);
    const im = radius * Math.sin(angle);
    const before = product.re[k]!;
    product.re[k] = before * re - product.im[k]! * im;
    product.im[k] = before * im + product.im[k]! * re;
  }
}

/** The least ε ≥ 0 with δ(ε) = P(∞) + Σ_{l>ε} p(l)(1 − exp(ε − l)) ≤ δ. */
function epsilonOf({ step, first, mass, infinite }: LossDistribution, delta: number): number {
  if (infinite > delta) return Number.POSITIVE_INFINITY;
  let above = infinite;
  let discounted = 0;
  for (let i = mass.length - 1; i >= 0; i--) {
    const loss = (first + i) * step;
    // δ(ε) for ε in [loss, next loss) is above − exp(ε)·discounted.
    if (above - Math.exp(loss) * discounted > delta)
      return Math.max(0, Math.log((above - delta) / discounted));
    if (loss <= 0) return 0;
    above += mass[i]!;
    discounted += mass[i]! * Math.exp(-loss);
  }
  return 0;
}
