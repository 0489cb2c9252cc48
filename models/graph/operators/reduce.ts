/** Sums along axes. The reduced axes stay, with size 1. */
import type { Shape } from '../dims.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { mul, scale } from './arithmetic.ts';
import { broadcast } from './layout.ts';

type Axes = { axes: readonly number[] };

function reducedShape(x: Node, axes: readonly number[]): Shape {
  if (axes.some((axis) => axis < 0 || axis >= x.shape.length)) {
    throw new RangeError(`axes [${axes}] of a value of shape [${x.shape}]`);
  }
  return x.shape.map((dim, axis) => (axes.includes(axis) ? 1 : dim));
}

function reduction(name: string, onnx: string, derivative: Operator<Axes>['derivative']): Operator<Axes> {
  return {
    name,
    shape: ([x], { axes }) => reducedShape(x!, axes),
    lower: (emitter, [x], { attributes: { axes } }) =>
      emitter.emit(onnx, [x!, emitter.integers(axes, 'int64')]),
    derivative,
  };
}

export const SUM: Operator<Axes> = reduction('sum', 'ReduceSum', ({ inputs: [x] }, g) => [
  broadcast(g, x!.shape),
]);
export const SUM_SQUARES: Operator<Axes> = reduction(
  'sumSquares',
  'ReduceSumSquare',
  ({ inputs: [x] }, g) => [mul(x!, scale(g, 2))],
);

export const MEAN: Operator<Axes> = reduction(
  'mean',
  'ReduceMean',
  ({ inputs: [x], attributes: { axes } }, g) => {
    const count = axes.reduce((product, axis) => product * (x!.shape[axis] as number), 1);
    return [broadcast(scale(g, 1 / count), x!.shape)];
  },
);

export function sum(x: Node, axes: readonly number[]): Node {
  return axes.length === 0 ? x : makeNode(SUM, [x], { axes });
}

export const sumSquares = (x: Node, axes: readonly number[]): Node => makeNode(SUM_SQUARES, [x], { axes });

/** The mean along axes of known size. */
export function mean(x: Node, axes: readonly number[]): Node {
  if (axes.some((axis) => typeof x.shape[axis] !== 'number')) {
    throw new RangeError(`mean along a symbolic axis of [${x.shape}]`);
  }
  return makeNode(MEAN, [x], { axes });
}
