import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildModel, MODES } from '../../../../models/encoder/build-model.ts';
import { interpret, tensor } from '../../../helpers/interpret.ts';
import { modelRunner, type Runner } from '../../../helpers/run-onnx.ts';
import { type TinyBert, tinyBert } from '../../../helpers/tiny-bert.ts';
import {
  ADAPTERS,
  bindStep,
  someUnits,
  stepFeeds,
  stepInputs,
  stepNodes,
} from '../../../helpers/training-step.ts';

const VARIANTS = (['fp32', 'int8'] as const).flatMap((lowering) => [
  ...ADAPTERS.map((adapter) => ({
    lowering,
    adapter,
    model: {},
    name: `${lowering}, adapter ${adapter.kind}`,
  })),
  {
    lowering,
    adapter: { kind: 'full' } as const,
    model: { architecture: 'xlm-roberta', pooling: 'cls' } as const,
    name: `${lowering}, XLM-RoBERTa by its first token`,
  },
]);
const distance = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Math.sqrt(Array.from(a).reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0));
const length = (a: ArrayLike<number>) => distance(a, new Float64Array(a.length));

describe.each(VARIANTS)('the built graph in ONNX Runtime: $name', ({ lowering, adapter, model }) => {
  let bert: TinyBert;
  let runner: Runner;
  beforeAll(async () => {
    bert = await tinyBert({ weights: lowering === 'int8' ? 'int8' : 'float32', ...model });
    runner = await modelRunner(buildModel({ manifest: bert.manifest, adapter, lowering }), bert.source);
  }, 60_000);
  afterAll(() => runner.release());

  const tokens = 8;
  const units = someUnits(5, tokens, 2);
  const options = { tokens, clip: [1, Infinity, Infinity], margin: -0.3 } as const;
  const inputsOf = (some = units) => stepInputs(bert.manifest.width, adapter, some, options);

  test('computes what the interpreter computes in double precision', async () => {
    const inputs = inputsOf();
    const nodes = stepNodes(bert.manifest, adapter);
    const expected = interpret(Object.values(nodes), bindStep(bert, inputs));
    const found = await runner.run(stepFeeds(inputs, MODES.joint));
    const tolerance = lowering === 'fp32' ? 2e-5 : 0.05;
    Object.keys(nodes).forEach((name, index) => {
      const { shape, values } = expected[index]!;
      expect(found[name]!.shape).toEqual(shape);
      const error = distance(found[name]!.values, values) / Math.max(length(values), 1e-9);
      expect([name, error <= tolerance]).toEqual([name, true]);
    });
  });

  test('embedding gives the same queries and no gradients', async () => {
    const inputs = inputsOf();
    const joint = await runner.run(stepFeeds(inputs, MODES.joint));
    const embedded = await runner.run(stepFeeds(inputs, MODES.embed));
    expect(embedded.queries).toEqual(joint.queries);
    const rest = Object.entries(embedded).filter(([name]) => name !== 'queries');
    expect(rest.map(([, { values }]) => values.length)).toEqual(rest.map(() => 0));
  });

  test('training the head alone from cached queries is the head half of the joint step', async () => {
    const inputs = { ...inputsOf(), clip: tensor([3], [Infinity, Infinity, 0.7]) };
    const joint = await runner.run(stepFeeds(inputs, MODES.joint));
    const { shape, values } = joint.queries!;
    const cached = { ...inputs, ids: tensor([0, 0], []) };
    const alone = await runner.run(stepFeeds(cached, MODES.headOnly, tensor(shape, values)));
    for (const name of ['queries', 'loss', 'correct', 'norm_head', 'grad_head']) {
      expect([name, alone[name]]).toEqual([name, joint[name]]);
    }
    expect(alone.norm_adapter!.values).toEqual(units.map(() => 0));
  });

  test("a unit's results are bit-identical whatever shares its microbatch", async () => {
    const width = bert.manifest.width;
    const unit = units[0]!;
    const alone = await runner.run(stepFeeds(inputsOf([unit]), MODES.joint));
    for (let count = 2; count <= 9; count++) {
      const others = someUnits(count, tokens, 50 + count).map((other) => ({ ...other, weight: 0 }));
      const place = count - 1;
      const batch = others.with(place, unit);
      const shared = await runner.run(stepFeeds(inputsOf(batch), MODES.joint));
      const own = (name: string, size: number) =>
        shared[name]!.values.slice(place * size, (place + 1) * size);
      expect([count, own('queries', width)]).toEqual([count, alone.queries!.values]);
      for (const name of ['loss', 'correct', 'norm_adapter', 'norm_head']) {
        expect([count, name, own(name, 1)]).toEqual([count, name, alone[name]!.values]);
      }
      // With weight 0 the others add exact zeros; sums over tokens may be grouped differently, which rounds.
      for (const name of Object.keys(shared).filter((output) => output.startsWith('grad'))) {
        expect(distance(shared[name]!.values, alone[name]!.values)).toBeLessThan(1e-6);
      }
    }
  });
});

test('the graph refuses what does not fit', async () => {
  const { manifest } = await tinyBert({ weights: 'float32' });
  expect(() => buildModel({ manifest, adapter: { kind: 'none' }, lowering: 'int8' })).toThrow(
    /wants .* as int8/,
  );
  expect(() => buildModel({ manifest, adapter: { kind: 'low-rank', rank: 0 }, lowering: 'fp32' })).toThrow(
    /rank must be an integer from 1 to 24, got 0/,
  );
  const tensors = manifest.tensors.filter(({ name }) => name !== 'layer.1.output.bias');
  const broken = { manifest: { ...manifest, tensors }, adapter: { kind: 'none' }, lowering: 'fp32' } as const;
  expect(() => buildModel(broken)).toThrow(/no tensor 'layer.1.output.bias'/);
});
