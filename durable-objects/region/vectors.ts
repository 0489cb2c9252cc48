/**
 * A region's own search by vectors, of everything that it has: where the edge has no room for its segments, or may not have
 * them. Of large segments one-bit codes are looked through and the best are ranked by their embeddings in SQLite; of small
 * ones the rows themselves, and of those whose codes are not made yet: making them takes twenty times as long as a search.
 * What is looked through stays in memory as far as the isolate has room (shared/index/open-bytes.ts).
 */
import { CANDIDATES } from '../../shared/index/codes.ts';
import { type OpenPart, openBytes } from '../../shared/index/open-bytes.ts';
import { type PassageName, readRows, type SegmentIds, type SegmentRows } from '../../shared/index/segment.ts';
import {
  encodeSegmentCodes,
  estimateSegment,
  readSegmentCodes,
  type SegmentCodes,
} from '../../shared/index/segment-codes.ts';
import type { WordSegment } from '../../shared/index/word-search.ts';
import { best } from '../../shared/retrieval/scores.ts';
import { Blobs } from '../sql.ts';

/** From so many passages on a segment is searched by codes: eight times as many rows fit, and few segments are as small. */
const CODED = 1024;

/**
 * Where an isolate has just come to be it asks its regions for everything, until it has their segments: that alone is no
 * reason to make codes.
 */
const WORTH_CODES = 8;

/** A segment as it is searched. */
export interface VectorSegment extends WordSegment {
  hash: string;
}

type Open = OpenPart & ({ codes: SegmentCodes; rows: null } | { codes: null; rows: SegmentRows });

export class Vectors {
  readonly #blobs: Blobs;
  readonly #open = new Map<string, Open>();
  /** Searches of this object. */
  #searches = 0;
  #uncoded = false;

  constructor(storage: DurableObjectStorage) {
    this.#blobs = new Blobs(storage);
  }

  /** Whether searches are so many that codes are worth making which the last one did not find. */
  get lacksCodes(): boolean {
    return this.#uncoded && this.#searches >= WORTH_CODES;
  }

  /**
   * Passages that stand, from the best by estimate on: CANDIDATES of them, and eight times as many as long as that is too few.
   * @param query a unit vector of the rows' width
   * @param take called with each in turn; returns whether what it was given so far is too little
   */
  search(
    segments: readonly VectorSegment[],
    query: Float32Array,
    take: (name: PassageName) => boolean,
  ): void {
    const from: number[] = [];
    let size = 0;
    for (const { ids } of segments) {
      from.push(size);
      size += ids.passages;
    }
    const scores = new Float32Array(size);
    this.#searches += 1;
    this.#uncoded = false;
    for (const [index, segment] of segments.entries()) {
      const { passages } = segment.ids;
      const part = scores.subarray(from[index]!, from[index]! + passages);
      if (passages > 0) this.#estimate(segment, query, part);
      const { dead } = segment;
      for (let at = 0; dead !== null && at < dead.length; at++)
        if (dead[at] === 1) part[at] = Number.NEGATIVE_INFINITY;
    }
    for (let taken = 0, wanted = CANDIDATES, goOn = true; goOn; wanted *= 8) {
      const ranked = best(scores, Math.min(wanted, size));
      for (; taken < ranked.length; taken++) {
        const { row, score } = ranked[taken]!;
        if (score === Number.NEGATIVE_INFINITY) return;
        let index = segments.length - 1;
        while (row < from[index]!) index -= 1;
        goOn = take(segments[index]!.ids.name(row - from[index]!));
      }
      if (ranked.length === size) return;
    }
  }

  /** Makes the codes of a segment, where it has none and they are worth it. Returns whether it did. */
  encode(hash: string, passages: number): boolean {
    if (passages < CODED || this.#blobs.part(codesName(hash), 0) !== null) return false;
    const rows = this.#blobs.get(`segment/${hash}/rows`)!;
    const width = rows.length / passages - 4;
    this.#blobs.put(codesName(hash), encodeSegmentCodes(readRows(rows, passages, width), width));
    // What was searched by its rows is searched by its codes from now on.
    this.delete(hash);
    return true;
  }

  #estimate({ hash, ids }: VectorSegment, query: Float32Array, scores: Float32Array): void {
    const open = this.#opened(hash, ids, query.length);
    this.#uncoded ||= open.codes === null && ids.passages >= CODED;
    if (open.codes !== null) {
      estimateSegment(open.codes, query, scores);
      return;
    }
    const { scales, values } = open.rows;
    for (let passage = 0, at = 0; passage < scores.length; passage++) {
      let sum = 0;
      for (let i = 0; i < query.length; i++, at++) sum += query[i]! * values[at]!;
      scores[passage] = sum * scales[passage]!;
    }
  }

  #opened(hash: string, { passages }: SegmentIds, width: number): Open {
    const open = this.#open.get(hash) ?? this.#read(hash, passages, width);
    // Eight times as large as their codes, which are to come.
    const isPassing = open.codes === null && passages >= CODED;
    if (!isPassing && openBytes.keep(open, () => this.#open.delete(hash))) this.#open.set(hash, open);
    return open;
  }

  #read(hash: string, passages: number, width: number): Open {
    const coded = passages < CODED ? null : this.#blobs.get(codesName(hash));
    if (coded !== null)
      return { bytes: coded.length, codes: readSegmentCodes(coded, passages, width), rows: null };
    const rows = this.#blobs.get(`segment/${hash}/rows`);
    if (rows === null) throw new Error(`segment ${hash}: its rows are gone`);
    return { bytes: rows.length, codes: null, rows: readRows(rows, passages, width) };
  }

  /** The segment is no more. */
  delete(hash: string): void {
    const open = this.#open.get(hash);
    if (open === undefined) return;
    openBytes.forget(open);
    this.#open.delete(hash);
  }
}

/** Goes with its segment. */
const codesName = (hash: string): string => `segment/${hash}/codes`;
