/**
 * The engine's one graph, with a branch a mode: 0 embeds, 1 trains adapter and head, 2 trains the head alone from
 * cached queries, 3 trains the adapter alone. The backward pass is what the differentiator makes of the forward pass. A mode's unused inputs are
 * fed empty (size 0 along B, S or C), its unused outputs come back empty.
 */

import { ARCHITECTURES } from '../architecture/table.ts';
import type { Lowering } from '../graph/emitter.ts';
import { lowerGraph, type Region, type WeightUse } from '../graph/lower.ts';
import type { Node } from '../graph/node.ts';
import { input } from '../graph/operators/leaves.ts';
import type { ModelManifest } from '../manifest.ts';
import { encodeModel } from '../onnx/encode.ts';
import type { DataType, ValueInfo } from '../onnx/model.ts';
import { type AdapterSpec, adapt, adapterParameters } from './adapter.ts';
import { objectiveInputs, trainingStep } from './objective.ts';
import { poolTokens } from './pooling.ts';
import { type ExternalWeight, externalWeight } from './weights.ts';

export const MODES = { embed: 0, joint: 1, headOnly: 2, adapterOnly: 3 } as const;

export interface ModelSpec {
  readonly manifest: ModelManifest;
  readonly adapter: AdapterSpec;
  /** 'int8' wants an int8 artifact; 'fp32' takes both. */
  readonly lowering: Lowering;
}

/**
 * Inputs: `mode` int32 []; `ids` int32 [B, S] (0-padded), `lengths` int32 [B] (at least 1; [B] also in mode 2);
 * `adapter_a` [W, W], or `adapter_u` [W, r] and `adapter_v` [r, W]; `cached` [B, W]; `head` [C, W], `active` [C]
 * (1 or 0), `labels` int32 [B], `relevant` [B] (1: the label answers, 0: it does not), `weights` [B], `tau` [], `margin` [] (added to the cosines of rows that are not
 * active; −10⁹ leaves them out), `clip` [3] (L2 norms for adapter and head together, adapter, head; +Infinity for
 * none). Outputs: `queries` [B, W] of length one; `loss`, `correct` (1 or 0), `norm_adapter`, `norm_head` [B];
 * `grad_adapter_a`, or `grad_adapter_u` and `grad_adapter_v`; `grad_head` [C, W]. All float32 but where stated.
 */
export interface BuiltModel {
  readonly onnx: Uint8Array;
  readonly externals: readonly ExternalWeight[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly { name: string; dtype: DataType; rank: number }[];
}

/** Throws a RangeError for an artifact that does not fit the lowering or its own architecture. */
export function buildModel({ manifest, adapter, lowering }: ModelSpec): BuiltModel {
  const { width } = manifest;
  const parameters = adapterParameters(adapter, width);
  const objective = objectiveInputs(width);
  const ids = input('ids', ['B', 'S'], 'int32');
  const lengths = input('lengths', ['B'], 'int32');
  const cached = input('cached', ['B', width]);

  const queries = encodeTexts(manifest, ids, lengths, parameters);
  const joint = trainingStep(queries, objective, parameters);
  const { grad_head, ...others } = joint;
  const region: Region = {
    values: {},
    choice: {
      condition: { input: 'mode', equals: MODES.headOnly },
      whenEqual: { values: { queries: cached, ...trainingStep(cached, objective, {}) } },
      otherwise: {
        values: {},
        // The forward pass stands in both branches: alone it keeps nothing, and before the backward pass its values
        // are let go as soon as that has used them. Weights are shared.
        choice: {
          condition: { input: 'mode', equals: MODES.embed },
          whenEqual: { values: { queries } },
          otherwise: {
            values: { queries, ...others },
            choice: {
              condition: { input: 'mode', equals: MODES.joint },
              whenEqual: { values: { grad_head: grad_head! } },
              otherwise: { values: {} },
            },
          },
        },
      },
    },
  };
  const declared = [ids, lengths, ...Object.values(parameters), cached, ...Object.values(objective)];
  const inputs = [{ name: 'mode', dtype: 'int32', shape: [] } as const, ...declared.map(valueInfo)];
  const outputs = Object.entries({ queries, ...joint }).map(([name, { dtype, shape }]) => ({
    name,
    dtype,
    rank: shape.length,
  }));
  const dims = {
    B: { input: 'lengths', axis: 0 },
    S: { input: 'ids', axis: 1 },
    C: { input: 'head', axis: 0 },
  };
  const lowered = lowerGraph(region, { name: manifest.name, manifest, lowering, dims, inputs, outputs });
  const externals = lowered.weights.map((use: WeightUse) => externalWeight(manifest, use));
  return { onnx: encodeModel(lowered.graph), externals, inputs, outputs };
}

/** Embeddings [B, width] of length one for int32 ids [B, S] under an adapter. */
export function encodeTexts(
  manifest: ModelManifest,
  ids: Node,
  lengths: Node,
  adapter: Record<string, Node>,
): Node {
  const { embed, encode } = ARCHITECTURES[manifest.architecture];
  return poolTokens(manifest, encode(manifest, adapt(embed(manifest, ids), adapter), lengths), lengths);
}

function valueInfo(node: Node): ValueInfo {
  return { ...(node.attributes as { name: string }), dtype: node.dtype, shape: node.shape };
}
