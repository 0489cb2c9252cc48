/**
 * What the routes need from outside: the objects, the encoder, shared bytes, the clock. The Worker makes it from its
 * bindings in one place; tests hand in their own.
 */
import type { CollectionInfo, CoordinatorApi, DirectoryApi, RegionApi } from '../shared/protocol/objects.ts';
import type { Snapshot } from '../shared/protocol/snapshot.ts';
import type { SharedBytes } from './snapshot-cache.ts';

/** Embeds queries. Both results are unit vectors of `width` floats. */
export interface QueryEncoder {
  /** Under the snapshot's adapter. */
  embed(query: string, snapshot: Snapshot): Promise<Float32Array>;
  /** Without an adapter: what plain embedding search compares. */
  embedBase(query: string): Promise<Float32Array>;
}

export interface Services {
  directory(): DirectoryApi;
  coordinator(collection: CollectionInfo): CoordinatorApi;
  region(collection: CollectionInfo, region: string): RegionApi;
  encoder(collection: CollectionInfo): Promise<QueryEncoder>;
  sharedBytes(): SharedBytes;
  now(): number;
  /** Work that goes on after the answer. */
  later(work: Promise<unknown>): void;
}
