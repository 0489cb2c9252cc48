/**
 * Segments that a region keeps open in memory, as far as the isolate has room (shared/index/open-bytes.ts). What of a
 * segment is dead is read with it, and again when more of it died.
 */
import { freeBuffer } from '../../shared/free-buffer.ts';
import { type OpenPart, openBytes } from '../../shared/index/open-bytes.ts';
import { Postings } from '../../shared/index/postings.ts';
import { SegmentIds } from '../../shared/index/segment.ts';
import { type DeadMarks, type WordSegment, wordSegment } from '../../shared/index/word-search.ts';

/** What is read from the storage. */
export interface SegmentReader {
  ids(hash: string): Uint8Array;
  words(hash: string): Uint8Array;
  /** Null where none is. */
  marks(hash: string): DeadMarks;
}

interface OpenIds extends OpenPart {
  ids: SegmentIds;
}

interface Open extends OpenPart {
  segment: WordSegment;
  /** What its postings are read from. */
  words: Uint8Array;
  /** How many were dead when it was opened. */
  dead: number;
}

export class OpenSegments {
  readonly #reader: SegmentReader;
  readonly #ids = new Map<string, OpenIds>();
  /** Without their names' bytes. */
  readonly #open = new Map<string, Open>();

  constructor(reader: SegmentReader) {
    this.#reader = reader;
  }

  get({ hash, dead }: { hash: string; dead: number }): WordSegment {
    const names = this.ids(hash);
    const open = this.#open.get(hash) ?? this.#read(names, hash, dead);
    if (open.dead !== dead) {
      const { ids, postings } = open.segment;
      open.segment = wordSegment(ids, postings, this.#marksOf(hash, dead));
      open.dead = dead;
    }
    if (openBytes.keep(open, () => this.#drop(hash))) this.#open.set(hash, open);
    else this.#open.delete(hash);
    return open.segment;
  }

  /** The names in a segment: of most segments a change of a passage needs nothing more. */
  ids(hash: string): SegmentIds {
    let open = this.#ids.get(hash);
    if (open === undefined) {
      const bytes = this.#reader.ids(hash);
      open = { ids: new SegmentIds(bytes), bytes: bytes.length };
    }
    if (openBytes.keep(open, () => this.#ids.delete(hash))) this.#ids.set(hash, open);
    else this.#ids.delete(hash);
    return open.ids;
  }

  #read(ids: SegmentIds, hash: string, dead: number): Open {
    const words = this.#reader.words(hash);
    const segment = wordSegment(ids, new Postings(words), this.#marksOf(hash, dead));
    return { segment, words, dead, bytes: words.length };
  }

  /** Nobody is searching with it: searches await nothing, and what this one uses was used last. */
  #drop(hash: string): void {
    const open = this.#open.get(hash);
    this.#open.delete(hash);
    if (open !== undefined) freeBuffer(open.words);
  }

  #marksOf(hash: string, dead: number): DeadMarks {
    return dead === 0 ? null : this.#reader.marks(hash);
  }

  delete(hash: string): void {
    for (const kept of [this.#ids, this.#open]) {
      const open = kept.get(hash);
      if (open === undefined) continue;
      openBytes.forget(open);
      kept.delete(hash);
    }
  }
}
