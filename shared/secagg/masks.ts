/** Adding and removing masks: each is a generator's stream, counted positive or negative. */
import { importMaskKey, type MaskKey, maskWords } from '../crypto/prg.ts';
import { COMBINED, combineInto } from '../crypto/ring.ts';

export interface Mask {
  readonly key: MaskKey;
  readonly sign: 1 | -1;
}

export async function makeMask(key: Uint8Array, sign: 1 | -1): Promise<Mask> {
  return { key: await importMaskKey(key), sign };
}

/** Of a pair, the one that comes first in the roster adds the mask and the other subtracts it. */
export function pairSign(own: number, peer: number): 1 | -1 {
  return own < peer ? 1 : -1;
}

/** words += Σ sign · stream, where the words start at coordinate `first` (a multiple of 4). */
export async function applyMasks(words: Uint32Array, first: number, masks: readonly Mask[]): Promise<void> {
  for (const sign of [1, -1] as const) {
    const keys = masks.filter((mask) => mask.sign === sign).map(({ key }) => key);
    const streams = (from: number) =>
      Promise.all(keys.slice(from, from + COMBINED).map((key) => maskWords(key, first, words.length)));
    // The platform computes the next streams while these are added.
    let next = streams(0);
    for (let from = 0; from < keys.length; from += COMBINED) {
      const ready = await next;
      next = streams(from + COMBINED);
      combineInto(words, ready, sign);
    }
  }
}
