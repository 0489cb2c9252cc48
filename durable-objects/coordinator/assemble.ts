/**
 * A version's rows as the bytes of a snapshot. A complete one, which judges and travels, has what was learned for rows that
 * learned and the passages' own embeddings for the others. The one that serves has the rows that learned alone: whoever
 * searches has the others from the regions' segments.
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
  made: Made,
  learned: ReadonlyMap<number, number>,
  context: SnapshotContext,
) {
  const { count, keyBytes, activeRows } = measure(table, learned);
  const header: SnapshotHeader = {
    ...frame(table, made, context),
    rows: count,
    inactiveOffset: offsetOf(made.serving, activeRows, count, context),
    keyBytes,
  };
  return { header, activeRows };
}

/** What says of which version and collection a snapshot is. */
function frame(table: RowTable, made: Made, { collection, model, regions, temperature }: SnapshotContext) {
  const { name, sha256, width } = model;
  const format = 'fedcar-snapshot/1' as const;
  const watermarks = table.watermarks();
  return { format, collection, ...made, model: { name, sha256 }, width, regions, watermarks, temperature };
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
    parts.regions[at] = placeOf(row.region, context);
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

/** What is added to the cosines of rows that never learned, of `passages` in all. */
export function offsetOf(
  serving: ServingParameters,
  learned: number,
  passages: number,
  { inactiveOffset, temperature }: SnapshotContext,
): number {
  if (serving.offset !== null) return serving.offset;
  return learned === 0 ? 0 : priorOffset(inactiveOffset, passages - learned, passages, temperature);
}

/**
 * The rows of a version that learned and whose passages stand: no row of any other is read.
 * @param passages that stand in all, learned or not
 */
export function assembleLearned(
  table: RowTable,
  made: Made,
  parameters: Parameters | null,
  passages: number,
  context: SnapshotContext,
): Assembled {
  const { width } = context.model;
  const places = new Map(Array.from(parameters?.activeRows ?? [], (row, index) => [row, index]));
  const rows = [...table.named(parameters?.activeRows ?? [])];
  const encoded = new TextEncoder().encode(rows.map(({ item }) => item).join('\0'));
  const header: SnapshotHeader = {
    ...frame(table, made, context),
    rows: rows.length,
    inactiveOffset: offsetOf(made.serving, rows.length, passages, context),
    keyBytes: encoded.length,
  };
  const { bytes, parts, keys } = blankSnapshot(header);
  if (parameters !== null) parts.adapter.set(parameters.adapter);
  keys.set(encoded);
  parts.active.fill(1);
  for (const [at, { row, region, ordinal }] of rows.entries()) {
    const index = places.get(row)!;
    const vector = parameters!.head.subarray(index * width, (index + 1) * width);
    parts.scales[at] = quantiseRow(vector, parts.rows.subarray(at * width, (at + 1) * width));
    parts.regions[at] = placeOf(region, context);
    parts.ordinals[at] = ordinal;
  }
  return { header, bytes, activeRows: rows.length, rowsAt: table.changedAt() };
}

function placeOf(region: string, { regions }: SnapshotContext): number {
  const place = regions.indexOf(region);
  return place < 0 ? 255 : place;
}
