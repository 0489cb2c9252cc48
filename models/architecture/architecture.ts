/**
 * What an encoder's architecture is to the engine and to the importer. A new one is one file that makes an object of
 * this type, and its line in table.ts.
 */
import type { Node } from '../graph/node.ts';
import type { BertShape, LayoutRow } from '../importer/bert-layout.ts';
import type { ModelManifest } from '../manifest.ts';

export interface Architecture {
  /** What goes into the adapter: embeddings [B*S, width] of int32 ids [B, S]. */
  embed(manifest: ModelManifest, ids: Node): Node;
  /** What comes after it: token states [B*S, width] from soft embeddings [B*S, width] and int32 lengths [B]. */
  encode(manifest: ModelManifest, embeddings: Node, lengths: Node): Node;
  readonly import: {
    /** Reads config.json. Throws a TypeError that names the field which is missing or not supported. */
    shapeOf(config: unknown): CheckpointShape;
    /** One row for each tensor of the artifact, in the order in which it stores them. */
    layout(shape: BertShape, keptPositions: number): LayoutRow[];
    /** What checkpoints put before their tensors' names, the empty text included. */
    readonly prefixes: readonly string[];
  };
}

export interface CheckpointShape extends BertShape {
  layerNormEpsilon: number;
}
