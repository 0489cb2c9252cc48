/**
 * Lays tensors out in the artifact's binary files: 64-byte aligned, zeros between, a new file whenever the next
 * tensor would pass the size limit. A tensor never spans two files.
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

/**
 * Packs `tensors` into `stem.bin`, `stem-2.bin`, …, each at most `limit` bytes. Throws a RangeError that names a
 * tensor which alone is larger.
 */
export function packFiles(stem: string, tensors: readonly PackedTensor[], limit: number): PackedFiles {
  const bins: { name: string; length: number; parts: { offset: number; bytes: Uint8Array }[] }[] = [];
  const entries: TensorEntry[] = [];
  for (const tensor of tensors) {
    const { values } = tensor;
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    if (bytes.length > limit) {
      throw new RangeError(`tensor '${tensor.name}' takes ${bytes.length} bytes, a file at most ${limit}`);
    }
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
    entries.push({
      name: tensor.name,
      dtype: values instanceof Int8Array ? 'int8' : 'float32',
      shape: tensor.shape,
      file: bin.name,
      offset,
      bytes: bytes.length,
    });
  }
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
