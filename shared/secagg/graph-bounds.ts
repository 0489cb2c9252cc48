/**
 * Degree and share threshold of the k-regular graph, from the three bad events of Bell et al. 2020 (section 3.3):
 * a member whose corrupt neighbours reach the threshold, honest survivors that fall apart into two groups, and a
 * member whose surviving neighbours miss the threshold. Each is bounded by a union over members, with exact
 * hypergeometric tails. Semi-honest coordinator only.
 */

import { toBase64Url } from '../crypto/bytes.ts';
import type { RandomSource } from '../crypto/random.ts';
import type { AggregationGraph } from '../protocol/secagg.ts';

export interface GraphDemand {
  members: number;
  /** Members that may collude with the coordinator. */
  corrupt: number;
  /** Members that may vanish. */
  dropped: number;
  /** Privacy fails with probability below 2^−securityBits; 40 by custom. */
  securityBits: number;
  /** The round fails with probability below 2^−correctnessBits; 20 by custom. */
  correctnessBits: number;
}

/** ln k! for k up to the largest asked for. */
const factorials: number[] = [0];
function lnFactorial(k: number): number {
  for (let i = factorials.length; i <= k; i++) factorials.push(factorials[i - 1]! + Math.log(i));
  return factorials[k]!;
}

function lnChoose(n: number, k: number): number {
  return k < 0 || k > n ? Number.NEGATIVE_INFINITY : lnFactorial(n) - lnFactorial(k) - lnFactorial(n - k);
}

/** Pr[X = k] for X marked among `draws` of `population` holding `marked`. */
function hypergeometric(population: number, marked: number, draws: number, k: number): number {
  return Math.exp(
    lnChoose(marked, k) + lnChoose(population - marked, draws - k) - lnChoose(population, draws),
  );
}

/**
 * ln Pr[the honest survivors are not connected]: two gaps of k/2 missing members each on the ring, at any of the
 * n(n − k − 1)/2 pairs of places.
 */
function lnDisconnected(n: number, missing: number, degree: number): number {
  if (degree > missing) return Number.NEGATIVE_INFINITY;
  const gaps = Math.log(n) + Math.log(n - degree - 1) - Math.log(2);
  return gaps + lnChoose(n - degree, missing - degree) - lnChoose(n, missing);
}

/** The least t with Pr[corrupt neighbours ≥ t] below the level. */
function privateThreshold(n: number, corrupt: number, degree: number, level: number): number {
  let tail = 0;
  for (let k = Math.min(degree, corrupt); k >= 0; k--) {
    tail += hypergeometric(n, corrupt, degree, k);
    if (tail >= level) return k + 1;
  }
  return 0;
}

/** The largest t with Pr[surviving neighbours < t] below the level. */
function correctThreshold(n: number, surviving: number, degree: number, level: number): number {
  let tail = 0;
  for (let k = 0; k <= degree; k++) {
    tail += hypergeometric(n, surviving, degree, k);
    if (tail >= level) return k;
  }
  return degree;
}

/** The smallest even degree that meets the demand, and its threshold; null when only the complete graph does. */
export function kRegularBounds(demand: GraphDemand): { degree: number; shareThreshold: number } | null {
  const { members: n, corrupt, dropped } = demand;
  // Privacy's budget is shared by its two events; the union runs over the members.
  const perEvent = 2 ** -(demand.securityBits + 1);
  for (let degree = 2; degree < n - 1; degree += 2) {
    if (lnDisconnected(n, corrupt + dropped, degree) >= Math.log(perEvent)) continue;
    const least = privateThreshold(n, corrupt, degree, perEvent / n);
    const most = correctThreshold(n, n - dropped, degree, 2 ** -demand.correctnessBits / n);
    if (least <= most) return { degree, shareThreshold: Math.max(least, 2) };
  }
  return null;
}

/**
 * The graph for a roster: complete up to `completeUpTo` members, beyond that k-regular (and semi-honest only), or
 * complete again when no smaller degree is safe.
 */
export function chooseGraph(
  demand: GraphDemand,
  completeUpTo: number,
  random: RandomSource,
): AggregationGraph {
  const bounds = demand.members > completeUpTo ? kRegularBounds(demand) : null;
  if (bounds === null) return { kind: 'complete', security: 'malicious-server' };
  return { kind: 'k-regular', security: 'semi-honest', ...bounds, seed: toBase64Url(random(32)) };
}
