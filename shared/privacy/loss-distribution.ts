/**
 * The privacy-loss distribution of one Poisson-subsampled Gaussian on a grid, both directions of add-or-remove-one. The
 * mass between two grid points goes to both so that its probability under either data set is kept ("connect the dots",
 * Doroshenko et al. 2022): an upper bound of the privacy curve, and the least one on this grid.
 */
import { normalTail } from './special-functions.ts';

/** Beyond this many standard deviations lies less than 1e-19; it counts as infinite or is rounded up. */
const REACH = 9;

/** Losses (first + i)·step with probability `mass[i]`, and with probability `infinite` an infinite loss. */
export interface LossDistribution {
  readonly step: number;
  readonly first: number;
  readonly mass: Float64Array;
  readonly infinite: number;
}

/** Probability of (from, to] under N(mean, z²), from the nearer tail. */
function between(from: number, to: number, mean: number, z: number): number {
  const a = (from - mean) / z;
  const b = (to - mean) / z;
  return a > 0 ? normalTail(a) - normalTail(b) : normalTail(-b) - normalTail(-a);
}

/**
 * Both loss distributions of one release: `remove` compares (1−q)N(0,z²) + qN(1,z²) to N(0,z²), `add` the other way.
 * @param step grid of the loss, > 0
 */
export function lossDistributions(
  q: number,
  z: number,
  step: number,
): { remove: LossDistribution; add: LossDistribution } {
  const lossAt = (x: number) => {
    const full = (2 * x - 1) / (2 * z * z);
    // Where every unit is read the loss is that of the Gaussian itself: the formula would lose it below −37.
    return q === 1 ? full : Math.log1p(q * Math.expm1(full));
  };
  const placeOf = (loss: number) => {
    if (q === 1) return z * z * loss + 0.5;
    const ratio = (Math.expm1(loss) + q) / q;
    return ratio > 0 ? z * z * Math.log(ratio) + 0.5 : Number.NEGATIVE_INFINITY;
  };
  const first = Math.floor(lossAt(-REACH * z) / step);
  const last = Math.ceil(lossAt(1 + REACH * z) / step);
  const size = last - first + 1;
  const remove = new Float64Array(size);
  const add = new Float64Array(size);
  const shrink = -Math.expm1(-step);
  let from = placeOf(first * step);
  remove[0]! += q * normalTail((1 - from) / z) + (1 - q) * normalTail(-from / z);
  for (let i = 0; i + 1 < size; i++) {
    const to = placeOf((first + i + 1) * step);
    const without = between(from, to, 0, z);
    const mixed = (1 - q) * without + q * between(from, to, 1, z);
    const up = clamp((mixed - Math.exp((first + i) * step) * without) / shrink, mixed);
    remove[i + 1]! += up;
    remove[i]! += mixed - up;
    const upAdded = clamp((without - Math.exp(-(first + i + 1) * step) * mixed) / shrink, without);
    // The added unit's loss is the negative: grid point g of `remove` is −g here.
    add[size - 1 - i]! += upAdded;
    add[size - 2 - i]! += without - upAdded;
    from = to;
  }
  const beyond = normalTail(from / z);
  add[0]! += beyond;
  return {
    remove: { step, first, mass: remove, infinite: (1 - q) * beyond + q * normalTail((from - 1) / z) },
    add: { step, first: -last, mass: add, infinite: normalTail(-placeOf(first * step) / z) },
  };
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most);
}
