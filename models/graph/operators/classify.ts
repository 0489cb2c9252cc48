/**
 * The classifier head: cosine scores against the rows of the head, and the cross-entropy over them. Nothing here
 * makes a [C, W] value per unit.
 */
import type { Dim } from '../dims.ts';
import { int } from '../emitter.ts';
import { makeNode, type Node, type Operator } from '../node.ts';
import { add, inverseSqrt, maximum, mul, scale, sqrt, square, sub } from './arithmetic.ts';
import { reshape } from './layout.ts';
import { matmul, matmulAdd, severalRows, unitSquares } from './matmul.ts';
import { sum, sumSquares } from './reduce.ts';

type None = Record<string, never>;

/** A row of zeros has cosine 0 with everything. */
const SMALLEST_SQUARE = 1e-24;

/** Against ‖q‖²: from here on rounding (2⁻²² in fp32) is less of the norm than clipping leaves room for (2⁻¹⁰). */
const LEAST_SPAN = 2 ** -11;

const inverseNorms = new WeakMap<Node, Node>();
/** 1/‖w_c‖ [C], one node per head, so that scores and their derivatives share it. */
function inverseRowNorms(head: Node): Node {
  const known = inverseNorms.get(head);
  if (known !== undefined) return known;
  const made = reshape(inverseSqrt(sumSquares(head, [1]), SMALLEST_SQUARE), [head.shape[0]!]);
  inverseNorms.set(head, made);
  return made;
}

export const COSINE_SCORES: Operator<None> = {
  name: 'cosineScores',
  shape([q, head, , learning]) {
    const [rows, width] = head!.shape as [Dim, Dim];
    if (q!.shape[1] !== width || learning!.shape[0] !== rows) {
      throw new RangeError(`cosines of [${q!.shape}] and [${head!.shape}], learning [${learning!.shape}]`);
    }
    return [q!.shape[0]!, rows];
  },
  lower(emitter, [q, head, inverse]) {
    const multiply = (rows: string) => emitter.emitRuntime('FusedMatMul', [rows, head!], { transB: int(1) });
    return emitter.emit('Mul', [severalRows(emitter, q!, multiply), inverse!]);
  },
  derivative(node, g) {
    const [q, head, inverse, learning] = node.inputs as [Node, Node, Node, Node];
    const scaled = mul(g, inverse);
    const learned = mul(g, learning);
    const pull = mul(square(inverse), sum(mul(scale(learned, -1), node), [0]));
    const radial = mul(head, reshape(pull, [head.shape[0]!, 1]));
    const forHead = matmulAdd(mul(learned, inverse), q, radial, { transA: true });
    return [matmul(scaled, head), forHead, null, null];
  },
  /**
   * ∂s_c/∂w_c = (q − s_c·ŵ_c)/‖w_c‖, whose square is (‖q‖ − s_c)(‖q‖ + s_c)/‖w_c‖². Where q lies along w_c the
   * difference is rounding alone, and so is the derivative: it counts as no less than rounding can tell.
   */
  ghostNorm(node, g, index) {
    if (index !== 1) throw new RangeError('ghost norm of cosine scores: only for the head');
    const [q, , inverse, learning] = node.inputs as [Node, Node, Node, Node];
    const squares = reshape(unitSquares(q), [q.shape[0]!, 1]);
    const length = sqrt(squares);
    const difference = mul(sub(length, node), add(length, node));
    const span = maximum(difference, scale(squares, LEAST_SPAN));
    const slopes = mul(mul(g, learning), inverse);
    return reshape(sum(mul(square(slopes), span), [1]), [q.shape[0]!]);
  },
};

/**
 * q·w_c/‖w_c‖ [B, C] for queries [B, W] and a head [C, W] with rows of any length: the cosine where q has length
 * one. Rows with `learning` [C] 0 (else 1) are fixed: they have no derivative, the queries have one through all rows.
 * The row norms are an input of their own, but part of this operator's derivative with respect to the head.
 */
export const cosineScores = (queries: Node, head: Node, learning: Node): Node =>
  makeNode(COSINE_SCORES, [queries, head, inverseRowNorms(head), learning], {});

export const CROSS_ENTROPY: Operator<None> = {
  name: 'crossEntropy',
  shape: ([logits]) => [logits!.shape[0]!],
  lower(emitter, [logits, labels]) {
    const axis = emitter.integers([1], 'int64');
    const logs = emitter.emit('LogSoftmax', [logits!], { axis: int(1) });
    const column = emitter.emit('Unsqueeze', [labels!, axis]);
    const picked = emitter.emit('GatherElements', [logs, column], { axis: int(1) });
    return emitter.emit('Neg', [emitter.emit('Squeeze', [picked, axis])]);
  },
  derivative({ inputs: [logits, labels] }, g) {
    const column = reshape(g, [g.shape[0]!, 1]);
    return [mul(makeNode(SOFTMAX_ERROR, [logits!, labels!], {}), column), null];
  },
};

/** −log softmax(logits)[label] for every row of logits [B, C], int32 labels [B]. */
export const crossEntropy = (logits: Node, labels: Node): Node =>
  makeNode(CROSS_ENTROPY, [logits, labels], {});

/** A probability of one would have an infinite loss: the cross-entropy counts as at least this. */
const SMALLEST_ENTROPY = 1e-5;

export const UNLIKELIHOOD: Operator<None> = {
  name: 'unlikelihood',
  shape: ([entropy]) => entropy!.shape,
  lower(emitter, [entropy]) {
    const bounded = emitter.emit('Max', [entropy!, emitter.floats([SMALLEST_ENTROPY])]);
    const probability = emitter.emit('Exp', [emitter.emit('Neg', [bounded])]);
    const others = emitter.emit('Sub', [emitter.floats([1]), probability]);
    return emitter.emit('Neg', [emitter.emit('Log', [others])]);
  },
  derivative: ({ inputs: [entropy] }, g) => [mul(makeNode(UNLIKELIHOOD_SLOPE, [entropy!], {}), g)],
};

/**
 * −log(1 − p) for the cross-entropy −log p (Welleck et al. 2020): the loss of a row that does not answer. It ends
 * where its row has no probability, and its gradient by the logits is never longer than that of a row that does.
 */
export const unlikelihood = (entropy: Node): Node => makeNode(UNLIKELIHOOD, [entropy], {});

export const UNLIKELIHOOD_SLOPE: Operator<None> = {
  name: 'unlikelihoodSlope',
  shape: ([entropy]) => entropy!.shape,
  lower(emitter, [entropy]) {
    const bounded = emitter.emit('Max', [entropy!, emitter.floats([SMALLEST_ENTROPY])]);
    const odds = emitter.emit('Sub', [emitter.emit('Exp', [bounded]), emitter.floats([1])]);
    return emitter.emit('Neg', [emitter.emit('Reciprocal', [odds])]);
  },
  derivative: 'none',
};

export const SOFTMAX_ERROR: Operator<None> = {
  name: 'softmaxError',
  shape: ([logits]) => logits!.shape,
  lower(emitter, [logits, labels], { inputs }) {
    const depth = emitter.sizes([inputs[0]!.shape[1]!]);
    const oneHot = emitter.emit('OneHot', [
      emitter.emit('Cast', [labels!], { to: int(7) }),
      depth,
      emitter.floats([0, 1], [2]),
    ]);
    return emitter.emit('Sub', [emitter.emit('Softmax', [logits!], { axis: int(1) }), oneHot]);
  },
  derivative: 'none',
};

export const IS_LARGEST: Operator<None> = {
  name: 'isLargest',
  shape: ([scores]) => [scores!.shape[0]!],
  lower(emitter, [scores, labels]) {
    const best = emitter.emit('ArgMax', [scores!], { axis: int(1), keepdims: int(0) });
    const wanted = emitter.emit('Cast', [labels!], { to: int(7) });
    return emitter.emit('Cast', [emitter.emit('Equal', [best, wanted])], { to: int(1) });
  },
  derivative: 'none',
};

/** 1 where row b's largest score is at labels[b], else 0; the first of equal scores counts. */
export const isLargest = (scores: Node, labels: Node): Node => makeNode(IS_LARGEST, [scores, labels], {});
