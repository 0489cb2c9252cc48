/**
 * Exact rationals for what must not be rounded: sampling rates, and the variance of the noise. A double is a dyadic
 * rational, so `rationalOf` loses nothing.
 */

/** A fraction of two integers, denominator positive. */
export interface Rational {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** A probability as a fraction of two 32-bit integers. */
export interface SamplingRate {
  readonly numerator: number;
  readonly denominator: number;
}

/**
 * The exact value of a finite, non-negative double.
 * @throws RangeError for anything else.
 */
export function rationalOf(value: number): Rational {
  if (!Number.isFinite(value) || value < 0) {
    throw new RangeError(`value must be finite and not negative, got ${value}`);
  }
  let scaled = value;
  let denominator = 1n;
  while (!Number.isInteger(scaled)) {
    scaled *= 2; // exact: only the exponent changes
    denominator *= 2n;
  }
  return { numerator: BigInt(scaled), denominator };
}

/** ⌈a/b⌉ for a ≥ 0, b > 0. */
export function ceilDivide(a: bigint, b: bigint): bigint {
  return (a + b - 1n) / b;
}

/** ⌊√n⌋ for n ≥ 0, by Newton's iteration from above. */
export function integerSqrt(n: bigint): bigint {
  if (n < 0n) throw new RangeError(`n must not be negative, got ${n}`);
  if (n < 2n) return n;
  let root = 1n << BigInt((bitLength(n) + 1) >> 1);
  for (;;) {
    const next = (root + n / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Number of binary digits of n ≥ 0. */
export function bitLength(n: bigint): number {
  if (n === 0n) return 0;
  const digits = n.toString(16);
  return 4 * digits.length - Math.clz32(Number.parseInt(digits[0]!, 16)) + 28;
}

/**
 * A sampling rate from its decimal notation: 0.2 is one fifth, not the double beside it.
 * @throws RangeError unless 0 ≤ rate ≤ 1 with at most nine decimals.
 */
export function samplingRate(rate: number): SamplingRate {
  if (!(rate >= 0 && rate <= 1)) throw new RangeError(`sampling rate must be in [0, 1], got ${rate}`);
  const numerator = Math.round(rate * 1e9);
  if (Math.abs(numerator / 1e9 - rate) > Number.EPSILON * rate) {
    throw new RangeError(`sampling rate must have at most nine decimals, got ${rate}`);
  }
  const divisor = greatestCommonDivisor(numerator, 1e9);
  return { numerator: numerator / divisor, denominator: 1e9 / divisor };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
