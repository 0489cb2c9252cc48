/**
 * Exact Bernoulli trials with probability exp(−a/b). A uniform real is drawn bit by bit, only as far as it takes to tell
 * it from the (irrational) probability, which is enclosed between two integers at as many bits as are needed: the answer
 * is exact, and the expected cost is that of one enclosure. Integers only.
 */
import type { RandomSource } from './random-source.ts';
import { bitLength } from './rational.ts';

/** Spare bits that absorb the rounding of the series and of the squarings. */
const GUARD_BITS = 32;

/** Integers lower ≤ 2^bits · value ≤ upper. */
export interface Enclosure {
  readonly lower: bigint;
  readonly upper: bigint;
}

/**
 * Encloses 2^bits · exp(−numerator/denominator), to a few units.
 * @throws RangeError when the exponent is negative.
 */
export function encloseExp(numerator: bigint, denominator: bigint, bits: number): Enclosure {
  if (numerator < 0n || denominator <= 0n) throw new RangeError('exponent must be a fraction ≥ 0');
  const one = 1n << BigInt(bits);
  if (numerator === 0n) return { lower: one, upper: one };
  // exp(−x) < 2^−bits once x > bits · ln 2.
  if (numerator > denominator * BigInt(bits)) return { lower: 0n, upper: 1n };
  const halvings = Math.max(0, bitLength(numerator) - bitLength(denominator) + 2);
  const precision = BigInt(bits + GUARD_BITS);
  const x = (numerator << precision) / (denominator << BigInt(halvings));
  let term = 1n << precision;
  let sum = term;
  let terms = 0n;
  while (term > 0n) {
    terms += 1n;
    term = (term * x) / (terms << precision);
    sum += terms & 1n ? -term : term;
  }
  // Each term is short of its true value by less than 2, the rest of the series by less than 2, x by less than 1.
  const slack = 2n * terms + 4n;
  let lower = sum - slack;
  let upper = sum + slack;
  for (let i = 0; i < halvings; i++) {
    lower = (lower * lower) >> precision;
    upper = ((upper * upper) >> precision) + 1n;
  }
  const guard = BigInt(GUARD_BITS);
  const clipped = (upper >> guard) + 1n;
  return { lower: lower > 0n ? lower >> guard : 0n, upper: clipped < one ? clipped : one };
}

/**
 * Is a uniform real below exp(−numerator/denominator)? Its first 32 bits are `word`; more are drawn when these do not
 * decide.
 */
export function uniformIsBelowExp(
  word: number,
  numerator: bigint,
  denominator: bigint,
  source: RandomSource,
): boolean {
  let uniform = BigInt(word);
  for (let bits = 32; ; bits += 32) {
    const { lower, upper } = encloseExp(numerator, denominator, bits + 16);
    if ((uniform + 1n) << 16n <= lower) return true;
    if (uniform << 16n >= upper) return false;
    uniform = (uniform << 32n) | BigInt(source.nextWord());
  }
}
