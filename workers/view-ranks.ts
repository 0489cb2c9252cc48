/**
 * A question over the index that an isolate has: cosines and words of every passage as one order. What was found of the
 * same question before is not computed again (rank-memory.ts). Pure.
 */
import { freeBuffer } from '../shared/free-buffer.ts';
import { fuse } from '../shared/index/fusion.ts';
import type { IndexView } from '../shared/index/view.ts';
import type { WordSearch } from '../shared/index/word-search.ts';
import { passageId } from '../shared/protocol/names.ts';
import type { WordsFound } from '../shared/protocol/passages.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import { best, type RowProducts, type RowScore } from '../shared/retrieval/scores.ts';
import type { QuestionWords } from './question-words.ts';
import { type RankMemory, type Remembered, rankMemory } from './rank-memory.ts';
import type { RankedRows } from './ranking.ts';

/** More than that are looked at where a few documents have nearly all of the best rows; those are not remembered. */
const MOST_ROWS = 4096;

export interface ViewQuestion {
  /** Unit vector under the version's adapter; null: words alone are searched. */
  query: Float32Array | null;
  /** Of the text that `query` is of, weighed by what the index knows; null: vectors alone are searched. */
  words: QuestionWords | null;
  snapshot: Snapshot;
  /** Only this region's passages; null for all. */
  only: string | null;
  products: RowProducts;
}

export class ViewRanks implements RankedRows {
  readonly #view: IndexView;
  readonly #question: ViewQuestion;
  /** Null: not remembered. */
  readonly #key: string | null;
  readonly #found: Remembered;
  readonly #memory: RankMemory;
  /** Of all rows, once somebody needs them. */
  #ranks: Float32Array | null = null;
  #cosines: Float32Array | null = null;
  #search: WordSearch | null = null;
  /** Rows that were named: those that may be shown, which are looked up again by their passages. */
  readonly #named = new Map<string, number>();

  constructor(view: IndexView, question: ViewQuestion, memory = rankMemory) {
    const { query, words, snapshot, only } = question;
    this.#view = view;
    this.#memory = memory;
    this.#question = question;
    const kind = words === null ? 'vector' : 'hybrid';
    this.#key = query && memory.keyOf([view, snapshot, query], [kind, only]);
    this.#found = memory.get(this.#key ?? '');
    if (words === null || words.terms.length === 0) return;
    this.#found.statistics ??= this.#searched().statistics;
    words.weigh([{ words: this.#found.statistics }]);
  }

  get size(): number {
    return this.#view.size;
  }

  best(count: number): RowScore[] {
    const { top } = this.#found;
    const known = Math.min(count, this.size);
    if (top.rows.length >= known)
      return Array.from({ length: known }, (_, at) => ({ row: top.rows[at]!, score: top.ranks[at]! }));
    const ranked = best(this.#ranked(), count);
    if (known > MOST_ROWS) return ranked;
    this.#found.top = {
      rows: Uint32Array.from(ranked, ({ row }) => row),
      ranks: Float32Array.from(ranked, ({ score }) => score),
    };
    return ranked;
  }

  name(row: number) {
    const name = this.#view.name(row);
    this.#named.set(passageId(name.item, name.ordinal), row);
    return name;
  }

  cosine(row: number): number | null {
    const { query, snapshot } = this.#question;
    const { learned } = this.#found;
    if (query === null) return null;
    const known = learned.get(row);
    if (known !== undefined) return known;
    const cosine = this.#view.learned(row, snapshot) ? this.#scored(query)[row]! : null;
    learned.set(row, cosine);
    return cosine;
  }

  find(item: string, ordinal: number): number {
    return this.#named.get(passageId(item, ordinal)) ?? this.#view.find(item, ordinal);
  }

  release(): void {
    if (this.#key !== null) this.#memory.set(this.#key, this.#found);
    for (const scores of [this.#ranks, this.#cosines]) if (scores !== null) freeBuffer(scores);
    this.#search?.release();
    this.#ranks = null;
    this.#cosines = null;
    this.#search = null;
  }

  /** What a passage has of the question's words; null of one that is not in the index. */
  wordsOf(item: string, ordinal: number): WordsFound | null {
    const row = this.#found.statistics === null ? -1 : this.find(item, ordinal);
    if (row < 0) return null;
    const words = this.#found.words.get(row) ?? this.#searched().at(row);
    this.#found.words.set(row, words);
    return words;
  }

  #searched(): WordSearch {
    this.#search ??= this.#view.words(this.#question.words!.terms);
    return this.#search;
  }

  #scored(query: Float32Array): Float32Array {
    const { snapshot, products } = this.#question;
    this.#cosines ??= this.#view.scores(query, snapshot, products);
    return this.#cosines;
  }

  /** What rows are ordered by; −∞ of those that nobody may see. */
  #ranked(): Float32Array {
    if (this.#ranks !== null) return this.#ranks;
    const { query, words, snapshot, only } = this.#question;
    const cosines = query && this.#scored(query);
    const shares = this.#found.statistics && this.#searched().scores(words!.bm25);
    const weight = snapshot.header.serving.words;
    const ranks = shares ?? cosines?.slice() ?? new Float32Array(this.size);
    for (let row = 0; row < ranks.length; row++) {
      const share = shares?.[row] ?? 0;
      if (cosines !== null) ranks[row] = fuse(cosines[row]!, share, weight);
      // By words alone only what has any of them is found.
      else if (!(share > 0)) ranks[row] = Number.NEGATIVE_INFINITY;
    }
    this.#view.hide(ranks, only);
    this.#ranks = ranks;
    return ranks;
  }
}
