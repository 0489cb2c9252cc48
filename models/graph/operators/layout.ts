/** Operators that move values without changing them. */
import { broadcastShapes, type Shape, sameShape, sameSize } from '../dims.ts';
import { int, ints } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { sumTo } from './arithmetic.ts';

export const RESHAPE: Operator<{ shape: Shape }> = {
  name: 'reshape',
  shape([x], { shape }) {
    if (!sameSize(x!.shape, shape)) throw new RangeError(`cannot reshape [${x!.shape}] to [${shape}]`);
    return shape;
  },
  dtype: ([x]) => x!.dtype,
  lower: (emitter, [x], { attributes: { shape } }) =>
    emitter.emit('Reshape', [x!, emitter.reshapeTarget(shape)]),
  derivative: ({ inputs: [x] }, g) => [reshape(g, x!.shape)],
};

export function reshape(x: Node, shape: Shape): Node {
  return sameShape(x.shape, shape) ? x : makeNode(RESHAPE, [x], { shape });
}

export const BROADCAST: Operator<{ shape: Shape; written: boolean }> = {
  name: 'broadcast',
  shape([x], { shape }) {
    if (!sameShape(broadcastShapes(x!.shape, shape), shape)) {
      throw new RangeError(`cannot repeat [${x!.shape}] to [${shape}]`);
    }
    return shape;
  },
  lower: (emitter, [x], { attributes: { shape } }) => emitter.emit('Expand', [x!, emitter.sizes(shape)]),
  derivative: ({ inputs: [x] }, g) => [sumTo(g, x!.shape)],
};

/**
 * Repeats `x` along its axes of size 1 (and new leading axes) to `shape`. Arithmetic takes the unrepeated value where
 * it can, unless the repeated one is to be `written` out: plain passes over memory are faster than short repeats.
 */
export function broadcast(x: Node, shape: Shape, written = false): Node {
  return sameShape(x.shape, shape) ? x : makeNode(BROADCAST, [x], { shape, written });
}

export const TRANSPOSE: Operator<{ order: readonly number[] }> = {
  name: 'transpose',
  shape([x], { order }) {
    if (order.length !== x!.shape.length || [...order].sort().some((axis, i) => axis !== i)) {
      throw new RangeError(`transpose of [${x!.shape}] by [${order}]: not an order of its axes`);
    }
    return order.map((axis) => x!.shape[axis]!);
  },
  lower: (emitter, [x], { attributes: { order } }) => emitter.emit('Transpose', [x!], { perm: ints(order) }),
  derivative({ attributes: { order } }, g) {
    return [
      transpose(
        g,
        order.map((_, axis) => order.indexOf(axis)),
      ),
    ];
  },
};

/** The axes of `x` in the given order. */
export function transpose(x: Node, order: readonly number[]): Node {
  return makeNode(TRANSPOSE, [x], { order });
}

export const SELECT: Operator<{ index: number }> = {
  name: 'select',
  shape([x], { index }) {
    const count = x!.shape[0];
    if (typeof count !== 'number' || index >= count) {
      throw new RangeError(`select ${index} of [${x!.shape}]: no such entry along axis 0`);
    }
    return x!.shape.slice(1);
  },
  lower: (emitter, [x], { attributes: { index } }) =>
    emitter.emit('Gather', [x!, emitter.integers([index], 'int64', [])], { axis: int(0) }),
  derivative: ({ inputs: [x], attributes: { index } }, g) => [place(g, index, x!.shape[0] as number)],
};

/** Entry `index` along axis 0. */
export const select = (x: Node, index: number): Node => makeNode(SELECT, [x], { index });

export const PLACE: Operator<{ index: number; count: number }> = {
  name: 'place',
  shape: ([x], { count }) => [count, ...x!.shape],
  lower(emitter, [x], { shape, attributes: { index, count } }) {
    const before = [index, ...shape.slice(1).map(() => 0)];
    const after = [count - 1 - index, ...shape.slice(1).map(() => 0)];
    const lead = emitter.emit('Unsqueeze', [x!, emitter.integers([0], 'int64')]);
    return emitter.emit('Pad', [lead, emitter.integers([...before, ...after], 'int64')]);
  },
  derivative: ({ attributes: { index } }, g) => [select(g, index)],
};

/** Zeros of shape [count, …] with `x` as entry `index`: the adjoint of select. */
export const place = (x: Node, index: number, count: number): Node => makeNode(PLACE, [x], { index, count });

export const STACK: Operator<Record<string, never>> = {
  name: 'stack',
  shape(inputs) {
    const shape = inputs[0]!.shape;
    if (inputs.some((node) => !sameShape(node.shape, shape))) throw new RangeError('stack of unequal shapes');
    return [inputs.length, ...shape];
  },
  lower(emitter, inputs) {
    const axis = emitter.integers([0], 'int64');
    return emitter.emit(
      'Concat',
      inputs.map((name) => emitter.emit('Unsqueeze', [name, axis])),
      { axis: int(0) },
    );
  },
  derivative: ({ inputs }, g) => inputs.map((_, index) => select(g, index)),
};

export const stack = (inputs: readonly Node[]): Node => makeNode(STACK, inputs, {});
