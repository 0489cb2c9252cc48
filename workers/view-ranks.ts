/** A question over the index that an isolate has: cosines and words of every passage as one order. Pure. */
import { freeBuffer } from '../shared/free-buffer.ts';
import { fuse } from '../shared/index/fusion.ts';
import type { IndexView } from '../shared/index/view.ts';
import type { WordSearch } from '../shared/index/word-search.ts';
import { passageId } from '../shared/protocol/names.ts';
import type { WordsFound } from '../shared/protocol/passages.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import type { RowProducts } from '../shared/retrieval/scores.ts';
import type { QuestionWords } from './question-words.ts';
import type { RankedRows } from './ranking.ts';

export interface ViewQuestion {
  /** Unit vector under the version's adapter; null: words alone are searched. */
  query: Float32Array | null;
  /** Weighed by what the index knows; null: vectors alone are searched. */
  words: QuestionWords | null;
  snapshot: Snapshot;
  /** Only this region's passages; null for all. */
  only: string | null;
  products: RowProducts;
}

export class ViewRanks implements RankedRows {
  readonly ranks: Float32Array;
  readonly #view: IndexView;
  readonly #cosines: Float32Array | null;
  readonly #words: WordSearch | null;
  readonly #snapshot: Snapshot;
  /** Rows that were named: those that may be shown, which are looked up again by their passages. */
  readonly #named = new Map<string, number>();

  constructor(view: IndexView, { query, words, snapshot, only, products }: ViewQuestion) {
    this.#view = view;
    this.#snapshot = snapshot;
    this.#cosines = query && view.scores(query, snapshot, products);
    this.#words = words === null || words.terms.length === 0 ? null : view.words(words.terms);
    if (this.#words !== null) words?.weigh([{ words: this.#words.statistics }]);
    const shares = this.#words === null ? null : this.#words.scores(words!.bm25);
    const weight = snapshot.header.serving.words;
    this.ranks = shares ?? this.#cosines?.slice() ?? new Float32Array(view.size);
    for (let row = 0; row < this.ranks.length; row++) {
      const share = shares?.[row] ?? 0;
      if (this.#cosines !== null) this.ranks[row] = fuse(this.#cosines[row]!, share, weight);
      // By words alone only what has any of them is found.
      else if (!(share > 0)) this.ranks[row] = Number.NEGATIVE_INFINITY;
    }
    view.hide(this.ranks, only);
  }

  name(row: number) {
    const name = this.#view.name(row);
    this.#named.set(passageId(name.item, name.ordinal), row);
    return name;
  }

  cosine(row: number): number | null {
    return this.#cosines !== null && this.#view.learned(row, this.#snapshot) ? this.#cosines[row]! : null;
  }

  find(item: string, ordinal: number): number {
    return this.#named.get(passageId(item, ordinal)) ?? this.#view.find(item, ordinal);
  }

  release(): void {
    freeBuffer(this.ranks);
    if (this.#cosines !== null) freeBuffer(this.#cosines);
  }

  /** What a passage has of the question's words; null of one that is not in the index. */
  wordsOf(item: string, ordinal: number): WordsFound | null {
    const row = this.#words === null ? -1 : this.find(item, ordinal);
    return row < 0 ? null : this.#words!.at(row);
  }
}
