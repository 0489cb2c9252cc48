import { describe, expect, test } from 'vitest';
import { unitNormSquares, weightedGradient } from '../../../../models/graph/clip.ts';
import { differentiate } from '../../../../models/graph/differentiate.ts';
import { ancestors, type Node } from '../../../../models/graph/node.ts';
import { add, maximum, mul, square } from '../../../../models/graph/operators/arithmetic.ts';
import { broadcast, reshape, select, transpose } from '../../../../models/graph/operators/layout.ts';
import { input, literal } from '../../../../models/graph/operators/leaves.ts';
import { matmul } from '../../../../models/graph/operators/matmul.ts';
import { mean } from '../../../../models/graph/operators/reduce.ts';
import { interpret, tensor } from '../../../helpers/interpret.ts';

const one = literal([1]);
const evaluate = (node: Node, inputs: Record<string, number[]>) => {
  const bound = Object.entries(inputs).map(
    ([name, values]) => [name, tensor([values.length], values)] as const,
  );
  const bindings = {
    inputs: Object.fromEntries(bound),
    artifact: () => undefined,
    dims: { B: 2, S: 3, 'B*S': 6 },
  };
  return Array.from(interpret([node], bindings)[0]!.values);
};

describe('reverse-mode differentiation', () => {
  test('adds up what comes over several paths', () => {
    const x = input('x', [2]);
    const y = add(mul(x, square(x)), x);
    const { gradient } = differentiate(y, broadcast(one, [2]), [x])[0]!;
    expect(evaluate(gradient, { x: [2, -3] })).toEqual([13, 28]);
  });

  test('a wanted node in the middle, and one that others depend on', () => {
    const x = input('x', [2]);
    const middle = square(x);
    const y = mul(middle, middle);
    const [first, second] = differentiate(y, broadcast(one, [2]), [middle, x]);
    expect(evaluate(first!.gradient, { x: [2, 3] })).toEqual([8, 18]);
    expect(evaluate(second!.gradient, { x: [2, 3] })).toEqual([32, 108]);
  });

  test('entries of one stack come back as one stack, not as a sum of padded parts', () => {
    const x = input('x', [3, 2]);
    const y = add(mul(select(x, 2), select(x, 0)), select(x, 1));
    const { gradient } = differentiate(y, broadcast(one, [2]), [x])[0]!;
    const names = ancestors([gradient]).map(({ operator }) => operator.name);
    expect(names).toContain('stack');
    expect(names).not.toContain('place');
    expect(evaluate(gradient, { x: [1, 2, 3, 4, 5, 6] })).toEqual([5, 6, 1, 1, 1, 2]);
  });

  test('refuses an operator without a derivative and a node without influence', () => {
    const [x, z] = [input('x', [2]), input('z', [2])];
    expect(() => differentiate(maximum(x, one), one, [x])).toThrow("operator 'maximum' has no derivative");
    expect(() => differentiate(square(x), one, [z])).toThrow("'input' does not influence the output");
  });

  test('a path that is not wanted may lead through an operator without a derivative', () => {
    const [x, z] = [input('x', [2]), input('z', [2])];
    const { gradient } = differentiate(mul(x, maximum(z, one)), broadcast(one, [2]), [x])[0]!;
    expect(evaluate(gradient, { x: [1, 1], z: [0, 5] })).toEqual([1, 5]);
  });
});

describe('clipping refuses what has no ghost norm', () => {
  const tokens = input('tokens', ['B*S', 2]);
  const parameter = input('p', [2, 2]);
  const seedOf = (node: Node) => broadcast(one, node.shape);

  test('a parameter that is used twice', () => {
    const y = matmul(matmul(tokens, parameter), parameter);
    const [derivative] = differentiate(y, seedOf(y), [parameter]);
    expect(() => unitNormSquares(derivative!)).toThrow('enters the graph once, this one 2 times');
    expect(() => weightedGradient(derivative!, one)).toThrow('enters the graph once');
  });

  test('a parameter of another operator, or on the wrong side', () => {
    const added = add(tokens, reshape(select(parameter, 0), [1, 2]));
    expect(() => unitNormSquares(differentiate(added, seedOf(added), [parameter])[0]!)).toThrow(
      "operator 'select' has no ghost norm",
    );
    const turned = matmul(transpose(parameter, [1, 0]), parameter, { transA: true });
    expect(() => unitNormSquares(differentiate(turned, seedOf(turned), [parameter])[0]!)).toThrow('once');
    const left = matmul(parameter, matmul(tokens, tokens, { transA: true }));
    expect(() => unitNormSquares(differentiate(left, seedOf(left), [parameter])[0]!)).toThrow(
      'only for a parameter on the right',
    );
  });
});

describe('shape rules name what does not fit', () => {
  const x = input('x', ['B', 4]);
  test.each([
    ['matmul', () => matmul(x, x), /matmul of \[B,4\] and \[B,4\]: 4 against B/],
    ['add', () => add(x, input('y', [3])), /\[B,4\] and \[3\] do not broadcast: 4 against 3/],
    ['reshape', () => reshape(x, ['B', 5]), /cannot reshape \[B,4\] to \[B,5\]/],
    ['broadcast', () => broadcast(x, ['B', 5]), /do not broadcast/],
    ['transpose', () => transpose(x, [0, 0]), /not an order of its axes/],
    ['select', () => select(x, 0), /no such entry along axis 0/],
    ['mean', () => mean(x, [0]), /symbolic axis/],
    ['literal', () => literal([1, 2], [3]), /literal of shape \[3\] has 2 values/],
  ] as const)('%s', (_, make, message) => {
    expect(make).toThrow(message);
  });
});
