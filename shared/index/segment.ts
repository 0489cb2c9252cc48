/**
 * A segment: what a region knows about some of its passages, immutable and named by the SHA-256 of its three parts.
 * Ids name the passages and carry the sequence number of each; tombstones say which are gone. Rows are the base
 * embeddings in int8. Words are postings. Entries are in the order of item, then ordinal, so that a merge of segments is
 * bit for bit the segment that is built from what stays. Of one passage the entry with the highest sequence counts,
 * whichever segment it is in: a merge never brings back what is gone.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { SegmentParts } from '../protocol/manifest.ts';
import { quantiseRow } from '../retrieval/head.ts';
import { buildPostings, mergePostings, type PassageWords, Postings } from './postings.ts';

/** What names a passage with its text. */
export interface PassageName {
  item: string;
  ordinal: number;
  /** 32 hexadecimal digits: the text's under its encoder. */
  hash: string;
  /** The region's sequence number at which this entry came to be. */
  seq: number;
}

export interface PassageEntry extends PassageName {
  words: PassageWords;
  /** Base embedding: a unit vector, width floats. */
  embedding: Float32Array;
}

export const SEGMENT_PARTS = ['ids', 'rows', 'words'] as const;

/** The name of a segment: SHA-256 over those of its parts, in hexadecimal. */
export function segmentHash(parts: SegmentParts): string {
  const hash = sha256.create();
  for (const part of SEGMENT_PARTS) hash.update(sha256(parts[part]));
  return bytesToHex(hash.digest());
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const HASH_BYTES = 16;
const HEX_CODES = Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0));
/** Of the hash that is being read: a search reads thousands, and strings of single digits would be most of its garbage. */
const hexCodes = new Array<number>(2 * HASH_BYTES).fill(0);
const HEADER = 16;

/** @param width of the embeddings; `passages` and `gone` are of distinct item and ordinal */
export function buildSegment(
  width: number,
  passages: readonly PassageEntry[],
  gone: readonly PassageName[] = [],
): SegmentParts {
  const ordered = [...passages].sort(byPlace);
  const rows = blankRows(ordered.length, width);
  for (const [index, { embedding }] of ordered.entries()) {
    if (embedding.length !== width)
      throw new RangeError(`embedding: ${embedding.length} floats where the width is ${width}`);
    rows.scales[index] = quantiseRow(embedding, rows.values.subarray(index * width, (index + 1) * width));
  }
  return {
    ids: encodeIds(ordered, [...gone].sort(byPlace)),
    rows: rows.bytes,
    words: buildPostings(ordered.map(({ words }) => words)),
  };
}

/** Order of passages in a segment, and of the rows and postings in it. */
function byPlace(a: PassageName, b: PassageName): number {
  return a.item < b.item ? -1 : a.item > b.item ? 1 : a.ordinal - b.ordinal;
}

/**
 * Ids: passages, tombstones, items, bytes of keys (u32 each); sequence numbers (f64) of passages, then tombstones; the
 * index of the item of each (u32), ordinals (u32), where each key begins (u32, one more than items); hashes; keys.
 */
function encodeIds(passages: readonly PassageName[], gone: readonly PassageName[]): Uint8Array {
  const all = [...passages, ...gone];
  const items = [...new Set(all.map(({ item }) => item))].sort();
  const place = new Map(items.map((item, index) => [item, index]));
  const keys = items.map((item) => encoder.encode(item));
  const keyBytes = keys.reduce((sum, key) => sum + key.length, 0);
  const at = idLayout(all.length, items.length, keyBytes);
  const bytes = new Uint8Array(at.end);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of [passages.length, gone.length, items.length, keyBytes].entries())
    view.setUint32(4 * index, value, true);
  for (const [index, { item, ordinal, hash, seq }] of all.entries()) {
    view.setFloat64(at.seqs + 8 * index, seq, true);
    view.setUint32(at.items + 4 * index, place.get(item)!, true);
    view.setUint32(at.ordinals + 4 * index, ordinal, true);
    for (let i = 0; i < HASH_BYTES; i++)
      bytes[at.hashes + HASH_BYTES * index + i] = Number.parseInt(hash.slice(2 * i, 2 * i + 2), 16);
  }
  let key = 0;
  for (let index = 0; index <= items.length; index++) {
    view.setUint32(at.keyAt + 4 * index, key, true);
    if (index === items.length) break;
    bytes.set(keys[index]!, at.keys + key);
    key += keys[index]!.length;
  }
  return bytes;
}

function idLayout(entries: number, items: number, keyBytes: number) {
  const seqs = HEADER;
  const itemsAt = seqs + 8 * entries;
  const ordinals = itemsAt + 4 * entries;
  const keyAt = ordinals + 4 * entries;
  const hashes = keyAt + 4 * (items + 1);
  const keys = hashes + HASH_BYTES * entries;
  return { seqs, items: itemsAt, ordinals, keyAt, hashes, keys, end: keys + keyBytes };
}

/** The names in a segment, read where they lie. Entries are numbered: passages first, then tombstones. */
export class SegmentIds {
  readonly passages: number;
  readonly gone: number;
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #at: ReturnType<typeof idLayout>;

  /** @throws TypeError when the bytes do not have the length that they state */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER) throw new TypeError(`segment ids: ${bytes.length} bytes are too few`);
    const number = (index: number) => this.#view.getUint32(4 * index, true);
    this.passages = number(0);
    this.gone = number(1);
    this.#at = idLayout(this.passages + this.gone, number(2), number(3));
    if (this.#at.end !== bytes.length)
      throw new TypeError(`segment ids: ${bytes.length} bytes where ${this.#at.end} are due`);
  }

  get entries(): number {
    return this.passages + this.gone;
  }

  item(entry: number): string {
    const { items, keyAt, keys } = this.#at;
    const key = this.#view.getUint32(items + 4 * entry, true);
    const from = this.#view.getUint32(keyAt + 4 * key, true);
    const to = this.#view.getUint32(keyAt + 4 * key + 4, true);
    return decoder.decode(this.#bytes.subarray(keys + from, keys + to));
  }

  ordinal(entry: number): number {
    return this.#view.getUint32(this.#at.ordinals + 4 * entry, true);
  }

  seq(entry: number): number {
    return this.#view.getFloat64(this.#at.seqs + 8 * entry, true);
  }

  hash(entry: number): string {
    const from = this.#at.hashes + HASH_BYTES * entry;
    for (let i = 0; i < HASH_BYTES; i++) {
      const byte = this.#bytes[from + i]!;
      hexCodes[2 * i] = HEX_CODES[byte >> 4]!;
      hexCodes[2 * i + 1] = HEX_CODES[byte & 15]!;
    }
    return String.fromCharCode(...hexCodes);
  }

  name(entry: number): PassageName {
    return {
      item: this.item(entry),
      ordinal: this.ordinal(entry),
      hash: this.hash(entry),
      seq: this.seq(entry),
    };
  }

  /** The number of a passage; -1 of one that is not here. */
  passage(item: string, ordinal: number): number {
    let low = 0;
    let high = this.passages - 1;
    const compare = isAscii(item) ? this.#compareAscii : this.#compare;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compare.call(this, middle, item) || this.ordinal(middle) - ordinal;
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  #compare(entry: number, item: string): number {
    const there = this.item(entry);
    return there < item ? -1 : there > item ? 1 : 0;
  }

  /** Without decoding: where two strings differ first, and one is ASCII there, their UTF-8 differs the same way. */
  #compareAscii(entry: number, item: string): number {
    const { items, keyAt, keys } = this.#at;
    const key = this.#view.getUint32(items + 4 * entry, true);
    const from = keys + this.#view.getUint32(keyAt + 4 * key, true);
    const length = keys + this.#view.getUint32(keyAt + 4 * key + 4, true) - from;
    for (let i = 0; i < length && i < item.length; i++) {
      const order = this.#bytes[from + i]! - item.charCodeAt(i);
      if (order !== 0) return order;
    }
    return length - item.length;
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}

/** Rows of a segment: scales (f32), then int8 values. Cosine of a unit query: scale · Σ query·value. */
export interface SegmentRows {
  scales: Float32Array;
  values: Int8Array;
}

/** @throws TypeError when the bytes are not those of `passages` rows */
export function readRows(input: Uint8Array, passages: number, width: number): SegmentRows {
  const due = passages * (4 + width);
  if (input.length !== due) throw new TypeError(`segment rows: ${input.length} bytes where ${due} are due`);
  const bytes = input.byteOffset % 4 === 0 ? input : input.slice();
  return {
    scales: new Float32Array(bytes.buffer, bytes.byteOffset, passages),
    values: new Int8Array(bytes.buffer, bytes.byteOffset + 4 * passages, passages * width),
  };
}

function blankRows(passages: number, width: number): SegmentRows & { bytes: Uint8Array } {
  const bytes = new Uint8Array(passages * (4 + width));
  return { bytes, ...readRows(bytes, passages, width) };
}

/**
 * One segment of several: of each passage what has the highest sequence.
 * @param dead marks of passages that are known to be superseded, by segment: 1 of each
 * @param keeps whether a tombstone is still needed: while a segment outside may have what it buries
 */
export function mergeSegments(
  width: number,
  segments: readonly SegmentParts[],
  keeps: (name: PassageName) => boolean,
  dead: readonly Uint8Array[] = [],
): SegmentParts {
  const ids = segments.map((segment) => new SegmentIds(segment.ids));
  const entries = ids.flatMap((each, segment) =>
    Array.from({ length: each.entries }, (_, entry) => ({ segment, entry, ...each.name(entry) })),
  );
  entries.sort((a, b) => byPlace(a, b) || b.seq - a.seq);
  const latest = entries.filter((each, index) => index === 0 || byPlace(each, entries[index - 1]!) !== 0);
  const isPassage = ({ segment, entry }: (typeof entries)[number]) => entry < ids[segment]!.passages;
  const passages = latest.filter((each) => isPassage(each) && dead[each.segment]?.[each.entry] !== 1);
  const gone = latest.filter((each) => !isPassage(each) && keeps(each));
  const numbers = ids.map((each) => new Int32Array(each.passages).fill(-1));
  const rows = blankRows(passages.length, width);
  const old = segments.map((segment, index) => readRows(segment.rows, ids[index]!.passages, width));
  for (const [number, { segment, entry }] of passages.entries()) {
    numbers[segment]![entry] = number;
    const { scales, values } = old[segment]!;
    rows.scales[number] = scales[entry]!;
    rows.values.set(values.subarray(entry * width, (entry + 1) * width), number * width);
  }
  const postings = segments.map(({ words }, index) => ({
    postings: new Postings(words),
    numbers: numbers[index]!,
  }));
  return {
    ids: encodeIds(passages, gone),
    rows: rows.bytes,
    words: mergePostings(postings, passages.length),
  };
}
