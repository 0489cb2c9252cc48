/**
 * What an isolate remembers of the rankings that it made: of a question over an index under a version, none of which ever
 * changes, the best rows and what was looked up of them. A question that is asked again is not scored again. Everything is
 * named by numbers that the objects themselves are known by, so that nothing here keeps an index or a version alive, and
 * no question can be read from it.
 */
import type { WordStatistics, WordsFound } from '../shared/protocol/passages.ts';
import { SizedCache } from './sized-cache.ts';

/** Rows from the best on. */
export interface TopRows {
  rows: Uint32Array;
  ranks: Float32Array;
}

/** Rows are numbers of the index. */
export interface Remembered {
  top: TopRows;
  /** Of the question's words in the whole index; null where none were searched. */
  statistics: WordStatistics | null;
  words: Map<number, WordsFound>;
  /** Cosines of rows that learned; null of one that did not. */
  learned: Map<number, number | null>;
}

/** Some two hundred questions for ten results, or sixty for fifty. */
const MAX_BYTES = 1 << 20;
/** Of an entry of a map with a small object, about. */
const ENTRY_BYTES = 64;
const NUMBER_BYTES = 8;

export class RankMemory {
  readonly #known: SizedCache<Remembered>;
  readonly #numbers = new WeakMap<object, number>();
  #numbered = 0;

  constructor(maxBytes = MAX_BYTES) {
    this.#known = new SizedCache(maxBytes, sizeOf);
  }

  /** The key of a ranking: of what made it, objects by identity and the rest by value. */
  keyOf(objects: readonly object[], values: readonly (string | null)[]): string {
    return [...objects.map((object) => this.#numberOf(object)), ...values].join('/');
  }

  get(key: string): Remembered {
    const nothing = { top: { rows: new Uint32Array(0), ranks: new Float32Array(0) }, statistics: null };
    return this.#known.get(key) ?? { ...nothing, words: new Map(), learned: new Map() };
  }

  set(key: string, found: Remembered): void {
    this.#known.set(key, found);
  }

  #numberOf(object: object): number {
    const known = this.#numbers.get(object);
    if (known !== undefined) return known;
    this.#numbered += 1;
    this.#numbers.set(object, this.#numbered);
    return this.#numbered;
  }
}

function sizeOf({ top, statistics, words, learned }: Remembered): number {
  let numbers = statistics?.frequencies.length ?? 0;
  for (const { frequencies } of words.values()) numbers += frequencies.length;
  const maps = ENTRY_BYTES * (words.size + learned.size);
  return top.rows.byteLength + top.ranks.byteLength + NUMBER_BYTES * numbers + maps;
}

/** Of this isolate. */
export const rankMemory = new RankMemory();
