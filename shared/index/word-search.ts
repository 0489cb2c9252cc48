/**
 * Segments of a region searched by words as one index. An entry is dead where another segment has the same passage with
 * a higher sequence, alive or gone; the dead count nowhere, not in document frequencies either.
 */

import { freeBuffer } from '../free-buffer.ts';
import type { WordStatistics, WordsFound } from '../protocol/passages.ts';
import { best } from '../retrieval/scores.ts';
import type { Bm25 } from './bm25.ts';
import { Numbering } from './numbering.ts';
import type { PostingList, Postings } from './postings.ts';
import type { PassageName, SegmentIds } from './segment.ts';

/** Which passages of a segment are dead: 1 of each; null where none is. */
export type DeadMarks = Uint8Array | null;

/** A segment as words are searched in it, with what of it stands. */
export interface WordSegment {
  ids: SegmentIds;
  postings: Postings;
  dead: DeadMarks;
  /** That stand, and the words of them together. */
  standing: number;
  length: number;
}

/** Counts once what every question would have to. */
export function wordSegment(ids: SegmentIds, postings: Postings, dead: DeadMarks): WordSegment {
  let standing = postings.passages;
  let length = postings.totalLength;
  for (let passage = 0; dead !== null && passage < dead.length; passage++) {
    if (dead[passage] === 0) continue;
    standing -= 1;
    length -= postings.lengths[passage]!;
  }
  return { ids, postings, dead, standing, length };
}

/** A passage that a search by words found. */
export interface WordHit extends WordsFound {
  name: PassageName;
  score: number;
}

/** Passages of a list that is freed rather than left to a collection: freeing takes a microsecond. */
const WORTH_FREEING = 2048;

/** One question's search. */
export class WordSearch {
  readonly statistics: WordStatistics;
  readonly #segments: readonly WordSegment[];
  /** By term, then by segment. */
  readonly #lists: (PostingList | null)[][];
  readonly #numbering: Numbering;

  /** @param terms distinct */
  constructor(segments: readonly WordSegment[], terms: readonly string[]) {
    this.#segments = segments;
    this.#lists = terms.map((term) => segments.map(({ postings }) => postings.list(term)));
    this.#numbering = new Numbering(segments);
    let passages = 0;
    let length = 0;
    for (const segment of segments) {
      passages += segment.standing;
      length += segment.length;
    }
    const alive = (list: PostingList | null, segment: number): number => {
      const marks = segments[segment]!.dead;
      if (list === null || !marks) return list?.passages.length ?? 0;
      let count = 0;
      for (const passage of list.passages) if (marks[passage] === 0) count += 1;
      return count;
    };
    const frequencies = this.#lists.map((lists) =>
      lists.reduce((sum, list, segment) => sum + alive(list, segment), 0),
    );
    this.statistics = { passages, length, frequencies };
  }

  /**
   * The best of the passages that have any of the words, best first.
   * @param accepts called with passages from the best on, until `limit` of them were accepted
   */
  best(bm25: Bm25, limit: number, accepts: (hit: WordHit) => boolean): void {
    const scores = this.scores(bm25);
    this.#accept(scores, limit, accepts);
    freeBuffer(scores);
  }

  #accept(scores: Float32Array, limit: number, accepts: (hit: WordHit) => boolean): void {
    for (let taken = 0, accepted = 0, wanted = 2 * limit; ; wanted *= 8) {
      const ranked = best(scores, Math.min(wanted, scores.length));
      for (; taken < ranked.length; taken++) {
        const { row, score } = ranked[taken]!;
        if (!(score > 0) || accepted >= limit) return;
        if (accepts({ ...this.#hit(row), score })) accepted += 1;
      }
      if (ranked.length === scores.length) return;
    }
  }

  /** Frees the lists of words that very many passages have; nothing can be searched any more. */
  release(): void {
    for (const list of this.#lists.flat()) {
      if (list === null || list.passages.length < WORTH_FREEING) continue;
      for (const numbers of [list.passages, list.frequencies]) freeBuffer(numbers);
    }
  }

  /** What a passage has of the words; null of one that is not here, or not with this text. */
  find({ item, ordinal, hash }: Pick<PassageName, 'item' | 'ordinal' | 'hash'>): WordsFound | null {
    for (const [segment, { ids, dead }] of this.#segments.entries()) {
      const passage = ids.passage(item, ordinal);
      if (passage < 0 || dead?.[passage] === 1 || ids.hash(passage) !== hash) continue;
      return this.#found(segment, passage);
    }
    return null;
  }

  /** Of every passage of every segment in their order, dead ones with 0. */
  scores(bm25: Bm25): Float32Array {
    const scores = new Float32Array(this.#numbering.size);
    for (const [term, lists] of this.#lists.entries()) {
      for (const [segment, list] of lists.entries()) {
        if (list === null) continue;
        const {
          postings: { lengths },
          dead,
        } = this.#segments[segment]!;
        const { passages, frequencies } = list;
        const from = this.#numbering.from[segment]!;
        for (let i = 0; i < passages.length; i++) {
          const passage = passages[i]!;
          if (dead === null || dead[passage] !== 1)
            scores[from + passage]! += bm25.term(term, frequencies[i]!, lengths[passage]!);
        }
      }
    }
    return scores;
  }

  /** What the passage of this number, counted over all segments, has of the words. */
  at(row: number): WordsFound {
    const { length, frequencies } = this.#hit(row);
    return { length, frequencies };
  }

  #hit(row: number): WordsFound & { name: PassageName } {
    const segment = this.#numbering.segmentOf(row);
    const passage = row - this.#numbering.from[segment]!;
    return { name: this.#segments[segment]!.ids.name(passage), ...this.#found(segment, passage) };
  }

  #found(segment: number, passage: number): WordsFound {
    const frequencies = this.#lists.map((lists) => frequencyIn(lists[segment]!, passage));
    return { length: this.#segments[segment]!.postings.lengths[passage]!, frequencies };
  }
}

function frequencyIn(list: PostingList | null, passage: number): number {
  if (list === null) return 0;
  const { passages, frequencies } = list;
  let low = 0;
  let high = passages.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const there = passages[middle]!;
    if (there === passage) return frequencies[middle]!;
    if (there < passage) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
}
