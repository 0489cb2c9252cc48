/**
 * A region's own search by vectors, of everything that it has: where the edge has no room for its segments, or may not have
 * them. Of large segments one-bit codes are looked through and the best are ranked by their embeddings in SQLite; of small
 * ones the rows themselves, and of those whose codes are not made yet: making them takes twenty times as long as a search.
 * What is looked through stays in memory as far as the isolate has room (shared/index/open-bytes.ts).
 */
import { freeBuffer } from '../../shared/free-buffer.ts';
import { takeCandidates } from '../../shared/index/candidates.ts';
import { Numbering } from '../../shared/index/numbering.ts';
import { type OpenPart, openBytes } from '../../shared/index/open-bytes.ts';
import { type PassageName, readRows, type SegmentIds, type SegmentRows } from '../../shared/index/segment.ts';
import {
  encodeSegmentCodes,
  estimateSegment,
  readSegmentCodes,
  type SegmentCodes,
} from '../../shared/index/segment-codes.ts';
import type { WordSegment } from '../../shared/index/word-search.ts';
import { plainProducts } from '../../shared/retrieval/scores.ts';
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

/** A question as rows are looked through for it. */
export interface VectorQuestion {
  query: Float32Array;
  words: Float32Array | null;
}

/** Values of a row are rounded to whole multiples of its scale, and a query is of length one. */
const BY_ROUNDING = 1 / Math.sqrt(12);

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
   * Passages that stand, from the best by estimate on, as many as takeCandidates wants.
   * @param query a unit vector of the rows' width
   * @param words what words add to each passage's score, over all segments in their order; null: nothing
   * @param take looks at a passage exactly; returns the score that another must exceed to be wanted, −∞ while all are
   */
  search(
    segments: readonly VectorSegment[],
    { query, words }: VectorQuestion,
    take: (name: PassageName) => number,
  ): void {
    const numbering = new Numbering(segments);
    const { from, size } = numbering;
    const scores = new Float32Array(size);
    const deviations = new Float32Array(size);
    this.#searches += 1;
    this.#uncoded = false;
    for (const [index, segment] of segments.entries()) {
      const [begin, end] = [from[index]!, from[index]! + segment.ids.passages];
      const part = scores.subarray(begin, end);
      this.#estimate(segment, query, part, deviations.subarray(begin, end));
      const { dead } = segment;
      for (let at = 0; dead !== null && at < dead.length; at++)
        if (dead[at] === 1) part[at] = Number.NEGATIVE_INFINITY;
    }
    for (let row = 0; words !== null && row < size; row++) scores[row]! += words[row]!;
    takeCandidates(scores, deviations, (row) => {
      const index = numbering.segmentOf(row);
      return take(segments[index]!.ids.name(row - from[index]!));
    });
    for (const each of [scores, deviations]) freeBuffer(each);
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

  /** @param deviations of the estimates: of each its row's scale times a factor */
  #estimate(
    { hash, ids }: VectorSegment,
    query: Float32Array,
    scores: Float32Array,
    deviations: Float32Array,
  ): void {
    if (ids.passages === 0) return;
    const { codes, rows } = this.#opened(hash, ids, query.length);
    this.#uncoded ||= codes === null && ids.passages >= CODED;
    if (codes !== null) {
      estimateSegment(codes, query, scores, deviations);
      return;
    }
    const sums = new Float64Array(scores.length);
    plainProducts(rows.values, query, sums);
    for (let passage = 0; passage < scores.length; passage++) {
      const scale = rows.scales[passage]!;
      scores[passage] = sums[passage]! * scale;
      deviations[passage] = scale * BY_ROUNDING;
    }
    freeBuffer(sums);
    // Read for this search alone: some 3 MB a segment, which would wait for a collection.
    if (!this.#open.has(hash)) freeBuffer(rows.values);
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
