/**
 * The discrete Gaussian N_Z(0, σ²): P(x) ∝ exp(−x²/2σ²) on the integers (Canonne, Kamath, Steinke 2020, definition 1),
 * sampled exactly. |x| = k·w + j: the block k from its table, j uniform, accepted with probability exp(−j(2kw + j)/2σ²),
 * the sign last. Every number is an integer below 2⁵³, where JavaScript's arithmetic is exact; what 32 bits do not decide
 * is decided in BigInt. The time taken depends on the value drawn.
 */
import { BlockTable } from './block-table.ts';
import { uniformIsBelowExp } from './exp-bounds.ts';
import type { RandomSource } from './random-source.ts';
import { bitLength, integerSqrt, type Rational } from './rational.ts';

/** σ² above this leaves the range where the products stay below 2⁵³. */
export const MAX_VARIANCE = 2n ** 48n;

/** Draws integers from N_Z(0, σ²). */
export class DiscreteGaussian {
  readonly variance: Rational;
  readonly #blocks: BlockTable;
  /** w, a power of two; σ/w is below 128. */
  readonly #width: number;
  /** 2³²/2σ² = 2³¹/σ² lies in (factor − 1, factor] / (shift · drop); drop and shift are powers of two. */
  readonly #drop: number;
  readonly #factor: number;
  readonly #shift: number;

  /**
   * @param variance σ² as an exact fraction, 0 < σ² ≤ 2⁴⁸
   * @throws RangeError outside that range
   */
  constructor(variance: Rational) {
    const { numerator, denominator } = variance;
    if (numerator <= 0n || denominator <= 0n || numerator > MAX_VARIANCE * denominator) {
      throw new RangeError(`variance must be in (0, 2^48], got ${numerator}/${denominator}`);
    }
    this.variance = variance;
    const deviation = integerSqrt(numerator / denominator);
    const width = 1n << BigInt(Math.max(0, bitLength(deviation) - 7));
    this.#width = Number(width);
    this.#blocks = new BlockTable({ numerator: width * width * denominator, denominator: 2n * numerator });
    // factor is 2^e · 2³¹/σ² rounded up, of 26 bits; a is cut to 26 bits where exp is not yet negligible.
    this.#drop = 2 ** Math.max(0, 2 * bitLength(deviation) - 26);
    let exponent = 0n;
    while (1n << (exponent + 31n) < (numerator / denominator) << 25n) exponent += 1n;
    this.#factor = Number((denominator << (exponent + 31n)) / numerator + 1n);
    this.#shift = 2 ** Number(exponent) / this.#drop;
  }

  /** One integer from N_Z(0, σ²). */
  sample(source: RandomSource): number {
    for (;;) {
      const block = this.#blocks.sample(source);
      const bits = source.nextWord();
      const offset = (bits >>> 1) & (this.#width - 1);
      if (offset !== 0 && !this.#accepts(block, offset, source)) continue;
      const magnitude = block * this.#width + offset;
      const negative = (bits & 1) === 1;
      // Zero has one sign only.
      if (negative && magnitude === 0) continue;
      return negative ? -magnitude : magnitude;
    }
  }

  /** Adds independent draws to every coordinate, mod 2³². */
  addTo(vector: Uint32Array, source: RandomSource): void {
    for (let i = 0; i < vector.length; i++) vector[i] = vector[i]! + this.sample(source);
  }

  #accepts(block: number, offset: number, source: RandomSource): boolean {
    const excess = offset * (2 * block * this.#width + offset);
    const word = source.nextWord();
    const cut = Math.floor(excess / this.#drop);
    if (cut < 2 ** 26 - 1) {
      // 1 − y ≤ exp(−y) ≤ 1 − y + y²/2, y in units of 2⁻³² and enclosed in [least, most].
      const most = Math.floor(((cut + 1) * this.#factor) / this.#shift) + 1;
      if (word + 1 + most <= 2 ** 32) return true;
      const least = Math.floor((cut * (this.#factor - 1)) / this.#shift);
      const half = Math.floor(least / 2 ** 16) + 1;
      if (word >= 2 ** 32 - least + Math.floor((half * half) / 2) + 1) return false;
    }
    const { numerator, denominator } = this.variance;
    return uniformIsBelowExp(word, BigInt(excess) * denominator, 2n * numerator, source);
  }
}
