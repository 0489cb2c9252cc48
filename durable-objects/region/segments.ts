/**
 * The segments of a region, in its SQLite. Every change of passages adds a delta within its own transaction; an alarm
 * merges them like a log-structured tree (O'Neil, Cheng, Gawlick, O'Neil 1996): eight of a size become one of the next,
 * up to a size that a merge has room for, so that a passage is written about five times however many there are. Which
 * passages of a segment are superseded is kept beside it. Passages of an earlier version, which had no segments, get
 * theirs in slices of alarms. What searches use stays open in memory, within a budget.
 */
import { Postings } from '../../shared/index/postings.ts';
import {
  buildSegment,
  mergeSegments,
  type PassageName,
  SEGMENT_PARTS,
  SegmentIds,
  type SegmentParts,
  segmentHash,
} from '../../shared/index/segment.ts';
import { WordSearch, type WordSegment } from '../../shared/index/word-search.ts';
import { countWords } from '../../shared/index/words.ts';
import { addTo } from '../../shared/multimap.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';

/** `made`: in the order in which they came to be. */
export const SEGMENT_TABLE = `CREATE TABLE segments (
    made INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, passages INTEGER NOT NULL, gone INTEGER NOT NULL,
    dead INTEGER NOT NULL, bytes INTEGER NOT NULL
  );`;

/** Passages of the largest segment: 5 MB, which are read, merged and written within one transaction. */
const LARGEST = 8192;
/** So many of about one size become one. */
const FAN_OUT = 8;
/** More are merged with the change that makes one too many: alarms may come late. */
const MOST_SEGMENTS = 64;
/** Passages that one alarm indexes of those that an earlier version stored. */
const SLICE_PASSAGES = 512;
/** Bytes of ids and postings that an object keeps open. */
const OPEN_BYTES = 16 << 20;

/** A passage to index. */
export interface IndexablePassage extends PassageName {
  text: string;
  embedding: Float32Array;
}

/** What a change of passages does to the index. */
export interface IndexChange {
  passages: IndexablePassage[];
  gone: PassageName[];
}

/** What a region has of the words of its passages, by segment. */
export interface IndexedWords extends Pick<SegmentParts, 'ids' | 'words'> {
  /** Marks of superseded passages; null where none is. */
  dead: Uint8Array | null;
}

interface SegmentRow extends Record<string, SqlStorageValue> {
  made: number;
  hash: string;
  passages: number;
  gone: number;
  dead: number;
  bytes: number;
}

export class Segments {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #values: Values;
  /** Opened segments by hash, the one used last at the end. */
  readonly #open = new Map<string, WordSegment & { bytes: number }>();

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
    this.#values = new Values(storage);
  }

  /** In the order in which they were made. */
  list(): SegmentRow[] {
    return this.#storage.sql.exec<SegmentRow>('SELECT * FROM segments ORDER BY made').toArray();
  }

  /** Null of a segment that was merged away. */
  part(hash: string, part: keyof SegmentParts): Uint8Array | null {
    const bytes = this.#blobs.get(`segment/${hash}/${part}`);
    // Tombstones alone have no rows, and nothing is stored of no bytes.
    const isEmpty = bytes === null && part === 'rows' && this.part(hash, 'ids') !== null;
    return isEmpty ? new Uint8Array(0) : bytes;
  }

  /** Adds a change. Called in the transaction that makes it. */
  add({ passages, gone }: IndexChange): void {
    if (passages.length + gone.length === 0) return;
    this.#bury(gone);
    this.#close();
    this.#insert(build(passages, gone));
    const { n } = this.#storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM segments').one();
    if (n > MOST_SEGMENTS) this.#merge();
  }

  /** Whether passages of an earlier version still wait for their index. */
  get behind(): boolean {
    return this.#values.has('unindexed');
  }

  /** A question's search over everything that stands. @param terms distinct */
  search(terms: readonly string[]): WordSearch {
    const rows = this.list();
    const segments = rows.map(({ hash }) => this.#opened(hash));
    const dead = rows.map((row) => (row.dead === 0 ? null : this.#deadOf(row)));
    this.#close();
    return new WordSearch(segments, dead, terms);
  }

  /** The words of everything that stands; null where they have more bytes, or passages wait for their index. */
  words(mostBytes: number): IndexedWords[] | null {
    if (this.behind) return null;
    const found: IndexedWords[] = [];
    let bytes = 0;
    for (const row of this.list()) {
      const [ids, words] = [this.#part(row.hash, 'ids'), this.#part(row.hash, 'words')];
      bytes += ids.length + words.length;
      if (bytes > mostBytes) return null;
      found.push({ ids, words, dead: row.dead === 0 ? null : this.#deadOf(row) });
    }
    return found;
  }

  /** A slice of indexing or merging. Returns whether there is more. */
  step(): boolean {
    return this.#storage.transactionSync(() => this.#adopt() || this.#merge());
  }

  /** Indexes passages that were stored before there were segments: those up to the number they began after. */
  #adopt(): boolean {
    const { sql } = this.#storage;
    const before = this.#values.get<{ from: number; upTo: number }>('unindexed');
    if (before === null) return false;
    const rows = sql
      .exec<{
        item: string;
        ordinal: number;
        hash: string;
        seq: number;
        text: string;
        embedding: ArrayBuffer;
      }>(
        `SELECT item, ordinal, hash, seq, text, embedding FROM passages
         WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?`,
        ...[before.from, before.upTo, SLICE_PASSAGES],
      )
      .toArray();
    if (rows.length === 0) {
      this.#values.delete('unindexed');
      return true;
    }
    const passages = rows.map((row) => ({ ...row, embedding: new Float32Array(row.embedding) }));
    this.#insert(build(passages, []));
    this.#values.set('unindexed', { ...before, from: rows.at(-1)!.seq });
    return true;
  }

  #merge(): boolean {
    const all = this.list();
    const rows = mergeable(all);
    if (rows.length === 0) return false;
    const parts = rows.map(({ hash }) => this.#partsOf(hash));
    const dead = rows.map((row) => this.#deadOf(row));
    const hashes = new Set(rows.map(({ hash }) => hash));
    const others = all.filter(({ hash }) => !hashes.has(hash));
    const keeps = ({ item, ordinal, seq }: PassageName): boolean =>
      others.some(({ hash }) => {
        const { ids } = this.#opened(hash);
        const at = ids.passage(item, ordinal);
        return at >= 0 && ids.seq(at) < seq;
      });
    const merged = mergeSegments(widthOf(parts), parts, keeps, dead);
    for (const { hash } of rows) this.#delete(hash);
    if (new SegmentIds(merged.ids).entries > 0) this.#insert(merged);
    this.#close();
    return true;
  }

  #insert(parts: SegmentParts): void {
    const hash = segmentHash(parts);
    const { passages, gone } = new SegmentIds(parts.ids);
    const bytes = SEGMENT_PARTS.reduce((sum, part) => sum + parts[part].length, 0);
    for (const part of SEGMENT_PARTS) this.#blobs.put(`segment/${hash}/${part}`, parts[part]);
    this.#storage.sql.exec(
      'INSERT INTO segments (hash, passages, gone, dead, bytes) VALUES (?, ?, ?, 0, ?)',
      ...[hash, passages, gone, bytes],
    );
  }

  #delete(hash: string): void {
    this.#storage.sql.exec('DELETE FROM segments WHERE hash = ?', hash);
    this.#blobs.deletePrefix(`segment/${hash}/`);
    this.#open.delete(hash);
  }

  /** Marks what tombstones bury, each of which stands in one segment at most; a segment's marks are written once. */
  #bury(gone: readonly PassageName[]): void {
    if (gone.length === 0) return;
    for (const row of this.list()) {
      const { ids } = this.#opened(row.hash);
      const places = gone.map(({ item, ordinal }) => ids.passage(item, ordinal)).filter((at) => at >= 0);
      if (places.length === 0) continue;
      const dead = this.#deadOf(row);
      const news = places.filter((at) => dead[at] !== 1);
      if (news.length === 0) continue;
      for (const at of news) dead[at] = 1;
      this.#blobs.put(`segment/${row.hash}/dead`, dead);
      this.#storage.sql.exec('UPDATE segments SET dead = dead + ? WHERE hash = ?', news.length, row.hash);
    }
  }

  /** Marks of superseded passages: 1 of each. */
  #deadOf({ hash, passages, dead }: SegmentRow): Uint8Array {
    const marks = dead === 0 ? null : this.#blobs.get(`segment/${hash}/dead`);
    return marks ?? new Uint8Array(passages);
  }

  #opened(hash: string): WordSegment {
    let open = this.#open.get(hash);
    if (open === undefined) {
      const ids = this.#part(hash, 'ids');
      const words = this.#part(hash, 'words');
      open = { ids: new SegmentIds(ids), postings: new Postings(words), bytes: ids.length + words.length };
    }
    this.#open.delete(hash);
    this.#open.set(hash, open);
    return open;
  }

  /** Lets go of what is beyond the budget, after a search has used all it needs. */
  #close(): void {
    let bytes = 0;
    for (const open of this.#open.values()) bytes += open.bytes;
    for (const [hash, open] of this.#open) {
      if (bytes <= OPEN_BYTES) return;
      this.#open.delete(hash);
      bytes -= open.bytes;
    }
  }

  #partsOf(hash: string): SegmentParts {
    return { ids: this.#part(hash, 'ids'), rows: this.#part(hash, 'rows'), words: this.#part(hash, 'words') };
  }

  #part(hash: string, part: keyof SegmentParts): Uint8Array {
    const bytes = this.part(hash, part);
    if (bytes === null) throw new Error(`segment ${hash}: its ${part} are gone`);
    return bytes;
  }
}

function build(passages: readonly IndexablePassage[], gone: readonly PassageName[]): SegmentParts {
  const width = passages[0]?.embedding.length ?? 0;
  const entries = passages.map((passage) => ({ ...passage, words: countWords(passage.text) }));
  return buildSegment(width, entries, gone);
}

/** Of the first that has rows: a scale of four bytes, then the values. */
function widthOf(parts: readonly SegmentParts[]): number {
  for (const { ids, rows } of parts)
    if (rows.length > 0) return rows.length / new SegmentIds(ids).passages - 4;
  return 0;
}

/** Those to merge next: one that is mostly superseded, or the smaller ones of a size that has enough of them. */
function mergeable(rows: readonly SegmentRow[]): SegmentRow[] {
  const stale = rows.find(({ passages, dead }) => 4 * dead > passages);
  if (stale !== undefined) return [stale];
  const levels = new Map<number, SegmentRow[]>();
  for (const row of rows) {
    const entries = row.passages + row.gone;
    if (2 * entries > LARGEST) continue;
    addTo(levels, Math.floor(Math.log(Math.max(1, entries)) / Math.log(FAN_OUT)), row);
  }
  for (const of of [...levels].sort(([a], [b]) => a - b).map(([, each]) => each)) {
    if (of.length < FAN_OUT) continue;
    const chosen: SegmentRow[] = [];
    let sum = 0;
    for (const row of of.slice(0, FAN_OUT)) {
      sum += row.passages + row.gone;
      if (sum > LARGEST) break;
      chosen.push(row);
    }
    return chosen;
  }
  return [];
}
