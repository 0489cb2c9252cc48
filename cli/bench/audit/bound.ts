/**
 * What an attack proves about a mechanism. Given one run with the canary and one without, it says which is which; how
 * often it is right is at most the area under the curve of the mechanism's trade-off between both kinds of error
 * (Hanley, McNeil 1982). With Clopper and Pearson's exact interval that bounds the noise from above, and so ε from below,
 * in the family that the mechanism is of: Gaussians, and Gaussians on Poisson samples (Nasr et al. 2023, "Tight auditing
 * of differentially private machine learning", section 4, which bounds the same curve by one point of it).
 */
import { gaussianEpsilon } from '../../../shared/privacy/gaussian-filter.ts';
import type { LossDistribution } from '../../../shared/privacy/loss-distribution.ts';
import { composedLosses, pldEpsilon } from '../../../shared/privacy/pld.ts';
import { normalTail } from '../../../shared/privacy/special-functions.ts';

/** Noise multipliers that a bound is looked for between. */
const LEAST_NOISE = 0.25;
const MOST_NOISE = 100;

/** P(X ≤ k) for X binomial(n, p). */
function binomialAtMost(k: number, n: number, p: number): number {
  if (p <= 0) return 1;
  if (p >= 1) return k >= n ? 1 : 0;
  const logOdds = Math.log(p) - Math.log1p(-p);
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i++) {
    logTerm += Math.log((n - i + 1) / i) + logOdds;
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/** The p at which a decreasing function of p falls to `level`. */
function solve(probability: (p: number) => number, level: number): number {
  let low = 0;
  let high = 1;
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (probability(middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Above the true rate with probability 1 − `miss`, after `hits` of `trials`. */
function rateUpperBound(hits: number, trials: number, miss: number): number {
  return hits >= trials ? 1 : solve((p) => binomialAtMost(hits, trials, p), miss);
}

/** Below the true rate with probability 1 − `miss`. */
export function rateLowerBound(hits: number, trials: number, miss: number): number {
  return 1 - rateUpperBound(trials - hits, trials, miss);
}

/** Pairs of runs, one with the canary and one without, and in how many the attacker said which is which. */
export interface Told {
  readonly pairs: number;
  readonly right: number;
}

/** @param withCanary,without scores of as many independent runs; the higher one is taken for the one with the canary */
export function tell(withCanary: Float64Array, without: Float64Array): Told {
  const right = withCanary.reduce((sum, score, i) => sum + Number(score > without[i]!), 0);
  return { pairs: withCanary.length, right };
}

/** Schedules of one kind of release: how many, and at which sampling rate. */
export interface Family {
  readonly rounds: number;
  /** q in (0, 1]. */
  readonly samplingRate: number;
}

/**
 * The lower bound of ε of a mechanism of this family.
 * @param miss the probability with which a mechanism that is (ε, δ) may still be given a larger bound
 */
export function epsilonBound({ pairs, right }: Told, family: Family, delta: number, miss: number): number {
  const sure = rateLowerBound(right, pairs, miss);
  if (sure <= 0.5) return 0;
  const { rounds, samplingRate } = family;
  if (samplingRate === 1) {
    // Two normal variables that lie μ apart come in this order with probability Φ(μ/√2).
    const mu = Math.SQRT2 * normalQuantile(sure);
    return gaussianEpsilon(mu * mu, 0, delta);
  }
  const schedule = (noiseMultiplier: number) => [{ samplingRate, noiseMultiplier, steps: rounds }];
  const reached = (z: number) => areaOf(composedLosses(schedule(z))) >= sure;
  let [little, much] = [LEAST_NOISE, MOST_NOISE];
  if (reached(much)) return pldEpsilon(schedule(much), delta);
  while (much - little > 1e-3 * little) {
    const middle = Math.sqrt(little * much);
    if (reached(middle)) little = middle;
    else much = middle;
  }
  return pldEpsilon(schedule(much), delta);
}

/** P(L > L') for L the loss with the unit and L' without: how often the most powerful test puts a pair in order. */
function areaOf({ remove, add }: { remove: LossDistribution; add: LossDistribution }): number {
  // `add` is of the negative loss: its grid point g lies at −g here. Infinite ones are told apart for certain.
  let area = remove.infinite + (1 - remove.infinite) * add.infinite;
  let below = 0;
  let next = add.first + add.mass.length - 1;
  for (let i = 0; i < remove.mass.length; i++) {
    const at = remove.first + i;
    for (; next >= add.first && -next < at; next--) below += add.mass[next - add.first]!;
    const level = -at >= add.first && -at <= next ? add.mass[-at - add.first]! : 0;
    area += remove.mass[i]! * (below + level / 2);
  }
  return area;
}

/** The x below which a standard normal variable falls with probability p; infinite at 0 and 1. */
function normalQuantile(p: number): number {
  if (p <= 0) return Number.NEGATIVE_INFINITY;
  if (p >= 1) return Number.POSITIVE_INFINITY;
  let low = -40;
  let high = 40;
  for (let i = 0; i < 80; i++) {
    const middle = (low + high) / 2;
    if (1 - normalTail(middle) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
