import { beforeAll, describe, expect, test } from 'vitest';
import { differentiate } from '../../../../models/graph/differentiate.ts';
import { frozenProduct } from '../../../../models/graph/operators/frozen-product.ts';
import { input } from '../../../../models/graph/operators/leaves.ts';
import {
  artifactOf,
  type Bindings,
  INTERPRETED,
  interpret,
  type Tensor,
  tensor,
} from '../../../helpers/interpret.ts';
import { DIMS, type OperatorCase, operatorCases, valueCases } from '../../../helpers/operator-cases.ts';
import { OPERATORS } from '../../../helpers/operators.ts';
import { runNodes } from '../../../helpers/run-nodes.ts';
import { seededNormal, type TinyBert, tinyBert } from '../../../helpers/tiny-bert.ts';

let bert: TinyBert;
beforeAll(async () => {
  bert = await tinyBert({ weights: 'float32' });
});

const bind = (inputs: Record<string, Tensor>): Bindings => ({
  inputs,
  artifact: artifactOf(bert),
  dims: DIMS,
});
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
const random = (shape: readonly number[], seed: number): Tensor => {
  const normal = seededNormal(seed);
  return tensor(shape, Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, normal));
};

/** The case's value, the gradients of Σ(seed ∘ value), and the bindings with that seed. */
function withGradients({ node, wanted, inputs }: OperatorCase) {
  const [value] = interpret([node], bind({ ...inputs }));
  const seed = random(value!.shape, 5);
  const leaf = input('seed', node.shape);
  const gradients = differentiate(node, leaf, wanted).map(({ gradient }) => gradient);
  const bound: Record<string, Tensor> = { ...inputs, seed };
  return { seed, gradients, inputs: bound };
}

describe('a random projection of the gradient agrees with central differences', () => {
  test.each(operatorCases().map((entry) => [entry.name, entry] as const))('%s', (_, entry) => {
    const { seed, gradients, inputs } = withGradients(entry);
    const values = interpret(gradients, bind(inputs));
    const names = entry.wanted.map((node) => (node.attributes as { name: string }).name);
    const directions = names.map((name, index) => random(inputs[name]!.shape, 11 + index));
    const objective = (step: number) => {
      const moved = names.map((name, index) => {
        const { shape, values: start } = inputs[name]!;
        return [
          name,
          tensor(
            shape,
            start.map((x, i) => x + step * directions[index]!.values[i]!),
          ),
        ] as const;
      });
      const [value] = interpret([entry.node], bind({ ...inputs, ...Object.fromEntries(moved) }));
      return dot(value!.values, seed.values);
    };
    const projected = values.reduce(
      (sum, gradient, index) => sum + dot(gradient.values, directions[index]!.values),
      0,
    );
    const step = 1e-5;
    const difference = (objective(step) - objective(-step)) / (2 * step);
    expect(Math.abs(projected - difference)).toBeLessThan(1e-7 * Math.max(1, Math.abs(difference)));
  });
});

describe('the fp32 lowering computes the same in ONNX Runtime', () => {
  test.each(operatorCases().map((entry) => [entry.name, entry] as const))(
    '%s, with gradients',
    async (_, entry) => {
      const { gradients, inputs } = withGradients(entry);
      const named = Object.fromEntries(gradients.map((node, index) => [`gradient${index}`, node]));
      await compare({ value: entry.node, ...named }, inputs);
    },
  );

  test.each(valueCases().map((entry) => [entry.name, entry] as const))('%s', async (_, entry) => {
    await compare({ value: entry.node }, entry.inputs);
  });

  async function compare(nodes: Parameters<typeof runNodes>[0], inputs: Record<string, Tensor>) {
    const expected = interpret(Object.values(nodes), bind(inputs));
    const found = await runNodes(nodes, inputs, bert);
    Object.keys(nodes).forEach((name, index) => {
      const { shape, values } = expected[index]!;
      expect(found[name]!.shape).toEqual(shape);
      const size = Math.max(...values.map(Math.abs), 1e-3);
      const error = Math.max(...values.map((x, i) => Math.abs(x - found[name]!.values[i]!)));
      expect(error).toBeLessThan(2e-5 * size);
    });
  }
});

describe('the int8 lowering stays within its rounding', () => {
  const quantised = operatorCases().filter(({ name }) => ['frozenProduct', 'gelu'].includes(name));

  test.each(quantised.map((entry) => [entry.name, entry] as const))(
    '%s, with gradients',
    async (_, entry) => {
      const int8 = await tinyBert();
      const { gradients, inputs } = withGradients(entry);
      const nodes = [entry.node, ...gradients];
      const expected = interpret(nodes, { ...bind(inputs), artifact: artifactOf(int8) });
      const named = Object.fromEntries(nodes.map((node, index) => [`node${index}`, node]));
      const found = await runNodes(named, inputs, int8, 'int8');
      expected.forEach(({ values }, index) => {
        const error = values.map((x, i) => x - found[`node${index}`]!.values[i]!);
        expect(dot(error, error)).toBeLessThan(0.01 ** 2 * dot(values, values));
        expect(dot(error, error)).toBeGreaterThan(0);
      });
    },
  );

  test('rows of zeros stay zeros', async () => {
    const int8 = await tinyBert();
    const node = frozenProduct(input('x', ['B*S', 24]), 'layer.0.intermediate.weight', 48, 24);
    const found = await runNodes({ node }, { x: tensor([3, 24], new Float64Array(72)) }, int8, 'int8');
    expect(found.node!.values.filter((x) => x !== 0)).toEqual([]);
  });
});

describe('the table', () => {
  const covered = (cases: OperatorCase[]) => new Set(cases.map(({ name }) => name.split(',')[0]));
  const leaf = ['input', 'literal', 'frozen', 'wordRows', 'leadingRows', 'tokenMask', 'toFloat'];
  const without = [
    'div',
    'maximum',
    'minimum',
    'sqrt',
    'geluSlope',
    'inverseRms',
    'unlikelihoodSlope',
    'softmaxError',
    'isLargest',
  ];

  test('lists what has no derivative', () => {
    expect(OPERATORS.filter(({ derivative }) => derivative === 'none').map(({ name }) => name)).toEqual(
      without,
    );
  });

  test('has a checked derivative for everything else', () => {
    const checked = covered(operatorCases());
    const missing = OPERATORS.map(({ name }) => name).filter((name) => !checked.has(name));
    expect(missing.sort()).toEqual([...leaf, ...without].sort());
  });

  test('has checked values for the rest, and a meaning for every operator', () => {
    expect([...covered(valueCases()), 'input'].sort()).toEqual([...leaf, ...without].sort());
    expect(INTERPRETED.toSorted()).toEqual(OPERATORS.map(({ name }) => name).sort());
  });
});
