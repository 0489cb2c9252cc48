/**
 * BM25 (Robertson and Zaragoza 2009), as a share of what the question asks for: every word of the question counts by
 * how rare it is, and a passage that had each of them without end would have 1. Frequencies may come from several
 * regions: what is summed here are the collection's.
 */
import type { WordStatistics, WordsFound } from '../protocol/passages.ts';

/** How soon more of the same word says nothing new, and how much a long passage is marked down: the usual values. */
const K1 = 1.2;
const B = 0.75;

/** Statistics of parts as one. @param terms of the question */
export function sumStatistics(parts: Iterable<WordStatistics>, terms: number): WordStatistics {
  const sum: WordStatistics = { passages: 0, length: 0, frequencies: new Array<number>(terms).fill(0) };
  for (const { passages, length, frequencies } of parts) {
    sum.passages += passages;
    sum.length += length;
    for (let term = 0; term < terms; term++) sum.frequencies[term]! += frequencies[term] ?? 0;
  }
  return sum;
}

/** A question's terms with their weights, ready to score passages. */
export class Bm25 {
  /** Of each term: its inverse document frequency as a share of the question's. They sum to 1. */
  readonly weights: readonly number[];
  readonly #meanLength: number;

  constructor({ passages, length, frequencies }: WordStatistics) {
    const idf = frequencies.map((frequency) => {
      const has = Math.min(frequency, passages);
      return Math.log(1 + (passages - has + 0.5) / (has + 0.5));
    });
    const mass = idf.reduce((sum, value) => sum + value, 0);
    this.weights = idf.map((value) => (mass > 0 ? value / mass : 0));
    this.#meanLength = passages > 0 ? Math.max(1, length / passages) : 1;
  }

  /** What one term adds to a passage of `length` words. Between 0 and the term's weight. */
  term(term: number, frequency: number, length: number): number {
    if (frequency === 0) return 0;
    const norm = K1 * (1 - B + (B * length) / this.#meanLength);
    return (this.weights[term]! * frequency) / (frequency + norm);
  }

  /** Of a passage, between 0 and 1. */
  score({ length, frequencies }: WordsFound): number {
    let sum = 0;
    for (let term = 0; term < frequencies.length; term++) sum += this.term(term, frequencies[term]!, length);
    return sum;
  }
}
