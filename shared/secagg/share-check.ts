/**
 * Shares that anyone can hold against what their dealer declared, before they are needed. Beside the polynomial f of the
 * secret the dealer draws a second one, r, commits to every pair (f(i), r(i)), and publishes p = r + T·f, where T is a
 * random Toeplitz matrix made of the commitments' hash (Fiat and Shamir 1986). Who holds f(i) computes p(i) − T·f(i) and
 * sees whether it is the r(i) committed to. Shares that pass lie on one polynomial of degree below t but with probability
 * 2⁻²⁵⁶ for each set of holders, for T·q is uniform for every q ≠ 0; p itself says nothing, since r is uniform.
 */
import type { Bytes } from '../crypto/bytes.ts';
import { multiplyAdd } from '../crypto/gf65536.ts';
import { hkdf } from '../crypto/hkdf.ts';
import type { RandomSource } from '../crypto/random.ts';
import { randomPolynomial, valueAt } from '../crypto/shamir.ts';

/** Secrets and shares are of 32 bytes: sixteen elements of GF(2¹⁶). */
const ELEMENTS = 16;
const SECRET_BYTES = 2 * ELEMENTS;
const DIAGONALS = 2 * ELEMENTS - 1;
const LABEL = new TextEncoder().encode('fedcar share check');

export interface Dealing {
  /** f(i) for each point. */
  shares: Bytes[];
  /** Hash of all commitments, of which T is made. */
  challenge: Bytes;
  /** Coefficients of p, the constant one first. */
  check: Bytes[];
}

/** T·share. Its entries are public, the share is not. */
function scrambled(challenge: Uint8Array, share: Uint8Array): Uint32Array {
  const bytes = hkdf(challenge, new Uint8Array(0), LABEL, 2 * DIAGONALS);
  const diagonals = new Uint16Array(bytes.slice().buffer);
  // One element a word, so that a diagonal is a shift.
  const elements = Uint32Array.from(new Uint16Array(share.slice().buffer));
  const sum = new Uint32Array(ELEMENTS);
  for (let at = 0; at < DIAGONALS; at++) {
    const shift = at - (ELEMENTS - 1);
    const from = Math.max(0, -shift);
    const product = elements.slice(from, Math.min(ELEMENTS, ELEMENTS - shift));
    const target = sum.subarray(from + shift, from + shift + product.length);
    multiplyAdd(product, diagonals[at]!, target);
    target.set(product);
  }
  return sum;
}

/** value ⊕ T·share: from f(i) and p(i) the r(i) that goes with them, and p from r. */
export function blinded(value: Uint8Array, challenge: Uint8Array, share: Uint8Array): Bytes {
  const out = new Uint16Array(value.slice().buffer);
  const product = scrambled(challenge, share);
  for (let i = 0; i < ELEMENTS; i++) out[i] = out[i]! ^ product[i]!;
  return new Uint8Array(out.buffer) as Bytes;
}

/**
 * @param secret 32 bytes
 * @param commit hashes the commitments to all pairs (f(i), r(i)), in the order of the points
 */
export function dealChecked(
  secret: Uint8Array,
  threshold: number,
  points: readonly number[],
  commit: (shares: readonly Bytes[], blinds: readonly Bytes[]) => Bytes,
  random: RandomSource,
): Dealing {
  const polynomial = randomPolynomial(secret, threshold, random);
  const blinding = randomPolynomial(random(SECRET_BYTES), threshold, random);
  const shares = points.map((point) => valueAt(polynomial, point));
  const challenge = commit(
    shares,
    points.map((point) => valueAt(blinding, point)),
  );
  const check = blinding.map((coefficient, i) => blinded(coefficient, challenge, polynomial[i]!));
  return { shares, challenge, check };
}
