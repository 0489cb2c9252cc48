/**
 * The segments of a region, in its SQLite. Every change of passages adds a delta within its own transaction; an alarm
 * merges them like a log-structured tree (O'Neil, Cheng, Gawlick, O'Neil 1996): eight of a size become one of the next,
 * up to a size that a merge has room for, so that a passage is written about five times however many there are. Which
 * passages of a segment are superseded is kept beside it. Passages of an earlier version, which had no segments, get
 * theirs in slices of alarms. What searches use stays open in memory, within a budget.
 */
import { freeBuffer } from '../../shared/free-buffer.ts';
import {
  buildSegment,
  mergeSegments,
  type PassageName,
  SEGMENT_PARTS,
  SegmentIds,
  segmentHash,
} from '../../shared/index/segment.ts';
import { WordSearch } from '../../shared/index/word-search.ts';
import { countWords } from '../../shared/index/words.ts';
import { addTo } from '../../shared/multimap.ts';
import type { SegmentEntry, SegmentParts } from '../../shared/protocol/manifest.ts';
import { Blobs } from '../sql.ts';
import { Values } from '../values.ts';
import { OpenSegments } from './open-segments.ts';
import { SegmentList, type SegmentRow } from './segment-list.ts';
import { type VectorQuestion, Vectors } from './vectors.ts';

/** Passages of the largest segment: 5 MB, which are read, merged and written within one transaction. */
const LARGEST = 8192;
/** So many of about one size become one. */
const FAN_OUT = 8;
/** More are merged with the change that makes one too many: alarms may come late. */
const MOST_SEGMENTS = 64;
/** Passages that one alarm indexes of those that an earlier version stored. */
const SLICE_PASSAGES = 512;
/** Bytes of segments that one call answers with; one segment is always among them. */
const CALL_BYTES = 2 << 20;

/** Value: the region is often asked for everything that it has, so that codes are made ahead. */
const CODED = 'coded';

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

export class Segments {
  readonly #storage: DurableObjectStorage;
  readonly #blobs: Blobs;
  readonly #values: Values;
  readonly #list: SegmentList;
  readonly #open: OpenSegments;
  readonly #vectors: Vectors;
  /** What the last call for segments was answered with. */
  #answered: readonly (SegmentParts | null)[] = [];

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
    this.#blobs = new Blobs(storage);
    this.#values = new Values(storage);
    this.#list = new SegmentList(storage);
    this.#vectors = new Vectors(storage);
    this.#open = new OpenSegments({
      ids: (hash) => this.#part(hash, 'ids'),
      words: (hash) => this.#part(hash, 'words'),
      marks: (hash) => this.#blobs.get(`segment/${hash}/dead`),
    });
  }

  /** In the order in which they were made. */
  list(): readonly SegmentRow[] {
    return this.#list.all();
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
    const before = this.list();
    this.#bury(before, gone);
    this.#insert(build(passages, gone));
    if (before.length >= MOST_SEGMENTS) this.#merge();
  }

  /** Whether passages of an earlier version still wait for their index. */
  get behind(): boolean {
    return this.#values.has('unindexed');
  }

  /** Whether `step` has something to do that searches wait for. */
  get waits(): boolean {
    return this.behind || this.#vectors.lacksCodes;
  }

  /** Numbers of the passages that wait: after `from`, up to `upTo`. */
  waiting(): { from: number; upTo: number } {
    return this.#values.get<{ from: number; upTo: number }>('unindexed') ?? { from: 0, upTo: 0 };
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

  /** A question's search over everything that stands. @param terms distinct */
  search(terms: readonly string[]): WordSearch {
    const segments = this.list().map((row) => this.#open.get(row));
    return new WordSearch(segments, terms);
  }

  /** Passages that stand, from the best by vector and words on, by estimate; see vectors.ts. */
  nearest(question: VectorQuestion, take: (name: PassageName) => number): void {
    const segments = this.list().map((row) => ({ ...this.#open.get(row), hash: row.hash }));
    this.#vectors.search(segments, question, take);
    if (this.#vectors.lacksCodes && !this.#values.has(CODED)) this.#values.set(CODED, true);
  }

  /** Changes whenever `entries` does. */
  state(): string {
    return `${this.behind} ${this.list().map(({ made, dead }) => `${made}:${dead}`)}`;
  }

  /** What whoever searches these segments elsewhere has to know of them; null while not all passages are in them. */
  entries(): SegmentEntry[] | null {
    if (this.behind) return null;
    return this.list().map((row) => {
      const marks = row.dead === 0 ? null : this.#deadOf(row);
      const dead: number[] = [];
      for (let at = 0; marks !== null && at < marks.length; at++) if (marks[at] === 1) dead.push(at);
      return { hash: row.hash, passages: row.passages, gone: row.gone, bytes: row.bytes, dead };
    });
  }

  /**
   * The first of these segments that fit an answer, in their order; null of one that was merged away. What is answered is
   * the caller's until the next call, which frees it: it was on its way by then, and some 5 MB a call would wait for a
   * collection.
   */
  parts(hashes: readonly string[]): (SegmentParts | null)[] {
    for (const parts of this.#answered) for (const part of SEGMENT_PARTS) if (parts) freeBuffer(parts[part]);
    const found: (SegmentParts | null)[] = [];
    let bytes = 0;
    for (const hash of hashes) {
      const row = this.list().find((each) => each.hash === hash);
      bytes += row?.bytes ?? 0;
      if (found.length > 0 && bytes > CALL_BYTES) break;
      found.push(row === undefined ? null : this.#partsOf(hash));
    }
    this.#answered = found;
    return found;
  }

  /** A slice of indexing, merging or coding. Returns whether there is more. */
  step(): boolean {
    return this.#storage.transactionSync(() => this.#adopt() || this.#merge() || this.#encode());
  }

  /** Codes of the next segment that a search would have to make. */
  #encode(): boolean {
    return (
      this.#values.has(CODED) &&
      this.list().some(({ hash, passages }) => this.#vectors.encode(hash, passages))
    );
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
    const others = largestFirst(all.filter(({ hash }) => !hashes.has(hash)));
    const keeps = ({ item, ordinal, seq }: PassageName): boolean =>
      others.some((row) => {
        const ids = this.#open.ids(row.hash);
        const at = ids.passage(item, ordinal);
        return at >= 0 && ids.seq(at) < seq;
      });
    const merged = mergeSegments(widthOf(parts), parts, keeps, dead);
    for (const { hash } of rows) this.#delete(hash);
    if (new SegmentIds(merged.ids).entries > 0) this.#insert(merged);
    return true;
  }

  #insert(parts: SegmentParts): void {
    const hash = segmentHash(parts);
    const { passages, gone } = new SegmentIds(parts.ids);
    const bytes = SEGMENT_PARTS.reduce((sum, part) => sum + parts[part].length, 0);
    for (const part of SEGMENT_PARTS) this.#blobs.put(`segment/${hash}/${part}`, parts[part]);
    this.#list.insert({ hash, passages, gone, bytes });
  }

  #delete(hash: string): void {
    this.#list.delete(hash);
    this.#blobs.deletePrefix(`segment/${hash}/`);
    this.#open.delete(hash);
    this.#vectors.delete(hash);
  }

  /** Marks what tombstones bury, each of which stands in one segment at most; a segment's marks are written once. */
  #bury(segments: readonly SegmentRow[], gone: readonly PassageName[]): void {
    let left = gone;
    for (const row of largestFirst(segments)) {
      if (left.length === 0) return;
      const ids = this.#open.ids(row.hash);
      const places = left.map(({ item, ordinal }) => ids.passage(item, ordinal));
      if (places.every((at) => at < 0)) continue;
      const dead = this.#deadOf(row);
      const news = places.filter((at) => at >= 0 && dead[at] !== 1);
      if (news.length === 0) continue;
      left = left.filter((_, index) => !news.includes(places[index]!));
      for (const at of news) dead[at] = 1;
      this.#blobs.put(`segment/${row.hash}/dead`, dead);
      this.#list.bury(row.hash, news.length);
    }
  }

  /** Marks of superseded passages: 1 of each. */
  #deadOf({ hash, passages, dead }: SegmentRow): Uint8Array {
    const marks = dead === 0 ? null : this.#blobs.get(`segment/${hash}/dead`);
    return marks ?? new Uint8Array(passages);
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

/** A passage is most likely in the largest. */
function largestFirst(rows: readonly SegmentRow[]): SegmentRow[] {
  return [...rows].sort((a, b) => b.passages - a.passages);
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
