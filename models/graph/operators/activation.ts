/**
 * Nonlinearities of the encoder: GELU of a biased value, exact (erf) in the fp32 lowering and in its tanh form
 * (within 5e-4) in the int8 lowering, where ONNX Runtime fuses it with the bias; and softmax.
 */

import { broadcastShapes } from '../dims.ts';
import { type Emitter, int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { mul, sub, sumTo } from './arithmetic.ts';
import { sum } from './reduce.ts';

type None = Record<string, never>;

/** Φ(x), the standard normal distribution function. */
function normalCdf(emitter: Emitter, x: string): string {
  const erf = emitter.emit('Erf', [emitter.emit('Mul', [x, emitter.floats([Math.SQRT1_2])])]);
  return emitter.emit('Add', [emitter.emit('Mul', [erf, emitter.floats([0.5])]), emitter.floats([0.5])]);
}

/** The largest value that GELU never goes below, rounded down. */
export const GELU_MINIMUM = -0.1701;

export const GELU: Operator<None> = {
  name: 'gelu',
  shape: ([x, bias]) => broadcastShapes(x!.shape, bias!.shape),
  lower(emitter, [x, bias]) {
    if (emitter.lowering === 'int8') return emitter.emitRuntime('FastGelu', [x!, bias!]);
    const biased = emitter.emit('Add', [x!, bias!]);
    return emitter.emit('Mul', [biased, normalCdf(emitter, biased)]);
  },
  derivative(node, g) {
    const [x, bias] = node.inputs as [Node, Node];
    const slope = mul(g, makeNode(GELU_SLOPE, [x, bias, node], {}));
    return [sumTo(slope, x.shape), sumTo(slope, bias.shape)];
  },
};

/** z·Φ(z) for z = x + bias (Hendrycks and Gimpel 2016), bias a vector along the last axis. */
export const gelu = (x: Node, bias: Node): Node => makeNode(GELU, [x, bias], {});

/** The step of the difference quotient below: truncation 2e-3, cancellation in fp32 below 1e-4. */
const STEP = 1 / 256;

/**
 * GELU's derivative Φ(z) + z·φ(z), from x, the bias and GELU's own value. In the int8 lowering a difference quotient
 * of the fused operator, at less than half the cost of the formula; its error is below that of the rounding to bytes.
 */
export const GELU_SLOPE: Operator<None> = {
  name: 'geluSlope',
  shape: ([, , value]) => value!.shape,
  lower(emitter, [x, bias, value]) {
    if (emitter.lowering === 'int8') {
      const moved = emitter.emitRuntime('FastGelu', [
        x!,
        emitter.emit('Add', [bias!, emitter.floats([STEP])]),
      ]);
      return emitter.emit('Mul', [emitter.emit('Sub', [moved, value!]), emitter.floats([1 / STEP])]);
    }
    const z = emitter.emit('Add', [x!, bias!]);
    const half = emitter.emit('Mul', [emitter.emit('Mul', [z, z]), emitter.floats([-0.5])]);
    const density = emitter.emit('Mul', [
      emitter.emit('Exp', [half]),
      emitter.floats([1 / Math.sqrt(2 * Math.PI)]),
    ]);
    return emitter.emit('Add', [normalCdf(emitter, z), emitter.emit('Mul', [z, density])]);
  },
  derivative: 'none',
};

export const SOFTMAX: Operator<None> = {
  name: 'softmax',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x]) => emitter.emit('Softmax', [x!], { axis: int(-1) }),
  derivative(node, g) {
    const weighted = mul(g, node);
    return [sub(weighted, mul(node, sum(weighted, [node.shape.length - 1])))];
  },
};

/** Softmax along the last axis. */
export const softmax = (x: Node): Node => makeNode(SOFTMAX, [x], {});
