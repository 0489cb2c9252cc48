/**
 * Segments that a region keeps open in memory, within a budget of bytes; what was used last stays longest. What of a
 * segment is dead is read with it, and again when more of it died.
 */
import { Postings } from '../../shared/index/postings.ts';
import { SegmentIds } from '../../shared/index/segment.ts';
import { type DeadMarks, type WordSegment, wordSegment } from '../../shared/index/word-search.ts';

/** Bytes of ids and postings that an object keeps open. */
const OPEN_BYTES = 40 << 20;

/** What is read from the storage. */
export interface SegmentReader {
  ids(hash: string): Uint8Array;
  words(hash: string): Uint8Array;
  /** Null where none is. */
  marks(hash: string): DeadMarks;
}

interface Open {
  segment: WordSegment;
  /** How many were dead when it was opened. */
  dead: number;
  bytes: number;
}

export class OpenSegments {
  readonly #reader: SegmentReader;
  /** By hash, the one used last at the end. */
  readonly #open = new Map<string, Open>();

  constructor(reader: SegmentReader) {
    this.#reader = reader;
  }

  get({ hash, dead }: { hash: string; dead: number }): WordSegment {
    const before = this.#open.get(hash);
    const open = before?.dead === dead ? before : this.#read(hash, dead, before);
    this.#open.delete(hash);
    this.#open.set(hash, open);
    return open.segment;
  }

  #read(hash: string, dead: number, before: Open | undefined): Open {
    const marks = dead === 0 ? null : this.#reader.marks(hash);
    if (before !== undefined) {
      const { ids, postings } = before.segment;
      return { ...before, dead, segment: wordSegment(ids, postings, marks) };
    }
    const ids = this.#reader.ids(hash);
    const words = this.#reader.words(hash);
    const segment = wordSegment(new SegmentIds(ids), new Postings(words), marks);
    return { segment, dead, bytes: ids.length + words.length };
  }

  delete(hash: string): void {
    this.#open.delete(hash);
  }

  /** Lets go of what is beyond the budget, after a search has used all it needs. */
  trim(): void {
    let bytes = 0;
    for (const open of this.#open.values()) bytes += open.bytes;
    for (const [hash, open] of this.#open) {
      if (bytes <= OPEN_BYTES) return;
      this.#open.delete(hash);
      bytes -= open.bytes;
    }
  }
}
