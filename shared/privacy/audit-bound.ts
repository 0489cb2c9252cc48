/**
 * What an attack proves about a mechanism: from how often it tells apart runs with and without a canary, a lower bound of
 * ε with a stated confidence (Jagielski, Ullman, Oprea 2020; Nasr et al. 2021), by Clopper and Pearson's exact intervals.
 */

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
export interface AuditBound {
  readonly epsilon: number;
  readonly threshold: number;
  readonly truePositiveRate: number;
  readonly falsePositiveRate: number;
}

/**
 * The lower bound of ε from an attack's scores, higher meaning "the canary was there". The threshold is chosen on the
 * first half of each list and judged on the second, so that choosing does not spoil the confidence.
 * @param withCanary,without scores of independent runs
 * @param miss the probability with which a mechanism that is (ε, δ) may still be given a larger bound
 */
export function auditBound(
  withCanary: Float64Array,
  without: Float64Array,
  delta: number,
  miss: number,
): AuditBound {
  const [chooseWith, judgeWith] = halves(withCanary);
  const [chooseWithout, judgeWithout] = halves(without);
  const candidates = Float64Array.from([...chooseWith, ...chooseWithout]).sort();
  let best = candidates[0]!;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = 1; i < 200; i++) {
    const threshold = candidates[Math.floor((i * candidates.length) / 200)]!;
    const { epsilon } = judge(chooseWith, chooseWithout, threshold, delta, roughly);
    if (epsilon > most) [best, most] = [threshold, epsilon];
  }
  // Four one-sided bounds share the probability to miss.
  const exactly: RateBounds = {
    lower: (hits, trials) => rateLowerBound(hits, trials, miss / 4),
    upper: (hits, trials) => rateUpperBound(hits, trials, miss / 4),
  };
  return judge(judgeWith, judgeWithout, best, delta, exactly);
}

function halves(scores: Float64Array): [Float64Array, Float64Array] {
  const middle = scores.length >> 1;
  return [scores.subarray(0, middle), scores.subarray(middle)];
}

/** Rates bounded from below and above by counts. */
interface RateBounds {
  lower(hits: number, trials: number): number;
  upper(hits: number, trials: number): number;
}

/** Two standard errors and a few counts: good enough to choose a threshold, and quick. */
const roughly: RateBounds = {
  lower: (hits, trials) => (hits - 2 * Math.sqrt(hits + 1)) / trials,
  upper: (hits, trials) => (hits + 4 + 2 * Math.sqrt(hits)) / trials,
};

/** Both directions of (ε, δ): P(with ∈ S) ≤ e^ε P(without ∈ S) + δ for S above the threshold, and the converse below. */
function judge(
  withCanary: Float64Array,
  without: Float64Array,
  threshold: number,
  delta: number,
  { lower, upper }: RateBounds,
): AuditBound {
  const above = (scores: Float64Array) =>
    scores.reduce((hits, score) => hits + Number(score >= threshold), 0);
  const [truePositives, falsePositives] = [above(withCanary), above(without)];
  const [n, m] = [withCanary.length, without.length];
  const ratio = (a: number, of: number, b: number, from: number) =>
    Math.log(Math.max(0, lower(a, of) - delta) / upper(b, from));
  const epsilon = Math.max(
    0,
    ratio(truePositives, n, falsePositives, m),
    ratio(m - falsePositives, m, n - truePositives, n),
  );
  return { epsilon, threshold, truePositiveRate: truePositives / n, falsePositiveRate: falsePositives / m };
}
