/**
 * How the rows of some documents began, from the snapshot of plain search: kept while the gate goes through the other
 * snapshots, which have the same rows in the same places. Layout: JSON of the rows by document, then their int8 values.
 */
import type { Snapshot } from '../protocol/snapshot.ts';

interface Kept {
  row: number;
  scale: number;
  values: Int8Array;
}

export interface BeganRows {
  /** Keeps the rows of these documents, where they are not kept yet. */
  keep(snapshot: Snapshot, items: readonly string[]): void;
  /** Cosines of a document's rows, as they began, with a query: by row. */
  cosines(item: string, query: Float32Array): Map<number, number>;
  bytes(): Uint8Array;
}

/** @param bytes as they were kept; null: nothing is yet */
export function beganRows(bytes: Uint8Array | null): BeganRows {
  const kept = bytes === null || bytes.length === 0 ? new Map<string, Kept[]>() : decode(bytes);
  return {
    keep(snapshot, items) {
      const wanted = new Set(items.filter((item) => !kept.has(item)));
      if (wanted.size === 0) return;
      for (const item of wanted) kept.set(item, []);
      const { width } = snapshot.header;
      snapshot.items.forEach((item, row) => {
        if (!wanted.has(item)) return;
        const values = snapshot.rows.slice(row * width, (row + 1) * width);
        kept.get(item)!.push({ row, scale: snapshot.scales[row]!, values });
      });
    },
    cosines(item, query) {
      const found = new Map<number, number>();
      for (const { row, scale, values } of kept.get(item) ?? []) {
        let sum = 0;
        for (let i = 0; i < values.length; i++) sum += query[i]! * values[i]!;
        found.set(row, scale * sum);
      }
      return found;
    },
    bytes: () => (kept.size === 0 ? new Uint8Array(0) : encode(kept)),
  };
}

function encode(kept: ReadonlyMap<string, Kept[]>): Uint8Array {
  const names = [...kept].map(([item, rows]) => [item, rows.map(({ row, scale }) => [row, scale])]);
  const rows = [...kept.values()].flat();
  const header = new TextEncoder().encode(JSON.stringify({ width: rows[0]?.values.length ?? 0, names }));
  const width = rows[0]?.values.length ?? 0;
  const bytes = new Uint8Array(4 + header.length + rows.length * width);
  new DataView(bytes.buffer).setUint32(0, header.length, true);
  bytes.set(header, 4);
  for (const [index, { values }] of rows.entries())
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, width), 4 + header.length + index * width);
  return bytes;
}

function decode(bytes: Uint8Array): Map<string, Kept[]> {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const { width, names } = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length))) as {
    width: number;
    names: [string, [number, number][]][];
  };
  let at = 4 + length;
  const take = (): Int8Array => {
    const values = new Int8Array(bytes.slice(at, at + width).buffer);
    at += width;
    return values;
  };
  return new Map(
    names.map(([item, rows]) => [item, rows.map(([row, scale]) => ({ row, scale, values: take() }))]),
  );
}
