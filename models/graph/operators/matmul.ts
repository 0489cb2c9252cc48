/**
 * Matrix products with trained parameters and between activations. The last two axes are the matrices; leading
 * axes must be equal. ONNX Runtime's own operators transpose, scale and add on the way.
 */
import { type Dim, type Shape, sameShape } from '../dims.ts';
import { type Emitter, float, int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { maximum, mul, scale, square } from './arithmetic.ts';
import { reshape } from './layout.ts';
import { sum } from './reduce.ts';

/** Against ‖x‖²·‖G‖²: from here on rounding is less of the norm than clipping leaves room for (2⁻¹⁰). */
const LEAST_SQUARE = 2 ** -14;

interface Flags {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly factor: number;
}

const matrix = (shape: Shape, transposed: boolean): [Dim, Dim] => {
  const [rows, columns] = shape.slice(-2) as [Dim, Dim];
  return transposed ? [columns, rows] : [rows, columns];
};

export const MATMUL: Operator<Flags> = {
  name: 'matmul',
  shape([a, b, addend], { transA, transB }) {
    const [rows, inner] = matrix(a!.shape, transA);
    const [other, columns] = matrix(b!.shape, transB);
    const batch = a!.shape.slice(0, -2);
    if (inner !== other || !sameShape(batch, b!.shape.slice(0, -2))) {
      throw new RangeError(`matmul of [${a!.shape}] and [${b!.shape}]: ${inner} against ${other}`);
    }
    const shape = [...batch, rows, columns];
    if (addend !== undefined && (batch.length > 0 || !sameShape(addend.shape, shape))) {
      throw new RangeError(`matmul to [${shape}] with an addend [${addend.shape}]`);
    }
    return shape;
  },
  lower(emitter, [a, b, addend], { shape, attributes: { transA, transB, factor } }) {
    const flags = { transA: int(transA ? 1 : 0), transB: int(transB ? 1 : 0), alpha: float(factor) };
    if (addend !== undefined) return emitter.emit('Gemm', [a!, b!, addend], flags);
    const multiply = (left: string) =>
      transA || transB || factor !== 1
        ? emitter.emitRuntime('FusedMatMul', [left, b!], flags)
        : emitter.emit('MatMul', [left, b!]);
    return shape.length === 2 && shape[0] === 'B' && !transA
      ? severalRows(emitter, a!, multiply)
      : multiply(a!);
  },
  derivative({ inputs: [a, b], attributes: { transA, transB, factor } }, g) {
    const left = transA
      ? matmul(b!, g, { transA: transB, transB: true, factor })
      : matmul(g, b!, { transB: !transB, factor });
    const right = transB
      ? matmul(g, a!, { transA: true, transB: transA, factor })
      : matmul(a!, g, { transA: !transA, factor });
    return [left, right, g];
  },
  /**
   * For x·P with x [B*S, k] and cotangent G [B*S, m]: ‖xᵀG‖² = Σ (x·xᵀ)∘(G·Gᵀ) over a unit's own tokens. Tokens may
   * cancel one another, but for rounding: it counts as no less than rounding can tell.
   */
  ghostNorm({ inputs: [x], attributes: { transA, transB, factor } }, g, index) {
    if (index !== 1 || transA || transB || factor !== 1 || x!.shape[0] !== 'B*S') {
      throw new RangeError('ghost norm: only for a parameter on the right of a plain product over tokens');
    }
    const gram = (value: Node) => {
      const units = reshape(value, ['B', 'S', value.shape[1]!]);
      return matmul(units, units, { transB: true });
    };
    const energy = (value: Node) => sum(square(reshape(value, ['B', 'S', value.shape[1]!])), [1, 2]);
    const least = scale(mul(energy(x!), energy(g)), LEAST_SQUARE);
    return reshape(maximum(sum(mul(gram(x!), gram(g)), [1, 2]), least), ['B']);
  },
};

/**
 * Multiplies with a row of zeros below `a`. ONNX Runtime multiplies a single row in another order of summation, so
 * without it a unit's values would depend on whether it is alone.
 */
export function severalRows(emitter: Emitter, a: string, multiply: (a: string) => string): string {
  const padded = emitter.emit('Pad', [a, emitter.integers([0, 0, 1, 0], 'int64')]);
  const zero = emitter.integers([0], 'int64');
  return emitter.emit('Slice', [multiply(padded), zero, emitter.integers([-1], 'int64'), zero]);
}

/** `factor · op(a) · op(b)`. */
export function matmul(a: Node, b: Node, flags: Partial<Flags> = {}): Node {
  return makeNode(MATMUL, [a, b], { transA: false, transB: false, factor: 1, ...flags });
}

/** `factor · op(a) · op(b) + addend` for matrices, without writing the product out. */
export function matmulAdd(a: Node, b: Node, addend: Node, flags: Partial<Flags> = {}): Node {
  return makeNode(MATMUL, [a, b, addend], { transA: false, transB: false, factor: 1, ...flags });
}

/** Squared norms [B] by the definition, for a value [B, …]. */
export function unitSquares(value: Node): Node {
  const axes = value.shape.map((_, axis) => axis).slice(1);
  return reshape(sum(square(value), axes), [value.shape[0]!]);
}
