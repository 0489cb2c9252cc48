/**
 * Vectors over Z mod 2ᵇ as bytes: coordinate i in bits i·b … (i + 1)·b − 1 of the byte string, least significant bit
 * first, in as few bytes as hold them; the bits left over in the last byte are zero. In memory such a vector is words
 * mod 2³², of which the upper 32 − b bits say nothing: 2ᵇ divides 2³², so sums may be reduced last.
 */
import type { Bytes } from './bytes.ts';

/** Coordinates from whose multiples on a run of bytes begins, whatever b is. */
export const WHOLE_BYTES = 8;

export function packedLength(count: number, bits: number): number {
  return Math.ceil((count * bits) / 8);
}

/** The words mod 2ᵇ. @param bits b, 1 to 32 */
export function pack(words: Uint32Array, bits: number): Bytes {
  const out = new Uint32Array(Math.ceil((words.length * bits) / 32));
  if (bits === 32) out.set(words);
  else {
    const mask = 2 ** bits - 1;
    let filling = 0;
    let filled = 0;
    let at = 0;
    for (let i = 0; i < words.length; i++) {
      const word = words[i]! & mask;
      filling |= word << filled;
      filled += bits;
      if (filled < 32) continue;
      out[at++] = filling;
      filled -= 32;
      // What did not fit; a shift by the whole word would shift by nothing.
      filling = filled === 0 ? 0 : word >>> (bits - filled);
    }
    if (filled > 0) out[at] = filling;
  }
  return new Uint8Array(out.buffer, 0, packedLength(words.length, bits));
}

/** The bytes as whole words, zeros behind the last; without a copy where they are words already. */
function wordsOf(bytes: Uint8Array): Uint32Array {
  if (bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0) {
    return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  }
  const padded = new Uint8Array(4 * Math.ceil(bytes.length / 4));
  padded.set(bytes);
  return new Uint32Array(padded.buffer);
}

/**
 * target += the packed vector, mod 2³².
 * @throws RangeError unless the bytes hold as many coordinates as the target has
 */
export function addPacked(target: Uint32Array, bytes: Uint8Array, bits: number): void {
  const due = packedLength(target.length, bits);
  if (bytes.length !== due) throw new RangeError(`packed vector: expected ${due} bytes, got ${bytes.length}`);
  const words = wordsOf(bytes);
  if (bits === 32) {
    for (let i = 0; i < target.length; i++) target[i] = (target[i]! + words[i]!) | 0;
    return;
  }
  const mask = 2 ** bits - 1;
  let at = 0;
  let word = words[0]!;
  let used = 0;
  for (let i = 0; i < target.length; i++) {
    let value = word >>> used;
    used += bits;
    if (used >= 32) {
      used -= 32;
      at += 1;
      word = words[at]!;
      if (used > 0) value |= word << (bits - used);
    }
    target[i] = (target[i]! + (value & mask)) | 0;
  }
}

export function unpack(bytes: Uint8Array, bits: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  addPacked(words, bytes, bits);
  return words;
}

/** Whether the bits that no coordinate uses are zero. */
export function isPadded(bytes: Uint8Array, bits: number, count: number): boolean {
  const used = (count * bits) % 8;
  return used === 0 || bytes.at(-1)! >>> used === 0;
}
