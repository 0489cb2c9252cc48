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
  /**
   * Score of the trained retriever: the candidate's, or computed by the region from the passage's own embedding. Null where
   * no query embedding was given.
   */
  score: number | null;
  /** Whether the passage is newer than what the edge knows, whose row, if it has one, is of another text. */
  newer: boolean;
  /** What it has of the question's words; null where none were given, or the passage is not indexed yet. */
  words: WordsFound | null;
}

/** What a collection, or a part of it, knows about the words of a question. */
export interface WordStatistics {
  passages: number;
  /** Words of all passages together. */
  length: number;
  /** Of each term of the question: passages that have it. */
  frequencies: number[];
}

/** What a passage has of the words of a question. */
export interface WordsFound {
  /** Words of the passage. */
  length: number;
  /** How often it has each term of the question. */
  frequencies: number[];
}

export interface PassageAnswer {
  hits: PassageHit[];
  /** Of the region's own passages; null where no words were asked for. */
  words: WordStatistics | null;
  /** What the region's own log lifts; null where that was not asked for. */
  lifts: Lift[] | null;
}

/** The edge asks a region for the texts of its candidates, and for what it cannot find by itself. */
export interface PassageRequest {
  /** Passages that the edge found, with the cosines of those whose rows learned; null: by its own embedding, if by any. */
  candidates: { item: string; ordinal: number; score: number | null }[];
  /** Passages changed after this sequence number are not known to the edge as they stand. */
  watermark: number;
  /** Whether the edge knows the passages up to there, and wants of the region's own finding what is newer alone. */
  isIndexed: boolean;
  /** Query embedding under the snapshot's adapter, width floats; null: words alone are searched. */
  query: Float32Array | null;
  /** Terms of the question, each once; none: vectors alone are searched. */
  terms: string[];
  /** Query embedding of the base encoder, for explanations. */
  baseQuery: Float32Array | null;
  inactiveOffset: number;
  /** What all words of the question add to a cosine. */
  wordWeight: number;
  /** How many items the caller wants at most. */
  limit: number;
  /** How many of the candidates that stand may be among those, since the edge's cosines are rounded: `limit` or more. */
  contenders: number;
  /** Whether what the region finds by itself is wanted, too: the first time that a search asks. */
  fresh: boolean;
  filters: Filters | null;
  /** Items whose best passage is wanted whatever it scores. */
  wanted: string[];
  /** Neighbours on each side whose texts come with a passage's. */
  expansion: number;
  /** Base embedding of a question that comes from this region, whose log is asked by it, too; null: it is not. */
  memoryQuery: Float32Array | null;
}

/** A document that a region's own log lifts for a question. */
export interface Lift {
  item: string;
  /** How near the logged questions are that it answered: a cosine, rounded down to eighths. */
  near: number;
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
