/**
 * The graph's external constants, made one at a time from the artifact's files: as they lie there, transposed (int8
 * products want both layouts, one ships), or dequantised for the fp32 lowering.
 */
import type { WeightUse } from '../graph/lower.ts';
import type { ModelManifest, TensorEntry } from '../manifest.ts';
import type { DataType } from '../onnx/model.ts';

export interface ExternalWeight {
  /** The external file that the graph names; it holds this tensor and nothing else. */
  readonly name: string;
  readonly dtype: DataType;
  readonly shape: readonly number[];
  readonly byteLength: number;
  /** The artifact's files that `bytes` reads. */
  readonly files: readonly string[];
  /** The content; a view of the artifact's bytes where nothing has to be changed. `file` gives a file's bytes. */
  bytes(file: (name: string) => Uint8Array): Uint8Array;
}

export function externalWeight(manifest: ModelManifest, use: WeightUse): ExternalWeight {
  const entry = findTensor(manifest, use.tensor);
  const scales =
    entry.dtype === 'int8' && use.dtype === 'float32'
      ? findTensor(manifest, `${use.tensor}.scale`)
      : undefined;
  const { location: name, dtype, shape } = use;
  return {
    name,
    dtype,
    shape,
    byteLength: shape.reduce((size, dim) => size * dim, dtype === 'int8' ? 1 : 4),
    files: [
      ...new Set(
        [...piecesOf(entry), ...(scales === undefined ? [] : piecesOf(scales))].map(({ file: of }) => of),
      ),
    ],
    bytes(file) {
      const stored = tensorBytes(entry, file);
      const plain = scales === undefined ? stored : dequantise(entry, stored, tensorBytes(scales, file));
      return use.layout === 'in-out' ? transposeBytes(plain, entry) : plain;
    },
  };
}

function findTensor(manifest: ModelManifest, name: string): TensorEntry {
  const entry = manifest.tensors.find((tensor) => tensor.name === name);
  if (entry === undefined) throw new RangeError(`the artifact has no tensor '${name}'`);
  return entry;
}

function piecesOf({ file, offset, bytes, more = [] }: TensorEntry) {
  return [{ file, offset, bytes }, ...more];
}

/** A view of the file, or a copy of what lies in several. */
function tensorBytes(entry: TensorEntry, fileOf: (name: string) => Uint8Array): Uint8Array {
  const pieces = piecesOf(entry).map(({ file, offset, bytes }) => {
    const whole = fileOf(file);
    if (whole.length < offset + bytes) {
      throw new RangeError(
        `tensor '${entry.name}' ends at byte ${offset + bytes} of a file of ${whole.length} bytes`,
      );
    }
    return whole.subarray(offset, offset + bytes);
  });
  if (pieces.length === 1) return pieces[0]!;
  const joined = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

function dequantise({ shape }: TensorEntry, codes: Uint8Array, scaleBytes: Uint8Array): Uint8Array {
  const columns = shape[1] ?? 1;
  const scales = new Float32Array(scaleBytes.slice().buffer);
  const values = Float32Array.from(
    new Int8Array(codes.buffer, codes.byteOffset, codes.length),
    (code, index) => code * scales[Math.floor(index / columns)]!,
  );
  return new Uint8Array(values.buffer);
}

/** A matrix of one-byte elements with its axes swapped, in tiles that stay in the cache. */
function transposeBytes(source: Uint8Array, { name, shape }: TensorEntry): Uint8Array {
  const [rows, columns] = shape as [number, number];
  if (source.length !== rows * columns) throw new RangeError(`tensor '${name}' is not a matrix of bytes`);
  const result = new Uint8Array(source.length);
  const tile = 64;
  for (let row = 0; row < rows; row += tile) {
    for (let column = 0; column < columns; column += tile) {
      const lastRow = Math.min(row + tile, rows);
      const lastColumn = Math.min(column + tile, columns);
      for (let r = row; r < lastRow; r++) {
        for (let c = column; c < lastColumn; c++) result[c * rows + r] = source[r * columns + c]!;
      }
    }
  }
  return result;
}
