/**
 * Lays tensors out in the artifact's binary files: 64-byte aligned, zeros between, a new file whenever the next
 * tensor would pass the size limit. Only a tensor that is larger than a file may be goes on in the next.
 */
import type { TensorEntry } from '../manifest.ts';

/** Largest static asset of the platform: 25 MiB. */
export const ASSET_LIMIT = 25 * 1024 * 1024;
const ALIGNMENT = 64;

export interface PackedTensor {
  name: string;
  shape: number[];
  values: Int8Array | Float32Array;
}

export interface PackedFiles {
  files: { name: string; bytes: Uint8Array }[];
  tensors: TensorEntry[];
}

/** Packs `tensors` into `stem.bin`, `stem-2.bin`, …, each at most `limit` bytes, a multiple of 64. */
export function packFiles(stem: string, tensors: readonly PackedTensor[], limit: number): PackedFiles {
  const bins: { name: string; length: number; parts: { offset: number; bytes: Uint8Array }[] }[] = [];
  const place = (bytes: Uint8Array) => {
    let bin = bins.at(-1);
    if (bin === undefined || align(bin.length) + bytes.length > limit) {
      bin = {
        name: bins.length === 0 ? `${stem}.bin` : `${stem}-${bins.length + 1}.bin`,
        length: 0,
        parts: [],
      };
      bins.push(bin);
    }
    const offset = align(bin.length);
    bin.parts.push({ offset, bytes });
    bin.length = offset + bytes.length;
    return { file: bin.name, offset, bytes: bytes.length };
  };
  const entries = tensors.map(({ name, shape, values }): TensorEntry => {
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const pieces = Math.max(1, Math.ceil(bytes.length / limit));
    const [first, ...more] = Array.from({ length: pieces }, (_, at) =>
      place(bytes.subarray(at * limit, (at + 1) * limit)),
    );
    const dtype = values instanceof Int8Array ? 'int8' : 'float32';
    return { name, dtype, shape, ...first!, ...(more.length === 0 ? {} : { more }) };
  });
  const files = bins.map((bin) => {
    const bytes = new Uint8Array(bin.length);
    for (const part of bin.parts) bytes.set(part.bytes, part.offset);
    return { name: bin.name, bytes };
  });
  return { files, tensors: entries };
}

function align(offset: number): number {
  return Math.ceil(offset / ALIGNMENT) * ALIGNMENT;
}
