/**
 * Segments that a region keeps open in memory, as far as the isolate has room (shared/index/open-bytes.ts). What of a
 * segment is dead is read with it, and again when more of it died.
 */
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

interface Open extends OpenPart {
  segment: WordSegment;
  /** How many were dead when it was opened. */
  dead: number;
}

export class OpenSegments {
  readonly #reader: SegmentReader;
  readonly #open = new Map<string, Open>();

  constructor(reader: SegmentReader) {
    this.#reader = reader;
  }

  get({ hash, dead }: { hash: string; dead: number }): WordSegment {
    const before = this.#open.get(hash);
    const open = before ?? this.#read(hash, dead);
    if (open.dead !== dead) {
      const { ids, postings } = open.segment;
      open.segment = wordSegment(ids, postings, this.#marksOf(hash, dead));
      open.dead = dead;
    }
    if (openBytes.keep(open, () => this.#open.delete(hash))) this.#open.set(hash, open);
    return open.segment;
  }

  #read(hash: string, dead: number): Open {
    const ids = this.#reader.ids(hash);
    const words = this.#reader.words(hash);
    const segment = wordSegment(new SegmentIds(ids), new Postings(words), this.#marksOf(hash, dead));
    return { segment, dead, bytes: ids.length + words.length };
  }

  #marksOf(hash: string, dead: number): DeadMarks {
    return dead === 0 ? null : this.#reader.marks(hash);
  }

  delete(hash: string): void {
    const open = this.#open.get(hash);
    if (open === undefined) return;
    openBytes.forget(open);
    this.#open.delete(hash);
  }
}
