/**
 * How many of the best by estimate are looked at exactly: as many as it takes until, by the estimates' own errors, hardly
 * anything better than what was found is left. Few where the best stand out, many where a thousand passages say nearly the
 * same; a fixed number is too many for the former and too few for the latter (docs/decisions/0021). Pure.
 */
import { best, type RowScore } from '../retrieval/scores.ts';

/** Looked at before the first question whether that is enough. */
const FIRST = 32;
/** Between two such questions. */
const STEP = 16;
/** However alike passages are: each takes a read. */
export const MOST_CANDIDATES = 2048;
/**
 * Rows that are expected to be left out though they are among the best. Estimates are taken to be as good as any: since the
 * best by estimate are those whose error was upwards, fewer than half of these are in fact left out.
 */
const MISSED = 0.5;
/** Deviations below which a row is not expected to be among the best. */
const REACH = 4;

/**
 * Calls `take` with rows from the best estimate on.
 * @param scores estimates, −∞ of rows that nobody may see
 * @param deviations of the estimates from the scores
 * @param take looks at a row exactly; returns the score that a row must exceed to be wanted, −∞ while all are
 */
export function takeCandidates(
  scores: Float32Array,
  deviations: Float32Array,
  take: (row: number) => number,
): void {
  let floor = Number.NEGATIVE_INFINITY;
  for (let taken = 0, wanted = FIRST; ; ) {
    const ranked = best(scores, Math.min(wanted, scores.length));
    for (; taken < ranked.length; taken++) {
      const { row, score } = ranked[taken]!;
      if (score === Number.NEGATIVE_INFINITY) return;
      const isAsked = taken > FIRST && taken % STEP === 0 && Number.isFinite(floor);
      if (isAsked && expectedAbove(ranked, taken, floor, deviations) <= MISSED) return;
      floor = take(row);
    }
    if (taken === scores.length) return;
    if (!Number.isFinite(floor)) wanted = 8 * taken;
    else {
      wanted = Math.min(MOST_CANDIDATES, withinReach(scores, floor, deviations));
      if (wanted <= taken) return;
    }
  }
}

/** Of the rows from `from` on, how many are expected to score more. */
function expectedAbove(
  ranked: readonly RowScore[],
  from: number,
  floor: number,
  deviations: Float32Array,
): number {
  let expected = 0;
  for (let i = from; i < ranked.length && expected <= MISSED; i++) {
    const { row, score } = ranked[i]!;
    expected += roughTail((floor - score) / deviations[row]!);
  }
  return expected;
}

function withinReach(scores: Float32Array, floor: number, deviations: Float32Array): number {
  let count = 0;
  for (let row = 0; row < scores.length; row++)
    if (scores[row]! >= floor - REACH * deviations[row]!) count += 1;
  return count;
}

/**
 * The chance that a standard normal exceeds z, within 1.4e-4 (Bowling, Khasawneh, Kaewkuekool, Cho 2009): it is asked some
 * thousand times a search, where the exact one (shared/privacy/special-functions.ts) takes up to 120 terms each.
 */
function roughTail(z: number): number {
  return 1 / (1 + Math.exp(1.5976 * z + 0.07056 * z ** 3));
}

/** The score of the `k`-th best item so far, as rows of them are looked at. */
export class BestItems {
  readonly #k: number;
  /** Best first, at most k. */
  readonly #best: { item: string; score: number }[] = [];

  constructor(k: number) {
    this.#k = k;
  }

  add(item: string, score: number): void {
    const before = this.#best.findIndex((each) => each.item === item);
    if (before >= 0) {
      if (this.#best[before]!.score >= score) return;
      this.#best.splice(before, 1);
    }
    const at = this.#best.findIndex((each) => each.score < score);
    this.#best.splice(at < 0 ? this.#best.length : at, 0, { item, score });
    if (this.#best.length > this.#k) this.#best.pop();
  }

  /** −∞ while there are fewer. */
  get floor(): number {
    return this.#best[this.#k - 1]?.score ?? Number.NEGATIVE_INFINITY;
  }
}
