/** Which region a document or a query belongs to: from the folder's tables, else by a hash of its id. */
import { createHash } from 'node:crypto';
import { LOCATION_HINTS } from '../../shared/protocol/location-hints.ts';

/** Regions of a folder that names none. */
export const DEFAULT_REGION_COUNT = 4;

export interface RegionTables {
  /** By query id, from regions.tsv. */
  queries: ReadonlyMap<string, string> | null;
  /** By document id, from documents.tsv. */
  documents: ReadonlyMap<string, string> | null;
}

export interface Placement {
  /** Sorted. */
  regions: readonly string[];
  /** A training query's region; undefined when regions.tsv exists and does not name it. */
  query(id: string): string | undefined;
  /** A document's region; undefined when documents.tsv exists and does not name it. */
  document(id: string): string | undefined;
}

/**
 * Without `count` the tables decide. A count that differs from the tables' number of regions sets them aside and
 * spreads everything by hash, so that one region holds all at count 1.
 */
export function placeRecords(tables: RegionTables, count?: number): Placement {
  if (count !== undefined && (!Number.isInteger(count) || count < 1 || count > 1024)) {
    throw new RangeError(`regions: ${count} is not a whole number from 1 to 1024`);
  }
  const named = new Set([...(tables.queries?.values() ?? []), ...(tables.documents?.values() ?? [])]);
  if (named.size > 0 && (count === undefined || count === named.size)) {
    const regions = [...named].sort();
    const place = (table: ReadonlyMap<string, string> | null) => (id: string) =>
      table === null ? byHash(id, regions) : table.get(id);
    return { regions, query: place(tables.queries), document: place(tables.documents) };
  }
  const regions = regionNames(count ?? DEFAULT_REGION_COUNT);
  const place = (id: string) => byHash(id, regions);
  return { regions, query: place, document: place };
}

/** Location hints as far as they reach, then numbered names. */
function regionNames(count: number): string[] {
  return Array.from({ length: count }, (_, i) => LOCATION_HINTS[i] ?? `region-${i + 1}`).sort();
}

/** Stable over runs and machines: SHA-256 of the id, its first 32 bits modulo the number of regions. */
export function byHash(id: string, regions: readonly string[]): string {
  return regions[createHash('sha256').update(id).digest().readUInt32BE(0) % regions.length]!;
}
