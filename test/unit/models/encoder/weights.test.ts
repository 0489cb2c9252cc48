import { beforeAll, describe, expect, test } from 'vitest';
import { externalWeight } from '../../../../models/encoder/weights.ts';
import type { WeightUse } from '../../../../models/graph/lower.ts';
import { type TinyBert, tinyBert } from '../../../helpers/tiny-bert.ts';

const TENSOR = 'layer.0.intermediate.weight';
let bert: TinyBert;
let files: Map<string, Uint8Array>;
beforeAll(async () => {
  bert = await tinyBert({ width: 72, intermediate: 130 });
  const names = bert.manifest.files.map(({ name }) => name);
  files = new Map(
    await Promise.all(names.map(async (name) => [name, await bert.source.read(name)] as const)),
  );
});

function weight(use: Partial<WeightUse>) {
  const full = {
    location: 'w',
    tensor: TENSOR,
    dtype: 'int8',
    layout: 'out-in',
    shape: [130, 72],
    ...use,
  } as const;
  return externalWeight(bert.manifest, full);
}
const entry = () => bert.manifest.tensors.find(({ name }) => name === TENSOR)!;

describe('external weights of the graph', () => {
  test('as stored: a view of the file, nothing copied', () => {
    const { bytes, byteLength, files: wanted } = weight({});
    const found = bytes((name) => files.get(name)!);
    expect(wanted).toEqual([entry().file]);
    expect([found.length, byteLength]).toEqual([130 * 72, 130 * 72]);
    expect(found.buffer).toBe(files.get(entry().file)!.buffer);
    expect(found.byteOffset).toBe(files.get(entry().file)!.byteOffset + entry().offset);
  });

  test('transposed, over sizes that are not multiples of a tile', () => {
    const stored = weight({}).bytes((name) => files.get(name)!);
    const turned = weight({ layout: 'in-out', shape: [72, 130] }).bytes((name) => files.get(name)!);
    for (let row = 0; row < 130; row++) {
      for (let column = 0; column < 72; column++) {
        if (turned[column * 130 + row] !== stored[row * 72 + column]) throw new Error(`at ${row}, ${column}`);
      }
    }
  });

  test('dequantised for the fp32 lowering, with its scales', () => {
    const external = weight({ dtype: 'float32' });
    const found = new Float32Array(external.bytes((name) => files.get(name)!).slice().buffer);
    expect(external.byteLength).toBe(4 * 130 * 72);
    expect(found).toEqual(bert.tensor(TENSOR).values);
  });

  test('a file that is too short is named by its tensor', () => {
    expect(() => weight({}).bytes(() => new Uint8Array(10))).toThrow(
      `tensor '${TENSOR}' ends at byte ${entry().offset + entry().bytes} of a file of 10 bytes`,
    );
  });

  test('a tensor that the artifact does not have', () => {
    expect(() => weight({ tensor: 'layer.9.x' })).toThrow("no tensor 'layer.9.x'");
  });
});
