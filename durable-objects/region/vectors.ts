/**
 * A region's own search by vectors, of everything that it has: where the edge has no room for its segments, or may not have
 * them. Of large segments one-bit codes are looked through and the best are ranked by their embeddings in SQLite; of small
 * ones the rows themselves. What is looked through stays in memory within a budget.
 */
import { CANDIDATES } from '../../shared/index/codes.ts';
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
/** Bytes of codes and rows that an object keeps. */
const OPEN_BYTES = 32 << 20;

/** A segment as it is searched. */
export interface VectorSegment extends WordSegment {
  hash: string;
}

type Open = { bytes: number } & ({ codes: SegmentCodes; rows: null } | { codes: null; rows: SegmentRows });

export class Vectors {
  readonly #blobs: Blobs;
  /** By hash, the one used last at the end. */
  readonly #open = new Map<string, Open>();

  constructor(storage: DurableObjectStorage) {
    this.#blobs = new Blobs(storage);
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
    for (const [index, segment] of segments.entries()) {
      const { passages } = segment.ids;
      const part = scores.subarray(from[index]!, from[index]! + passages);
      if (passages > 0) this.#estimate(segment, query, part);
      const { dead } = segment;
      for (let at = 0; dead !== null && at < dead.length; at++)
        if (dead[at] === 1) part[at] = Number.NEGATIVE_INFINITY;
    }
    this.#trim();
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
    return true;
  }

  #estimate({ hash, ids }: VectorSegment, query: Float32Array, scores: Float32Array): void {
    const open = this.#opened(hash, ids, query.length);
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
    let open = this.#open.get(hash);
    if (open === undefined) {
      this.encode(hash, passages);
      const isCoded = passages >= CODED;
      const bytes = this.#blobs.get(isCoded ? codesName(hash) : `segment/${hash}/rows`);
      if (bytes === null) throw new Error(`segment ${hash}: its rows are gone`);
      const size = { bytes: bytes.length };
      open = isCoded
        ? { ...size, codes: readSegmentCodes(bytes, passages, width), rows: null }
        : { ...size, codes: null, rows: readRows(bytes, passages, width) };
    }
    this.#open.delete(hash);
    this.#open.set(hash, open);
    return open;
  }

  #trim(): void {
    let bytes = 0;
    for (const open of this.#open.values()) bytes += open.bytes;
    for (const [hash, open] of this.#open) {
      if (bytes <= OPEN_BYTES) return;
      this.#open.delete(hash);
      bytes -= open.bytes;
    }
  }
}

/** Goes with its segment. */
const codesName = (hash: string): string => `segment/${hash}/codes`;
