/** Elementwise arithmetic with NumPy broadcasting. Cotangents of repeated inputs are summed back. */
import { broadcastShapes, repeatedAxes, type Shape, sameShape } from '../dims.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { BROADCAST, reshape } from './layout.ts';
import { isConstant } from './leaves.ts';
import { sum } from './reduce.ts';

type None = Record<string, never>;

function binary(name: string, onnx: string, derivative: Operator<None>['derivative']): Operator<None> {
  return {
    name,
    shape: ([a, b]) => broadcastShapes(a!.shape, b!.shape),
    lower: (emitter, inputs) => emitter.emit(onnx, inputs),
    derivative,
  };
}

/** Sums `cotangent` over the axes along which a value of shape `shape` was repeated. */
export function sumTo(cotangent: Node, shape: Shape): Node {
  if (sameShape(cotangent.shape, shape)) return cotangent;
  return reshape(sum(cotangent, repeatedAxes(shape, cotangent.shape)), shape);
}

export const ADD: Operator<None> = binary('add', 'Add', ({ inputs: [a, b] }, g) => [
  sumTo(g, a!.shape),
  sumTo(g, b!.shape),
]);
export const SUB: Operator<None> = binary('sub', 'Sub', ({ inputs: [a, b] }, g) => [
  sumTo(g, a!.shape),
  sumTo(scale(g, -1), b!.shape),
]);
export const MUL: Operator<None> = binary('mul', 'Mul', ({ inputs: [a, b] }, g) => [
  sumTo(mul(g, b!), a!.shape),
  sumTo(mul(g, a!), b!.shape),
]);
export const DIV: Operator<None> = binary('div', 'Div', 'none');
export const MAXIMUM: Operator<None> = binary('maximum', 'Max', 'none');
export const MINIMUM: Operator<None> = binary('minimum', 'Min', 'none');

/** A repeated operand need not be written out where the other operand brings the full shape. */
function apply(operator: Operator<None>, a: Node, b: Node): Node {
  const shape = broadcastShapes(a.shape, b.shape);
  const slim = (node: Node, other: Node) => {
    if (node.operator !== (BROADCAST as Operator) || (node.attributes as { written: boolean }).written)
      return node;
    const source = node.inputs[0]!;
    return sameShape(broadcastShapes(source.shape, other.shape), shape) ? source : node;
  };
  const left = slim(a, b);
  return makeNode(operator, [left, slim(b, left)], {});
}

export const add = (a: Node, b: Node): Node => apply(ADD, a, b);
export const sub = (a: Node, b: Node): Node => apply(SUB, a, b);
export const div = (a: Node, b: Node): Node => apply(DIV, a, b);
export const maximum = (a: Node, b: Node): Node => apply(MAXIMUM, a, b);
export const minimum = (a: Node, b: Node): Node => apply(MINIMUM, a, b);

export function mul(a: Node, b: Node): Node {
  const shape = broadcastShapes(a.shape, b.shape);
  const isOne = (node: Node): boolean =>
    isConstant(node, 1) || (node.operator === (BROADCAST as Operator) && isOne(node.inputs[0]!));
  if (isOne(b) && sameShape(a.shape, shape)) return a;
  if (isOne(a) && sameShape(b.shape, shape)) return b;
  return apply(MUL, a, b);
}

export const SCALE: Operator<{ factor: number }> = {
  name: 'scale',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x], { attributes: { factor } }) => emitter.emit('Mul', [x!, emitter.floats([factor])]),
  derivative: ({ attributes: { factor } }, g) => [scale(g, factor)],
};

/** `factor · x` for a constant factor. */
export function scale(x: Node, factor: number): Node {
  return factor === 1 ? x : makeNode(SCALE, [x], { factor });
}

export const SQUARE: Operator<None> = {
  name: 'square',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x]) => emitter.emit('Mul', [x!, x!]),
  derivative: ({ inputs: [x] }, g) => [mul(scale(g, 2), x!)],
};
export const square = (x: Node): Node => makeNode(SQUARE, [x], {});

export const SQRT: Operator<None> = {
  name: 'sqrt',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x]) => emitter.emit('Sqrt', [x!]),
  derivative: 'none',
};
export const sqrt = (x: Node): Node => makeNode(SQRT, [x], {});

export const INVERSE_SQRT: Operator<{ epsilon: number }> = {
  name: 'inverseSqrt',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x], { attributes: { epsilon } }) =>
    emitter.emit('Reciprocal', [
      emitter.emit('Sqrt', [emitter.emit('Add', [x!, emitter.floats([epsilon])])]),
    ]),
  derivative(node, g) {
    return [mul(scale(g, -0.5), mul(node, square(node)))];
  },
};

/** `1 / √(x + epsilon)`. */
export const inverseSqrt = (x: Node, epsilon: number): Node => makeNode(INVERSE_SQRT, [x], { epsilon });
