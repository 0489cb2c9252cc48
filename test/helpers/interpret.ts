/**
 * Evaluates graph nodes in double precision, straight from each operator's meaning and without the lowering: what
 * derivatives are checked against (central differences need the digits) and what ONNX Runtime is compared with.
 */
import type { Dim, Shape } from '../../models/graph/dims.ts';
import { ancestors, type Node } from '../../models/graph/node.ts';
import type { TinyBert } from './tiny-bert.ts';

export interface Tensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}
/** Values of the run-time inputs and of the artifact's tensors (dequantised), by name. */
export interface Bindings {
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly artifact: (name: string) => { shape: readonly number[]; values: ArrayLike<number> } | undefined;
  readonly dims: Readonly<Record<string, number>>;
}

export const tensor = (shape: readonly number[], values: ArrayLike<number>): Tensor => ({
  shape,
  values: Float64Array.from(values),
});
const sizeOf = (shape: readonly number[]) => shape.reduce((product, dim) => product * dim, 1);

/** The values of `nodes`, in order. */
export function interpret(nodes: readonly Node[], bindings: Bindings): Tensor[] {
  const values = new Map<Node, Tensor>();
  for (const node of ancestors(nodes)) {
    const rule = RULES[node.operator.name];
    if (rule === undefined) throw new Error(`no meaning given for operator '${node.operator.name}'`);
    const shape = concrete(node.shape, bindings.dims);
    const inputs = node.inputs.map((input) => values.get(input)!);
    const result = rule(inputs, node.attributes as Attributes, { node, shape, bindings, values });
    if (result.length !== sizeOf(shape)) throw new Error(`'${node.operator.name}' broke its shape rule`);
    values.set(node, { shape, values: result });
  }
  return nodes.map((node) => values.get(node)!);
}

function concrete(shape: Shape, dims: Bindings['dims']): number[] {
  const size = (dim: Dim) =>
    typeof dim === 'number' ? dim : dim.split('*').reduce((product, symbol) => product * dims[symbol]!, 1);
  return shape.map(size);
}

// biome-ignore lint/suspicious/noExplicitAny: every rule knows its own operator's attributes.
type Attributes = any;
interface Context {
  node: Node;
  shape: number[];
  bindings: Bindings;
  /** What has been evaluated so far. */
  values: ReadonlyMap<Node, Tensor>;
}
type Rule = (inputs: Tensor[], attributes: Attributes, context: Context) => Float64Array;

/** Fills a result by its multi-index. */
function fill(shape: readonly number[], value: (index: number[]) => number): Float64Array {
  const result = new Float64Array(sizeOf(shape));
  const index = shape.map(() => 0);
  for (let flat = 0; flat < result.length; flat++) {
    result[flat] = value(index);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      index[axis] = 0;
    }
  }
  return result;
}

/** The element at `index`, with NumPy broadcasting. */
function at({ shape, values }: Tensor, index: readonly number[]): number {
  const skip = index.length - shape.length;
  let flat = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    flat = flat * shape[axis]! + (shape[axis] === 1 ? 0 : index[axis + skip]!);
  }
  return values[flat]!;
}

const elementwise =
  (apply: (...values: number[]) => number): Rule =>
  (inputs, _, { shape }) =>
    fill(shape, (index) => apply(...inputs.map((input) => at(input, index))));

/** Accumulates `value` of every element into the element that is left when `axes` are reduced. */
function reduce(x: Tensor, axes: readonly number[], shape: readonly number[], value: (x: number) => number) {
  const result = new Float64Array(sizeOf(shape));
  let flat = 0;
  fill(x.shape, (index) => {
    const target = index.reduce((sum, i, axis) => sum * shape[axis]! + (axes.includes(axis) ? 0 : i), 0);
    result[target]! += value(x.values[flat++]!);
    return 0;
  });
  return result;
}

/** Rows of the last axis. */
function rows({ shape, values }: Tensor): Float64Array[] {
  const width = shape.at(-1)!;
  return Array.from({ length: values.length / width }, (_, row) =>
    values.slice(row * width, (row + 1) * width),
  );
}

function softmaxRow(row: Float64Array): Float64Array {
  const top = Math.max(...row);
  const powers = row.map((x) => Math.exp(x - top));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((x) => x / total);
}

const flatten = (parts: Float64Array[]) => Float64Array.from(parts.flatMap((part) => [...part]));

/** erf by its Maclaurin series, or by the continued fraction of erfc where that converges faster. */
export function erf(x: number): number {
  const t = Math.abs(x);
  if (t > 3) {
    let fraction = 0;
    for (let k = 60; k > 0; k--) fraction = k / 2 / (t + fraction);
    return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction));
  }
  let [term, total] = [x, x];
  for (let k = 1; Math.abs(term) > 1e-18 && k < 200; k++) {
    term *= (-x * x) / k;
    total += term / (2 * k + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
const cdf = (x: number) => 0.5 * (1 + erf(x / Math.SQRT2));

function product(
  [a, b, addend]: Tensor[],
  { transA, transB, factor }: { transA: boolean; transB: boolean; factor: number },
  shape: number[],
): Float64Array {
  const [n, m] = shape.slice(-2) as [number, number];
  const inner = a!.shape.at(transA ? -2 : -1)!;
  const result = new Float64Array(sizeOf(shape));
  for (let batch = 0; batch * n * m < result.length; batch++) {
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let total = 0;
        for (let k = 0; k < inner; k++) {
          const left = a!.values[batch * n * inner + (transA ? k * n + i : i * inner + k)]!;
          total += left * b!.values[batch * inner * m + (transB ? j * inner + k : k * m + j)]!;
        }
        const place = batch * n * m + i * m + j;
        result[place] = factor * total + (addend?.values[place] ?? 0);
      }
    }
  }
  return result;
}

function artifactTensor({ artifact }: Bindings, name: string): Tensor {
  const found = artifact(name);
  if (found === undefined) throw new Error(`the artifact has no tensor '${name}'`);
  return tensor(found.shape, found.values);
}

/** A tiny BERT's artifact as a binding. */
export const artifactOf = (bert: TinyBert): Bindings['artifact'] => {
  const names = new Set(bert.manifest.tensors.map(({ name }) => name));
  return (name) => (names.has(name) ? bert.tensor(name) : undefined);
};

/** The frozen matrix that an artifact means: what lies there, with its columns times the smoothing factors. */
function frozenMatrix(bindings: Bindings, name: string): Tensor {
  const stored = artifactTensor(bindings, name);
  const smooth = bindings.artifact(`${name}.smooth`);
  if (smooth === undefined) return stored;
  return tensor(
    stored.shape,
    stored.values.map((value, i) => value * smooth.values[i % stored.shape[1]!]!),
  );
}

const RULES: Record<string, Rule> = {
  input: (_, { name }, { bindings }) => {
    const bound = bindings.inputs[name];
    if (bound === undefined) throw new Error(`input '${name}' is not bound`);
    return bound.values;
  },
  literal: (_, { values }) => Float64Array.from(values),
  frozen: (_, { tensor: name }, { bindings }) => artifactTensor(bindings, name).values,
  add: elementwise((a, b) => a! + b!),
  sub: elementwise((a, b) => a! - b!),
  mul: elementwise((a, b) => a! * b!),
  div: elementwise((a, b) => a! / b!),
  maximum: elementwise((a, b) => Math.max(a!, b!)),
  minimum: elementwise((a, b) => Math.min(a!, b!)),
  scale: ([x], { factor }) => x!.values.map((value) => factor * value),
  square: elementwise((x) => x! * x!),
  sqrt: elementwise((x) => Math.sqrt(x!)),
  inverseSqrt: ([x], { epsilon }) => x!.values.map((value) => 1 / Math.sqrt(value + epsilon)),
  reshape: ([x]) => x!.values.slice(),
  broadcast: elementwise((x) => x!),
  transpose: ([x], { order }, { shape }) =>
    fill(shape, (index) => {
      const source = index.map(() => 0);
      (order as number[]).forEach((axis, position) => {
        source[axis] = index[position]!;
      });
      return at(x!, source);
    }),
  select: ([x], { index }, { shape }) => x!.values.slice(index * sizeOf(shape), (index + 1) * sizeOf(shape)),
  place: ([x], { index }, { shape }) => {
    const result = new Float64Array(sizeOf(shape));
    result.set(x!.values, index * x!.values.length);
    return result;
  },
  stack: (inputs) => flatten(inputs.map((input) => input.values)),
  sum: ([x], { axes }, { shape }) => reduce(x!, axes, shape, (value) => value),
  mean: ([x], { axes }, { shape }) =>
    reduce(x!, axes, shape, (value) => (value * sizeOf(shape)) / x!.values.length),
  sumSquares: ([x], { axes }, { shape }) => reduce(x!, axes, shape, (value) => value * value),
  gelu: elementwise((x, bias) => (x! + bias!) * cdf(x! + bias!)),
  geluSlope: elementwise((x, bias) => {
    const z = x! + bias!;
    return cdf(z) + (z * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
  }),
  softmax: ([x]) => flatten(rows(x!).map(softmaxRow)),
  rmsNorm: ([x, gamma], { epsilon }) =>
    flatten(
      rows(x!).map((row) => {
        const square = row.reduce((sum, value) => sum + value * value, 0) / row.length;
        return row.map((value, column) => (gamma!.values[column]! * value) / Math.sqrt(square + epsilon));
      }),
    ),
  inverseRms: (_, __, { node, values }) => {
    const x = values.get(node.inputs[0]!.inputs[0]!);
    const { epsilon } = node.inputs[0]!.attributes as { epsilon: number };
    return Float64Array.from(
      rows(x!).map((row) => 1 / Math.sqrt(row.reduce((sum, v) => sum + v * v, 0) / row.length + epsilon)),
    );
  },
  matmul: (inputs, flags, { shape }) => product(inputs, flags, shape),
  frozenProduct: ([x], { tensor: name, adjoint }, { bindings, shape }) =>
    product([x!, frozenMatrix(bindings, name)], { transA: false, transB: !adjoint, factor: 1 }, shape),
  wordRows: ([ids], { tensor: name }, { bindings }) => {
    const table = rows(artifactTensor(bindings, name));
    return flatten([...ids!.values].map((id) => table[id]!));
  },
  leadingRows: ([table], _, { shape }) => table!.values.slice(0, sizeOf(shape)),
  tokenMask: ([lengths], { most }, { shape }) =>
    fill(shape, ([unit, token]) => (token! < Math.min(lengths!.values[unit!]!, most ?? Infinity) ? 1 : 0)),
  toFloat: ([x]) => x!.values.slice(),
  cosineScores: ([q, head], _, { shape }) => {
    const [queries, classes] = [rows(q!), rows(head!)];
    const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    return fill(shape, ([b, c]) => {
      const row = classes[c!]!;
      return dot(queries[b!]!, row) / Math.sqrt(dot(row, row));
    });
  },
  crossEntropy: ([logits, labels]) =>
    Float64Array.from(rows(logits!), (row, unit) => -Math.log(softmaxRow(row)[labels!.values[unit]!]!)),
  unlikelihood: elementwise((entropy) => -Math.log(1 - Math.exp(-entropy!))),
  unlikelihoodSlope: elementwise((entropy) => -1 / (Math.exp(entropy!) - 1)),
  softmaxError: ([logits, labels]) =>
    flatten(
      rows(logits!).map((row, unit) =>
        softmaxRow(row).map((p, column) => p - (column === labels!.values[unit] ? 1 : 0)),
      ),
    ),
  isLargest: ([scores, labels]) =>
    Float64Array.from(rows(scores!), (row, unit) =>
      row.indexOf(Math.max(...row)) === labels!.values[unit] ? 1 : 0,
    ),
};

/** The operators that have a meaning here. */
export const INTERPRETED: readonly string[] = Object.keys(RULES);
