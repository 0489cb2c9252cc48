/**
 * Word dropout (Iyyer et al. 2015, "Deep unordered composition rivals syntactic methods for text classification",
 * section 3.1): an adapter that sees a query with other words missing in every pass learns less of it by heart.
 */
import { mix } from '../round/run-plan.ts';

/** 2³² over the golden ratio: numbers so far apart do not share what the mixing leaves of their order. */
const STRIDE = 0x9e3779b1;

/**
 * `ids` without a random share of its tokens. The first and the last, which frame a text, stay, and at least one of
 * those between. The same `seed` leaves out the same tokens, so that work done again after a crash is the same.
 *
 * @param share probability with which a token is left out, independently of the others, 0 to 1
 * @param seed 32 bits
 */
export function dropTokens(ids: Int32Array, share: number, seed: number): Int32Array {
  if (share === 0 || ids.length <= 3) return ids;
  const draw = (index: number) => mix((seed + Math.imul(index, STRIDE)) >>> 0) / 2 ** 32;
  const last = ids.length - 1;
  const kept = ids.filter((_, index) => index === 0 || index === last || draw(index) >= share);
  if (kept.length > 2) return kept;
  const only = 1 + Math.floor(draw(0) * (last - 1));
  return Int32Array.of(ids[0]!, ids[only]!, ids[last]!);
}

/** What the words of one record are dropped by in one round: by its number in its run, so that a run can be repeated. */
export function dropoutSeed(round: { id: string }, record: { id: number }): number {
  const index = Number(round.id.slice(round.id.lastIndexOf('.') + 1));
  return mix((mix(index) + Math.imul(record.id, STRIDE)) >>> 0);
}
