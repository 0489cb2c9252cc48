/** Vectors over Z mod 2³², held as Uint32Array and sent as little-endian bytes. */

// A typed array's bytes are used as they lie; every platform that runs WebAssembly is little-endian.
if (new Uint8Array(Uint32Array.of(1).buffer)[0] !== 1)
  throw new TypeError('ring: needs a little-endian platform');

function sameLength(a: Uint32Array, b: Uint32Array): void {
  if (a.length !== b.length)
    throw new RangeError(`vector: expected ${a.length} coordinates, got ${b.length}`);
}

/** target += other, mod 2³². */
export function addInto(target: Uint32Array, other: Uint32Array): void {
  sameLength(target, other);
  for (let i = 0; i < target.length; i++) target[i] = (target[i]! + other[i]!) | 0;
}

/** target −= other, mod 2³². */
export function subtractInto(target: Uint32Array, other: Uint32Array): void {
  sameLength(target, other);
  for (let i = 0; i < target.length; i++) target[i] = (target[i]! - other[i]!) | 0;
}

/** Vectors that `combineInto` takes at once: one pass over the target for four costs half of four passes. */
export const COMBINED = 4;

/** target += or −= every one of at most four vectors, mod 2³². */
export function combineInto(target: Uint32Array, vectors: readonly Uint32Array[], sign: 1 | -1): void {
  for (const vector of vectors) sameLength(target, vector);
  if (vectors.length !== COMBINED) {
    for (const vector of vectors) (sign === 1 ? addInto : subtractInto)(target, vector);
    return;
  }
  const [a, b, c, d] = vectors as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  // Sums of five words stay exact in a double; the store reduces them.
  if (sign === 1) for (let i = 0; i < a.length; i++) target[i] = target[i]! + a[i]! + b[i]! + c[i]! + d[i]!;
  else for (let i = 0; i < a.length; i++) target[i] = target[i]! - a[i]! - b[i]! - c[i]! - d[i]!;
}
