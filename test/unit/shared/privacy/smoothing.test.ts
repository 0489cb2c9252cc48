import { describe, expect, it } from 'vitest';
import { likenessOf, smoothed } from '../../../../shared/privacy/smoothing.ts';

const WIDTH = 6;
const ROWS = 9;

/** Reproducible, about normal. */
function numbers(count: number, seed: number): Float64Array {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Float64Array.from({ length: count }, () => next() + next() + next() + next() - 2);
}

/** M·X for a dense M, column by column: what the weights of rows are, without the way they are computed. */
function weightsOfRows(sum: (unit: Float64Array) => Float64Array): number[][] {
  return Array.from({ length: ROWS }, (_, row) => {
    const unit = new Float64Array(ROWS * WIDTH);
    unit[row * WIDTH] = 1;
    return Array.from(sum(unit));
  });
}

describe('smoothing', () => {
  const documents = Float32Array.from(numbers(ROWS * WIDTH, 5));
  const likeness = likenessOf(documents, WIDTH);

  it('is linear in scale, and leaves the length of pure noise about as it was', () => {
    const noise = numbers(ROWS * WIDTH, 7);
    const once = smoothed(noise, 1 / 3, likeness);
    const twice = smoothed(
      noise.map((x) => 2 * x),
      4 / 3,
      likeness,
    );
    for (const [i, value] of once.entries()) expect(twice[i]).toBeCloseTo(2 * value, 9);
    let ratio = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const draw = numbers(ROWS * WIDTH, seed);
      ratio += Math.hypot(...smoothed(draw, 10, likeness)) ** 2 / Math.hypot(...draw) ** 2 / 200;
    }
    // Both weights have the length of an identity.
    expect(ratio).toBeGreaterThan(0.9);
    expect(ratio).toBeLessThan(1.1);
  });

  it('moves like documents alike, and others not', () => {
    const pair = Float32Array.from({ length: ROWS * WIDTH }, (_, i) => {
      const row = Math.floor(i / WIDTH);
      return i % WIDTH === (row < 2 ? 0 : 1 + (row % (WIDTH - 1))) ? 1 : 0;
    });
    const moved = weightsOfRows((unit) => smoothed(unit, 10, likenessOf(pair, WIDTH)));
    const along = (from: number, to: number) => moved[from]?.[to * WIDTH] as number;
    expect(along(0, 1)).toBeGreaterThan(0.15 * along(0, 0));
    expect(Math.abs(along(0, 2))).toBeLessThan(0.15 * along(0, 0));
    // Symmetric, as a matrix of likeness is.
    expect(along(0, 1)).toBeCloseTo(along(1, 0), 9);
  });

  it('takes more of the noise than of what lies along the documents', () => {
    // Documents lie along two of six directions, and rows move where their documents lie.
    const flat = documents.map((x, i) => (i % WIDTH < 2 ? x : 0.02 * x));
    const signal = Float64Array.from(flat, (x) => 1.5 * x);
    const noise = numbers(ROWS * WIDTH, 13);
    const known = likenessOf(flat, WIDTH);
    const of = (sum: Float64Array) => smoothed(sum, 1 / 3, known);
    const both = of(signal.map((x, i) => x + noise[i]!));
    const cosine = (a: Float64Array, b: Float64Array) =>
      a.reduce((all, x, i) => all + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));
    expect(cosine(both, signal)).toBeGreaterThan(
      cosine(
        signal.map((x, i) => x + noise[i]!),
        signal,
      ) + 0.02,
    );
  });

  it('changes nothing where all documents are the same, and refuses what does not fit', () => {
    const same = likenessOf(new Float32Array(ROWS * WIDTH).fill(0.5), WIDTH);
    const sum = numbers(ROWS * WIDTH, 3);
    expect(smoothed(sum, 1, same)).toEqual(sum);
    expect(() => smoothed(sum.slice(1), 1, likeness)).toThrow(RangeError);
    expect(() => likenessOf(documents.slice(1), WIDTH)).toThrow(RangeError);
    expect(() => likenessOf(documents.slice(0, WIDTH), WIDTH)).toThrow(RangeError);
  });
});
