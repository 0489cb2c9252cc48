/** Reads a layout row out of a checkpoint: finds each tensor under its known spellings, checks its shape, joins. */
import type { LayoutRow } from './bert-layout.ts';

/** A checkpoint's tensors by name, as fp32. */
export interface Checkpoint {
  has(name: string): boolean;
  /** Shape and values; throws a TypeError when its dtype is not a floating-point one. */
  read(name: string): { shape: readonly number[]; values: Float32Array };
}

/**
 * The values of `row`, in its artifact's shape. Where a checkpoint table has more rows than the artifact keeps
 * (positions beyond the longest input, segments beyond 0), those from `firstRow` on are taken. Throws a RangeError that
 * names the tensor when it is missing, its shape is not the one that config.json implies, or a value is not finite.
 */
export function readRow(checkpoint: Checkpoint, row: LayoutRow, prefixes: readonly string[]): Float32Array {
  const size = row.shape.reduce((product, axis) => product * axis, 1);
  const values = new Float32Array(size);
  let filled = 0;
  for (const source of row.sources) {
    const name = spellings(source.name, prefixes).find((candidate) => checkpoint.has(candidate));
    if (name === undefined) throw new RangeError(`model.safetensors has no tensor '${source.name}'`);
    const tensor = checkpoint.read(name);
    if (tensor.shape.length !== source.shape.length || tensor.shape.some((n, i) => n !== source.shape[i])) {
      throw new RangeError(
        `tensor '${name}' has shape [${tensor.shape.join(', ')}], config.json implies [${source.shape.join(', ')}]`,
      );
    }
    if (!tensor.values.every(Number.isFinite))
      throw new RangeError(`tensor '${name}' has a value that is not finite`);
    const columns = source.shape.length === 1 ? 1 : source.shape[1]!;
    if (row.keptRows !== undefined) return gather(tensor.values, row.keptRows, columns);
    const from = (source.firstRow ?? 0) * columns;
    const part = tensor.values.subarray(from, from + size - filled);
    values.set(part, filled);
    filled += part.length;
  }
  if (filled !== size) throw new RangeError(`'${row.name}' keeps more rows than the checkpoint has`);
  return values;
}

function gather(values: Float32Array, rows: Int32Array, columns: number): Float32Array {
  const kept = new Float32Array(rows.length * columns);
  rows.forEach((row, at) => {
    kept.set(values.subarray(row * columns, (row + 1) * columns), at * columns);
  });
  return kept;
}

/** With a prefix as models with a head have it, with today's or TensorFlow's norm names. */
function spellings(name: string, prefixes: readonly string[]): string[] {
  const old = name
    .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
    .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  return [...new Set([name, old])].flatMap((candidate) => prefixes.map((prefix) => `${prefix}${candidate}`));
}
