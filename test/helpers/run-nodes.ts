/** Lowers a few graph nodes and runs them in ONNX Runtime. */

import { externalWeight } from '../../models/encoder/weights.ts';
import type { Lowering } from '../../models/graph/emitter.ts';
import { type DimSources, lowerGraph } from '../../models/graph/lower.ts';
import { ancestors, type Node } from '../../models/graph/node.ts';
import { encodeModel } from '../../models/onnx/encode.ts';
import type { Tensor } from './interpret.ts';
import { type Fetched, runnerOf } from './run-onnx.ts';
import type { TinyBert } from './tiny-bert.ts';

export async function runNodes(
  nodes: Record<string, Node>,
  inputs: Readonly<Record<string, Tensor>>,
  bert: TinyBert,
  lowering: Lowering = 'fp32',
): Promise<Record<string, Fetched>> {
  const leaves = ancestors(Object.values(nodes)).filter((node) => node.operator.name === 'input');
  const infos = leaves.map((node) => ({
    name: (node.attributes as { name: string }).name,
    dtype: node.dtype as 'float32' | 'int32',
    shape: node.shape,
  }));
  const dims: DimSources = Object.fromEntries(
    infos.flatMap(({ name, shape }) =>
      shape.flatMap((dim, axis) => (typeof dim === 'string' ? [[dim, { input: name, axis }]] : [])),
    ),
  );
  const outputs = Object.entries(nodes).map(([name, { dtype, shape }]) => ({
    name,
    dtype,
    rank: shape.length,
  }));
  const options = { name: 'test', manifest: bert.manifest, lowering, dims, inputs: infos, outputs };
  const { graph, weights } = lowerGraph({ values: nodes }, options);
  const externals = weights.map((use) => externalWeight(bert.manifest, use));
  const names = [...new Set(externals.flatMap((external) => external.files))];
  const files = new Map(
    await Promise.all(names.map(async (name) => [name, await bert.source.read(name)] as const)),
  );
  const data = externals.map((external) => ({
    path: external.name,
    data: external.bytes((name) => files.get(name)!),
  }));
  const runner = await runnerOf(encodeModel(graph), data);
  const feeds = infos.map(({ name, dtype }) => [name, { dtype, ...inputs[name]! }] as const);
  const results = await runner.run(Object.fromEntries(feeds));
  await runner.release();
  return results;
}
