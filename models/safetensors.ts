/**
 * Reader of the safetensors format (github.com/huggingface/safetensors, "Format"): an 8-byte little-endian header
 * length, a JSON header, then the tensors' bytes. Strict: tensors must tile the data exactly, without holes or
 * overlaps, and every range must agree with its dtype and shape.
 */
import { z } from 'zod';

const ITEM_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  U16: 2,
  I16: 2,
  F16: 2,
  BF16: 2,
  U32: 4,
  I32: 4,
  F32: 4,
  U64: 8,
  I64: 8,
  F64: 8,
} as const;
export type SafetensorsDtype = keyof typeof ITEM_BYTES;

/** The format's own limit on the header. */
const HEADER_LIMIT = 100_000_000;

const Entry = z.strictObject({
  dtype: z.enum(Object.keys(ITEM_BYTES) as [SafetensorsDtype, ...SafetensorsDtype[]]),
  shape: z.array(z.int().nonnegative()),
  data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
});
const Metadata = z.record(z.string(), z.string());

export interface SafeTensor {
  dtype: SafetensorsDtype;
  shape: readonly number[];
  /** A view of the file's bytes, little-endian, at any alignment. */
  bytes: Uint8Array;
}

/** The tensors of a file by name, as views of `file`. Throws a RangeError that says what is wrong with it. */
export function readSafetensors(file: Uint8Array): Map<string, SafeTensor> {
  const { header, data } = split(file);
  const tensors = new Map<string, SafeTensor>();
  const ranges: { name: string; begin: number; end: number }[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') {
      if (!Metadata.safeParse(value).success) throw broken('__metadata__ is not a map of strings');
      continue;
    }
    const parsed = Entry.safeParse(value);
    if (!parsed.success) throw broken(`tensor '${name}': ${z.prettifyError(parsed.error)}`);
    const { dtype, shape, data_offsets: offsets } = parsed.data;
    const [begin, end] = offsets;
    const expected = shape.reduce((product, axis) => product * axis, ITEM_BYTES[dtype]);
    if (end - begin !== expected) {
      throw broken(
        `tensor '${name}': ${dtype} [${shape.join(', ')}] takes ${expected} bytes, not ${end - begin}`,
      );
    }
    ranges.push({ name, begin, end });
    tensors.set(name, { dtype, shape, bytes: data.subarray(begin, end) });
  }
  checkTiling(ranges, data.length);
  return tensors;
}

/** The values of a floating-point tensor as fp32; throws a TypeError for any other dtype. */
export function toFloat32(tensor: SafeTensor): Float32Array {
  const { buffer, byteOffset, byteLength } = tensor.bytes;
  const view = new DataView(buffer, byteOffset, byteLength);
  switch (tensor.dtype) {
    case 'F32':
      return new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    case 'F64':
      return Float32Array.from({ length: byteLength / 8 }, (_, i) => view.getFloat64(8 * i, true));
    case 'F16':
      return Float32Array.from({ length: byteLength / 2 }, (_, i) =>
        halfToNumber(view.getUint16(2 * i, true)),
      );
    case 'BF16': {
      const bits = Uint32Array.from({ length: byteLength / 2 }, (_, i) => view.getUint16(2 * i, true) << 16);
      return new Float32Array(bits.buffer);
    }
    default:
      throw new TypeError(`dtype ${tensor.dtype} is not a floating-point one (F64, F32, F16 or BF16)`);
  }
}

function split(file: Uint8Array): { header: Record<string, unknown>; data: Uint8Array } {
  if (file.length < 8) throw broken(`${file.length} bytes are too few`);
  const length = new DataView(file.buffer, file.byteOffset, file.byteLength).getBigUint64(0, true);
  if (length > BigInt(HEADER_LIMIT))
    throw broken(`its header claims ${length} bytes, at most ${HEADER_LIMIT}`);
  const dataStart = 8 + Number(length);
  if (dataStart > file.length) throw broken(`its header claims ${length} bytes, the file has ${file.length}`);
  return { header: parseHeader(file.subarray(8, dataStart)), data: file.subarray(dataStart) };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw broken('its header is not JSON in UTF-8', cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw broken('its header is not a JSON object');
  }
  return header as Record<string, unknown>;
}

function checkTiling(ranges: { name: string; begin: number; end: number }[], length: number): void {
  ranges.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let covered = 0;
  for (const { name, begin, end } of ranges) {
    if (begin !== covered) throw broken(`tensor '${name}' begins at ${begin} where ${covered} was expected`);
    covered = end;
  }
  if (covered !== length) throw broken(`its tensors cover ${covered} of ${length} bytes`);
}

/** IEEE 754 binary16 to a number. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

function broken(detail: string, cause?: unknown): RangeError {
  return new RangeError(`broken safetensors file: ${detail}`, cause === undefined ? undefined : { cause });
}
