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
 * (positions beyond the longest input, segments beyond 0), its first rows are taken. Throws a RangeError that
 * names the tensor when it is missing, its shape is not the one that config.json implies, or a value is not finite.
 */
export function readRow(checkpoint: Checkpoint, row: LayoutRow): Float32Array {
  const size = row.shape.reduce((product, axis) => product * axis, 1);
  const values = new Float32Array(size);
  let filled = 0;
  for (const source of row.sources) {
    const name = spellings(source.name).find((candidate) => checkpoint.has(candidate));
    if (name === undefined) throw new RangeError(`model.safetensors has no tensor '${source.name}'`);
    const tensor = checkpoint.read(name);
    if (tensor.shape.length !== source.shape.length || tensor.shape.some((n, i) => n !== source.shape[i])) {
      throw new RangeError(
        `tensor '${name}' has shape [${tensor.shape.join(', ')}], config.json implies [${source.shape.join(', ')}]`,
      );
    }
    if (!tensor.values.every(Number.isFinite))
      throw new RangeError(`tensor '${name}' has a value that is not finite`);
    const part = tensor.values.subarray(0, size - filled);
    values.set(part, filled);
    filled += part.length;
  }
  return values;
}

/** As saved from BertModel or from a model with a head (`bert.`), with today's or TensorFlow's norm names. */
function spellings(name: string): string[] {
  const old = name
    .replace(/LayerNorm\.weight$/, 'LayerNorm.gamma')
    .replace(/LayerNorm\.bias$/, 'LayerNorm.beta');
  return [...new Set([name, old])].flatMap((candidate) => [candidate, `bert.${candidate}`]);
}
