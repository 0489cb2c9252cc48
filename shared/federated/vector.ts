/**
 * The vector that a participant contributes, as integers mod 2³²: `x = ⌊S/γ + r⌋` with a
 * uniform dither r per coordinate, so that the rounding is unbiased. Sums wrap; a wrapped sum harms accuracy only.
 */

/** Uniform numbers in [0, 1) with 32 bits, drawn in blocks. */
export type Dither = (into: Float64Array) => void;

/** @throws RangeError when a coordinate is not finite. */
export function encodeFixed(sum: Float64Array, gridStep: number, dither: Dither): Uint32Array {
  const words = new Uint32Array(sum.length);
  const block = new Float64Array(Math.min(sum.length, 8192));
  for (let start = 0; start < sum.length; start += block.length) {
    dither(block);
    const end = Math.min(sum.length, start + block.length);
    for (let i = start; i < end; i++) {
      const value = Math.floor((sum[i] as number) / gridStep + (block[i - start] as number));
      if (!Number.isFinite(value)) throw new RangeError(`vector: coordinate ${i} is ${sum[i]}`);
      // Residue mod 2³²; values beyond 2⁵³ have lost their low bits, which is still a number.
      words[i] =
        value >= -0x80000000 && value <= 0x7fffffff ? value : ((value % 2 ** 32) + 2 ** 32) % 2 ** 32;
    }
  }
  return words;
}

/** Adds mod 2³² in place. @throws RangeError when lengths differ. */
export function addWords(into: Uint32Array, words: Uint32Array): void {
  if (into.length !== words.length)
    throw new RangeError(`vector: ${words.length} words where ${into.length} are due`);
  for (let i = 0; i < into.length; i++) into[i] = (into[i] as number) + (words[i] as number);
}

/** Integers around zero times the grid step. */
export function decodeFixed(words: Uint32Array, gridStep: number): Float64Array {
  const values = new Float64Array(words.length);
  for (let i = 0; i < words.length; i++) values[i] = ((words[i] as number) | 0) * gridStep;
  return values;
}

/** Production's dither. */
export const cryptoDither: Dither = (into) => {
  const words = new Uint32Array(Math.min(into.length, 16384));
  for (let start = 0; start < into.length; start += words.length) {
    crypto.getRandomValues(words);
    const end = Math.min(into.length, start + words.length);
    for (let i = start; i < end; i++) into[i] = (words[i - start] as number) / 2 ** 32;
  }
};

/** Figures that ride along in a train round: sum of losses (each at most 20, divided by it), right answers, units. */
export const STATS = 3;
export const LOSS_CAP = 20;

/** Every unit's figures are multiplied by this, so that their sum stays inside the ring for `units` units. */
export function statScale(gridStep: number, units: number): number {
  return Math.min(1, (2 ** 29 * gridStep) / Math.max(1, units));
}
