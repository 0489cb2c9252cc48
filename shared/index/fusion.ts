/**
 * One score of two: the cosine, and the words as a share of what the question asks for. Scores are added, never ranks:
 * a trained head's scores say how sure it is, its ranks do not.
 */

/**
 * @param words between 0 and 1, see bm25.ts
 * @param weight of the words: what `ServingParameters` of the version say
 */
export function fuse(cosine: number, words: number, weight: number): number {
  return cosine + weight * words;
}
