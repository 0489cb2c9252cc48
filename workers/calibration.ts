/**
 * Turns a cosine into the score that answers carry and `match_threshold` is compared with: a number between 0 and 1
 * that rises with the cosine, 0.5 where a query fits its best passage as often as it fits nothing.
 */

/** Cosine at which the score is one half, and how steep it is there: chosen by measurement, see docs/decisions. */
const MIDPOINT = 0.38;
const SLOPE = 18;

/** Share of its words that any question has by chance: adds to the cosine at which the score is one half. See decision 0020. */
const WORDS_BY_CHANCE = 0.03 / 0.44;

/** Score of the best passage from which on a question counts as answered by the documents. See docs/decisions. */
export const FOUND_AT = 0.3;

/** The score of what is found for a question that the encoder cannot read is lower: its cosines say nothing. */
export const UNSURE = 0.25;

/** @param cosine between −1 and 1. @returns between 0 and 1, rounded to six digits. */
export function scoreOf(cosine: number): number {
  return roundScore(1 / (1 + Math.exp(-SLOPE * (cosine - MIDPOINT))));
}

/**
 * @param fused a cosine with words added, as passages are ordered by
 * @param weight of the words in it
 * @returns as `scoreOf`
 */
export function scoreOfFused(fused: number, weight: number): number {
  return scoreOf(fused - weight * WORDS_BY_CHANCE);
}

/** To six digits. */
export function roundScore(score: number): number {
  return Math.round(1e6 * score) / 1e6;
}
