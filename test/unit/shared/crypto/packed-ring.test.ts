/** Packed vectors: every b, every length, against bits written out one by one. */
import { fc, it as property } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import {
  addPacked,
  isPadded,
  pack,
  packedLength,
  unpack,
  WHOLE_BYTES,
} from '../../../../shared/crypto/packed-ring.ts';

const BITS = fc.integer({ min: 1, max: 32 });
const WORDS = fc.array(fc.nat(0xffffffff), { maxLength: 70 }).map((words) => Uint32Array.from(words));

/** Bit k of the bytes, k from 0. */
const bitAt = (bytes: Uint8Array, k: number) => (bytes[k >> 3]! >>> (k & 7)) & 1;

describe('packed vectors', () => {
  property.prop([WORDS, BITS])('lie bit by bit where the page says', (words, bits) => {
    const bytes = pack(words, bits);
    expect(bytes).toHaveLength(packedLength(words.length, bits));
    for (const [i, word] of words.entries()) {
      for (let bit = 0; bit < bits; bit++) expect(bitAt(bytes, i * bits + bit)).toBe((word >>> bit) & 1);
    }
    for (let k = words.length * bits; k < 8 * bytes.length; k++) expect(bitAt(bytes, k)).toBe(0);
    expect(words.length === 0 || isPadded(bytes, bits, words.length)).toBe(true);
  });

  property.prop([WORDS, BITS, fc.nat(5)])(
    'come back mod 2ᵇ, also from a view at any offset',
    (words, bits, offset) => {
      const bytes = pack(words, bits);
      const shifted = new Uint8Array(bytes.length + offset);
      shifted.set(bytes, offset);
      const back = unpack(shifted.subarray(offset), bits, words.length);
      expect(Array.from(back, BigInt)).toEqual(
        Array.from(words, (word) => BigInt.asUintN(bits, BigInt(word))),
      );
    },
  );

  property.prop([BITS, fc.integer({ min: 1, max: 20 }), WORDS])(
    'can be cut wherever whole bytes begin',
    (bits, groups, words) => {
      const first = WHOLE_BYTES * groups;
      const all = Uint32Array.from({ length: first + words.length }, (_, i) => words[i - first] ?? i);
      const from = packedLength(first, bits);
      expect(Array.from(pack(all, bits).subarray(from))).toEqual(Array.from(pack(words, bits)));
    },
  );

  it('add up mod 2³², and other lengths are refused', () => {
    const target = Uint32Array.of(0xffffffff, 5, 7);
    addPacked(target, pack(Uint32Array.of(2, 0x3ffff, 1), 18), 18);
    expect([...target]).toEqual([1, 0x3ffff + 5, 8]);
    expect(() => addPacked(target, new Uint8Array(6), 18)).toThrow(/expected 7 bytes, got 6/);
  });

  it('show bits that belong to no coordinate', () => {
    expect(isPadded(Uint8Array.of(255, 0b00000001), 9, 1)).toBe(true);
    expect(isPadded(Uint8Array.of(255, 0b00000011), 9, 1)).toBe(false);
    expect(isPadded(Uint8Array.of(255), 8, 1)).toBe(true);
  });
});
