/** Scaling a row to a root mean square of one: the nonlinear part of layer normalisation (Ba et al. 2016). */
import { float } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { mul, scale, square, sub, sumTo } from './arithmetic.ts';
import { sum } from './reduce.ts';

export const RMS_NORM: Operator<{ epsilon: number }> = {
  name: 'rmsNorm',
  shape([x, gamma]) {
    if (x!.shape.length !== 2 || gamma!.shape.length !== 1 || gamma!.shape[0] !== x!.shape[1]) {
      throw new RangeError(`rmsNorm of [${x!.shape}] with factors [${gamma!.shape}]`);
    }
    return x!.shape;
  },
  // One fused pass; ONNX Runtime's LayerNormalization, which also centres, is three times slower than its parts.
  lower: (emitter, inputs, { attributes: { epsilon } }) =>
    emitter.emitPair('SimplifiedLayerNormalization', inputs, { epsilon: float(epsilon) }),
  /** With r = 1/rms and u = g∘γ: r·u − x·r³·mean(u∘x). */
  derivative(node, g) {
    const [x, gamma] = node.inputs as [Node, Node];
    const r = makeNode(INVERSE_RMS, [node], {});
    const u = mul(g, gamma);
    const share = scale(mul(mul(r, square(r)), sum(mul(u, x), [1])), 1 / (x.shape[1] as number));
    return [sub(mul(u, r), mul(x, share)), sumTo(mul(g, mul(x, r)), gamma.shape)];
  },
};

/** γ∘x / √(mean(x²) + epsilon) for every row of x [rows, width] and factors γ [width]. */
export const rmsNorm = (x: Node, gamma: Node, epsilon: number): Node =>
  makeNode(RMS_NORM, [x, gamma], { epsilon });

export const INVERSE_RMS: Operator<Record<string, never>> = {
  name: 'inverseRms',
  shape([normalised]) {
    if (normalised!.operator !== (RMS_NORM as Operator))
      throw new RangeError('inverseRms of another operator');
    return [normalised!.shape[0]!, 1];
  },
  lower: (emitter, [normalised]) => emitter.second(normalised!),
  derivative: 'none',
};
