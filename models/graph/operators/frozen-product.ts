/**
 * The product with a frozen matrix W [out, in] of the artifact, `x·Wᵀ` or, as its own adjoint, `g·W`. In fp32 it
 * is exact. In int8 the activations are quantised per row to unsigned bytes around 128 and multiplied in integers;
 * rounding counts as the identity in the derivative. Per-row scales keep a unit's values independent of its batch.
 */
import type { Dim } from '../dims.ts';
import { type Emitter, int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';

interface Attributes {
  /** The artifact's tensor, [outputs, inputs]; in int8 with its sibling `<tensor>.scale` [outputs]. */
  readonly tensor: string;
  readonly outputs: number;
  readonly inputs: number;
  /** True for `g·W`. */
  readonly adjoint: boolean;
}

/** Unsigned codes 1 … 255 stand for −127 … 127. */
const ZERO_POINT = 128;
const LIMIT = 127;
/** The scale of a row of zeros (padding in the backward pass), for which any scale does. */
const SMALLEST_PEAK = 1e-30;

export const FROZEN_PRODUCT: Operator<Attributes> = {
  name: 'frozenProduct',
  shape([x], { tensor, outputs, inputs, adjoint }) {
    const wanted = adjoint ? outputs : inputs;
    if (x!.shape.length !== 2 || x!.shape[1] !== wanted) {
      throw new RangeError(`product with '${tensor}' of a value [${x!.shape}], wanted [rows, ${wanted}]`);
    }
    return [x!.shape[0]!, adjoint ? inputs : outputs];
  },
  lower(emitter, [x], { shape, attributes }) {
    const { tensor, outputs, inputs } = attributes;
    const stored = emitter.stored(tensor);
    if (stored.shape[0] !== outputs || stored.shape[1] !== inputs) {
      throw new RangeError(`tensor '${tensor}' has shape [${stored.shape}], wanted [${outputs},${inputs}]`);
    }
    return emitter.lowering === 'int8'
      ? integerProduct(emitter, x!, shape[0]!, attributes)
      : floatProduct(emitter, x!, attributes);
  },
  derivative({ attributes }, g) {
    return [makeNode(FROZEN_PRODUCT, [g], { ...attributes, adjoint: !attributes.adjoint })];
  },
};

/** `x·Wᵀ` for x [rows, inputs] and the artifact's W [outputs, inputs]. */
export function frozenProduct(x: Node, tensor: string, outputs: number, inputs: number): Node {
  return makeNode(FROZEN_PRODUCT, [x], { tensor, outputs, inputs, adjoint: false });
}

function floatProduct(emitter: Emitter, x: string, { tensor, adjoint }: Attributes): string {
  const matrix = emitter.artifact(tensor, 'float32', 'out-in');
  if (adjoint) return emitter.emit('MatMul', [x, matrix]);
  return emitter.emitRuntime('FusedMatMul', [x, matrix], { transB: int(1) });
}

function integerProduct(emitter: Emitter, x: string, rows: Dim, { tensor, adjoint }: Attributes): string {
  const columnScales = emitter.artifact(`${tensor}.scale`, 'float32');
  // g·W = (g∘s)·Q for W = diag(s)·Q: the scales go into what is quantised.
  const source = adjoint ? emitter.emit('Mul', [x, columnScales]) : x;
  const rowScales = scalesOfRows(emitter, source);
  const codes = emitter.emit('QuantizeLinear', [source, rowScales, emitter.filledBytes(ZERO_POINT, rows)], {
    axis: int(0),
  });
  const product = emitter.emitRuntime('MatMulIntegerToFloat', [
    codes,
    emitter.artifact(tensor, 'int8', adjoint ? 'out-in' : 'in-out'),
    emitter.floats([1]),
    adjoint ? emitter.floats([1]) : columnScales,
    emitter.integers([ZERO_POINT], 'uint8', []),
  ]);
  const column = emitter.emit('Unsqueeze', [rowScales, emitter.integers([1], 'int64')]);
  return emitter.emit('Mul', [product, column]);
}

/** max |x| / 127 of every row of a matrix, as a vector. */
function scalesOfRows(emitter: Emitter, x: string): string {
  const axis = emitter.integers([1], 'int64');
  const largest = emitter.emit('ReduceMax', [x, axis], { keepdims: int(0) });
  const smallest = emitter.emit('Neg', [emitter.emit('ReduceMin', [x, axis], { keepdims: int(0) })]);
  const peak = emitter.emit('Max', [largest, smallest, emitter.floats([SMALLEST_PEAK])]);
  return emitter.emit('Mul', [peak, emitter.floats([1 / LIMIT])]);
}
