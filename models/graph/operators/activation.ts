/** Nonlinearities of the encoder: GELU in its exact (erf) form and softmax. */
import { type Emitter, int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { mul, sub } from './arithmetic.ts';
import { sum } from './reduce.ts';

type None = Record<string, never>;

/** Φ(x), the standard normal distribution function. */
function normalCdf(emitter: Emitter, x: string): string {
  const erf = emitter.emit('Erf', [emitter.emit('Mul', [x, emitter.floats([Math.SQRT1_2])])]);
  return emitter.emit('Add', [emitter.emit('Mul', [erf, emitter.floats([0.5])]), emitter.floats([0.5])]);
}

export const GELU: Operator<None> = {
  name: 'gelu',
  shape: ([x]) => x!.shape,
  lower: (emitter, [x]) => emitter.emit('Mul', [x!, normalCdf(emitter, x!)]),
  derivative: ({ inputs: [x] }, g) => [mul(g, geluSlope(x!))],
};

/** x·Φ(x) (Hendrycks and Gimpel 2016). */
export const gelu = (x: Node): Node => makeNode(GELU, [x], {});

export const GELU_SLOPE: Operator<None> = {
  name: 'geluSlope',
  shape: ([x]) => x!.shape,
  lower(emitter, [x]) {
    const half = emitter.emit('Mul', [emitter.emit('Mul', [x!, x!]), emitter.floats([-0.5])]);
    const density = emitter.emit('Mul', [
      emitter.emit('Exp', [half]),
      emitter.floats([1 / Math.sqrt(2 * Math.PI)]),
    ]);
    return emitter.emit('Add', [normalCdf(emitter, x!), emitter.emit('Mul', [x!, density])]);
  },
  derivative: 'none',
};

/** GELU's derivative, Φ(x) + x·φ(x): recomputed from x in the backward pass instead of kept. */
export const geluSlope = (x: Node): Node => makeNode(GELU_SLOPE, [x], {});

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
