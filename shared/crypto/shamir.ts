/**
 * Shamir's secret sharing (1979) over GF(2¹⁶), element by element: the secret is the value at zero of a random
 * polynomial of degree t − 1, a share its value at a participant's point. Fewer than t shares say nothing. Lagrange
 * coefficients depend on the points only, so that one set of answers restores any number of secrets.
 */
import type { Bytes } from './bytes.ts';
import { addScaled, invert, multiply, multiplyAdd } from './gf65536.ts';
import type { RandomSource } from './random.ts';

/** Points are 1 … 65,535; zero is the secret's own place. */
export const MAX_POINT = 0xffff;

/** Copies, so that the words are aligned whatever the caller's view was. */
function toWords(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.slice().buffer);
}

function checkPoints(points: readonly number[]): void {
  if (new Set(points).size !== points.length) throw new RangeError('points: two are equal');
  for (const point of points) {
    if (!Number.isInteger(point) || point < 1 || point > MAX_POINT) {
      throw new RangeError(`point: ${point} is not between 1 and ${MAX_POINT}`);
    }
  }
}

/**
 * One share for each point, as long as the secret (a multiple of 4 bytes); any `threshold` of them restore it.
 * @throws RangeError for a threshold below 1 or above the number of points, and for equal points.
 */
export function split(
  secret: Uint8Array,
  threshold: number,
  points: readonly number[],
  random: RandomSource,
): Bytes[] {
  if (secret.length % 4 !== 0) throw new RangeError(`secret: ${secret.length} bytes is not a multiple of 4`);
  if (!Number.isInteger(threshold) || threshold < 1 || threshold > points.length) {
    throw new RangeError(`threshold: ${threshold} is not between 1 and ${points.length}`);
  }
  checkPoints(points);
  const polynomial = randomPolynomial(secret, threshold, random);
  return points.map((point) => valueAt(polynomial, point));
}

/** Coefficients, the secret first; the others random. */
export function randomPolynomial(secret: Uint8Array, threshold: number, random: RandomSource): Bytes[] {
  const others = Array.from({ length: threshold - 1 }, () => random(secret.length) as Bytes);
  return [secret.slice() as Bytes, ...others];
}

/** The value of a polynomial, given by its coefficients, at a public point. */
export function valueAt(coefficients: readonly Uint8Array[], point: number): Bytes {
  const value = toWords(coefficients.at(-1)!);
  for (let i = coefficients.length - 2; i >= 0; i--) multiplyAdd(value, point, toWords(coefficients[i]!));
  return new Uint8Array(value.buffer) as Bytes;
}

/** λ_i = Π_{j ≠ i} x_j / (x_j − x_i): what each point's share counts in the value at zero. */
export function lagrangeAtZero(points: readonly number[]): number[] {
  checkPoints(points);
  return points.map((xi, i) => {
    let numerator = 1;
    let denominator = 1;
    points.forEach((xj, j) => {
      if (i === j) return;
      numerator = multiply(numerator, xj);
      denominator = multiply(denominator, xj ^ xi);
    });
    return multiply(numerator, invert(denominator));
  });
}

/** The secret from at least `threshold` shares and the coefficients of their points. */
export function combine(shares: readonly Uint8Array[], coefficients: readonly number[]): Bytes {
  const length = shares[0]?.length ?? 0;
  if (shares.length === 0 || shares.length !== coefficients.length) {
    throw new RangeError(`shares: expected ${coefficients.length}, got ${shares.length}`);
  }
  const sum = new Uint32Array(length / 4);
  shares.forEach((share, i) => {
    if (share.length !== length)
      throw new RangeError(`share ${i}: expected ${length} bytes, got ${share.length}`);
    addScaled(sum, toWords(share), coefficients[i]!);
  });
  return new Uint8Array(sum.buffer);
}
