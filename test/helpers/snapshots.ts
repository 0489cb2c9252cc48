/** Small snapshots with given rows, for tests of serving. */
import { createHash } from 'node:crypto';
import { type ServingParameters, START_PARAMETERS } from '../../shared/protocol/serving-parameters.ts';
import { blankSnapshot, type Snapshot } from '../../shared/protocol/snapshot.ts';
import { quantiseRow } from '../../shared/retrieval/head.ts';

export interface RowSpec {
  item: string;
  ordinal?: number;
  region?: string;
  /** Any length but zero; normalised and quantised. */
  vector: number[];
  active?: boolean;
}

export function snapshotOf(
  rows: RowSpec[],
  more: {
    version?: number;
    revision?: number;
    watermarks?: Record<string, number>;
    inactiveOffset?: number;
    serving?: Partial<ServingParameters>;
  } = {},
): Snapshot {
  const width = rows[0]?.vector.length ?? 4;
  const regions = [...new Set(rows.map((row) => row.region ?? 'weur'))];
  const scales = new Float32Array(rows.length);
  const quantised = new Int8Array(rows.length * width);
  for (const [index, { vector }] of rows.entries()) {
    const into = quantised.subarray(index * width, (index + 1) * width);
    scales[index] = quantiseRow(Float32Array.from(vector), into);
  }
  return {
    header: {
      format: 'fedcar-snapshot/1',
      collection: 'default',
      version: more.version ?? 1,
      revision: more.revision ?? 0,
      model: { name: 'test', sha256: '0'.repeat(64) },
      width,
      rows: rows.length,
      adapter: { kind: 'none' },
      regions,
      watermarks: more.watermarks ?? {},
      temperature: 20,
      inactiveOffset: more.inactiveOffset ?? 0,
      serving: { ...START_PARAMETERS, ...more.serving },
      keyBytes: 0,
      training: {},
    },
    adapter: new Float32Array(0),
    scales,
    active: Uint8Array.from(rows, (row) => (row.active === false ? 0 : 1)),
    regions: Uint8Array.from(rows, (row) => regions.indexOf(row.region ?? 'weur')),
    ordinals: Uint32Array.from(rows, (row) => row.ordinal ?? 0),
    rows: quantised,
    items: rows.map((row) => row.item),
  };
}

/** The snapshot's bytes and their name. */
export function named(snapshot: Snapshot): { bytes: Uint8Array; hash: string } {
  const bytes = encodeSnapshot(snapshot);
  return { bytes, hash: createHash('sha256').update(bytes).digest('hex') };
}

/** A snapshot's bytes. */
export function encodeSnapshot({ items, ...given }: Snapshot): Uint8Array {
  const encoded = new TextEncoder().encode(items.join('\0'));
  const { bytes, parts, keys } = blankSnapshot({ ...given.header, keyBytes: encoded.length });
  parts.adapter.set(given.adapter);
  parts.scales.set(given.scales);
  parts.active.set(given.active);
  parts.regions.set(given.regions);
  parts.ordinals.set(given.ordinals);
  parts.rows.set(given.rows);
  keys.set(encoded);
  return bytes;
}
