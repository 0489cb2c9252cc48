/**
 * A snapshot: everything the edge needs to answer, immutable and named by the SHA-256 of its bytes. Layout:
 * magic "FCS1", header length (u32), header (JSON, UTF-8), then sections, each starting at a multiple of 8:
 * adapter f32, row scales f32 [C], flags u8 [C], region index u8 [C], ordinals u32 [C], rows int8 [C, width],
 * item keys (UTF-8, separated by U+0000). Rows are unit vectors: cosine = scale · Σ q·row.
 */
import { z } from 'zod';
import { Sha256Hex } from './names.ts';
import { ServingParameters, START_PARAMETERS } from './serving-parameters.ts';
import { AdapterSettings } from './training-settings.ts';

export const SnapshotHeader = z.strictObject({
  format: z.literal('fedcar-snapshot/1'),
  collection: z.string(),
  version: z.int().nonnegative(),
  /** Counts additions of rows to the same trained version. */
  revision: z.int().nonnegative(),
  model: z.strictObject({ name: z.string(), sha256: Sha256Hex }),
  width: z.int().positive(),
  rows: z.int().nonnegative(),
  adapter: AdapterSettings,
  regions: z.array(z.string()).max(255),
  /** Per region: the last sequence number of its passages that the rows reflect. */
  watermarks: z.record(z.string(), z.int().nonnegative()),
  temperature: z.number().positive(),
  inactiveOffset: z.number(),
  /** What the gate found; `inactiveOffset` is what follows from it for these rows. */
  serving: ServingParameters.default(START_PARAMETERS),
  keyBytes: z.int().nonnegative(),
  /** How the version was made: noise, aggregation, run. Shown by every answer of the models route. */
  training: z.record(z.string(), z.unknown()),
});
export type SnapshotHeader = z.infer<typeof SnapshotHeader>;

/** The sections of numbers. */
export interface SnapshotParts {
  /** Adapter parameters, flat: A [width, width], or U [width, rank] then V [rank, width]. */
  adapter: Float32Array;
  scales: Float32Array;
  /** 1 where the row has learned. */
  active: Uint8Array;
  /** Index into `header.regions`. */
  regions: Uint8Array;
  ordinals: Uint32Array;
  rows: Int8Array;
}

export interface Snapshot extends SnapshotParts {
  header: SnapshotHeader;
  items: string[];
}

/** Largest snapshot that an edge loads and a coordinator publishes: 50,000 rows take 20 MB, and an isolate has 128. */
export const MAX_SNAPSHOT_BYTES = 32 << 20;

const MAGIC = 0x31534346;
/** In whole numbers of any size: bits of a hostile header would wrap around. */
const align = (offset: number): number => 8 * Math.ceil(offset / 8);

export function adapterSize(adapter: AdapterSettings, width: number): number {
  if (adapter.kind === 'none') return 0;
  return adapter.kind === 'full' ? width * width : 2 * width * adapter.rank;
}

/** Byte offsets of the sections for a header of `headerBytes` bytes. */
function layout(header: SnapshotHeader, headerBytes: number) {
  const { rows: count, width } = header;
  const adapter = align(8 + headerBytes);
  const scales = align(adapter + 4 * adapterSize(header.adapter, width));
  const active = align(scales + 4 * count);
  const regions = align(active + count);
  const ordinals = align(regions + count);
  const rows = align(ordinals + 4 * count);
  const keys = align(rows + count * width);
  return { adapter, scales, active, regions, ordinals, rows, keys, end: keys + header.keyBytes };
}

/** Bytes of a snapshot with this header. */
export function snapshotLength(header: SnapshotHeader): number {
  return layout(header, new TextEncoder().encode(JSON.stringify(header)).length).end;
}

/**
 * A snapshot's bytes with its header in place and everything else zero, for whoever fills it where it lies: `items` are
 * written as `keys`, which has the `keyBytes` of the header.
 */
export function blankSnapshot(header: SnapshotHeader): {
  bytes: Uint8Array;
  parts: SnapshotParts;
  keys: Uint8Array;
} {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const at = layout(header, json.length);
  const bytes = new Uint8Array(at.end);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, json.length, true);
  bytes.set(json, 8);
  return { bytes, parts: partsOf(bytes, header, at), keys: bytes.subarray(at.keys, at.end) };
}

function partsOf(bytes: Uint8Array, header: SnapshotHeader, at: ReturnType<typeof layout>): SnapshotParts {
  const { buffer, byteOffset: base } = bytes;
  const { rows: count, width } = header;
  return {
    adapter: new Float32Array(buffer, base + at.adapter, adapterSize(header.adapter, width)),
    scales: new Float32Array(buffer, base + at.scales, count),
    active: new Uint8Array(buffer, base + at.active, count),
    regions: new Uint8Array(buffer, base + at.regions, count),
    ordinals: new Uint32Array(buffer, base + at.ordinals, count),
    rows: new Int8Array(buffer, base + at.rows, count * width),
  };
}

/**
 * Reads a snapshot without copying its sections.
 * @throws TypeError when the bytes are not a snapshot or do not have the length that the header states.
 */
export function decodeSnapshot(input: Uint8Array): Snapshot {
  // Typed views need an aligned start.
  const bytes = input.byteOffset % 8 === 0 ? input : input.slice();
  if (bytes.length < 8) throw new TypeError(`snapshot: ${bytes.length} bytes are too few`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) throw new TypeError('snapshot: wrong magic number');
  const headerBytes = view.getUint32(4, true);
  if (8 + headerBytes > bytes.length) throw new TypeError('snapshot: header is longer than the file');
  const header = SnapshotHeader.parse(
    JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerBytes))),
  );
  const at = layout(header, headerBytes);
  if (at.end !== bytes.length) {
    throw new TypeError(`snapshot: ${bytes.length} bytes where the header asks for ${at.end}`);
  }
  const keys = new TextDecoder().decode(bytes.subarray(at.keys, at.end));
  const items = header.rows === 0 ? [] : keys.split('\0');
  if (items.length !== header.rows) {
    throw new TypeError(`snapshot: ${items.length} keys where the header asks for ${header.rows}`);
  }
  return { header, ...partsOf(bytes, header, at), items };
}
