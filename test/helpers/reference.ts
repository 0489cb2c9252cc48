/** Golden values made with PyTorch (fp32, each text alone) in the folder FEDCAR_SHARED, by default ../shared. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSafetensors, toFloat32 } from '../../models/safetensors.ts';
import type { Feed } from './run-onnx.ts';

const folder = join(process.env.FEDCAR_SHARED ?? join(import.meta.dirname, '../../../shared'), 'reference');

/** Undefined, with a line on standard error, where the golden values are absent. */
export function referenceGradients(): Map<string, { shape: number[]; values: number[] }> | undefined {
  const path = join(folder, 'gradients.safetensors');
  if (!existsSync(path)) {
    console.error(`skipped: no golden values at ${path} (set FEDCAR_SHARED)`);
    return undefined;
  }
  const tensors = readSafetensors(new Uint8Array(readFileSync(path)));
  return new Map(
    [...tensors].map(([name, tensor]) => {
      const { dtype, bytes } = tensor;
      const integers = dtype === 'I32' ? new Int32Array(bytes.slice().buffer) : bytes;
      const values = Array.from(dtype === 'F32' ? toFloat32(tensor) : integers);
      return [name, { shape: [...tensor.shape], values }];
    }),
  );
}

/** The feeds of one joint step over the whole reference batch: τ = 20, clip 1.0 over adapter and head together. */
export function referenceFeeds(
  reference: Map<string, { shape: number[]; values: number[] }>,
  adapter: 'full' | 'low-rank',
): Record<string, Feed> {
  const get = (name: string, dtype: Feed['dtype'] = 'float32'): Feed => ({ dtype, ...reference.get(name)! });
  const mask = reference.get('attention_mask')!;
  const [units, tokens] = mask.shape as [number, number];
  const lengths = Array.from({ length: units }, (_, unit) =>
    mask.values.slice(unit * tokens, (unit + 1) * tokens).reduce((sum, one) => sum + one, 0),
  );
  const width = reference.get('head')!.shape[1]!;
  return {
    mode: { dtype: 'int32', shape: [], values: [1] },
    ids: get('input_ids', 'int32'),
    lengths: { dtype: 'int32', shape: [units], values: lengths },
    ...(adapter === 'full'
      ? { adapter_a: get('adapter') }
      : { adapter_u: get('lowrank_u'), adapter_v: get('lowrank_v') }),
    cached: { dtype: 'float32', shape: [0, width], values: [] },
    head: get('head'),
    active: get('active_rows'),
    labels: get('labels', 'int32'),
    relevant: { dtype: 'float32', shape: [units], values: new Array(units).fill(1) },
    weights: { dtype: 'float32', shape: [units], values: new Array(units).fill(1) },
    tau: { dtype: 'float32', shape: [], values: [20] },
    margin: { dtype: 'float32', shape: [], values: [-1e9] },
    clip: { dtype: 'float32', shape: [3], values: [1, Infinity, Infinity] },
  };
}
