/**
 * Postings: for every term the passages that have it and how often, immutable and read where they lie. Layout, all
 * little-endian: passages, terms, bytes of the terms, bytes of the lists (u32 each); lengths of the passages (u32);
 * where each term and where each list begins (u32, one more than there are terms); the terms in UTF-8, in the order of
 * their bytes; the lists. A list is its number of passages, then for each (distance to the one before − 1) · 2, plus 1
 * for a frequency of one, else followed by the frequency; all as variable-length integers.
 */

/** A passage's words: how often each term occurs, and how many words there are. */
export interface PassageWords {
  counts: ReadonlyMap<string, number>;
  length: number;
}

/** The passages that have a term, ascending, and how often. */
export interface PostingList {
  passages: Uint32Array;
  frequencies: Uint32Array;
}

const HEADER = 16;
const encoder = new TextEncoder();

/** Bytes that grow. */
class Bytes {
  #bytes = new Uint8Array(1024);
  length = 0;

  append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** LEB128: seven bits a byte, the lowest first. */
  varint(value: number): void {
    this.#room(8);
    let rest = value;
    while (rest > 127) {
      this.#bytes[this.length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.length++] = rest;
  }

  view(): Uint8Array {
    return this.#bytes.subarray(0, this.length);
  }

  #room(more: number): void {
    if (this.length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#bytes.length, this.length + more));
    larger.set(this.view());
    this.#bytes = larger;
  }
}

/** Collects terms in their order, and lays everything out. */
class PostingsWriter {
  readonly #terms = new Bytes();
  readonly #lists = new Bytes();
  readonly #termAt: number[] = [];
  readonly #listAt: number[] = [];

  /** @param term in UTF-8, after those that were added; `passages` ascending */
  add(term: Uint8Array, passages: readonly number[], frequencies: readonly number[]): void {
    this.#termAt.push(this.#terms.length);
    this.#listAt.push(this.#lists.length);
    this.#terms.append(term);
    this.#lists.varint(passages.length);
    let before = -1;
    for (let i = 0; i < passages.length; i++) {
      const frequency = frequencies[i]!;
      this.#lists.varint(2 * (passages[i]! - before - 1) + (frequency === 1 ? 1 : 0));
      if (frequency !== 1) this.#lists.varint(frequency);
      before = passages[i]!;
    }
  }

  finish(lengths: readonly number[]): Uint8Array {
    const terms = this.#termAt.length;
    const numbers = [...lengths, ...this.#termAt, this.#terms.length, ...this.#listAt, this.#lists.length];
    const at = HEADER + 4 * numbers.length;
    const bytes = new Uint8Array(at + this.#terms.length + this.#lists.length);
    const view = new DataView(bytes.buffer);
    const header = [lengths.length, terms, this.#terms.length, this.#lists.length];
    for (const [index, value] of header.entries()) view.setUint32(4 * index, value, true);
    for (let i = 0; i < numbers.length; i++) view.setUint32(HEADER + 4 * i, numbers[i]!, true);
    bytes.set(this.#terms.view(), at);
    bytes.set(this.#lists.view(), at + this.#terms.length);
    return bytes;
  }
}

/** Postings of passages numbered in their order. */
export function buildPostings(passages: readonly PassageWords[]): Uint8Array {
  const lists = new Map<string, { passages: number[]; frequencies: number[] }>();
  for (const [passage, { counts }] of passages.entries()) {
    for (const [term, frequency] of counts) {
      const list = lists.get(term) ?? { passages: [], frequencies: [] };
      if (list.passages.length === 0) lists.set(term, list);
      list.passages.push(passage);
      list.frequencies.push(frequency);
    }
  }
  const writer = new PostingsWriter();
  const terms = [...lists].map(([term, list]) => ({ term: encoder.encode(term), list }));
  terms.sort((a, b) => compareBytes(a.term, b.term));
  for (const { term, list } of terms) writer.add(term, list.passages, list.frequencies);
  return writer.finish(passages.map(({ length }) => length));
}

/** Postings to merge, and the new number of each of their passages; -1 of those that are gone. */
export interface MergedPostings {
  postings: Postings;
  numbers: Int32Array;
}

/** The postings that `buildPostings` makes of the passages that stay, which are `count`. */
export function mergePostings(parts: readonly MergedPostings[], count: number): Uint8Array {
  const lengths = new Array<number>(count).fill(0);
  for (const { postings, numbers } of parts) {
    for (const [passage, number] of numbers.entries())
      if (number >= 0) lengths[number] = postings.lengths[passage]!;
  }
  const writer = new PostingsWriter();
  const next = parts.map(() => 0);
  for (;;) {
    let least: Uint8Array | null = null;
    for (const [index, { postings }] of parts.entries()) {
      if (next[index]! >= postings.terms) continue;
      const term = postings.termAt(next[index]!);
      if (least === null || compareBytes(term, least) < 0) least = term;
    }
    if (least === null) return writer.finish(lengths);
    const found: [number, number][] = [];
    for (const [index, { postings, numbers }] of parts.entries()) {
      const at = next[index]!;
      if (at >= postings.terms || compareBytes(postings.termAt(at), least) !== 0) continue;
      next[index] = at + 1;
      const { passages, frequencies } = postings.listAt(at);
      for (let i = 0; i < passages.length; i++) {
        const number = numbers[passages[i]!]!;
        if (number >= 0) found.push([number, frequencies[i]!]);
      }
    }
    found.sort(([a], [b]) => a - b);
    if (found.length > 0)
      writer.add(
        least,
        found.map(([number]) => number),
        found.map(([, frequency]) => frequency),
      );
  }
}

export class Postings {
  readonly passages: number;
  readonly terms: number;
  /** Words of each passage, and of all together. */
  readonly lengths: Uint32Array;
  readonly totalLength: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #termsAt: number;
  readonly #listsAt: number;

  /** @throws TypeError when the bytes do not have the length that they state */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (bytes.length < HEADER) throw new TypeError(`postings: ${bytes.length} bytes are too few`);
    const [passages, terms, termBytes, listBytes] = [0, 1, 2, 3].map((at) => this.#number(at - HEADER / 4));
    this.passages = passages!;
    this.terms = terms!;
    this.#termsAt = HEADER + 4 * (this.passages + 2 * (this.terms + 1));
    this.#listsAt = this.#termsAt + termBytes!;
    const end = this.#listsAt + listBytes!;
    if (bytes.length !== end) throw new TypeError(`postings: ${bytes.length} bytes where ${end} are due`);
    this.lengths = Uint32Array.from({ length: this.passages }, (_, passage) => this.#number(passage));
    let total = 0;
    for (const length of this.lengths) total += length;
    this.totalLength = total;
  }

  /** In UTF-8. */
  termAt(index: number): Uint8Array {
    const at = this.passages + index;
    return this.#bytes.subarray(this.#termsAt + this.#number(at), this.#termsAt + this.#number(at + 1));
  }

  /** @throws TypeError where the list is not one */
  listAt(index: number): PostingList {
    const bytes = this.#bytes;
    const reader = { bytes, at: this.#listsAt + this.#number(this.passages + this.terms + 1 + index) };
    const count = varint(reader);
    if (count > this.passages)
      throw new TypeError(`postings: ${count} passages of ${this.passages} in a list`);
    const passages = new Uint32Array(count);
    const frequencies = new Uint32Array(count);
    let { at } = reader;
    let passage = -1;
    for (let i = 0; i < count; i++) {
      // Nearly all numbers are of one byte; what is beyond the end is read as none, and refused there.
      let code = bytes[at]!;
      if (code < 128) at += 1;
      else {
        reader.at = at;
        code = varint(reader);
        at = reader.at;
      }
      passage += 1 + Math.floor(code / 2);
      if (passage >= this.passages)
        throw new TypeError(`postings: no passage ${passage} of ${this.passages}`);
      passages[i] = passage;
      if (code % 2 === 1) frequencies[i] = 1;
      else {
        reader.at = at;
        frequencies[i] = varint(reader);
        at = reader.at;
      }
    }
    return { passages, frequencies };
  }

  /** Null of a term that no passage has. */
  list(term: string): PostingList | null {
    const wanted = encoder.encode(term);
    let low = 0;
    let high = this.terms - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const order = compareBytes(this.termAt(middle), wanted);
      if (order === 0) return this.listAt(middle);
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return null;
  }

  /** The number at this place behind the header. */
  #number(place: number): number {
    return this.#view.getUint32(HEADER + 4 * place, true);
  }
}

/** The next variable-length integer. @throws TypeError where there is none */
function varint(reader: { bytes: Uint8Array; at: number }): number {
  let value = 0;
  for (let factor = 1; ; factor *= 128) {
    const byte = reader.bytes[reader.at++];
    if (byte === undefined || factor > 2 ** 42) throw new TypeError('postings: a list ends too early');
    value += (byte & 127) * factor;
    if (byte < 128) return value;
  }
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
