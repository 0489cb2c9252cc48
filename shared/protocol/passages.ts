/** Passages as they travel between the edge and the regions. */
import type { ItemMetadata } from './api/item.ts';
import type { Filters } from './filters.ts';

/** A passage with its scores: cosines, between −1 and 1. */
export interface PassageHit {
  id: string;
  item: string;
  region: string;
  title: string;
  text: string;
  /** What the text's blocks are (`shared/retrieval/layout.ts`); null of a passage from before layouts were stored. */
  layout: string | null;
  /** How many passages its item has. */
  passages: number;
  metadata: ItemMetadata;
  timestamp: number;
  /** Cosine of the base query embedding with the passage's own embedding; null when no base embedding was given. */
  baseScore: number | null;
  /** Score of the trained retriever; for passages newer than the snapshot the region computed it. */
  score: number;
}

/** The edge asks a region for the texts of its candidates and for what is newer than the snapshot. */
export interface PassageRequest {
  candidates: { item: string; ordinal: number; row: number; score: number }[];
  /** Passages changed after this sequence number are not in the snapshot as they stand. */
  watermark: number;
  /** Query embedding under the snapshot's adapter, width floats. */
  query: Float32Array;
  /** Query embedding of the base encoder, for explanations. */
  baseQuery: Float32Array | null;
  inactiveOffset: number;
  /** How many items the caller wants at most. */
  limit: number;
  /** Whether what is newer than the snapshot is wanted, too: the first time that a search asks. */
  fresh: boolean;
  filters: Filters | null;
}

/** What an answer asks of a region for the documents that it is made of: what else they say to the question. */
export interface SiblingRequest {
  /** Passages that were found. */
  of: { item: string; ordinal: number }[];
  /** Query embedding under the snapshot's adapter, width floats. */
  query: Float32Array;
  inactiveOffset: number;
  /** Passages of each item, at most. */
  limit: number;
}
