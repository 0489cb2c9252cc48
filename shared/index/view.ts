/**
 * The segments of all regions of a collection as one index, searched by vectors and words: what an isolate searches where
 * they fit. Passages are numbered over all segments, dead ones too. A version overlays them: where a row has learned and
 * its passage is still of the text that it learned for, its score takes the place of the passage's own. Pure.
 */
import type { Snapshot } from '../protocol/snapshot.ts';
import type { RowProducts } from '../retrieval/scores.ts';
import { scoreRows } from '../retrieval/scores.ts';
import { rowsOf } from '../retrieval/snapshot-rows.ts';
import { Numbering } from './numbering.ts';
import type { SegmentIds, SegmentRows } from './segment.ts';
import { WordSearch, type WordSegment } from './word-search.ts';

/** A segment with what is needed to search it by vectors, too. */
export interface ViewSegment extends WordSegment {
  hash: string;
  region: string;
  rows: SegmentRows;
}

/** Where a learned row's passage stands in a segment: pairs of numbers, the passage's and the row's, in the passages' order. */
type Places = Uint32Array;

/** Of a version, by segment: neither ever changes. */
const overlaid = new WeakMap<Snapshot, WeakMap<SegmentIds, Places>>();

/** Sums of the search before, of the segment that has most passages. */
let scratch = new Float64Array(0);

export class IndexView {
  readonly segments: readonly ViewSegment[];
  /** Up to which of its changes each region is in it. */
  readonly watermarks: ReadonlyMap<string, number>;
  readonly #numbering: Numbering;

  constructor(segments: readonly ViewSegment[], watermarks: ReadonlyMap<string, number>) {
    this.segments = segments;
    this.watermarks = watermarks;
    this.#numbering = new Numbering(segments);
  }

  /** Passages, dead ones too. */
  get size(): number {
    return this.#numbering.size;
  }

  /** Cosines of all passages: those that never learned with the version's offset. Query: a unit vector under its adapter. */
  scores(query: Float32Array, version: Snapshot, products: RowProducts): Float32Array {
    const scores = new Float32Array(this.size);
    const learned = version.header.rows === 0 ? null : scoreRows(version, query, products);
    const { inactiveOffset } = version.header;
    for (const [index, { ids, rows, region }] of this.segments.entries()) {
      const from = this.#numbering.from[index]!;
      if (scratch.length < ids.passages) scratch = new Float64Array(ids.passages);
      const sums = scratch.subarray(0, ids.passages);
      products(rows.values, query, sums);
      for (let passage = 0; passage < ids.passages; passage++)
        scores[from + passage] = sums[passage]! * rows.scales[passage]! + inactiveOffset;
      if (learned !== null) {
        const places = placesOf(version, region, ids);
        for (let i = 0; i < places.length; i += 2) scores[from + places[i]!] = learned[places[i + 1]!]!;
      }
    }
    return scores;
  }

  /** Whether a passage's score is that of a row which learned, where the version scored it. */
  learned(number: number, version: Snapshot): boolean {
    if (version.header.rows === 0) return false;
    const index = this.#numbering.segmentOf(number);
    const { ids, region } = this.segments[index]!;
    const places = placesOf(version, region, ids);
    const passage = number - this.#numbering.from[index]!;
    let low = 0;
    let high = places.length / 2;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (places[2 * middle]! < passage) low = middle + 1;
      else high = middle;
    }
    return places[2 * low] === passage;
  }

  /** A question's search by words over all regions. @param terms distinct */
  words(terms: readonly string[]): WordSearch {
    return new WordSearch(this.segments, terms);
  }

  /** Scores of dead passages become −∞, and those of other regions than `only` where it is given. */
  hide(scores: Float32Array, only: string | null): void {
    for (const [index, { ids, dead, region }] of this.segments.entries()) {
      const from = this.#numbering.from[index]!;
      if (only !== null && region !== only) scores.fill(Number.NEGATIVE_INFINITY, from, from + ids.passages);
      for (let passage = 0; dead !== null && passage < dead.length; passage++)
        if (dead[passage] === 1) scores[from + passage] = Number.NEGATIVE_INFINITY;
    }
  }

  /** What names the passage of a number. */
  name(number: number): { region: string; item: string; ordinal: number } {
    const index = this.#numbering.segmentOf(number);
    const { ids, region } = this.segments[index]!;
    const passage = number - this.#numbering.from[index]!;
    return { region, item: ids.item(passage), ordinal: ids.ordinal(passage) };
  }

  /** The number of a passage that stands; -1 where there is none. */
  find(item: string, ordinal: number): number {
    for (const [index, { ids, dead }] of this.segments.entries()) {
      const passage = ids.passage(item, ordinal);
      if (passage >= 0 && dead?.[passage] !== 1) return this.#numbering.from[index]! + passage;
    }
    return -1;
  }
}

/** The rows that learned of the passages of a segment, as they were when the version was made. */
function placesOf(version: Snapshot, region: string, ids: SegmentIds): Places {
  const known = overlaid.get(version) ?? new WeakMap<SegmentIds, Places>();
  overlaid.set(version, known);
  const before = known.get(ids);
  if (before !== undefined) return before;
  const { header, active, regions } = version;
  const there = header.regions.indexOf(region);
  const watermark = Object.hasOwn(header.watermarks, region) ? header.watermarks[region]! : 0;
  const rows = rowsOf(version);
  const places: number[] = [];
  for (let passage = 0; passage < ids.passages; passage++) {
    // A passage that came to be after the version was made is of another text than the row.
    if (ids.seq(passage) > watermark) continue;
    const row = rows.find(ids.item(passage), ids.ordinal(passage));
    if (row >= 0 && active[row] === 1 && regions[row] === there) places.push(passage, row);
  }
  const found = Uint32Array.from(places);
  known.set(ids, found);
  return found;
}
