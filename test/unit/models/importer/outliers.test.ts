/** Splitting and smoothing change how weights are written, never what the encoder computes. */
import { describe, expect, test } from 'vitest';
import { type PlainBert, plainForward } from '../../../../models/importer/plain-bert.ts';
import { smoothingFactors, smoothWeight } from '../../../../models/importer/smooth.ts';
import { splitHiddenUnits } from '../../../../models/importer/split.ts';
import { cosine } from '../../../helpers/cosine.ts';
import { type TinyBert, tinyBert } from '../../../helpers/tiny-bert.ts';

const IDS = [2, 11, 45, 30, 62, 3];

async function draft(): Promise<{ model: PlainBert; values: Map<string, Float32Array>; tiny: TinyBert }> {
  const tiny = await tinyBert({ weights: 'float32', seed: 5 });
  const names = tiny.manifest.tensors.map(({ name }) => name);
  const values = new Map(names.map((name) => [name, tiny.tensor(name).values]));
  return { model: tiny.manifest, values, tiny };
}

const forward = (model: PlainBert, values: Map<string, Float32Array>) =>
  plainForward(model, (name) => values.get(name)!, IDS);

const largest = (values: Float32Array) => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe('splitHiddenUnits', () => {
  test('leaves a model without giant weights alone', async () => {
    const { model, values } = await draft();
    const before = new Map(values);
    expect(splitHiddenUnits(model, values)).toBe(model.intermediate);
    for (const [name, tensor] of before) expect(values.get(name)).toBe(tensor);
  });

  test('shares a giant weight among copies and keeps what the encoder computes', async () => {
    const { model, values } = await draft();
    const giant = 7 * model.intermediate + 20;
    values.get('layer.1.output.weight')![giant] = 9;
    const before = forward(model, values);
    const intermediate = splitHiddenUnits(model, values);
    expect(intermediate).toBe(model.intermediate + 16);
    for (let i = 0; i < model.layers; i++) {
      expect(values.get(`layer.${i}.intermediate.weight`)!.length).toBe(intermediate * model.width);
      expect(values.get(`layer.${i}.intermediate.bias`)!.length).toBe(intermediate);
    }
    expect(largest(values.get('layer.1.output.weight')!)).toBeLessThan(1);
    const after = forward({ ...model, intermediate }, values);
    after.forEach((value, i) => {
      expect(value).toBeCloseTo(before[i]!, 4);
    });
  });
});

describe('smoothingFactors', () => {
  test('are the same every time, of geometric mean one, for the maps behind a norm', async () => {
    const { model, values } = await draft();
    const read = (name: string) => values.get(name)!;
    const factors = smoothingFactors(model, read, 32);
    expect([...factors.keys()].sort()).toEqual(
      [0, 1].flatMap((i) => [`layer.${i}.attention.qkv`, `layer.${i}.intermediate`]),
    );
    expect(smoothingFactors(model, read, 32)).toEqual(factors);
    for (const s of factors.values()) {
      expect(s.reduce((sum, value) => sum + Math.log(value), 0)).toBeCloseTo(0, 3);
    }
  });

  test('shrink a channel that is far larger than the others, and its weights grow in turn', async () => {
    const { model, values } = await draft();
    values.get('layer.0.attention.norm.gamma')![4] = 40;
    const read = (name: string) => values.get(name)!;
    const s = smoothingFactors(model, read, 32).get('layer.0.intermediate')!;
    expect(s.indexOf(Math.min(...s))).toBe(4);
    expect(s[4]).toBeLessThan(0.25);
    const weight = values.get('layer.0.intermediate.weight')!;
    const smoothed = smoothWeight(weight, s);
    weight.forEach((value, i) => {
      expect(smoothed[i]! * s[i % model.width]!).toBeCloseTo(value, 5);
    });
  });

  test('stay finite for a dead channel', async () => {
    const { model, values } = await draft();
    values.get('layer.0.attention.norm.gamma')![4] = 0;
    values.get('layer.0.attention.norm.beta')![4] = 0;
    const s = smoothingFactors(model, (name) => values.get(name)!, 32).get('layer.0.intermediate')!;
    expect(s.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
  });
});

describe('an int8 artifact', () => {
  test('dequantises to nearly the checkpoint, with giants split and channels smoothed', async () => {
    const [coarse, exact] = [await tinyBert({ seed: 5 }), await tinyBert({ seed: 5, weights: 'float32' })];
    const name = 'layer.0.attention.qkv.weight';
    const s = coarse.tensor(`${name}.smooth`).values;
    const restored = coarse.tensor(name).values.map((value, i) => value * s[i % s.length]!);
    expect(cosine(restored, exact.tensor(name).values)).toBeGreaterThan(0.9999);
    expect(coarse.manifest.tensors.some((tensor) => tensor.name === 'layer.0.output.weight.smooth')).toBe(
      false,
    );
  });
});
