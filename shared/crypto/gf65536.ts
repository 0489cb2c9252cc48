/**
 * The field GF(2¹⁶) = GF(2)[x] / (x¹⁶ + x⁵ + x³ + x² + 1). Vectors hold two elements a 32-bit word. The running time
 * depends on public scalars and lengths only, never on vector elements: no tables, no branches on secrets.
 */

/** The modulus without its leading term. */
const REDUCTION = 0x2d;

/** Both elements of a word times x. */
function timesX(word: number): number {
  const carry = (word >>> 15) & 0x0001_0001;
  return ((word << 1) & 0xfffe_fffe) ^ (carry * REDUCTION);
}

/** target[i] = target[i] · scalar ⊕ addend[i]; the scalar is public. */
export function multiplyAdd(target: Uint32Array, scalar: number, addend: Uint32Array): void {
  const top = 31 - Math.clz32(scalar);
  for (let i = 0; i < target.length; i++) {
    const word = target[i]!;
    let product = 0;
    for (let bit = top; bit >= 0; bit--) product = timesX(product) ^ ((scalar >>> bit) & 1 ? word : 0);
    target[i] = product ^ addend[i]!;
  }
}

/** sum[i] ⊕= vector[i] · scalar; the scalar is public. */
export function addScaled(sum: Uint32Array, vector: Uint32Array, scalar: number): void {
  const product = vector.slice();
  multiplyAdd(product, scalar, sum);
  sum.set(product);
}

/** Product of two public elements. */
export function multiply(a: number, b: number): number {
  let product = 0;
  for (let bit = 15; bit >= 0; bit--) product = timesX(product) ^ ((b >>> bit) & 1 ? a : 0);
  return product;
}

/** Inverse of a public element, as a^(2¹⁶ − 2). @throws RangeError for zero. */
export function invert(a: number): number {
  if (a === 0) throw new RangeError('GF(65536): zero has no inverse');
  let power = a;
  let result = 1;
  for (let i = 1; i < 16; i++) {
    power = multiply(power, power);
    result = multiply(result, power);
  }
  return result;
}
