/** The words of a question, weighed by how rare they are in the whole collection: what its regions know, summed. */
import { Bm25, sumStatistics } from '../shared/index/bm25.ts';
import { questionTerms } from '../shared/index/words.ts';
import type { WordStatistics, WordsFound } from '../shared/protocol/passages.ts';

/** What a word of the question adds to a passage's share of all of them. */
export interface MatchedWord {
  word: string;
  score: number;
}

export class QuestionWords {
  /** Each once. */
  readonly terms: string[];
  /** As they were written first. */
  readonly #written: string[];
  #bm25: Bm25;

  constructor(query: string) {
    const written = questionTerms(query);
    this.terms = [...written.keys()];
    this.#written = [...written.values()];
    this.#bm25 = new Bm25(sumStatistics([], this.terms.length));
  }

  /** Takes over what the regions that answered know. */
  weigh(answers: readonly { words: WordStatistics | null }[]): void {
    const known = answers.flatMap(({ words }) => words ?? []);
    this.#bm25 = new Bm25(sumStatistics(known, this.terms.length));
  }

  /** The question's terms as they were weighed last. */
  get bm25(): Bm25 {
    return this.#bm25;
  }

  /** Between 0 and 1. */
  share(found: WordsFound | null): number {
    return found === null ? 0 : this.#bm25.score(found);
  }

  /** The words that a passage has, the weightiest first. */
  matched(found: WordsFound | null): MatchedWord[] {
    if (found === null) return [];
    return found.frequencies
      .map((frequency, term) => ({
        word: this.#written[term]!,
        score: this.#bm25.term(term, frequency, found.length),
      }))
      .filter(({ score }) => score > 0)
      .sort((a, b) => b.score - a.score);
  }
}
