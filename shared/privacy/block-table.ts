/**
 * Exact sampling of k ≥ 0 with probability proportional to exp(−k²w²/2σ²), by inverting the distribution function at a
 * uniform real that is drawn only as far as needed. The first 32 bits meet a table; a word that falls into a cell with a
 * step of the function is extended, and the function enclosed more tightly, until it is decided. Integers only.
 */
import { type Enclosure, encloseExp } from './exp-bounds.ts';
import type { RandomSource } from './random-source.ts';
import type { Rational } from './rational.ts';

const GUIDE_BITS = 10;
/** See `steps`: bounds the sum behind the last weight by this many times that weight. */
const TAIL_FACTOR = 64n;

/** Kept beside the bits asked for while enclosures are multiplied, some thousand times at most. */
const SPARE_BITS = 48;

function rounded({ lower, upper }: Enclosure): Enclosure {
  const spare = BigInt(SPARE_BITS);
  return { lower: lower >> spare, upper: (upper >> spare) + 1n };
}

/** Encloses the product of two values in [0, 1], each enclosed at `bits` bits. */
function product(a: Enclosure, b: Enclosure, bits: number): Enclosure {
  const scale = BigInt(bits);
  return { lower: (a.lower * b.lower) >> scale, upper: ((a.upper * b.upper) >> scale) + 1n };
}

/** Enclosures of 2^bits · F(k) for k = 0 … as far as 2^−bits can tell. */
interface Steps {
  readonly lower: readonly bigint[];
  readonly upper: readonly bigint[];
}

/** The sampler of block numbers. Needs σ/w ≤ 128, else the bound of the tail does not hold. */
export class BlockTable {
  readonly #exponent: Rational;
  readonly #refined = new Map<number, Steps>();
  /** Words below `#sure[k]` (and above `#open[k−1]`) belong to block k; from there to `#open[k]` they are undecided. */
  readonly #sure: Float64Array;
  readonly #open: Float64Array;
  readonly #guide = new Uint16Array(1 << GUIDE_BITS);

  /** @param exponent w²/2σ² */
  constructor(exponent: Rational) {
    if (exponent.numerator * 2n ** 15n < exponent.denominator) {
      throw new RangeError('blocks must be at least σ/128 wide');
    }
    this.#exponent = exponent;
    const { lower, upper } = this.#steps(64);
    const blocks = lower.length;
    this.#sure = Float64Array.from(lower, (bound) => Number(bound >> 32n));
    this.#open = Float64Array.from(upper, (bound) => Number(bound >> 32n));
    this.#sure[blocks - 1] = -1;
    this.#open[blocks - 1] = Number.POSITIVE_INFINITY;
    let block = 0;
    for (let cell = 0; cell < this.#guide.length; cell++) {
      while (cell * 2 ** (32 - GUIDE_BITS) > this.#open[block]!) block += 1;
      this.#guide[cell] = block;
    }
  }

  /** Draws a block number. */
  sample(source: RandomSource): number {
    const word = source.nextWord();
    let block = this.#guide[word >>> (32 - GUIDE_BITS)]!;
    while (word > this.#open[block]!) block += 1;
    return word < this.#sure[block]! ? block : this.#refine(word, source);
  }

  #refine(word: number, source: RandomSource): number {
    let uniform = BigInt(word);
    for (let bits = 64; ; bits += 32) {
      uniform = (uniform << 32n) | BigInt(source.nextWord());
      const { lower, upper } = this.#steps(bits + 32);
      const from = uniform << 32n;
      const to = (uniform + 1n) << 32n;
      let block = 0;
      while (block < upper.length && from >= upper[block]!) block += 1;
      if (block < lower.length && to <= lower[block]!) return block;
    }
  }

  #steps(bits: number): Steps {
    const known = this.#refined.get(bits);
    if (known) return known;
    const { numerator, denominator } = this.#exponent;
    const least: bigint[] = [];
    const most: bigint[] = [];
    // exp(−(k + 1)²a) = exp(−k²a) · exp(−(2k + 1)a), each factor exp(−2a) times the one before: products of enclosures.
    const precision = bits + SPARE_BITS;
    let fall = encloseExp(numerator, denominator, precision);
    const steepening = encloseExp(2n * numerator, denominator, precision);
    let exact: Enclosure = encloseExp(0n, 1n, precision);
    let weight = rounded(exact);
    let lowerSum = 0n;
    let upperSum = 0n;
    while (weight.upper > 2n) {
      lowerSum += weight.lower;
      upperSum += weight.upper;
      least.push(lowerSum);
      most.push(upperSum);
      exact = product(exact, fall, precision);
      fall = product(fall, steepening, precision);
      weight = rounded(exact);
    }
    // Behind it weights fall at least as fast as exp(−kw²/σ²); k·w > 9σ and w ≥ σ/128 make that 0.94 a step.
    const tail = TAIL_FACTOR * weight.upper;
    const scale = BigInt(bits);
    const one = 1n << scale;
    const steps = {
      lower: least.map((sum) => (sum << scale) / (upperSum + tail)),
      upper: most.map((sum) => {
        const bound = (sum << scale) / lowerSum + 1n;
        return bound < one ? bound : one;
      }),
    };
    this.#refined.set(bits, steps);
    return steps;
  }
}
