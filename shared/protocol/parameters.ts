/**
 * Parameters of a training round as bytes, all little-endian: the adapter (f32); and the ids of the active rows (u32),
 * then their vectors (f32). Versions are stored in one piece: ids, adapter, vectors. The order of the active rows is the
 * order of a train round's coordinates.
 */

/** Bytes of one stored or transported part: below the 2 MB limits of a SQLite value and of a message. */
export const PART_BYTES = 1 << 20;

export interface Parameters {
  /** Row ids in ascending order. */
  activeRows: Uint32Array;
  adapter: Float32Array;
  /** [activeRows, width]. */
  head: Float32Array;
}

export function encodeParameters({ activeRows, adapter, head }: Parameters): Uint8Array {
  const bytes = new Uint8Array(4 * (activeRows.length + adapter.length + head.length));
  new Uint32Array(bytes.buffer, 0, activeRows.length).set(activeRows);
  new Float32Array(bytes.buffer, 4 * activeRows.length, adapter.length).set(adapter);
  new Float32Array(bytes.buffer, 4 * (activeRows.length + adapter.length), head.length).set(head);
  return bytes;
}

export type Rows = Pick<Parameters, 'activeRows' | 'head'>;

export function encodeRows({ activeRows, head }: Rows): Uint8Array {
  return encodeParameters({ activeRows, head, adapter: new Float32Array(0) });
}

/** @throws RangeError when the length does not fit `active` rows. */
export function decodeRows(input: Uint8Array, active: number, width: number): Rows {
  const { activeRows, head } = decodeParameters(input, active, 0, width);
  return { activeRows, head };
}

export function encodeFloats(floats: Float32Array): Uint8Array {
  return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
}

/** @throws RangeError when there are not `length` of them. */
export function decodeFloats(input: Uint8Array, length: number): Float32Array {
  if (input.length !== 4 * length)
    throw new RangeError(`floats: ${input.length} bytes where ${4 * length} are due`);
  const bytes = input.byteOffset % 4 === 0 ? input : input.slice();
  return new Float32Array(bytes.buffer, bytes.byteOffset, length);
}

/** @throws RangeError when the length does not fit `active` rows and an adapter of `adapterLength` floats. */
export function decodeParameters(
  input: Uint8Array,
  active: number,
  adapterLength: number,
  width: number,
): Parameters {
  const expected = 4 * (active + adapterLength + active * width);
  if (input.length !== expected)
    throw new RangeError(`parameters: ${input.length} bytes where ${expected} are due`);
  const bytes = input.byteOffset % 4 === 0 ? input : input.slice();
  const base = bytes.byteOffset;
  return {
    activeRows: new Uint32Array(bytes.buffer, base, active),
    adapter: new Float32Array(bytes.buffer, base + 4 * active, adapterLength),
    head: new Float32Array(bytes.buffer, base + 4 * (active + adapterLength), active * width),
  };
}

/** How many parts `bytes` bytes take. */
export function partCount(bytes: number): number {
  return Math.ceil(bytes / PART_BYTES);
}

export function partOf(bytes: Uint8Array, part: number): Uint8Array {
  return bytes.subarray(part * PART_BYTES, Math.min(bytes.length, (part + 1) * PART_BYTES));
}

/** @throws RangeError when the parts do not add up to `total` bytes. */
export function joinParts(parts: readonly Uint8Array[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    if (at + part.length > total) throw new RangeError(`parts: more than the ${total} bytes announced`);
    bytes.set(part, at);
    at += part.length;
  }
  if (at !== total) throw new RangeError(`parts: ${at} bytes of the ${total} announced`);
  return bytes;
}
