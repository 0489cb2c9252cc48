/**
 * A version's rows as the bytes of a snapshot: what was learned for rows that learned, the passages' own
 * embeddings for the others.
 */
import { freeBuffer } from '../../shared/free-buffer.ts';
import type { Parameters } from '../../shared/protocol/parameters.ts';
import type { ServingParameters } from '../../shared/protocol/serving-parameters.ts';
import {
  blankSnapshot,
  MAX_SNAPSHOT_BYTES,
  type SnapshotHeader,
  snapshotLength,
} from '../../shared/protocol/snapshot.ts';
import type { AdapterSettings } from '../../shared/protocol/training-settings.ts';
import { quantiseRow } from '../../shared/retrieval/head.ts';
import { priorOffset } from '../../shared/retrieval/prior-offset.ts';
import type { RowTable } from './row-table.ts';
import type { SnapshotContext } from './versions.ts';

export interface Assembled {
  header: SnapshotHeader;
  bytes: Uint8Array;
  activeRows: number;
  /** The row table's last change that it reflects. */
  rowsAt: number;
}

/** No edge could load the snapshot, so it is not made. */
export class SnapshotTooLarge extends RangeError {
  override readonly name = 'SnapshotTooLarge';
}

export function tooLarge(version: number, bytes: number, rows: number): string {
  return `snapshot: version ${version} with all ${rows} passages would have ${bytes} bytes, and at most ${MAX_SNAPSHOT_BYTES} are served`;
}

/** Which snapshot it is, and what stands in its header. */
export interface Made {
  version: number;
  revision: number;
  adapter: AdapterSettings;
  training: Record<string, unknown>;
  serving: ServingParameters;
}

export function headerOf(
  table: RowTable,
  { version, revision, adapter, training, serving }: Made,
  learned: ReadonlyMap<number, number>,
  context: SnapshotContext,
) {
  const { width } = context.model;
  const { count, keyBytes, activeRows } = measure(table, learned);
  const header: SnapshotHeader = {
    format: 'fedcar-snapshot/1',
    collection: context.collection,
    version,
    revision,
    model: { name: context.model.name, sha256: context.model.sha256 },
    width,
    rows: count,
    adapter,
    regions: context.regions,
    watermarks: table.watermarks(),
    temperature: context.temperature,
    inactiveOffset:
      serving.offset ??
      (activeRows === 0
        ? 0
        : priorOffset(context.inactiveOffset, count - activeRows, count, context.temperature)),
    serving,
    keyBytes,
    training,
  };
  return { header, activeRows };
}

/** @throws SnapshotTooLarge */
export function assemble(
  table: RowTable,
  made: Made,
  parameters: Parameters | null,
  context: SnapshotContext,
): Assembled {
  const { width } = context.model;
  const learned = new Map(Array.from(parameters?.activeRows ?? [], (row, index) => [row, index]));
  const { header, activeRows } = headerOf(table, made, learned, context);
  const length = snapshotLength(header);
  if (length > MAX_SNAPSHOT_BYTES) throw new SnapshotTooLarge(tooLarge(made.version, length, header.rows));
  // Written where it lies: at 50,000 rows a second copy would take a sixth of an isolate.
  const { bytes, parts, keys } = blankSnapshot(header);
  if (parameters !== null) parts.adapter.set(parameters.adapter);
  const place = new Map(context.regions.map((region, index) => [region, index]));
  const encoder = new TextEncoder();
  let at = 0;
  let key = 0;
  for (const row of table.live()) {
    const index = learned.get(row.row);
    const vector =
      index === undefined || parameters === null
        ? row.embedding
        : parameters.head.subarray(index * width, (index + 1) * width);
    parts.scales[at] = quantiseRow(vector, parts.rows.subarray(at * width, (at + 1) * width));
    parts.active[at] = index === undefined ? 0 : 1;
    parts.regions[at] = place.get(row.region) ?? 255;
    parts.ordinals[at] = row.ordinal;
    // Keys are separated by zeros, which are there.
    key += encoder.encodeInto(row.item, keys.subarray(key)).written + 1;
    freeBuffer(row.embedding);
    at += 1;
  }
  return { header, bytes, activeRows, rowsAt: table.changedAt() };
}

/** What the length of a snapshot depends on. */
function measure(table: RowTable, learned: ReadonlyMap<number, number>) {
  let count = 0;
  let activeRows = 0;
  for (const { row } of table.numbers()) {
    count += 1;
    if (learned.has(row)) activeRows += 1;
  }
  return { count, activeRows, keyBytes: table.keyBytes() + Math.max(0, count - 1) };
}
