/** One microbatch for a tiny BERT: the joint step's nodes, and seeded values for all of its inputs. */
import { type AdapterSpec, adapterParameters } from '../../models/encoder/adapter.ts';
import { encodeTexts } from '../../models/encoder/build-model.ts';
import { objectiveInputs, trainingStep } from '../../models/encoder/objective.ts';
import type { Node } from '../../models/graph/node.ts';
import { input } from '../../models/graph/operators/leaves.ts';
import type { ModelManifest } from '../../models/manifest.ts';
import { artifactOf, type Bindings, type Tensor, tensor } from './interpret.ts';
import type { Feed } from './run-onnx.ts';
import { seededNormal, seededUniform, type TinyBert } from './tiny-bert.ts';

export const ADAPTERS: readonly AdapterSpec[] = [
  { kind: 'full' },
  { kind: 'low-rank', rank: 3 },
  { kind: 'none' },
];

export interface Unit {
  ids: readonly number[];
  label: number;
  relevant: boolean;
  weight: number;
}
export const ROWS = 7;
export const ACTIVE = [1, 1, 0, 1, 1, 0, 1];

/** Units whose texts and labels depend on `seed` and their place alone. Lengths go from 2 to `tokens`. */
export function someUnits(count: number, tokens: number, seed: number): Unit[] {
  const labels = ACTIVE.flatMap((active, row) => (active ? [row] : []));
  return Array.from({ length: count }, (_, place) => {
    const uniform = seededUniform(seed + 1000 * place);
    const length = 2 + Math.floor(uniform() * (tokens - 1));
    const words = Array.from({ length: length - 2 }, () => 5 + Math.floor(uniform() * 60));
    const label = labels[Math.floor(uniform() * labels.length)]!;
    // Every third says that its row does not answer.
    return { ids: [2, ...words, 3], label, relevant: place % 3 !== 1, weight: 1 };
  });
}

/** Nodes of the joint step by output name; queries included. */
export function stepNodes(manifest: ModelManifest, adapter: AdapterSpec): Record<string, Node> {
  const parameters = adapterParameters(adapter, manifest.width);
  const ids = input('ids', ['B', 'S'], 'int32');
  const queries = encodeTexts(manifest, ids, input('lengths', ['B'], 'int32'), parameters);
  return { queries, ...trainingStep(queries, objectiveInputs(manifest.width), parameters) };
}

export interface StepOptions {
  tokens: number;
  clip?: readonly [number, number, number];
  margin?: number;
  seed?: number;
  /** Rows of the head; those beyond ROWS are active. */
  rows?: number;
}

/** Every input of the graph but `mode` and `cached`; adapter and head depend on the seed alone. */
export function stepInputs(
  width: number,
  adapter: AdapterSpec,
  units: readonly Unit[],
  { tokens, clip = [Infinity, Infinity, Infinity], margin = -1e9, seed = 1, rows = ROWS }: StepOptions,
): Record<string, Tensor> {
  const normal = seededNormal(seed);
  const random = (shape: number[], spread: number) =>
    tensor(
      shape,
      Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => spread * normal()),
    );
  const head = random([rows, width], 0.7);
  const parameters: Record<string, Tensor> =
    adapter.kind === 'full'
      ? { adapter_a: random([width, width], 0.1) }
      : adapter.kind === 'low-rank'
        ? { adapter_u: random([width, adapter.rank], 0.4), adapter_v: random([adapter.rank, width], 0.3) }
        : {};
  const padded = units.flatMap(({ ids }) => Array.from({ length: tokens }, (_, place) => ids[place] ?? 0));
  const each = (value: (unit: Unit) => number) => tensor([units.length], units.map(value));
  return {
    ids: tensor([units.length, tokens], padded),
    lengths: each(({ ids }) => ids.length),
    ...parameters,
    head,
    active: tensor(
      [rows],
      Array.from({ length: rows }, (_, row) => ACTIVE[row] ?? 1),
    ),
    labels: each(({ label }) => label),
    relevant: each(({ relevant }) => (relevant ? 1 : 0)),
    weights: each(({ weight }) => weight),
    tau: tensor([], [20]),
    margin: tensor([], [margin]),
    clip: tensor([3], clip),
  };
}

export function bindStep(bert: TinyBert, inputs: Record<string, Tensor>): Bindings {
  const [B, S] = inputs.ids!.shape as [number, number];
  return { inputs, artifact: artifactOf(bert), dims: { B, S, C: inputs.head!.shape[0]!, 'B*S': B * S } };
}

const INTEGERS = ['mode', 'ids', 'lengths', 'labels'];

/** The same values as feeds of the built model. */
export function stepFeeds(
  inputs: Record<string, Tensor>,
  mode: number,
  cached?: Tensor,
): Record<string, Feed> {
  const width = inputs.head!.shape[1]!;
  const all = { ...inputs, mode: tensor([], [mode]), cached: cached ?? tensor([0, width], []) };
  return Object.fromEntries(
    Object.entries(all).map(([name, value]) => [
      name,
      { dtype: INTEGERS.includes(name) ? 'int32' : 'float32', ...value },
    ]),
  );
}
