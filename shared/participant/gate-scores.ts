/**
 * One held-out question against all rows of a snapshot, as a search scores them, under any serving parameters: cosines and
 * shares of words are made once, and each setting adds them up anew.
 */
import { Bm25 } from '../index/bm25.ts';
import { fuse } from '../index/fusion.ts';
import { lifted } from '../index/memory.ts';
import type { PostingList, Postings } from '../index/postings.ts';
import type { ServingParameters } from '../protocol/serving-parameters.ts';
import type { Snapshot } from '../protocol/snapshot.ts';
import { type RowProducts, rowCosines } from '../retrieval/scores.ts';

/** The rows of a snapshot with their words. */
export interface Searched {
  snapshot: Snapshot;
  /** Of the same rows; null: words count nowhere. */
  words: Postings | null;
  products: RowProducts;
}

/** Rows of a document as if nobody had asked about it: their cosines with the question, by row. */
export type Unasked = ReadonlyMap<number, number>;

export class GateQuestion {
  readonly #searched: Searched;
  readonly #cosines: Float32Array;
  /** Share of the question's words that each row has; empty where words count nowhere. */
  readonly #shares: Float64Array;

  /**
   * @param query unit vector under the snapshot's adapter, width floats
   * @param terms of the question, each once
   */
  constructor(searched: Searched, query: Float32Array, terms: readonly string[]) {
    this.#searched = searched;
    this.#cosines = rowCosines(searched.snapshot, query, searched.products);
    this.#shares = searched.words === null ? new Float64Array(0) : sharesOf(searched.words, terms);
  }

  /**
   * The document that is found first; null where there is none.
   * @param lifts what memory says, by document
   */
  first(
    parameters: ServingParameters,
    unasked: Unasked | null = null,
    lifts: ReadonlyMap<string, number> | null = null,
  ): string | null {
    const { active, items, header } = this.#searched.snapshot;
    const offset = parameters.offset ?? header.inactiveOffset;
    const cosines = this.#cosines;
    const shares = this.#shares;
    let best = Number.NEGATIVE_INFINITY;
    let found = -1;
    for (let row = 0; row < cosines.length; row++) {
      const began = unasked?.get(row);
      const cosine = began ?? cosines[row]!;
      const own = began === undefined && active[row] === 1 ? cosine : cosine + offset;
      const near = lifts?.get(items[row]!);
      const score = near === undefined ? own : lifted(own, near, parameters.memory);
      const fused = row < shares.length ? fuse(score, shares[row]!, parameters.words) : score;
      if (fused <= best) continue;
      best = fused;
      found = row;
    }
    return found < 0 ? null : items[found]!;
  }
}

function sharesOf(words: Postings, terms: readonly string[]): Float64Array {
  const lists = terms.map((term): PostingList | null => words.list(term));
  const frequencies = lists.map((list) => list?.passages.length ?? 0);
  const bm25 = new Bm25({ passages: words.passages, length: words.totalLength, frequencies });
  const shares = new Float64Array(words.passages);
  for (const [term, list] of lists.entries()) {
    if (list === null) continue;
    const { passages, frequencies } = list;
    for (let at = 0; at < passages.length; at++) {
      const row = passages[at]!;
      shares[row] = shares[row]! + bm25.term(term, frequencies[at]!, words.lengths[row]!);
    }
  }
  return shares;
}
