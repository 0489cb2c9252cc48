/** Reproducible words for tests: the sfc32 generator. Never for production. */
import type { RandomSource } from '../../../../shared/privacy/random-source.ts';

export function seededSource(seed: number): RandomSource {
  let a = seed | 0;
  let b = 0x9e3779b9;
  let c = 0x243f6a88;
  let counter = 1;
  const nextWord = () => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (let i = 0; i < 16; i++) nextWord();
  return { nextWord };
}
