/**
 * Which segments a collection's index consists of, region by region. A region says so of itself, whole, with the changes
 * that it reflects; the coordinator keeps what each said last, and whoever searches segments fetches those that it has not.
 */

/** A segment by its name, with what it takes to decide whether to fetch it. */
export interface SegmentEntry {
  /** SHA-256 over its parts, see shared/index/segment.ts. */
  hash: string;
  /** Dead ones too. */
  passages: number;
  /** Tombstones. */
  gone: number;
  bytes: number;
  /** Numbers of those of its passages that other segments supersede, ascending: they change, and the segment does not. */
  dead: number[];
}

/** What a region publishes of its index. */
export interface RegionIndex {
  region: string;
  /** Every change up to this one is in the segments. */
  watermark: number;
  segments: SegmentEntry[];
}

/** The index of a collection; immutable. */
export interface Manifest {
  /** Rises with each change. */
  revision: number;
  regions: RegionIndex[];
}

/** What the pointer says of the index. */
export interface IndexState {
  revision: number;
  /** Of all segments together; null while a region has not published all of its passages. */
  bytes: number | null;
}

/** The bytes of a segment (shared/index/segment.ts). */
export interface SegmentParts {
  ids: Uint8Array;
  rows: Uint8Array;
  words: Uint8Array;
}
