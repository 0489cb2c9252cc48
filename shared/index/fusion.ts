/**
 * One score of two: the cosine, and the words as a share of what the question asks for. Scores are added, never ranks:
 * a trained head's scores say how sure it is, its ranks do not.
 */

/**
 * What all words of a question, said without end, add to a cosine: 0.2 of BM25 as it is usually written, whose terms
 * reach k₁ + 1 = 2.2. Measured, see docs/decisions/0020-words-and-vectors.md.
 */
export const WORD_WEIGHT = 0.44;

/** @param words between 0 and 1, see bm25.ts */
export function fuse(cosine: number, words: number): number {
  return cosine + WORD_WEIGHT * words;
}
