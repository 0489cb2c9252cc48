/**
 * What an attack proves about a mechanism: from how often it tells apart runs with and without a canary, a lower bound of
 * ε with a stated confidence, by Clopper and Pearson's exact intervals of both error rates. For a mechanism whose
 * trade-off between them is a Gaussian's one point of the curve bounds all of it (Nasr et al. 2023, "Tight auditing of
 * differentially private machine learning", section 4); else the rates bound ε directly (Jagielski, Ullman, Oprea 2020).
 */
import { gaussianEpsilon } from '../../../shared/privacy/gaussian-filter.ts';
import { normalTail } from '../../../shared/privacy/special-functions.ts';

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
export function rateUpperBound(hits: number, trials: number, miss: number): number {
  return hits >= trials ? 1 : solve((p) => binomialAtMost(hits, trials, p), miss);
}

/** Below the true rate with probability 1 − `miss`. */
export function rateLowerBound(hits: number, trials: number, miss: number): number {
  return 1 - rateUpperBound(trials - hits, trials, miss);
}

/** A threshold test, its rates and what they prove. */
export interface Bound {
  /** Lower bound of ε. */
  readonly epsilon: number;
  readonly truePositiveRate: number;
  readonly falsePositiveRate: number;
}

/**
 * The lower bound of ε of a Gaussian mechanism. Scores are logarithms of likelihood ratios: an attacker who finds both
 * worlds as likely draws the line at zero, without looking at any of them.
 * @param withCanary,without scores of independent runs
 * @param miss the probability with which a mechanism that is (ε, δ) may still be given a larger bound
 */
export function tradeOffBound(
  withCanary: Float64Array,
  without: Float64Array,
  delta: number,
  miss: number,
): Bound {
  const [hits, falseHits] = [positives(withCanary), positives(without)];
  // Two one-sided bounds share the probability to miss.
  const sure = rateLowerBound(hits, withCanary.length, miss / 2);
  const atMost = rateUpperBound(falseHits, without.length, miss / 2);
  const mu = Math.max(0, normalQuantile(sure) - normalQuantile(atMost));
  return { epsilon: gaussianEpsilon(mu * mu, 0, delta), ...ratesOf(withCanary, without) };
}

/** The lower bound of ε of any mechanism, in both directions: P(with ∈ S) ≤ e^ε P(without ∈ S) + δ, and the converse. */
export function rateBound(
  withCanary: Float64Array,
  without: Float64Array,
  delta: number,
  miss: number,
): Bound {
  const [n, m] = [withCanary.length, without.length];
  const [hits, falseHits] = [positives(withCanary), positives(without)];
  // Four one-sided bounds share the probability to miss.
  const ratio = (a: number, of: number, b: number, from: number) =>
    Math.log(Math.max(0, rateLowerBound(a, of, miss / 4) - delta) / rateUpperBound(b, from, miss / 4));
  const epsilon = Math.max(0, ratio(hits, n, falseHits, m), ratio(m - falseHits, m, n - hits, n));
  return { epsilon, ...ratesOf(withCanary, without) };
}

function positives(scores: Float64Array): number {
  return scores.reduce((hits, score) => hits + Number(score > 0), 0);
}

function ratesOf(withCanary: Float64Array, without: Float64Array): Omit<Bound, 'epsilon'> {
  return {
    truePositiveRate: positives(withCanary) / withCanary.length,
    falsePositiveRate: positives(without) / without.length,
  };
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
