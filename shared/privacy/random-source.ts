/**
 * Randomness as a parameter: a stream of uniform 32-bit words. Production passes `cryptoSource()`, a buffer in front of
 * crypto.getRandomValues; tests pass a seeded stream. A word is handed out once and its place in the buffer is cleared,
 * so that what produced a noise vector does not stay in memory.
 */

/** A stream of independent, uniform 32-bit words. */
export interface RandomSource {
  /** The next word, an integer in [0, 2³²). */
  nextWord(): number;
}

/** getRandomValues refuses more than 65,536 bytes a call. */
const BUFFER_WORDS = 16_384;

/** Words from the platform's cryptographic generator, fetched 64 KiB at a time. */
export function cryptoSource(
  fill: (words: Uint32Array<ArrayBuffer>) => void = (words) => crypto.getRandomValues(words),
): RandomSource {
  const buffer = new Uint32Array(BUFFER_WORDS);
  let next = BUFFER_WORDS;
  return {
    nextWord() {
      if (next === BUFFER_WORDS) {
        fill(buffer);
        next = 0;
      }
      const word = buffer[next]!;
      buffer[next] = 0;
      next += 1;
      return word;
    },
  };
}

/**
 * A uniform integer in [0, bound), exact by rejection.
 * @throws RangeError unless bound is an integer from 1 to 2³².
 */
export function uniformBelow(bound: number, source: RandomSource): number {
  if (!Number.isInteger(bound) || bound < 1 || bound > 2 ** 32) {
    throw new RangeError(`bound must be an integer from 1 to 2^32, got ${bound}`);
  }
  const limit = 2 ** 32 - (2 ** 32 % bound);
  let word = source.nextWord();
  while (word >= limit) word = source.nextWord();
  return word % bound;
}
