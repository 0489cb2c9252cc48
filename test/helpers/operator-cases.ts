/** One graph for every operator, on odd shapes, with seeded values: shared by the checks of derivatives and lowering. */
import type { Dim } from '../../models/graph/dims.ts';
import { makeNode, type Node } from '../../models/graph/node.ts';
import { gelu, softmax } from '../../models/graph/operators/activation.ts';
import * as arithmetic from '../../models/graph/operators/arithmetic.ts';
import {
  cosineScores,
  crossEntropy,
  isLargest,
  SOFTMAX_ERROR,
  UNLIKELIHOOD_SLOPE,
  unlikelihood,
} from '../../models/graph/operators/classify.ts';
import { frozenProduct } from '../../models/graph/operators/frozen-product.ts';
import * as layout from '../../models/graph/operators/layout.ts';
import { frozen, input, literal } from '../../models/graph/operators/leaves.ts';
import { matmul, matmulAdd } from '../../models/graph/operators/matmul.ts';
import { INVERSE_RMS, rmsNorm } from '../../models/graph/operators/normalise.ts';
import { mean, sum, sumSquares } from '../../models/graph/operators/reduce.ts';
import { leadingRows, toFloat, tokenMask, wordRows } from '../../models/graph/operators/tokens.ts';
import { type Tensor, tensor } from './interpret.ts';
import { seededNormal } from './tiny-bert.ts';

export const DIMS = { B: 3, S: 5, C: 7, 'B*S': 15 } as const;

export interface OperatorCase {
  /** The operator's name, and what is special about the case. */
  readonly name: string;
  readonly node: Node;
  /** The inputs that have a derivative. */
  readonly wanted: readonly Node[];
  readonly inputs: Readonly<Record<string, Tensor>>;
}

type Spec = Record<string, readonly Dim[]>;
const size = (shape: readonly Dim[]): number[] =>
  shape.map((dim) => (typeof dim === 'number' ? dim : DIMS[dim as keyof typeof DIMS]));

function make(
  name: string,
  spec: Spec,
  build: (leaf: (name: string) => Node) => Node,
  adjust: (value: number) => number = (value) => value,
): OperatorCase {
  const normal = seededNormal(name.length + 7);
  const leaves = Object.fromEntries(Object.entries(spec).map(([leaf, shape]) => [leaf, input(leaf, shape)]));
  const inputs: Record<string, Tensor> = { ...TOKENS };
  for (const [leaf, shape] of Object.entries(spec)) {
    const count = size(shape).reduce((product, dim) => product * dim, 1);
    inputs[leaf] = tensor(
      size(shape),
      Float64Array.from({ length: count }, () => Math.fround(adjust(normal()))),
    );
  }
  return { name, node: build((leaf) => leaves[leaf]!), wanted: Object.values(leaves), inputs };
}

const TOKENS: Record<string, Tensor> = {
  ids: tensor([3, 5], [2, 9, 30, 65, 3, 2, 3, 0, 0, 0, 2, 11, 64, 3, 0]),
  lengths: tensor([3], [5, 2, 4]),
  labels: tensor([3], [6, 0, 3]),
  active: tensor([7], [1, 1, 1, 1, 1, 1, 1]),
};
const ids = input('ids', ['B', 'S'], 'int32');
const lengths = input('lengths', ['B'], 'int32');
const labels = input('labels', ['B'], 'int32');
const positive = (value: number) => Math.abs(value) + 0.3;

/** Cases of a tiny BERT of width 24 and intermediate width 48 (its artifact's tensors appear in them). */
export function operatorCases(): OperatorCase[] {
  const { add, sub, mul, scale, square, inverseSqrt } = arithmetic;
  const { reshape, broadcast, transpose, select, place, stack } = layout;
  const two = { a: ['B', 5], b: ['B', 5] } as const;
  const one = (shape: readonly Dim[]) => ({ x: shape });
  const weight = 'layer.0.intermediate.weight';
  return [
    make('add', two, (x) => add(x('a'), x('b'))),
    make('add, both repeated', { a: ['B', 1, 5], b: [4, 1] }, (x) => add(x('a'), x('b'))),
    make('sub', { a: ['B', 5], b: [5] }, (x) => sub(x('a'), x('b'))),
    make('mul', two, (x) => mul(x('a'), x('b'))),
    make('mul, columns', { a: ['B*S', 3], b: ['B*S', 1] }, (x) => mul(x('a'), x('b'))),
    make('scale', one([1]), (x) => scale(x('x'), -1.75)),
    make('square', one([3, 'B']), (x) => square(x('x'))),
    make('inverseSqrt', one([7]), (x) => inverseSqrt(x('x'), 0.01), positive),
    make('reshape', one(['B', 'S', 6]), (x) => reshape(x('x'), ['B*S', 2, 3])),
    make('reshape, back', one(['B*S', 2, 3]), (x) =>
      reshape(add(x('x'), reshape(scale(tokenLike(), 0), ['B*S', 1, 1])), ['B', 'S', 6]),
    ),
    make('broadcast', one(['B', 1, 3]), (x) => broadcast(add(x('x'), anchor()), ['B', 4, 3], true)),
    make('transpose', one(['B', 2, 3, 1, 5]), (x) => transpose(x('x'), [2, 0, 4, 1, 3])),
    make('select', one([3, 'B', 2]), (x) => select(x('x'), 1)),
    make('select, all', one([3, 'B', 2]), (x) =>
      mul(select(x('x'), 0), mul(select(x('x'), 2), select(x('x'), 1))),
    ),
    make('place', one(['B', 2]), (x) => place(x('x'), 2, 4)),
    make('stack', two, (x) => stack([x('a'), x('b'), x('a')])),
    make('sum', one(['B', 3, 5]), (x) => sum(x('x'), [0, 2])),
    make('mean', one(['B', 3, 5]), (x) => mean(x('x'), [1, 2])),
    make('sumSquares', one(['B', 5]), (x) => sumSquares(x('x'), [1])),
    make('gelu', { x: ['B*S', 9], b: [9] }, (x) => gelu(scale(x('x'), 2), x('b'))),
    make('softmax', one(['B', 2, 7]), (x) => softmax(x('x'))),
    make('rmsNorm', { x: ['B*S', 6], g: [6] }, (x) => rmsNorm(x('x'), x('g'), 1e-3)),
    make('matmul', { a: ['B*S', 6], b: [6, 5] }, (x) => matmul(x('a'), x('b'))),
    make('matmul, both turned', { a: ['B', 2, 3, 4], b: ['B', 2, 5, 3] }, (x) =>
      matmul(x('a'), x('b'), { transA: true, transB: true, factor: 0.3 }),
    ),
    make('matmul, left turned', { a: ['B', 3, 4], b: ['B', 3, 1] }, (x) =>
      matmul(x('a'), x('b'), { transA: true, factor: -2 }),
    ),
    make('matmul, right turned', { a: [1, 3], b: ['B', 3] }, (x) => matmul(x('a'), x('b'), { transB: true })),
    make('matmul, few rows', { a: ['B', 5], b: [5, 3] }, (x) => matmul(x('a'), x('b'), { factor: 2 })),
    make('matmul, with an addend', { a: ['B', 4], b: ['B', 5], c: [4, 5] }, (x) =>
      matmulAdd(x('a'), x('b'), x('c'), { transA: true, factor: -0.5 }),
    ),
    make('frozenProduct', one(['B*S', 24]), (x) => frozenProduct(x('x'), weight, 48, 24)),
    make('frozenProduct, bounded', one(['B*S', 24]), (x) => frozenProduct(x('x'), weight, 48, 24, -5)),
    make('cosineScores', { q: ['B', 4], w: ['C', 4] }, (x) => cosineScores(x('q'), x('w'), allRows)),
    make('cosineScores, queries only', { q: ['B', 4] }, (x) =>
      cosineScores(x('q'), rows, literal([1, 0, 0, 1])),
    ),
    make('crossEntropy', one(['B', 7]), (x) => crossEntropy(x('x'), labels)),
    make('unlikelihood', one(['B']), (x) => unlikelihood(x('x')), positive),
  ];
}

const allRows = input('active', ['C']);
const rows = literal(
  Array.from({ length: 16 }, (_, i) => Math.sin(i)),
  [4, 4],
);

/** Brings the dimensions B and S into graphs whose own inputs do not show them. */
const tokenLike = () => toFloat(ids);
const anchor = () => reshape0(scale0(toFloat(lengths)));
const scale0 = (x: Node) => arithmetic.scale(x, 0);
const reshape0 = (x: Node) => layout.reshape(x, ['B', 1, 1]);

/** Operators that have no derivative or no inputs with one: only their values are checked. */
export function valueCases(): OperatorCase[] {
  const { div, maximum, minimum, sqrt, mul } = arithmetic;
  const two = { a: ['B', 5], b: ['B', 5] } as const;
  const slope = (x: Node, bias: Node) => gelu(x, bias).operator.derivative as (n: Node, g: Node) => Node[];
  return [
    make('literal', { a: ['B', 2] }, (x) => mul(x('a'), literal([0.5, -3]))),
    make('frozen', { a: ['B', 24] }, (x) => mul(x('a'), frozen('layer.1.output.bias', [24]))),
    make('div', two, (x) => div(x('a'), x('b')), positive),
    make('maximum', two, (x) => maximum(x('a'), x('b'))),
    make('minimum', two, (x) => minimum(x('a'), x('b'))),
    make('sqrt', { a: [5] }, (x) => sqrt(x('a')), positive),
    make('geluSlope', { x: ['B', 9], b: [9] }, (x) => {
      const value = gelu(x('x'), x('b'));
      return slope(x('x'), x('b'))(value, layout.broadcast(literal([1]), value.shape))[0]!;
    }),
    make('inverseRms', { x: ['B', 6], g: [6] }, (x) =>
      makeNode(INVERSE_RMS, [rmsNorm(x('x'), x('g'), 1e-3)], {}),
    ),
    make('softmaxError', { x: ['B', 7] }, (x) => makeNode(SOFTMAX_ERROR, [x('x'), labels], {})),
    make('unlikelihoodSlope', { x: ['B'] }, (x) => makeNode(UNLIKELIHOOD_SLOPE, [x('x')], {}), positive),
    make('isLargest', { x: ['B', 7] }, (x) => isLargest(x('x'), labels)),
    make('wordRows', {}, () => wordRows(ids, 'embeddings.word', 24)),
    make('leadingRows', {}, () =>
      arithmetic.add(
        wordRows(ids, 'embeddings.word', 24),
        leadingRows(frozen('embeddings.position', [32, 24]), 'S'),
      ),
    ),
    make('tokenMask', {}, () => arithmetic.mul(tokenMask(lengths), toFloat(ids))),
    make('toFloat', {}, () => toFloat(ids)),
  ];
}
