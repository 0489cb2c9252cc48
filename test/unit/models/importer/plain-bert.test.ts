import { describe, expect, test } from 'vitest';
import { openEngine } from '../../../../models/engine.ts';
import { plainForward } from '../../../../models/importer/plain-bert.ts';
import { nodeOrtWasm } from '../../../../models/ort-wasm-node.ts';
import { cosine } from '../../../helpers/cosine.ts';
import { tinyBert } from '../../../helpers/tiny-bert.ts';

describe('plainForward', () => {
  test('agrees with the graph in ONNX Runtime, which shares no code with it', async () => {
    const tiny = await tinyBert({ weights: 'float32', seed: 3 });
    const engine = await openEngine({
      source: tiny.source,
      wasm: await nodeOrtWasm(),
      adapter: { kind: 'none' },
      lowering: 'fp32',
    });
    const shape = tiny.manifest;
    for (const ids of [[2, 3], [2, 60, 14, 33, 8, 3], Array.from({ length: 32 }, (_, i) => 2 * i + 1)]) {
      const embedding = await engine.embed([Int32Array.from(ids)]);
      const mean = plainForward(shape, (name) => tiny.tensor(name).values, ids);
      expect(cosine(mean, embedding)).toBeGreaterThan(1 - 1e-6);
    }
  });

  test('shows the input of every linear map', async () => {
    const tiny = await tinyBert({ weights: 'float32' });
    const seen: [string, number][] = [];
    const read = (name: string) => tiny.tensor(name).values;
    plainForward(tiny.manifest, read, [2, 9, 3], (linear, input) => {
      seen.push([linear, input.length / 3]);
    });
    expect(seen.slice(0, 4)).toEqual([
      ['layer.0.attention.qkv', 24],
      ['layer.0.attention.output', 24],
      ['layer.0.intermediate', 24],
      ['layer.0.output', 48],
    ]);
    expect(seen.length).toBe(8);
  });
});
