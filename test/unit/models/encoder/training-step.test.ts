import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AdapterSpec } from '../../../../models/encoder/adapter.ts';
import { interpret, type Tensor, tensor } from '../../../helpers/interpret.ts';
import { seededNormal, type TinyBert, type TinyBertOptions, tinyBert } from '../../../helpers/tiny-bert.ts';
import {
  ACTIVE,
  ADAPTERS,
  bindStep,
  type StepOptions,
  someUnits,
  stepInputs,
  stepNodes,
  type Unit,
} from '../../../helpers/training-step.ts';

/** All of it in double precision, through the interpreter. */
let bert: TinyBert;
const modelOf = (options: TinyBertOptions = {}) =>
  tinyBert({ weights: 'float32', width: 12, layers: 2, heads: 3, intermediate: 20, ...options });
beforeAll(async () => {
  bert = await modelOf();
});
const MODELS: TinyBertOptions[] = [
  { architecture: 'bert', pooling: 'mean' },
  { architecture: 'xlm-roberta', pooling: 'cls' },
];
const CASES = MODELS.flatMap((model) =>
  ADAPTERS.map((adapter) => ({
    model,
    adapter,
    name: `${model.architecture}, ${model.pooling}: ${adapter.kind}`,
  })),
);

const TOKENS = 5;
const dot = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, x, i) => sum + x * b[i]!, 0);
const norm = (parts: Tensor[]) => Math.sqrt(parts.reduce((sum, { values }) => sum + dot(values, values), 0));

function evaluate(adapter: AdapterSpec, inputs: Record<string, Tensor>): Record<string, Tensor> {
  const nodes = stepNodes(bert.manifest, adapter);
  const values = interpret(Object.values(nodes), bindStep(bert, inputs));
  return Object.fromEntries(Object.keys(nodes).map((name, index) => [name, values[index]!]));
}
const run = (adapter: AdapterSpec, units: readonly Unit[], options: Omit<StepOptions, 'tokens'> = {}) =>
  evaluate(adapter, stepInputs(12, adapter, units, { tokens: TOKENS, ...options }));
const gradientsOf = (results: Record<string, Tensor>, group: 'adapter' | 'head') =>
  Object.entries(results).flatMap(([name, value]) => (name.startsWith(`grad_${group}`) ? [value] : []));

describe.each(CASES)('a joint step of $name', ({ model, adapter }) => {
  beforeAll(async () => {
    bert = await modelOf(model);
  });
  afterAll(async () => {
    bert = await modelOf();
  });
  const units = someUnits(3, TOKENS, 4);

  test.each([-1e9, -0.2])('agrees with central differences of the loss, margin %s', (margin) => {
    const inputs = stepInputs(12, adapter, units, { tokens: TOKENS, margin });
    const results = evaluate(adapter, inputs);
    const names = Object.keys(inputs).filter((name) => name.startsWith('adapter') || name === 'head');
    const normal = seededNormal(3);
    const directions = names.map((name) => {
      const { shape } = inputs[name]!;
      // Rows that are not active are fixed: the step has no derivative with respect to them.
      const moves = (i: number) => (name === 'head' ? ACTIVE[Math.floor(i / shape[1]!)]! : 1);
      return Array.from(inputs[name]!.values, (_, i) => moves(i) * normal());
    });
    const lossAt = (step: number) => {
      const moved = names.map((name, index) => {
        const { shape, values } = inputs[name]!;
        return [
          name,
          tensor(
            shape,
            values.map((x, i) => x + step * directions[index]![i]!),
          ),
        ] as const;
      });
      const { loss } = evaluate(adapter, { ...inputs, ...Object.fromEntries(moved) });
      return loss!.values.reduce((a, b) => a + b, 0);
    };
    const step = 1e-5;
    const difference = (lossAt(step) - lossAt(-step)) / (2 * step);
    const projected = names.reduce(
      (sum, name, index) => sum + dot(results[`grad_${name}`]!.values, directions[index]!),
      0,
    );
    expect(Math.abs(difference)).toBeGreaterThan(0.1);
    expect(Math.abs(projected - difference)).toBeLessThan(1e-6 * Math.abs(difference));
  });

  test("ghost norms are the norms of the units' own gradients", () => {
    const together = run(adapter, units, { margin: -0.2 });
    units.forEach((unit, place) => {
      const alone = run(adapter, [unit], { margin: -0.2 });
      expect(together.norm_head!.values[place]).toBeCloseTo(norm(gradientsOf(alone, 'head')), 10);
      expect(together.norm_adapter!.values[place]).toBeCloseTo(norm(gradientsOf(alone, 'adapter')), 10);
    });
  });

  test.each([[[1.5, Infinity, Infinity]], [[Infinity, 0.4, 2]], [[3, 0.5, 1e30]]] as const)(
    'clips every unit to %s before it adds them up, and weighs it after',
    (clip) => {
      const weighted = units.map((unit, place) => ({ ...unit, weight: place + 0.5 }));
      const clipped = run(adapter, weighted, { clip });
      for (const group of ['adapter', 'head'] as const) {
        const expected = gradientsOf(clipped, group).map(({ values }) => values.map(() => 0));
        for (const unit of weighted) {
          const own = run(adapter, [{ ...unit, weight: 1 }]);
          const [a, h] = [norm(gradientsOf(own, 'adapter')), norm(gradientsOf(own, 'head'))];
          const limit = group === 'adapter' ? clip[1] / a : clip[2] / h;
          const coefficient = Math.min(1, clip[0] / Math.hypot(a, h), limit);
          gradientsOf(own, group).forEach(({ values }, index) => {
            values.forEach((x, i) => {
              expected[index]![i]! += unit.weight * coefficient * x;
            });
          });
        }
        gradientsOf(clipped, group).forEach(({ values }, index) => {
          expect(
            norm([
              tensor(
                [],
                values.map((x, i) => x - expected[index]![i]!),
              ),
            ]),
          ).toBeLessThan(1e-9);
        });
      }
    },
  );

  test('padding changes nothing', () => {
    const tight = evaluate(adapter, stepInputs(12, adapter, units, { tokens: TOKENS }));
    const loose = evaluate(adapter, stepInputs(12, adapter, units, { tokens: TOKENS + 3 }));
    for (const [name, { values }] of Object.entries(tight)) {
      const error = Math.max(...values.map((x, i) => Math.abs(x - loose[name]!.values[i]!)));
      expect([name, error < 1e-11]).toEqual([name, true]);
    }
  });
});

test('rows that are not active get no gradient, and without a margin no probability either', () => {
  const units = someUnits(4, TOKENS, 9);
  const width = 12;
  const rowOf = (values: Float64Array, row: number) => values.slice(row * width, (row + 1) * width);
  const left = run({ kind: 'full' }, units);
  const competing = run({ kind: 'full' }, units, { margin: 0 });
  ACTIVE.forEach((active, row) => {
    expect(rowOf(left.grad_head!.values, row).some((x) => x !== 0)).toBe(active === 1);
    expect(rowOf(competing.grad_head!.values, row).some((x) => x !== 0)).toBe(active === 1);
  });
  left.loss!.values.forEach((loss, place) => {
    // More competitors: less probability for the row, which is what a row that does not answer wants.
    expect(competing.loss!.values[place]! > loss).toBe(units[place]!.relevant);
  });
});
