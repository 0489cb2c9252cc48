/**
 * What the routes need from outside: the objects, the encoder, shared bytes, the clock. The Worker makes it from its
 * bindings in one place; tests hand in their own.
 */
import type { Hub } from '../shared/participant/coordinator-port.ts';
import type { Collection } from '../shared/protocol/api/collection.ts';
import type { CoordinatorApi, DirectoryApi, RegionApi } from '../shared/protocol/objects.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import type { RowProducts } from '../shared/retrieval/scores.ts';
import type { SharedBytes } from './snapshot-cache.ts';

/**
 * Embeds queries. Both results are unit vectors of `width` floats, which nobody changes. What is remembered is the same array
 * each time; another text, or another adapter, has another one.
 */
export interface QueryEncoder {
  /** Under the snapshot's adapter. */
  embed(query: string, snapshot: Snapshot): Promise<Float32Array>;
  /** Without an adapter: what plain embedding search compares. */
  embedBase(query: string): Promise<Float32Array>;
  /** Of documents' texts, without an adapter. What was embedded lately is remembered. */
  embedTexts(texts: readonly string[]): Promise<Float32Array[]>;
  /** How many tokens of the encoder's a text is, however long. */
  countTokens(text: string): number;
  /** Whether it can read a text. */
  knows(text: string): boolean;
}

export interface Services {
  directory(): DirectoryApi;
  coordinator(collection: Collection): CoordinatorApi;
  /** The same object as participants see it. */
  hub(collection: Collection): Hub;
  region(collection: Collection, region: string): RegionApi;
  encoder(collection: Collection): Promise<QueryEncoder>;
  /** Rows with a query: the part of a search that grows with the collection. */
  products: RowProducts;
  sharedBytes(): SharedBytes;
  now(): number;
  /** Work that goes on after the answer. */
  later(work: Promise<unknown>): void;
}
