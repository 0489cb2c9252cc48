/**
 * The offset that rows which never learned get in serving. Training teaches the head that queries ask for trained rows
 * only; logit adjustment (Menon et al. 2021, section 4; calibrated stacking, Chao et al. 2016) corrects that belief by the
 * logarithm of the odds. What is asked for tomorrow is unknown, so rows count alike: the odds are those of untrained
 * to trained rows.
 */

/** Beyond three untrained rows to a trained one the offset stays: trained rows must still be found. */
const MOST_ODDS = 3;

/** Rows that learned, of all. */
interface Share {
  learned: number;
  rows: number;
}

/** What the odds of untrained to trained rows add to an offset. */
function byOdds({ learned, rows }: Share, temperature: number): number {
  return Math.log(Math.min(MOST_ODDS, (rows - learned) / Math.max(1, learned))) / temperature;
}

/** An offset that was found where so many rows had learned, where so many have now: 0 where all have. */
export function carriedOffset(found: number, before: Share, now: Share, temperature: number): number {
  if (now.learned >= now.rows || before.learned >= before.rows) return Math.min(0, found);
  const change = byOdds(now, temperature) - byOdds(before, temperature);
  return Math.max(Math.min(0, found), found + change);
}

/**
 * @param offset what is added to a cosine when half of the rows have learned (a setting, found by measurement)
 * @param untrained rows that never learned, of `rows` in all
 * @param temperature τ: logits are τ times the cosine
 * @returns what is added to the cosine of untrained rows: never below the lesser of `offset` and 0, so that few new
 *   documents among many trained ones are not pushed below plain search
 */
export function priorOffset(offset: number, untrained: number, rows: number, temperature: number): number {
  if (untrained <= 0 || rows <= 0) return Math.min(0, offset);
  return Math.max(Math.min(0, offset), offset + byOdds({ learned: rows - untrained, rows }, temperature));
}
