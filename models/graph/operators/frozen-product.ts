/**
 * The product with a frozen matrix W [out, in] of the artifact, `x·Wᵀ` or, as its own adjoint, `g·W`. In fp32 it
 * is exact. In int8 the activations are quantised per row to unsigned bytes and multiplied in integers; rounding
 * counts as the identity in the derivative. Per-row scales keep a unit's values independent of its batch.
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
  /** A bound below all of x, if one is known: codes are then not wasted on values that never come. */
  readonly lowest: number | null;
}

/** Without a bound, codes 1 … 255 stand for −127 … 127 steps: MatMulInteger is fast for unsigned codes only. */
const MIDDLE = 128;
const LARGEST_CODE = 255;
/** The code of zero where x is bounded from below by a small negative number. */
const LOW_ZERO = 24;

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
    const multiply = (value: string) =>
      emitter.lowering === 'int8'
        ? integerProduct(emitter, value, shape[0]!, attributes)
        : floatProduct(emitter, value, attributes);
    if (!emitter.has(`${tensor}.smooth`)) return multiply(x!);
    const factors = emitter.artifact(`${tensor}.smooth`, 'float32');
    if (attributes.adjoint) return emitter.emit('Mul', [multiply(x!), factors]);
    return multiply(emitter.emit('Mul', [x!, factors]));
  },
  derivative({ attributes }, g) {
    return [makeNode(FROZEN_PRODUCT, [g], { ...attributes, adjoint: !attributes.adjoint, lowest: null })];
  },
};

/** `x·Wᵀ` for x [rows, inputs] and the artifact's W [outputs, inputs]; `lowest` bounds x from below. */
export function frozenProduct(
  x: Node,
  tensor: string,
  outputs: number,
  inputs: number,
  lowest: number | null = null,
): Node {
  return makeNode(FROZEN_PRODUCT, [x], { tensor, outputs, inputs, adjoint: false, lowest });
}

function floatProduct(emitter: Emitter, x: string, { tensor, adjoint }: Attributes): string {
  const matrix = emitter.artifact(tensor, 'float32', 'out-in');
  if (adjoint) return emitter.emit('MatMul', [x, matrix]);
  return emitter.emitRuntime('FusedMatMul', [x, matrix], { transB: int(1) });
}

function integerProduct(emitter: Emitter, x: string, rows: Dim, attributes: Attributes): string {
  const { tensor, adjoint, inputs, outputs, lowest } = attributes;
  const matrix = emitter.artifact(tensor, 'int8', adjoint ? 'out-in' : 'in-out');
  const columnScales = emitter.artifact(`${tensor}.scale`, 'float32');
  // g·W = (g∘s)·Q for W = diag(s)·Q: the scales go into what is quantised.
  const source = adjoint ? emitter.emit('Mul', [x, columnScales]) : x;
  const zero = lowest === null ? MIDDLE : LOW_ZERO;
  const steps = lowest === null ? symmetricSteps(emitter, source) : boundedSteps(emitter, source, lowest);
  const codes = emitter.emit('QuantizeLinear', [source, steps, emitter.filledColumn(zero, rows)], {
    axis: int(1),
    block_size: int(adjoint ? outputs : inputs),
  });
  // Faster than MatMulIntegerToFloat and a product with the steps: this applies the steps while it converts.
  const product = emitter.emit('MatMulInteger', [codes, matrix, emitter.integers([zero], 'uint8', [])]);
  const rowSteps = emitter.emit('Squeeze', [steps, emitter.integers([1], 'int64')]);
  const real = emitter.emit('DequantizeLinear', [product, rowSteps], { axis: int(0) });
  return adjoint ? real : emitter.emit('Mul', [real, columnScales]);
}

/**
 * The size of a row's quantisation step, max |x| / 127, as a column. A row of zeros (padding in the backward pass)
 * has step 0: whatever its codes are, its product is multiplied by 0.
 */
function symmetricSteps(emitter: Emitter, x: string): string {
  const peak = emitter.emit('ReduceMax', [emitter.emit('Abs', [x]), emitter.integers([1], 'int64')]);
  return emitter.emit('Mul', [peak, emitter.floats([1 / (LARGEST_CODE - MIDDLE)])]);
}

/** A step at which both the largest value of the row and `lowest` have a code. */
function boundedSteps(emitter: Emitter, x: string, lowest: number): string {
  const largest = emitter.emit('ReduceMax', [x, emitter.integers([1], 'int64')]);
  const step = emitter.emit('Mul', [largest, emitter.floats([1 / (LARGEST_CODE - LOW_ZERO)])]);
  return emitter.emit('Max', [step, emitter.floats([-lowest / LOW_ZERO])]);
}
