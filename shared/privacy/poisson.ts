/**
 * Poisson sampling: every unit takes part independently with probability q, an exact fraction, decided by integers from
 * the cryptographic generator. Amplification by subsampling holds for this kind of sampling only.
 */
import { type RandomSource, uniformBelow } from './random-source.ts';
import type { SamplingRate } from './rational.ts';

/** True with probability numerator/denominator exactly. */
export function bernoulli({ numerator, denominator }: SamplingRate, source: RandomSource): boolean {
  return uniformBelow(denominator, source) < numerator;
}

/** A uniformly random subset of at most `most` items: a contributor's records in a round. */
export function drawAtMost<T>(items: readonly T[], most: number, source: RandomSource): T[] {
  if (!Number.isInteger(most) || most < 1) {
    throw new RangeError(`most must be a positive integer, got ${most}`);
  }
  const pool = [...items];
  const taken = Math.min(most, pool.length);
  for (let i = 0; i < taken; i++) {
    const j = i + uniformBelow(pool.length - i, source);
    [pool[i], pool[j]] = [pool[j]!, pool[i]!];
  }
  return pool.slice(0, taken);
}
