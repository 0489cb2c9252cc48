/** Leaves of the graph: run-time inputs, small constants and the artifact's fp32 tensors. */
import type { DataType } from '../../onnx/model.ts';
import { type Shape, sameShape } from '../dims.ts';
import { makeNode, type Node, type Operator } from '../node.ts';

export const INPUT: Operator<{ name: string; dtype: DataType; shape: Shape }> = {
  name: 'input',
  shape: (_, { shape }) => shape,
  dtype: (_, { dtype }) => dtype,
  lower: (emitter, _, { attributes: { name, dtype, shape } }) => emitter.input(name, dtype, shape),
  derivative: () => [],
};

/** A value fed at run time. */
export function input(name: string, shape: Shape, dtype: DataType = 'float32'): Node {
  return makeNode(INPUT, [], { name, dtype, shape });
}

export const LITERAL: Operator<{ values: readonly number[]; shape: readonly number[] }> = {
  name: 'literal',
  shape(_, { values, shape }) {
    const size = shape.reduce((product, dim) => product * dim, 1);
    if (size !== values.length)
      throw new RangeError(`literal of shape [${shape}] has ${values.length} values`);
    return shape;
  },
  lower: (emitter, _, { attributes: { values, shape } }) => emitter.floats(values, shape),
  derivative: () => [],
};

/** A constant written into the graph: by default a scalar or a vector. */
export function literal(
  values: readonly number[],
  shape: readonly number[] = values.length === 1 ? [] : [values.length],
): Node {
  return makeNode(LITERAL, [], { values, shape });
}

export const FROZEN: Operator<{ tensor: string; shape: readonly number[] }> = {
  name: 'frozen',
  shape: (_, { shape }) => shape,
  lower(emitter, _, { attributes: { tensor, shape } }) {
    const stored = emitter.stored(tensor);
    if (!sameShape(stored.shape, shape)) {
      throw new RangeError(`tensor '${tensor}' has shape [${stored.shape}], wanted [${shape}]`);
    }
    return emitter.artifact(tensor, 'float32');
  },
  derivative: () => [],
};

/** An fp32 tensor of the artifact that is not trained: a bias, a norm's factor, the position embeddings. */
export function frozen(tensor: string, shape: readonly number[]): Node {
  return makeNode(FROZEN, [], { tensor, shape });
}

/** True for a literal whose elements are all `value`. */
export function isConstant(node: Node, value: number): boolean {
  if (node.operator !== (LITERAL as Operator)) return false;
  return (node.attributes as { values: readonly number[] }).values.every((element) => element === value);
}
